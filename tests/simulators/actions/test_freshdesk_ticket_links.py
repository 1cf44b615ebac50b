"""Tags, merges, forwards, watchers and outbound e-mail against the simulator."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from freshbridge.errors import InvalidRequest
from tests.simulators.actions.conftest import Desk


class InTurn:
    """Implements `freshbridge.actions.context.Locks` for the threads of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:  # noqa: ARG002 - all have one
        """Wait for it."""
        with self._lock:
            yield


def test_tags_come_and_go_beside_others(desk: Desk) -> None:
    ticket_id = desk.ticket(tags=["vip"])
    ticket = desk.account.tickets[ticket_id]

    added = desk.run("add_tags", {"ticket_id": ticket_id, "tags": ["urgent", "VIP", "rtl مرحبا"]})
    assert ticket["tags"] == added.data["tags"] == ["vip", "urgent", "rtl مرحبا"]
    before = ticket["updated_at"]
    assert (
        desk.run("add_tags", {"ticket_id": ticket_id, "tags": ["urgent"]}).data["changed"] is False
    )
    assert ticket["updated_at"] == before

    desk.run("remove_tags", {"ticket_id": ticket_id, "tags": ["vip", "urgent", "rtl مرحبا"]})
    assert ticket["tags"] == []


def test_tags_added_at_once_are_all_there(desk: Desk) -> None:
    ticket_id = desk.ticket()
    locks = InTurn()

    def add(number: int) -> None:
        desk.run("add_tags", {"ticket_id": ticket_id, "tags": [f"tag-{number}"]}, locks=locks)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(8)))

    assert set(desk.account.tickets[ticket_id]["tags"]) == {f"tag-{n}" for n in range(8)}


def test_a_tag_that_is_refused_is_said_to_be(desk: Desk) -> None:
    with pytest.raises(InvalidRequest):
        desk.run("add_tags", {"ticket_id": desk.ticket(), "tags": ["x" * 33]})


def test_tickets_are_merged(desk: Desk) -> None:
    primary, second, third = desk.ticket(), desk.ticket(email="bao@client.example"), desk.ticket()
    outcome = desk.run(
        "merge_tickets",
        {
            "primary_id": primary,
            "ticket_ids": [primary, second, third],
            "note_in_primary": {"body": "<p>One outage</p>"},
            "note_in_secondary": {"body": "<p>See the other</p>", "private": False},
            "convert_recipients_to_cc": True,
        },
    )
    tickets = desk.account.tickets
    assert outcome.data["merged_ticket_ids"] == [second, third]
    assert [tickets[one]["status"] for one in (primary, second, third)] == [2, 5, 5]
    assert tickets[primary]["cc_emails"] == ["bao@client.example", "mira@client.example"]

    def said(ticket_id: int) -> list[tuple[str, bool]]:
        pages = desk.client.conversations(ticket_id)
        return [(one["body"], one["private"]) for page in pages for one in page.records]

    assert said(primary) == [("<p>One outage</p>", True)]
    assert said(second) == [("<p>See the other</p>", False)]


def test_a_ticket_is_forwarded(desk: Desk) -> None:
    ticket_id = desk.ticket()
    outcome = desk.run(
        "forward_ticket",
        {
            "ticket_id": ticket_id,
            "body": "<p>Please look</p>",
            "to_emails": ["stock@acme.example"],
            "cc_emails": ["ops@acme.example"],
            "include_original_attachments": False,
        },
    )
    (entry,) = [one for page in desk.client.conversations(ticket_id) for one in page.records]
    assert (entry["id"], entry["source"]) == (outcome.data["conversation_id"], 8)
    assert entry["to_emails"] == ["stock@acme.example"]


def test_watchers_come_and_go(desk: Desk) -> None:
    ticket_id = desk.ticket()
    own, other = list(desk.account.agents)[:2]

    def watchers() -> list[int]:
        ids: list[int] = desk.run("list_watchers", {"ticket_id": ticket_id}).data["watcher_ids"]
        return ids

    assert watchers() == []
    for agent_id in (own, other, other):
        desk.run("add_watcher", {"ticket_id": ticket_id, "agent_id": agent_id})
    assert watchers() == [own, other]
    desk.run("remove_watcher", {"ticket_id": ticket_id})
    assert watchers() == [other]
    with pytest.raises(InvalidRequest):
        desk.run("add_watcher", {"ticket_id": ticket_id, "agent_id": 1})


def test_an_email_begins_a_closed_ticket(desk: Desk) -> None:
    mailbox = next(iter(desk.account.table("email_configs")))
    outcome = desk.run(
        "outbound_email",
        {
            "email": "mira@client.example",
            "name": "Mira Holt",
            "subject": "Your order has left",
            "description": "<p>It arrives on Friday.</p>",
            "email_config_id": mailbox,
            "tags": ["order"],
            "priority": "low",
        },
    )
    ticket = desk.account.tickets[outcome.data["ticket_id"]]
    assert (ticket["status"], ticket["source"], ticket["priority"]) == (5, 10, 1)
    assert ticket["description"] == "<p>It arrives on Friday.</p>"
    assert desk.account.contacts[ticket["requester_id"]]["name"] == "Mira Holt"
