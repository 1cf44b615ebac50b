"""Reports against the simulator, compared with its own records counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from freshbridge.actions.action import Unfinished
from freshbridge.analytics.pull import TooExpensive
from freshbridge.errors import Throttled
from local.freshdesk.seed import seed
from local.freshdesk.settings import changed
from tests.fakes.report_pages import MemoryPages
from tests.simulators.actions.conftest import Desk

NOW = "2026-03-20T00:00:00Z"
FROM, TO = "2026-03-10", "2026-03-17"
PERIOD = {"from": FROM, "to": TO}


@pytest.fixture(autouse=True)
def _at_a_fixed_time(desk: Desk) -> None:
    desk.account.clock.freeze(datetime.fromisoformat(NOW).timestamp())


def ask(desk: Desk, name: str, **parameters: Any) -> dict[str, Any]:
    """A report as of the simulator's present."""
    now = datetime.fromisoformat(NOW).astimezone(UTC)
    return desk.run(name, {**PERIOD, **parameters}, now=now).data


def counted(tickets: list[dict[str, Any]]) -> dict[str, int]:
    """Volume and backlog of the simulator's records."""

    def finish(ticket: dict[str, Any]) -> str:
        done = ticket["status"] in {4, 5}
        return str(ticket["stats"]["resolved_at"]) if done else "9999"

    return {
        "volume_in": sum(FROM <= t["created_at"] < TO for t in tickets),
        "volume_out": sum(FROM <= finish(t) < TO for t in tickets),
        "backlog_at_start": sum(t["created_at"] < FROM <= finish(t) for t in tickets),
        "backlog": sum(t["created_at"] < TO <= finish(t) for t in tickets),
    }


@pytest.mark.parametrize("updated_within_days", [None, 30])
def test_volume_and_backlog_are_those_of_every_record(
    desk: Desk, updated_within_days: int | None
) -> None:
    # Given tickets of four months, of which many open ones were not touched for long
    seed(
        desk.account,
        {
            "tickets": 1500,
            "agents": 5,
            "created_within_days": 120,
            "updated_within_days": updated_within_days,
            "deleted_share": 0.05,
            "spam_share": 0.05,
        },
    )

    found = ask(desk, "group_statistics", by=["agent", "priority", "type", "source"])

    tickets = [t for t in desk.account.tickets.values() if not t["deleted"] and not t["spam"]]
    expected = counted(tickets)
    assert expected["backlog_at_start"] > 300
    assert {name: found["totals"][name] for name in expected} == expected
    columns = {
        "group": "group_id", "agent": "responder_id", "priority": "priority", "type": "type",
        "source": "source",
    }  # fmt: skip
    for dimension, column in columns.items():
        rows = {row["key"]: row for row in found["by"][dimension]}
        for key in {ticket[column] for ticket in tickets}:
            own = counted([ticket for ticket in tickets if ticket[column] == key])
            row = rows.get(key, dict.fromkeys(own, 0))
            assert {name: row[name] for name in own} == own
    assert {row["name"] for row in found["by"]["group"]} >= {"Billing", "No group"}


def test_the_credits_told_are_those_that_the_account_was_charged(desk: Desk) -> None:
    seed(desk.account, {"tickets": 600, "created_within_days": 40})
    before = desk.simulator.state.stats.body()["total"]["credits"]

    found = ask(desk, "ticket_metrics")

    charged = desk.simulator.state.stats.body()["total"]["credits"] - before
    assert found["credits"]["used"] == charged
    assert abs(charged - 2 - found["credits"]["estimated"]) <= 5


