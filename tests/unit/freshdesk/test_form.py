"""A JSON object as the fields of a form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.form import form_fields
from freshbridge.freshdesk.wire import build_request
from freshbridge.http_message import FilePart, Timeouts

ID = 2**63 - 1


def test_lists_and_members_have_brackets_and_values_are_text() -> None:
    body = {
        "subject": 'Für "Mira"\nund \U0001f600',
        "priority": 2,
        "responder_id": ID,
        "private": True,
        "incoming": False,
        "tags": ["billing", "pdf"],
        "cc_emails": ["ops@client.example"],
        "custom_fields": {
            "cf_region": "EMEA",
            "cf_score": 1.5,
            "cf_agreed": False,
            "cf_gone": None,
            "cf_many": ["a", "b"],
        },
        "group_id": None,
    }

    assert form_fields(body) == (
        ("subject", 'Für "Mira"\nund \U0001f600'),
        ("priority", "2"),
        ("responder_id", "9223372036854775807"),
        ("private", "true"),
        ("incoming", "false"),
        ("tags[]", "billing"),
        ("tags[]", "pdf"),
        ("cc_emails[]", "ops@client.example"),
        ("custom_fields[cf_region]", "EMEA"),
        ("custom_fields[cf_score]", "1.5"),
        ("custom_fields[cf_agreed]", "false"),
        ("custom_fields[cf_gone]", ""),
        ("custom_fields[cf_many][]", "a"),
        ("custom_fields[cf_many][]", "b"),
        ("group_id", ""),
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tags": []}, "tags"),
        ({"custom_fields": {"cf_many": []}}, "custom_fields.cf_many"),
        ({"due_by": datetime(2026, 3, 3)}, "due_by"),  # noqa: DTZ001 - any datetime is refused
        ({"custom_fields": {"cf_x": "\ud83d"}}, "custom_fields.cf_x"),
    ],
)
def test_what_a_form_cannot_say_is_refused_with_its_place(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        form_fields(body)

    assert [found.field for found in caught.value.fields] == [field]


@given(st.lists(st.text(min_size=1), min_size=1), st.dictionaries(st.text(), st.integers()))
def test_every_value_arrives_once(tags: list[str], members: dict[str, int]) -> None:
    fields = form_fields({"tags": tags, "custom_fields": members})

    assert [value for name, value in fields if name == "tags[]"] == tags
    rest = [(name, value) for name, value in fields if name != "tags[]"]
    assert rest == [(f"custom_fields[{key}]", str(value)) for key, value in members.items()]


def test_files_turn_the_body_into_a_form_and_leave_it_more_time() -> None:
    part = FilePart("attachments[]", "a.txt", b"x")
    short = Timeouts(connect_s=1, read_s=2, total_s=3)

    request = build_request(
        "https://acme.freshdesk.com",
        "key",
        "POST",
        "/tickets/7/notes",
        body={"body": "<p>Seen</p>", "private": True},
        files=[part],
        timeouts=short,
    )

    assert request.form == (("body", "<p>Seen</p>"), ("private", "true"))
    assert (request.files, request.json) == ((part,), None)
    # The connection's time-out bounds each piece of the body too; the others stay.
    assert request.timeouts == Timeouts(connect_s=10, read_s=2, total_s=3)
    assert "content-type" not in request.headers
