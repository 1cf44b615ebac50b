"""Replies, notes, forwards, and the keys that differ between making and listing them."""

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator


@pytest.fixture
async def one_ticket(simulator: RunningSimulator) -> RunningSimulator:
    await simulator.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    await simulator.ticket()
    await simulator.control("/clock", {"advance_s": 60})
    return simulator


async def test_a_note_is_private_unless_told(one_ticket: RunningSimulator) -> None:
    answer = await one_ticket.post("/tickets/1/notes", {"body": "<b>Checked</b> logs"})
    assert answer.status == 201
    note = answer.body
    assert note.keys() == {
        "body_text", "body", "id", "incoming", "private", "user_id", "support_email",
        "ticket_id", "notified_to", "attachments", "created_at", "updated_at",
    }  # fmt: skip
    assert (note["private"], note["incoming"], note["ticket_id"]) == (True, False, 1)
    assert note["user_id"] == next(iter(one_ticket.account.agents))
    public = (await one_ticket.post("/tickets/1/notes", {"body": "x", "private": False})).body
    assert public["private"] is False


async def test_a_reply_goes_to_the_requester(one_ticket: RunningSimulator) -> None:
    answer = await one_ticket.post("/tickets/1/reply", {"body": "We are on it", "cc_emails": []})
    assert answer.status == 201
    assert answer.body.keys() == {
        "body_text", "body", "id", "user_id", "from_email", "cc_emails", "bcc_emails",
        "ticket_id", "replied_to", "attachments", "created_at", "updated_at",
    }  # fmt: skip
    assert answer.body["replied_to"] == ["mira@client.example"]


async def test_saying_something_moves_the_tickets_updated_at(one_ticket: RunningSimulator) -> None:
    await one_ticket.post("/tickets/1/notes", {"body": "x"})
    ticket = (await one_ticket.get("/tickets/1")).body
    assert ticket["updated_at"] == "2026-03-03T10:01:00Z"


async def test_the_list_is_oldest_first_and_paged(one_ticket: RunningSimulator) -> None:
    for text in ("one", "two", "three"):
        await one_ticket.post("/tickets/1/notes", {"body": text})
    first = await one_ticket.get("/tickets/1/conversations", per_page="2")
    rest = await one_ticket.get("/tickets/1/conversations", per_page="2", page="2")
    assert [one["body"] for one in first.body] == ["one", "two"]
    assert ("link" in first.headers, "link" in rest.headers) == (True, False)
    assert [one["body"] for one in rest.body] == ["three"]
    full = await one_ticket.get("/tickets/1/conversations", per_page="3")
    assert (len(full.body), "link" in full.headers) == (3, False)
    assert {"to_emails", "source", "incoming", "category"} <= first.body[0].keys()


async def test_a_view_embeds_ten_conversations_at_most(one_ticket: RunningSimulator) -> None:
    for number in range(12):
        await one_ticket.post("/tickets/1/notes", {"body": str(number)})
    embedded = (await one_ticket.get("/tickets/1", include="conversations")).body["conversations"]
    assert [one["body"] for one in embedded] == [str(number) for number in range(10)]


@pytest.mark.parametrize(
    ("path", "body", "field", "code"),
    [
        ("notes", {}, "body", "missing_field"),
        ("notes", {"body": ""}, "body", "invalid_value"),
        ("notes", {"body": 5}, "body", "datatype_mismatch"),
        ("notes", {"body": "x", "private": "true"}, "private", "datatype_mismatch"),
        ("notes", {"body": "x", "to_emails": []}, "to_emails", "invalid_field"),
        ("reply", {"body": "x", "to_emails": []}, "to_emails", "invalid_field"),
        ("reply", {"body": "x", "user_id": 3}, "user_id", "invalid_value"),
        ("forward", {"body": "x"}, "to_emails", "missing_field"),
        ("reply_to_forward", {"to_emails": ["a@b.example"]}, "body", "missing_field"),
    ],
)
async def test_wrong_bodies_are_refused(
    one_ticket: RunningSimulator, path: str, body: object, field: str, code: str
) -> None:
    answer = await one_ticket.post(f"/tickets/1/{path}", body)
    assert [(one["field"], one["code"]) for one in answer.errors] == [(field, code)]
    assert one_ticket.account.conversations == {}


async def test_only_notes_can_be_edited(one_ticket: RunningSimulator) -> None:
    note = (await one_ticket.post("/tickets/1/notes", {"body": "x"})).body
    reply = (await one_ticket.post("/tickets/1/reply", {"body": "x"})).body
    edited = await one_ticket.put(f"/conversations/{note['id']}", {"body": "<p>y</p>"})
    assert (edited.status, edited.body["body_text"]) == (200, "y")
    assert edited.body["last_edited_user_id"] == note["user_id"]
    assert (await one_ticket.put(f"/conversations/{reply['id']}", {"body": "y"})).status == 405
    wrong = await one_ticket.put(f"/conversations/{note['id']}", {"private": False})
    assert wrong.errors[0]["code"] == "invalid_field"


async def test_a_deleted_conversation_is_gone_from_the_list(one_ticket: RunningSimulator) -> None:
    note = (await one_ticket.post("/tickets/1/notes", {"body": "x"})).body
    path = f"/conversations/{note['id']}"
    assert (await one_ticket.delete(path)).status == 204
    assert (await one_ticket.delete(path)).status == 404
    assert (await one_ticket.get("/tickets/1/conversations")).body == []
    (kept,) = await one_ticket.control("/truth?object=conversations")
    assert kept["deleted"] is True


async def test_a_forward_is_a_private_mail_from_the_helpdesk(one_ticket: RunningSimulator) -> None:
    body = {"body": "Please look", "to_emails": ["lab@partner.example"]}
    answer = await one_ticket.post("/tickets/1/forward", body)
    assert answer.status == 201
    said = answer.body
    assert (said["source"], said["category"], said["private"]) == (8, 2, True)
    assert said["from_email"] == '"Dana Roe" <support@acmedemo.freshdesk.com>'
    back = (await one_ticket.post("/tickets/1/reply_to_forward", body)).body
    assert (back["category"], back["to_emails"]) == (6, ["lab@partner.example"])


async def test_a_customer_opens_and_answers(simulator: RunningSimulator) -> None:
    opened = await simulator.control(
        "/customer/tickets",
        {"email": "m@c.example", "subject": "Help", "description": "Broken", "priority": 3},
    )
    assert (opened["source"], opened["priority"]) == (2, 3)
    await simulator.control(f"/customer/tickets/{opened['id']}/replies", {"body": "Still broken"})
    (said,) = (await simulator.get("/tickets/1/conversations")).body
    assert (said["incoming"], said["user_id"]) == (True, opened["requester_id"])
    stats = (await simulator.get("/tickets/1", include="stats")).body["stats"]
    assert stats["requester_responded_at"] == said["created_at"]
    assert stats["agent_responded_at"] is None
