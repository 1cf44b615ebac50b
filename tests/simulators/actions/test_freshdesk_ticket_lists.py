"""Listing and searching tickets against the simulator, compared with its own records."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.errors import InvalidRequest
from local.freshdesk.seed import seed
from local.freshdesk.settings import changed
from tests.fakes.actions import NOW
from tests.simulators.actions.conftest import Desk


@pytest.fixture(autouse=True)
def _at_a_fixed_time(desk: Desk) -> None:
    desk.account.clock.freeze(NOW.timestamp())
    unlimited = dict.fromkeys(("total", "ticket_list"))
    desk.account.settings = changed(desk.account.settings, {"limits": unlimited})


def seeded(desk: Desk, count: int, **options: Any) -> list[dict[str, Any]]:
    seed(desk.account, {"tickets": count, **options})
    return [one for one in desk.account.tickets.values() if not one["deleted"] and not one["spam"]]


def ids(tickets: list[dict[str, Any]]) -> list[int]:
    return [ticket["id"] for ticket in tickets]


def test_a_limit_reads_pages_newest_first(desk: Desk) -> None:
    records = seeded(desk, 260, created_within_days=25)
    outcome = desk.run("list_tickets", {"limit": 230, "include": ["stats", "requester"]})

    newest = sorted(records, key=lambda one: (one["created_at"], one["id"]), reverse=True)
    assert ids(outcome.data["tickets"]) == ids(newest)[:230]
    assert outcome.data["next_page"] == 3
    assert outcome.data["credits"] == 15
    assert {"stats", "requester"} <= outcome.data["tickets"][0].keys()


def test_lists_are_narrowed_and_ordered(desk: Desk) -> None:
    seeded(desk, 60, created_within_days=90, deleted_share=0.2)
    mine = [desk.ticket() for _ in range(3)]

    def listed(**parameters: Any) -> list[int]:
        return ids(desk.run("list_tickets", {"per_page": 100, **parameters}).data["tickets"])

    assert listed(email="mira@client.example", order_type="asc") == mine
    deleted = {one["id"] for one in desk.account.tickets.values() if one["deleted"]}
    old = "2025-01-01T00:00:00Z"
    assert set(listed(filter="deleted", updated_since=old)) == deleted
    assert len(listed(updated_since=old)) == 63 - len(deleted)
    assert len(listed()) < 63 - len(deleted)


def test_a_search_finds_what_its_filters_say(desk: Desk) -> None:
    records = seeded(desk, 200, created_within_days=40)
    outcome = desk.run(
        "search_tickets",
        {
            "filters": {
                "status": ["Open", "pending"],
                "priority": ["high", 4],
                "tag": "billing",
                "created_from": "2026-02-10",
            },
            "all": True,
        },
    )
    wanted = {
        one["id"]
        for one in records
        if one["status"] in {2, 3}
        and one["priority"] in {3, 4}
        and "billing" in one["tags"]
        and one["created_at"] >= "2026-02-10"
    }
    assert set(ids(outcome.data["tickets"])) == wanted
    assert wanted
    assert (outcome.data["total"], outcome.data["complete"]) == (len(wanted), True)


def test_a_search_reads_beyond_300(desk: Desk) -> None:
    records = seeded(desk, 900, created_within_days=60)
    outcome = desk.run("search_tickets", {"query": "priority:>1", "all": True})

    wanted = {one["id"] for one in records if one["priority"] >= 1}
    found = ids(outcome.data["tickets"])
    assert len(found) == len(set(found)) == outcome.data["total"] == 900
    assert (set(found), outcome.data["complete"]) == (wanted, True)


def test_pages_of_a_search(desk: Desk) -> None:
    records = seeded(desk, 70)
    seen: set[int] = set()
    page: int | None = 1
    while page is not None:
        data = desk.run("search_tickets", {"query": "status:>2", "page": page}).data
        seen |= set(ids(data["tickets"]))
        page = data["next_page"]
    assert seen == {one["id"] for one in records if one["status"] >= 2}


def test_custom_fields_and_nobody_are_searched(desk: Desk) -> None:
    ours = desk.ticket(custom_fields={"cf_order_id": "A 1 (é)", "cf_vip": True})
    desk.ticket(custom_fields={"cf_order_id": "B 2"})
    filters = {"agent_id": None, "custom_fields": {"cf_order_id": "A 1 (é)", "cf_vip": True}}

    found = desk.run("search_tickets", {"filters": filters}).data

    assert (ids(found["tickets"]), found["total"]) == ([ours], 1)
    with pytest.raises(InvalidRequest) as raised:
        desk.run("search_tickets", {"query": "cf_order:'x'"})
    assert "did you mean cf_order_id" in raised.value.fields[0].message


@pytest.mark.parametrize(
    "query",
    [
        "status:2 OR status:3 OR status:6 OR status:7",
        "(status:2 OR status:3) AND (priority:>2 AND tag:'billing')",
        "agent_id:null AND group_id:null",
        "created_at:>'2026-01-01' AND created_at:<'2026-03-03' AND due_by:null",
        "type:'Feature Request' OR cf_vip:true OR custom_string:'A'",
    ],
)
def test_what_passes_the_check_is_understood(desk: Desk, query: str) -> None:
    assert desk.run("search_tickets", {"query": query}).data["total"] == 0
