"""Conversation actions on the wire: what is asked of Freshdesk, and what is made of its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.action import Effect
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters
from freshbridge.errors import InvalidRequest, NotFound, WrongState
from tests.fakes.actions import run_action
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply, query_of

NOTES = "/api/v2/tickets/1042/notes"
REPLY = "/api/v2/tickets/1042/reply"
LIST = "/api/v2/tickets/1042/conversations"
URL = "https://acme.freshdesk.com/a/tickets/1042"
NOTE = {"id": 88035131398, "ticket_id": 1042, "body": "<p>Seen</p>", "private": True}
LARGEST = 2**63 - 1


def test_a_note_is_private_unless_told_otherwise() -> None:
    provider = FakeTransport().on("POST", NOTES, json_reply(NOTE, 201))

    outcome = run_action("add_note", {"ticket_id": 1042, "body": "<p>Seen</p>"}, provider)

    (sent,) = provider.requests
    assert sent.json == {"body": "<p>Seen</p>", "private": True}
    assert outcome.message == "Note added"
    assert outcome.data == {
        "ticket_id": 1042,
        "ticket_url": URL,
        "conversation_id": 88035131398,
        "conversation": NOTE,
    }


def test_a_note_with_everything() -> None:
    provider = FakeTransport().on("POST", NOTES, json_reply(NOTE, 201))

    run_action(
        "add_note",
        {
            "ticket_id": "1042",
            "body": "<p>Seen<script>alert(1)</script></p>",
            "private": False,
            "incoming": True,
            "notify_emails": ["ravi@acme.example"],
            "user_id": LARGEST,
            "sanitise": True,
        },
        provider,
    )

    assert provider.requests[0].json == {
        "body": "<p>Seen</p>",
        "private": False,
        "incoming": True,
        "notify_emails": ["ravi@acme.example"],
        "user_id": LARGEST,
    }


def test_a_reply_names_its_addresses() -> None:
    reply = {"id": 88035131397, "ticket_id": 1042, "replied_to": ["mira@client.example"]}
    provider = FakeTransport().on("POST", REPLY, json_reply(reply, 201))

    outcome = run_action(
        "add_reply",
        {
            "ticket_id": 1042,
            "body": "We are on it.",
            "cc_emails": ["ops@client.example"],
            "bcc_emails": ["audit@acme.example"],
            "from_email": "support@acme.example",
        },
        provider,
    )

    assert provider.requests[0].json == {
        "body": "We are on it.",
        "cc_emails": ["ops@client.example"],
        "bcc_emails": ["audit@acme.example"],
        "from_email": "support@acme.example",
    }
    assert (outcome.message, outcome.data["conversation_id"]) == ("Reply sent", 88035131397)


def test_a_reply_without_addresses_sends_none() -> None:
    provider = FakeTransport().on("POST", REPLY, json_reply({"id": 1, "ticket_id": 1042}, 201))

    run_action("add_reply", {"ticket_id": 1042, "body": "Hi"}, provider)

    assert provider.requests[0].json == {"body": "Hi"}


def test_a_form_says_what_json_would() -> None:
    provider = FakeTransport().on("POST", REPLY, json_reply({"id": 1, "ticket_id": 1042}, 201))
    file = {"name": "a.txt", "content_base64": "AAAA"}
    parameters = {"ticket_id": 1042, "body": "Hi", "cc_emails": ["a@x.example", "b@x.example"]}

    run_action("add_reply", {**parameters, "user_id": 7, "attachments": [file]}, provider)

    (sent,) = provider.requests
    assert sent.form == (
        ("body", "Hi"),
        ("cc_emails[]", "a@x.example"),
        ("cc_emails[]", "b@x.example"),
        ("user_id", "7"),
    )
    assert (sent.json, len(sent.files)) == (None, 1)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_text_survives_as_it_is(text: str) -> None:
    body = f'<p dir="rtl">שלום "{text}" \n\U0001f600</p>'
    provider = FakeTransport().on("POST", NOTES, json_reply(NOTE, 201))

    run_action("add_note", {"ticket_id": 1042, "body": body}, provider)
    run_action(
        "add_note",
        {
            "ticket_id": 1042,
            "body": body,
            "attachments": [{"name": "a.txt", "content_base64": "AAAA"}],
        },
        provider,
    )

    plain, form = provider.requests
    assert json.loads(plain.content() or b"")["body"] == body
    assert dict(form.form)["body"] == body


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        ("add_note", {"ticket_id": 0, "body": "a"}, "ticket_id"),
        ("add_note", {"ticket_id": 1042, "body": ""}, "body"),
        ("add_note", {"ticket_id": 1042, "body": "a", "private": "maybe"}, "private"),
        (
            "add_note",
            {"ticket_id": 1042, "body": "a", "notify_emails": ["Ravi"]},
            "notify_emails.0",
        ),
        ("add_reply", {"ticket_id": 1042, "body": "a", "cc_emails": "a@x.example"}, "cc_emails"),
        ("add_reply", {"ticket_id": 1042, "body": "a", "to_emails": ["a@x.example"]}, "to_emails"),
        ("edit_note", {"conversation_id": 7}, ""),
        ("edit_note", {"conversation_id": 7, "body": ""}, "body"),
        ("list_conversations", {"ticket_id": 7, "per_page": 101}, "per_page"),
        ("list_conversations", {"ticket_id": 7, "page": 0}, "page"),
        ("list_conversations", {"ticket_id": 7, "per_page": 5, "limit": 5}, ""),
        ("list_conversations", {"ticket_id": 7, "since": "yesterday"}, "since"),
        ("delete_conversation", {"conversation_id": True}, "conversation_id"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_call(
    name: str, parameters: dict[str, Any], field: str
) -> None:
    provider = FakeTransport()

    with pytest.raises(InvalidParameters) as caught:
        run_action(name, parameters, provider)

    assert [found.field for found in caught.value.fields] == [field]
    assert provider.requests == []


def test_nothing_is_sent_when_sanitising_leaves_nothing() -> None:
    provider = FakeTransport()
    body = "<script>alert(1)</script>"

    for name in ("add_note", "add_reply"):
        with pytest.raises(InvalidRequest, match="body"):
            run_action(name, {"ticket_id": 1042, "body": body, "sanitise": True}, provider)

    assert provider.requests == []


def test_editing_sends_what_changes_only() -> None:
    path = "/api/v2/conversations/88035131398"
    provider = FakeTransport().on("PUT", path, json_reply(NOTE))
    file = {"name": "a.txt", "content_base64": "AAAA"}

    text = run_action("edit_note", {"conversation_id": 88035131398, "body": "<p>New</p>"}, provider)
    run_action("edit_note", {"conversation_id": 88035131398, "attachments": [file]}, provider)

    first, second = provider.requests
    assert (first.json, first.files) == ({"body": "<p>New</p>"}, ())
    assert (second.form, len(second.files)) == ((), 1)
    assert (text.message, text.data["ticket_url"]) == ("Note changed", URL)


def test_a_reply_cannot_be_edited_and_the_advice_says_what_to_do() -> None:
    provider = FakeTransport().on("PUT", "/api/v2/conversations/7", empty_reply(405))

    with pytest.raises(WrongState, match="cannot be edited") as caught:
        run_action("edit_note", {"conversation_id": 7, "body": "New"}, provider)

    assert "Add a note instead" in str(caught.value)
    assert caught.value.status == 405


@pytest.mark.parametrize(
    ("name", "path", "parameter"),
    [
        ("delete_conversation", "/api/v2/conversations/88035131398", "conversation_id"),
        ("delete_attachment", "/api/v2/attachments/88035131398", "attachment_id"),
    ],
)
def test_deleting_answers_with_the_id(name: str, path: str, parameter: str) -> None:
    provider = FakeTransport().on("DELETE", path, empty_reply(204), empty_reply(404))

    outcome = run_action(name, {parameter: 88035131398}, provider)

    assert outcome.data == {parameter: 88035131398}
    assert provider.requests[0].content() is None
    with pytest.raises(NotFound):
        run_action(name, {parameter: 88035131398}, provider)


def entries(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "private": number % 2 == 0,
            "incoming": number % 3 == 0,
            "created_at": f"2026-03-03T12:{number // 60:02d}:{number % 60:02d}Z",
        }
        for number in range(1, count + 1)
    ]


def listed(**parameters: Any) -> tuple[dict[str, Any], list[dict[str, str]]]:
    provider = FakeTransport().on("GET", LIST, PagedList(entries(250)))
    outcome = run_action("list_conversations", {"ticket_id": 1042, **parameters}, provider)
    return outcome.data, [query_of(request) for request in provider.requests]


def test_one_page_is_read_unless_more_is_asked_for() -> None:
    data, asked = listed()

    assert asked == [{"page": "1", "per_page": "100"}]
    assert [one["id"] for one in data["conversations"]] == list(range(1, 101))
    assert (data["page"], data["next_page"], data["credits"]) == (1, 2, 1)
    assert (data["ticket_id"], data["ticket_url"]) == (1042, URL)


def test_the_last_page_has_no_next() -> None:
    data, asked = listed(page=3)

    assert [one["id"] for one in data["conversations"]] == list(range(201, 251))
    assert (data["next_page"], len(asked)) == (None, 1)


@given(limit=st.integers(1, 300), page=st.integers(1, 3))
def test_going_on_where_each_answer_says_meets_every_record(limit: int, page: int) -> None:
    # Given a caller who asks for `limit` records at a time, beginning with some page
    size = min(limit, 100)
    expected = list(range((page - 1) * size + 1, 251))
    seen: list[int] = []
    following: int | None = page

    # When they go on to the end
    while following is not None:
        asked_for = following
        data, asked = listed(limit=limit, page=asked_for)
        found = [one["id"] for one in data["conversations"]]
        assert len(found) <= limit
        assert data["credits"] == len(asked) <= -(-limit // size)
        seen += found
        following = data["next_page"]
        assert following is None or following > asked_for

    # Then nothing was missed, and what was met twice is no more than the page that was cut
    assert sorted(set(seen)) == expected
    assert len(seen) - len(expected) <= 100 * (limit > 100) * (len(seen) // limit + 1)


def test_filters_choose_among_what_was_read() -> None:
    data, _ = listed(limit=250, private=True, incoming=False, since="2026-03-03T12:03:00Z")

    numbers = [one["id"] for one in data["conversations"]]
    assert numbers == [n for n in range(180, 251) if n % 2 == 0 and n % 3 != 0]


def test_only_what_sets_or_reads_may_be_repeated_blindly() -> None:
    effects = {
        name: CATALOGUE.find("freshdesk", name).effect
        for name in (
            "add_note",
            "add_reply",
            "edit_note",
            "delete_conversation",
            "list_conversations",
        )
    }

    assert effects == {
        "add_note": Effect.ADD,
        "add_reply": Effect.ADD,
        "edit_note": Effect.ADD,
        "delete_conversation": Effect.SET,
        "list_conversations": Effect.READ,
    }
