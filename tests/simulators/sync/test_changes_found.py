"""What happens to an account while it is synced: the lake ends as the account, and each is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import requests

from freshbridge import timestamps
from freshbridge.lake.encoding import rows_of
from freshbridge.lake.rows import Change
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.feeds.feed import BEGINNING, Scope
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.polling import Polling
from freshbridge.sync.reconcile import Reconciled, reconcile
from freshbridge.sync.told_changes import told_change
from freshbridge.sync.touch import RecordTouch
from freshbridge.sync.touching import bring_up_to_date
from tests.fakes.memory_lake import MemoryLake
from tests.simulators.sync.conftest import Desk

SYNCED = ("tickets", "contacts", "companies", "time_entries")


class Syncing:
    """Full runs over a simulated account, in one piece each."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.lake = MemoryLake()
        self.told: list[str] = []
        self.telling_since = ""

    def now(self) -> str:
        """The present as the lake has it."""
        return timestamps.to_precise_text(timestamps.now())

    def run(self, *names: str) -> dict[str, Reconciled]:
        """Read every list, then settle what was in none."""
        return {name: self._run(name) for name in names or SYNCED}

    def begin_to_tell(self) -> None:
        """From now on changes are news."""
        self.telling_since = self.desk.account.clock.stamp()

    def _run(self, name: str) -> Reconciled:
        obj, began = OBJECTS[name], self.now()

        def tell(changes: Sequence[Change]) -> None:
            if not self.telling_since:
                return
            for one in changes:
                since = self.telling_since
                found = told_change(obj, one, polling=Polling(), telling_since=since)
                if found:
                    self.told.append(f"{found.type} {one.after.id}")

        for feed in feeds_of(obj):
            position: Any = feed.first(Scope(BEGINNING))
            while position is not None:
                seen_at = self.now()
                page = feed.read(self.desk.client, position)
                rows = rows_of(obj, page.records, seen_at=seen_at, state=feed.state).rows
                self.lake.merge("1", obj, rows, run_id="run", keep_seen=True, tell=tell)
                position = page.position
        return reconcile(
            self.desk.client, self.lake, "1", obj, run_id="run", began=began, position=None,
            may_go_on=lambda: True, now=self.now, tell=tell,
        )  # fmt: skip

    def truth(self, name: str) -> dict[str, str]:
        """Every record of the account and where it is."""
        answer = requests.get(f"{self.desk.url}/__sim/truth", {"object": name}, timeout=30).json()
        records = answer["records"] if isinstance(answer, dict) else answer
        return {
            str(one["id"]): "deleted"
            if one.get("deleted")
            else "spam"
            if one.get("spam")
            else "live"
            for one in records
        }

    def held(self, name: str) -> dict[str, str]:
        """Every record of the lake that is not gone, and where it is."""
        live = dict.fromkeys(self.lake.live(name), "live")
        removed = self.lake.tombstones(name)
        return live | {one: state for one, state in removed.items() if state != "gone"}


@pytest.fixture
def syncing(desk: Desk) -> Syncing:
    desk.seed(tickets=40, contacts=12, companies=5, agents=2)
    made = Syncing(desk)
    for ticket_id in sorted(desk.table("tickets"))[:6]:
        desk.client.add_time_entry(ticket_id, {"time_spent": "00:10"})
    made.run()
    made.begin_to_tell()
    return made


def same(syncing: Syncing) -> None:
    """The lake has what the account has."""
    for name in SYNCED:
        assert syncing.held(name) == syncing.truth(name), name
    for ticket_id, held in syncing.lake.live("tickets").items():
        record = syncing.desk.table("tickets")[int(ticket_id)]
        assert held["updated_at"] == record["updated_at"]


def mark_spam(desk: Desk, ticket_id: int, *, spam: bool = True) -> None:
    answer = requests.post(
        f"{desk.url}/__sim/tickets/{ticket_id}/spam", json={"spam": spam}, timeout=10
    )
    assert answer.status_code == 200


