"""The analytics actions: their parameters, what they ask Freshdesk, what they answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from freshbridge.actions.action import Unfinished
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.freshdesk.analytics import AgentPerformance
from freshbridge.actions.locks import Busy
from freshbridge.analytics.period import InvalidPeriod
from freshbridge.analytics.pull import TooExpensive
from tests.fakes import report_rows as rows
from tests.fakes.actions import FakeLocks, FakeReference, run_action
from tests.fakes.provider import empty_reply
from tests.fakes.report_desk import FakeDesk
from tests.fakes.report_pages import MemoryPages

NAMES = ("agent_performance", "group_statistics", "ticket_metrics")
NOW = datetime(2026, 4, 2, tzinfo=UTC)
MARCH = {"from": "2026-03-01", "to": "2026-04-01"}


def office() -> FakeDesk:
    """Two tickets of an agent in two groups, one hour of work and a happy customer."""
    stats = {"first_responded_at": "2026-03-02T10:00:00Z", "resolved_at": "2026-03-02T11:00:00Z"}
    tickets = [
        rows.ticket(
            number,
            stats=stats,
            status=4,
            responder_id=71,
            group_id=group,
            updated_at=f"2026-03-0{number}T12:00:00Z",
        )
        for number, group in ((2, 31), (3, 32))
    ]
    return FakeDesk(tickets, [rows.time_entry(2)], [rows.rating(3)])


def reference() -> FakeReference:
    """The account's names."""
    return FakeReference(
        agents=[{"id": 71, "contact": {"name": "Dana Roe"}}],
        groups=[{"id": 31, "name": "Billing"}, {"id": 32, "name": "Support"}],
        ticket_fields=[],
    )


def answer(name: str, desk: FakeDesk, **parameters: Any) -> dict[str, Any]:
    """What the action answers for March."""
    given = {**MARCH, **parameters}
    return run_action(name, given, desk, now=NOW, reference=reference()).data


def test_agent_performance_tells_each_agent_by_name() -> None:
    found = answer("agent_performance", office())

    (row,) = found["by"]["agent"]
    assert (row["key"], row["name"], row["volume_in"], row["volume_out"]) == (71, "Dana Roe", 2, 2)
    assert row["first_response"] == {
        "count": 2,
        "mean_s": 3600.0,
        "median_s": 3600.0,
        "p90_s": 3600.0,
    }
    assert row["time"] == {"entries": 1, "logged_s": 4800, "billable_s": 4800}
    assert row["csat"]["positive_share"] == 1.0
    assert found["definitions"]["first_response"].startswith("From a ticket's creation")


def test_group_statistics_tells_each_group_by_name() -> None:
    found = answer("group_statistics", office())

    assert {row["name"]: row["volume_out"] for row in found["by"]["group"]} == {
        "Billing": 1,
        "Support": 1,
    }
    assert list(found["by"]) == ["group"]


def test_ticket_metrics_are_split_by_what_tickets_are_and_by_day() -> None:
    found = answer("ticket_metrics", office())

    assert list(found["by"]) == ["priority", "type", "source", "day"]
    assert found["by"]["priority"][0]["name"] == "Low"
    assert len(found["by"]["day"]) == 31
    assert found["by"]["day"][1]["volume_in"] == 2


def test_further_tables_come_beside_the_first() -> None:
    found = answer("agent_performance", office(), by=["day", "agent"], agent_ids=[72, 71])

    assert list(found["by"]) == ["agent", "day"]
    assert [row["key"] for row in found["by"]["agent"]] == [72, 71]


def test_ticket_metrics_without_tables_are_the_totals() -> None:
    found = answer("ticket_metrics", office(), by=[])

    assert found["by"] == {}
    assert found["totals"]["volume_in"] == 2


def test_the_calls_are_those_of_the_lists_and_two_searches() -> None:
    desk = office()

    answer("group_statistics", desk)

    assert [request.path.removeprefix("/api/v2") for request in desk.requests] == [
        "/search/tickets", "/search/tickets", "/time_entries", "/surveys/satisfaction_ratings",
        "/search/tickets", "/tickets",
    ]  # fmt: skip
    assert {request.method for request in desk.requests} == {"GET"}


def test_days_begin_in_the_zone_that_is_given() -> None:
    found = answer("ticket_metrics", office(), time_zone="Eastern Time (US & Canada)", by=["day"])

    assert found["period"] == {"from": "2026-03-01T05:00:00Z", "to": "2026-04-01T04:00:00Z"}
    assert found["time_zone"] == "America/New_York"