def test_what_happened_to_a_ticket_is_in_the_figures(desk: Desk) -> None:
    # Given a ticket that was answered after an hour and resolved after three
    clock = desk.account.clock
    clock.freeze(datetime.fromisoformat("2026-03-11T08:00:00Z").timestamp())
    agent_id = desk.client.me()["id"]
    ticket_id = desk.ticket(responder_id=agent_id, priority=2, status=2)
    clock.advance(3600)
    desk.client.add_reply(ticket_id, "We are on it.")
    clock.advance(7200)
    desk.client.update_ticket(ticket_id, {"status": 4})
    desk.client.add_time_entry(
        ticket_id,
        {"time_spent": "00:45", "billable": False, "executed_at": "2026-03-11T09:00:00Z"},
    )
    rating = {"feedback": "Fine", "ratings": {"default_question": 102}}
    desk.client._record("POST", f"/tickets/{ticket_id}/satisfaction_ratings", body=rating)
    clock.freeze(datetime.fromisoformat(NOW).timestamp())

    found = ask(desk, "agent_performance", agent_ids=[agent_id])

    (row,) = found["by"]["agent"]
    assert row["name"] == desk.account.agents[agent_id]["contact"]["name"]
    assert row["first_response"]["mean_s"] == 3600.0
    assert row["resolution"]["mean_s"] == 10_800.0
    assert row["time"] == {"entries": 1, "logged_s": 2700, "billable_s": 0}
    assert row["csat"]["positive"] == 1
    assert (row["volume_in"], row["volume_out"], row["backlog"]) == (1, 1, 0)
    assert row["sla"]["first_response_breached"] == 0


def test_business_hours_of_the_account_are_understood(desk: Desk) -> None:
    # Given office hours in New York from eight to five, and a ticket of nine in the evening there
    clock = desk.account.clock
    clock.freeze(datetime.fromisoformat("2026-03-12T01:00:00Z").timestamp())
    ticket_id = desk.ticket(status=2)
    clock.advance(14 * 3600)
    desk.client.update_ticket(ticket_id, {"status": 4})
    clock.freeze(datetime.fromisoformat(NOW).timestamp())

    found = ask(desk, "ticket_metrics", business_hours=True, by=[])

    # Resolved at eleven the next morning
    assert found["totals"]["resolution"]["mean_s"] == 3 * 3600.0


def test_a_plan_without_surveys_has_no_csat(desk: Desk) -> None:
    desk.account.settings = changed(desk.account.settings, {"without_features": ["csat"]})

    found = ask(desk, "ticket_metrics", by=[])

    assert found["totals"]["csat"] is None


def test_a_dry_run_costs_two_searches(desk: Desk) -> None:
    seed(desk.account, {"tickets": 300, "created_within_days": 40})

    found = ask(desk, "ticket_metrics", dry_run=True)

    endpoints = desk.simulator.state.stats.body()["endpoints"]
    assert endpoints["GET /search/tickets"]["requests"] == 2
    assert "GET /tickets" not in endpoints
    assert found["estimate"]["credits"] > 3


def test_too_expensive_a_report_lists_no_tickets(desk: Desk) -> None:
    seed(desk.account, {"tickets": 1200, "created_within_days": 9})

    with pytest.raises(TooExpensive, match="max_credits is 15"):
        ask(desk, "ticket_metrics", max_credits=15)

    assert "GET /tickets" not in desk.simulator.state.stats.body()["endpoints"]


def test_a_report_survives_a_rate_limit_that_lets_two_pages_through_a_minute(desk: Desk) -> None:
    # Given 7 credits a minute for the ticket list
    seed(desk.account, {"tickets": 450, "created_within_days": 9})
    desk.account.settings = changed(desk.account.settings, {"limits": {"ticket_list": 7}})
    pages = MemoryPages()
    found: dict[str, Any] | None = None
    waits: list[int] = []

    # When it is run again after each wait that it asks for
    while found is None:
        try:
            found = desk.run(
                "ticket_metrics", PERIOD, now=datetime.fromisoformat(NOW), report_pages=pages
            ).data
        except (Unfinished, Throttled) as wait:
            seconds = wait.after_s if isinstance(wait, Unfinished) else int(wait.after or 60)
            waits.append(seconds)
            desk.account.clock.advance(seconds)

    # Then nothing is lost, and no page was listed twice
    live = list(desk.account.tickets.values())
    assert found["totals"]["volume_in"] == counted(live)["volume_in"]
    assert len(waits) >= 2
    listed = desk.simulator.state.stats.body()["endpoints"]["GET /tickets"]
    assert listed["statuses"]["200"] == 5
