"""Conversation actions against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.errors import InvalidRequest, NotFound, WrongState
from tests.simulators.actions.conftest import Desk


def said(desk: Desk, ticket_id: int) -> list[dict[str, Any]]:
    return [e for page in desk.client.conversations(ticket_id) for e in page.records]


def test_a_note_is_on_the_ticket_and_private(desk: Desk) -> None:
    ticket_id = desk.ticket()

    outcome = desk.run("add_note", {"ticket_id": ticket_id, "body": "<p>Seen</p>"})

    (entry,) = said(desk, ticket_id)
    assert (entry["id"], entry["private"]) == (outcome.data["conversation_id"], True)
    assert outcome.data["ticket_url"] == f"{desk.url}/a/tickets/{ticket_id}"


def test_a_public_note_in_the_customers_name_notifies(desk: Desk) -> None:
    ticket_id = desk.ticket()

    desk.run(
        "add_note",
        {
            "ticket_id": ticket_id,
            "body": "<p>They called</p>",
            "private": False,
            "incoming": True,
            "notify_emails": ["ravi@acme.example"],
        },
    )

    (entry,) = said(desk, ticket_id)
    assert (entry["private"], entry["incoming"]) == (False, True)
    assert entry["to_emails"] == ["ravi@acme.example"]


def test_a_reply_goes_to_the_requester_and_copies(desk: Desk) -> None:
    ticket_id = desk.ticket()

    outcome = desk.run(
        "add_reply",
        {
            "ticket_id": ticket_id,
            "body": 'שלום "Mira" &amp; 😀\n<b>done</b>',
            "cc_emails": ["ops@client.example"],
            "bcc_emails": ["audit@acme.example"],
        },
    )

    (entry,) = said(desk, ticket_id)
    assert outcome.data["conversation"]["replied_to"] == ["mira@client.example"]
    assert entry["body"] == 'שלום "Mira" &amp; 😀\n<b>done</b>'
    assert (entry["cc_emails"], entry["bcc_emails"]) == (
        ["ops@client.example"],
        ["audit@acme.example"],
    )


def test_html_is_sanitised_only_where_it_is_asked_for(desk: Desk) -> None:
    ticket_id = desk.ticket()
    body = '<p onclick="x()">1 &lt; 2</p>'

    desk.run("add_note", {"ticket_id": ticket_id, "body": body})
    desk.run("add_note", {"ticket_id": ticket_id, "body": body, "sanitise": True})

    assert [entry["body"] for entry in said(desk, ticket_id)] == [body, "<p>1 &lt; 2</p>"]


def test_a_note_is_edited_and_a_reply_is_not(desk: Desk) -> None:
    ticket_id = desk.ticket()
    note = desk.run("add_note", {"ticket_id": ticket_id, "body": "Old"}).data["conversation_id"]
    reply = desk.run("add_reply", {"ticket_id": ticket_id, "body": "Hi"}).data["conversation_id"]

    outcome = desk.run("edit_note", {"conversation_id": note, "body": "New"})

    assert (outcome.data["ticket_id"], outcome.data["conversation"]["body"]) == (ticket_id, "New")
    with pytest.raises(WrongState, match="Only notes"):
        desk.run("edit_note", {"conversation_id": reply, "body": "New"})


def test_a_deleted_conversation_is_gone(desk: Desk) -> None:
    ticket_id = desk.ticket()
    note = desk.run("add_note", {"ticket_id": ticket_id, "body": "Old"}).data["conversation_id"]

    desk.run("delete_conversation", {"conversation_id": note})

    assert said(desk, ticket_id) == []
    with pytest.raises(NotFound):
        desk.run("delete_conversation", {"conversation_id": note})


def test_a_long_ticket_is_listed_to_its_end(desk: Desk) -> None:
    ticket_id = desk.ticket()
    for number in range(105):
        desk.client.add_note(ticket_id, f"{number}", private=number % 2 == 0)

    first = desk.run("list_conversations", {"ticket_id": ticket_id}).data
    rest = desk.run("list_conversations", {"ticket_id": ticket_id, "page": first["next_page"]}).data
    whole = desk.run("list_conversations", {"ticket_id": ticket_id, "limit": 3000}).data
    public = desk.run(
        "list_conversations", {"ticket_id": ticket_id, "limit": 3000, "private": False}
    ).data

    texts = [entry["body"] for entry in first["conversations"] + rest["conversations"]]
    assert texts == [str(number) for number in range(105)]
    assert (rest["next_page"], whole["next_page"], whole["credits"]) == (None, None, 2)
    assert [entry["body"] for entry in whole["conversations"]] == texts
    assert len(public["conversations"]) == 52


def test_what_freshdesk_refuses_is_told_field_by_field(desk: Desk) -> None:
    ticket_id = desk.ticket()
    unknown = {"ticket_id": ticket_id, "body": "a", "user_id": 999}

    with pytest.raises(InvalidRequest) as caught:
        desk.run("add_note", unknown)

    assert [found.field for found in caught.value.fields] == ["user_id"]
    with pytest.raises(NotFound):
        desk.run("add_note", {"ticket_id": 999_999, "body": "a"})


def test_a_deleted_ticket_takes_no_note(desk: Desk) -> None:
    ticket_id = desk.ticket()
    desk.client.delete_ticket(ticket_id)

    with pytest.raises(WrongState):
        desk.run("add_note", {"ticket_id": ticket_id, "body": "a"})