def test_business_hours_are_asked_for_only_when_they_count() -> None:
    desk = office()
    desk.hours = [
        {
            "id": 11,
            "name": "Half",
            "is_default": True,
            "time_zone": "UTC",
            "business_hours": {"monday": {"start_time": "9:30 am", "end_time": "5:00 pm"}},
        }
    ]

    found = answer("agent_performance", desk, business_hours=True)

    assert found["totals"]["first_response"]["mean_s"] == 1800.0
    assert len(desk.sent("GET", "/api/v2/business_hours")) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_dry_run_only_estimates(name: str) -> None:
    desk = office()

    found = answer(name, desk, dry_run=True)

    assert found["estimate"]["credits"] == 6
    assert found["would_run"] is True
    assert len(desk.requests) == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_report_above_its_limit_is_refused_with_the_estimate(name: str) -> None:
    desk = office()
    desk.tickets = [rows.ticket(n, updated_at="2026-03-05T00:00:00Z") for n in range(1, 700)]

    with pytest.raises(TooExpensive, match="about 27 credits"):
        answer(name, desk, max_credits=20)


def test_what_takes_longer_than_a_run_is_gone_on_with() -> None:
    # Given a provider that is throttled in the middle
    desk = office()
    replies = iter([empty_reply(429, {"Retry-After": "21"})])
    desk.before = lambda request: next(replies, None) if request.path == "/api/v2/tickets" else None
    pages = MemoryPages()

    # When it is run, and run again when it says so
    with pytest.raises(Unfinished) as caught:
        run_action(
            "ticket_metrics", MARCH, desk, now=NOW, reference=reference(), report_pages=pages
        )
    later = NOW + timedelta(seconds=caught.value.after_s)
    found = run_action(
        "ticket_metrics", MARCH, desk, now=later, reference=reference(), report_pages=pages
    ).data

    assert caught.value.after_s == 21
    assert found["totals"]["volume_in"] == 2
    assert len(desk.sent("GET", "/api/v2/time_entries")) == 1


def test_one_execution_at_a_time_makes_a_report() -> None:
    # Given a message that came twice
    locks, desk = FakeLocks(), office()

    run_action("ticket_metrics", MARCH, desk, now=NOW, reference=reference(), locks=locks)
    assert locks.held == locks.released == ["report/act_0001"]
    locks.held.append("report/act_0001")
    before = len(desk.requests)

    with pytest.raises(Busy):
        run_action("ticket_metrics", MARCH, desk, now=NOW, reference=reference(), locks=locks)

    assert len(desk.requests) == before


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({}, {"from", "to"}),
        ({"from": "hot-secret", "to": "2026-04-01"}, {"from"}),
        ({"from": "2026-03-01", "to": 20260401}, {"to"}),
        ({"from": "2026-02-30", "to": "2026-04-01"}, {"from"}),
        (MARCH | {"source": "moon"}, {"source"}),
        (MARCH | {"max_credits": 1}, {"max_credits"}),
        (MARCH | {"by": ["hot-secret"]}, {"by.0"}),
        (MARCH | {"agent_ids": []}, {"agent_ids"}),
        (MARCH | {"agents": [71]}, {"agents"}),
        (MARCH | {"start": "2026-03-01"}, {"start"}),
    ],
)
def test_wrong_parameters_are_named_and_not_quoted(
    parameters: dict[str, Any], named: set[str]
) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshdesk", "agent_performance"), parameters)

    assert {field.field for field in raised.value.fields} == named
    assert "hot-secret" not in str(raised.value)


def test_a_day_and_a_time_are_told_apart() -> None:
    read = AgentPerformance.model_validate({"from": "2026-03-01T00:00:00Z", "to": "2026-04-01"})

    assert isinstance(read.start, datetime)
    assert not isinstance(read.end, datetime)


def test_a_period_or_zone_that_cannot_be_is_refused_before_any_call() -> None:
    desk = office()

    with pytest.raises(InvalidParameters, match="ends before it begins"):
        answer("ticket_metrics", desk, to="2026-02-01")
    with pytest.raises(InvalidParameters, match="longer than 366 days"):
        answer("ticket_metrics", desk, to="2027-04-01")
    with pytest.raises(InvalidParameters, match="Atlantis"):
        answer("ticket_metrics", desk, time_zone="Atlantis")
    with pytest.raises(InvalidPeriod, match="not begun yet"):
        answer("ticket_metrics", desk, **{"from": "2031-01-01", "to": "2031-02-01"})

    assert desk.requests == []


@pytest.mark.parametrize("name", NAMES)
def test_a_report_goes_through_the_queue_and_changes_nothing(name: str) -> None:
    action = CATALOGUE.find("freshdesk", name)

    assert action.in_background
    assert action.effect == "read"
    assert "from" in action.parameters.model_json_schema()["required"]