def test_all_that_can_happen_to_records_is_found_and_told_once(
    syncing: Syncing, desk: Desk
) -> None:
    # Given an account that is held
    same(syncing)
    assert syncing.told == []
    tickets, contacts = sorted(desk.table("tickets")), sorted(desk.table("contacts"))
    companies, entries = sorted(desk.table("companies")), sorted(desk.table("time_entries"))
    destroyed = desk.client.create_contact({"name": "Gone", "email": "gone@client.example"})
    with_ticket = desk.client.create_ticket({
        "requester_id": destroyed["id"], "subject": "s", "description": "d", "status": 2,
        "priority": 1, "source": 2,
    })  # fmt: skip
    syncing.run()
    syncing.told.clear()

    # When tickets are deleted, marked as spam, merged, purged and updated
    client = desk.client
    client.delete_ticket(tickets[0])
    mark_spam(desk, tickets[1])
    client.merge_tickets(tickets[2], [tickets[3]])
    client.update_ticket(tickets[4], {"priority": 4})
    client.destroy_contact(destroyed["id"])
    # And contacts are deleted and merged, a company and a time entry taken away
    client.delete_contact(contacts[0])
    client.merge_contacts({"primary_contact_id": contacts[1],
                           "secondary_contact_ids": [contacts[2]],
                           "contact": {"phone": "1", "mobile": "2"}})  # fmt: skip
    client.delete_company(companies[0])
    client.delete_time_entry(entries[0])
    done = syncing.run()

    # Then the lake is the account, and everything was told, once
    same(syncing)
    told = set(syncing.told)
    assert len(told) == len(syncing.told)
    assert {
        f"ticket_deleted {tickets[0]}", f"ticket_spam {tickets[1]}",
        f"ticket_updated {tickets[3]}", f"ticket_updated {tickets[4]}",
        f"ticket_deleted {with_ticket['id']}", f"contact_deleted {contacts[0]}",
        f"contact_deleted {contacts[2]}", f"contact_deleted {destroyed['id']}",
        f"company_deleted {companies[0]}", f"time_entry_deleted {entries[0]}",
    } <= told  # fmt: skip
    assert done["tickets"].verdicts == {"gone": 1}
    assert done["contacts"].verdicts == {"gone": 2}
    assert done["companies"].verdicts == done["time_entries"].verdicts == {"gone": 1}

    # And when they come back, that is told too
    syncing.told.clear()
    client.restore_ticket(tickets[0])
    mark_spam(desk, tickets[1], spam=False)
    client.restore_contact(contacts[0])
    syncing.run()
    same(syncing)
    assert {
        f"ticket_restored {tickets[0]}", f"ticket_restored {tickets[1]}",
        f"contact_restored {contacts[0]}",
    } <= set(syncing.told)  # fmt: skip

    # And another run finds nothing
    syncing.told.clear()
    syncing.run()
    assert syncing.told == []


def test_a_webhook_s_record_and_a_run_agree_whichever_comes_first(
    syncing: Syncing, desk: Desk
) -> None:
    tickets = sorted(desk.table("tickets"))
    desk.client.update_ticket(tickets[0], {"priority": 3})
    desk.client.delete_ticket(tickets[1])

    class Marks:
        def take(self, *_of: str) -> None:
            """Nothing is marked here."""

    for ticket_id in tickets[:2]:
        order = RecordTouch(str(ticket_id), "tickets", "1", "touch-evt_1", "evt_1")
        bring_up_to_date(
            desk.client, syncing.lake, Marks(), order,  # type: ignore[arg-type]  # marks nothing
            now=syncing.now,
        )  # fmt: skip

    same(syncing)
    assert syncing.lake.live("tickets")[str(tickets[0])]["priority"] == 3
    syncing.run("tickets")
    same(syncing)
    # The run finds what was brought in, and has nothing to tell of it.
    assert syncing.told == []
