"""Ticket actions against the simulator: what they leave behind in the account."""

from __future__ import annotations

import base64

import pytest

from freshbridge.errors import InvalidRequest, NotFound, WrongState
from local.freshdesk.account import SYSTEM
from local.freshdesk.ticket_fields import add_field, field_named
from local.freshdesk.ticket_writes import set_spam
from tests.fakes.actions import NOW
from tests.simulators.actions.conftest import Desk


@pytest.fixture(autouse=True)
def _at_a_fixed_time(desk: Desk) -> None:
    desk.account.clock.freeze(NOW.timestamp())


def group(desk: Desk) -> int:
    found: int = next(iter(desk.account.groups))
    return found


def agent(desk: Desk) -> int:
    found: int = next(iter(desk.account.agents))
    return found


def own_status(desk: Desk, number: str, label: str) -> None:
    definition = field_named(desk.account, "status")
    assert definition is not None
    definition["choices"] = {**definition["choices"], number: [label, label]}


def test_the_printed_create_makes_the_ticket(desk: Desk) -> None:
    add_field(desk.account, "cf_category", "Category", "custom_text")
    outcome = desk.run(
        "create_ticket",
        {
            "subject": "Customer Issue",
            "description": "Detailed description of the issue",
            "email": "customer@example.com",
            "name": "Customer Name",
            "priority": 2,
            "status": 2,
            "type": "Question",
            "group_id": group(desk),
            "agent_id": agent(desk),
            "tags": ["urgent", "billing"],
            "custom_fields": {"cf_category": "Technical"},
        },
    )
    made = desk.account.tickets[outcome.data["ticket_id"]]
    assert (made["subject"], made["tags"]) == ("Customer Issue", ["urgent", "billing"])
    assert (made["group_id"], made["responder_id"]) == (group(desk), agent(desk))
    assert made["custom_fields"]["cf_category"] == "Technical"
    assert desk.account.contacts[made["requester_id"]]["name"] == "Customer Name"
    assert outcome.data["ticket_url"] == f"{desk.url}/a/tickets/{made['id']}"


def test_a_child_with_copies_and_due_times(desk: Desk) -> None:
    parent = desk.ticket()
    own_status(desk, "12", "In Review")
    outcome = desk.run(
        "create_ticket",
        {
            "subject": "Part of it",
            "description": "<p>1 &lt; 2</p>",
            "phone": "+4420555010",
            "name": "Mira",
            "cc_emails": ["ops@client.example"],
            "parent_id": parent,
            "status": "in review",
            "due_by": "2026-03-06T21:00:00Z",
            "fr_due_by": "2026-03-04T21:00:00Z",
        },
    )
    made = desk.account.tickets[outcome.data["ticket_id"]]
    assert (made["status"], made["cc_emails"]) == (12, ["ops@client.example"])
    assert (made["due_by"], made["fr_due_by"]) == ("2026-03-06T21:00:00Z", "2026-03-04T21:00:00Z")
    assert made["associated_tickets"] == [parent]
    assert made["description"] == "<p>1 &lt; 2</p>"


def test_files_arrive_with_the_ticket_and_with_a_change(desk: Desk) -> None:
    file = {"name": "note.txt", "content_base64": base64.b64encode(b"hello").decode()}
    text = 'quotes " and \n lines, 👩‍👧, مرحبا'
    made = desk.run(
        "create_ticket",
        {
            "subject": "With a file",
            "description": text,
            "email": "mira@client.example",
            "tags": ["a", "b"],
            "custom_fields": {"cf_order_id": text, "cf_vip": True, "cf_reference_number": 7},
            "attachments": [file],
        },
    ).data
    outcome = desk.run(
        "update_ticket",
        {"ticket_id": made["ticket_id"], "attachments": [{**file, "name": "more.txt"}]},
    )

    ticket = desk.account.tickets[made["ticket_id"]]
    assert [one["name"] for one in ticket["attachments"]] == ["note.txt", "more.txt"]
    assert [one["size"] for one in ticket["attachments"]] == [5, 5]
    assert ticket["tags"] == ["a", "b"]
    assert ticket["description"].splitlines() == text.splitlines()
    assert ticket["custom_fields"]["cf_vip"] is True
    assert ticket["custom_fields"]["cf_reference_number"] == 7
    assert outcome.data["attached"][0]["name"] == "more.txt"


