"""Requests that no client means to send: each is refused as the vendor refuses, never with a 500.

Found by changing single values of the requests that public clients had made.
"""

from typing import Any

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator

CRLF = b"\r\n"


async def test_credentials_beyond_ascii_are_wrong_ones(simulator: RunningSimulator) -> None:
    headers = {"Authorization": "Basic \u00ff\u00fe"}
    answer = await simulator.send("GET", "/api/v2/agents/me", headers=headers)
    assert (answer.status, answer.body["code"]) == (401, "invalid_credentials")


@pytest.mark.parametrize(
    "moment",
    ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"],
    ids=["after the end", "before the beginning"],
)
async def test_a_moment_outside_the_calendar_is_none(
    simulator: RunningSimulator, moment: str
) -> None:
    answer = await simulator.get("/tickets", updated_since=moment)
    assert [one["field"] for one in answer.errors] == ["updated_since"]


@pytest.mark.parametrize(
    ("disposition", "status"),
    [
        (b'name="subj\xffect"', 400),
        (b'name="attachments[]"; filename="invo\xffice.pdf"', 201),
    ],
    ids=["name", "file name"],
)
async def test_a_forms_names_may_be_no_utf8(
    simulator: RunningSimulator, disposition: bytes, status: int
) -> None:
    parts = [
        b'name="email"' + CRLF * 2 + b"a@b.example", b'name="subject"' + CRLF * 2 + b"S",
        b'name="description"' + CRLF * 2 + b"D", disposition + CRLF * 2 + b"x",
    ]  # fmt: skip
    body = b"".join(
        b"--edge" + CRLF + b"Content-Disposition: form-data; " + one + CRLF for one in parts
    )
    answer = await simulator.send(
        "POST", "/api/v2/tickets", data=body + b"--edge--" + CRLF,
        headers={"Content-Type": "multipart/form-data; boundary=edge"},
    )  # fmt: skip
    assert answer.status == status
    if status == 201:
        assert answer.body["attachments"][0]["name"] == "invo?ice.pdf"
    else:
        assert [one["field"] for one in answer.errors] == ["subj?ect"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/contacts", {"name": "A", "phone": "1", "other_emails": [None]}, "other_emails"),
        ("/contacts", {"name": "A", "phone": "1", "other_companies": [None]}, "other_companies"),
        (
            "/tickets",
            {"email": "a@b.example", "subject": "s", "description": "d", "cc_emails": [None]},
            "cc_emails",
        ),
        (
            "/automations/1/rules",
            {"name": "R", "actions": [], "conditions": [{"properties": [None]}]},
            "conditions.properties",
        ),
        ("/automations/1/rules", {"name": "R", "actions": [None]}, "actions"),
        ("/admin/skills", {"name": "S", "match_type": "all", "conditions": [None]}, "conditions"),
    ],
    ids=["emails", "companies", "cc", "properties", "actions", "skill"],
)
async def test_null_is_no_member_of_a_list(
    simulator: RunningSimulator, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await simulator.post(path, body)
    found = [(one["field"], one["code"]) for one in answer.errors]
    assert found == [(field, "datatype_mismatch")]
    assert "Value set is of type Null" in answer.errors[0]["message"]


@pytest.mark.parametrize(
    "structured",
    [{"body_contents": ["text"]}, {"body_contents": [{"type": "text"}]}, {"contents": []}],
    ids=["text", "no data", "unknown"],
)
async def test_a_structured_body_has_a_structure(
    simulator: RunningSimulator, structured: dict[str, Any]
) -> None:
    ticket = await simulator.ticket()
    answer = await simulator.post(f"/tickets/{ticket['id']}/notes", {"structured_body": structured})
    assert answer.status == 400
    assert answer.errors[0]["field"].startswith("structured_body")