def test_an_update_changes_what_it_names(desk: Desk) -> None:
    ticket_id = desk.ticket(tags=["old"], type="Question")
    desk.run(
        "update_ticket",
        {
            "ticket_id": ticket_id,
            "subject": "Updated Subject",
            "priority": 3,
            "status": 3,
            "tags": ["resolved", "customer-satisfied"],
        },
    )
    ticket = desk.account.tickets[ticket_id]
    assert (ticket["subject"], ticket["priority"], ticket["status"]) == ("Updated Subject", 3, 3)
    assert (ticket["tags"], ticket["type"]) == (["resolved", "customer-satisfied"], "Question")


def test_a_refused_update_names_the_fields(desk: Desk) -> None:
    with pytest.raises(InvalidRequest) as raised:
        desk.run("update_ticket", {"ticket_id": desk.ticket(), "type": "Nonsense", "group_id": 1})
    assert {field.field for field in raised.value.fields} == {"type"}


def test_ticket_info_has_its_includes(desk: Desk) -> None:
    ticket_id = desk.ticket()
    desk.client.add_note(ticket_id, "<p>Seen</p>")
    include = ["conversations", "requester", "company", "stats"]

    outcome = desk.run("get_ticket_info", {"ticket_id": ticket_id, "include": include})

    ticket = outcome.data["ticket"]
    assert ticket["requester"]["email"] == "mira@client.example"
    assert [entry["body"] for entry in ticket["conversations"]] == ["<p>Seen</p>"]
    assert "resolved_at" in ticket["stats"]
    with pytest.raises(NotFound):
        desk.run("get_ticket_info", {"ticket_id": 999_999})


def test_a_ticket_is_assigned_and_taken_away_again(desk: Desk) -> None:
    ticket_id = desk.ticket()
    ticket = desk.account.tickets[ticket_id]

    desk.run(
        "assign_ticket",
        {"ticket_id": ticket_id, "agent_id": agent(desk), "group_id": group(desk)},
    )
    assert (ticket["responder_id"], ticket["group_id"]) == (agent(desk), group(desk))

    desk.run("assign_ticket", {"ticket_id": ticket_id, "agent_id": None})
    assert (ticket["responder_id"], ticket["group_id"]) == (None, group(desk))


def test_status_and_priority_by_name(desk: Desk) -> None:
    ticket_id = desk.ticket()
    own_status(desk, "14", "Escalated")

    desk.run("change_status", {"ticket_id": ticket_id, "status": "escalated"})
    desk.run("set_priority", {"ticket_id": ticket_id, "priority": "urgent"})

    ticket = desk.account.tickets[ticket_id]
    assert (ticket["status"], ticket["priority"]) == (14, 4)
    with pytest.raises(InvalidRequest) as raised:
        desk.run("change_status", {"ticket_id": ticket_id, "status": "Escalatd"})
    assert 'Did you mean "Escalated"?' in raised.value.fields[0].message
    with pytest.raises(InvalidRequest) as raised:
        desk.run("change_status", {"ticket_id": ticket_id, "status": 77})
    assert raised.value.fields[0].field == "status"


def test_a_ticket_goes_to_the_trash_and_comes_back_each_once(desk: Desk) -> None:
    ticket_id = desk.ticket()
    ticket = desk.account.tickets[ticket_id]

    def run(name: str) -> tuple[bool, bool]:
        changed: bool = desk.run(name, {"ticket_id": ticket_id}).data["changed"]
        return changed, ticket["deleted"]

    assert run("delete_ticket") == (True, True)
    assert run("delete_ticket") == (False, True)
    assert run("restore_ticket") == (True, False)
    assert run("restore_ticket") == (False, False)


def test_spam_and_unknown_tickets_are_no_trash(desk: Desk) -> None:
    spam = desk.ticket()
    set_spam(desk.account, desk.account.tickets[spam], True, actor=SYSTEM)

    with pytest.raises(WrongState):
        desk.run("delete_ticket", {"ticket_id": spam})
    with pytest.raises(NotFound):
        desk.run("restore_ticket", {"ticket_id": spam})
    for name in ("delete_ticket", "restore_ticket"):
        with pytest.raises(NotFound):
            desk.run(name, {"ticket_id": 999_999})
