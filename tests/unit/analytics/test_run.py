"""A report's runs against a small Freshdesk in memory: what it asks, costs, keeps and answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge import timestamps
from freshbridge.actions.context import Cached
from freshbridge.analytics.asked import Asked, Desk, LakeNotUsable, Waiting
from freshbridge.analytics.names import open_statuses
from freshbridge.analytics.period import Period
from freshbridge.analytics.pull import TooExpensive
from freshbridge.analytics.report import Dimension
from freshbridge.analytics.run import RUN_S, ReportRun
from freshbridge.analytics.synced import NotCovered
from freshbridge.errors import Forbidden, ProviderDown, Throttled
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests import builders
from tests.fakes import report_rows as rows
from tests.fakes.provider import empty_reply, json_reply, query_of
from tests.fakes.report_desk import FakeDesk
from tests.fakes.report_pages import MemoryPages

Row = dict[str, Any]
NOW = datetime(2026, 3, 12, tzinfo=UTC)
MARCH = Asked(date(2026, 3, 6), date(2026, 3, 10), (Dimension.AGENT, Dimension.GROUP))
AGENTS = [{"id": 71, "contact": {"name": "Dana Roe"}}, {"id": 72, "contact": {"name": "Lee Orr"}}]
FIELDS = [
    {"type": "default_status", "choices": {"2": ["Open", "Open"], "9": ["On ice", "Waiting"]}},
    {"type": "default_source", "choices": {"Email": 1, "Carrier pigeon": 101}},
]


class Clock:
    """Moves on by `step_s` each time it is read."""

    def __init__(self, step_s: float = 0) -> None:
        self.now = NOW
        self._step = timedelta(seconds=step_s)

    def __call__(self) -> datetime:
        self.now += self._step
        return self.now


class FakeSynced:
    """A lake that gives `rows`, or says why it cannot: at a first look, or after the last row."""

    def __init__(self, rows: list[Row], check: str = "", read: str = "") -> None:
        self._rows, self._check, self._read = rows, check, read

    def check(self, _instance_id: str, _period: Period) -> None:
        if self._check:
            raise NotCovered(self._check)

    def tickets(self, instance_id: str, _period: Period, _may_go_on: object) -> Iterator[Row]:
        assert instance_id == builders.INSTANCE_ID
        yield from self._rows
        if self._read:
            raise NotCovered(self._read)


class Office:
    """A desk with its memory; each `run` is one run of the same report."""

    def __init__(
        self,
        tickets: list[Row] | None = None,
        entries: list[Row] | None = None,
        ratings: list[Row] | None = None,
    ) -> None:
        self.desk = FakeDesk(tickets or [], entries or [], ratings or [])
        self.pages = MemoryPages()
        self.clock = Clock()
        self.synced: Any = None
        self.forbidden: set[str] = set()
        self.groups: list[Row] = [{"id": 31, "name": "Billing", "business_hour_id": None}]

    def reference(self, kind: str) -> Cached:
        """The account's slow data, from the cache."""
        if kind in self.forbidden:
            raise Forbidden("not for this key")
        kinds: dict[str, list[Row]] = {
            "agents": AGENTS, "groups": self.groups, "ticket_fields": FIELDS
        }  # fmt: skip
        return Cached(kinds[kind], True, 60)

    def run(self, asked: Asked = MARCH, report_id: str = "r1") -> Any:
        """One run."""
        client = FreshdeskClient(self.desk, "https://acme.freshdesk.com", builders.API_KEY)
        desk = Desk(
            client, builders.INSTANCE_ID, self.pages, self.synced, self.reference, self.clock
        )
        return ReportRun(desk, report_id, asked).go()

    def asked_for(self, path: str) -> list[dict[str, str]]:
        """The queries sent to one path."""
        return [query_of(request) for request in self.desk.sent("GET", f"/api/v2{path}")]


def stamp(minutes: int) -> str:
    moment = datetime(2026, 3, 6, tzinfo=UTC) + timedelta(minutes=minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def touched(count: int) -> list[Row]:
    """Tickets created and resolved in the period, one a minute."""
    return [
        rows.ticket(
            number,
            created_at=stamp(number),
            updated_at=stamp(number + 60),
            status=4,
            stats={"resolved_at": stamp(number + 60), "first_responded_at": stamp(number + 10)},
            responder_id=71,
        )
        for number in range(1, count + 1)
    ]


def untouched(count: int, status: int = 2, first_id: int = 10_000) -> list[Row]:
    """Open tickets, two a day back from February, not updated since they were made."""
    begin = datetime(2026, 2, 28, tzinfo=UTC)
    made = [(begin - timedelta(hours=12 * n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(count)]
    return [
        rows.ticket(first_id + n, created_at=at, updated_at=at, status=status, group_id=31)
        for n, at in enumerate(made)
    ]


# --- the answer ----------------------------------------------------------------------------------


def test_a_live_report_tells_figures_names_source_and_cost() -> None:
    # Given tickets of two agents, time and ratings
    office = Office(
        touched(3),
        [rows.time_entry(1, executed_at=stamp(5), agent_id=72)],
        [rows.rating(1, created_at=stamp(7))],
    )

    found = office.run()

    assert found["source"] == "live"
    assert found["totals"]["volume_in"] == 3
    by_agent = {row["key"]: row for row in found["by"]["agent"]}
    assert by_agent[71]["name"] == "Dana Roe"
    assert by_agent[71]["resolution"]["mean_s"] == 3600.0
    assert by_agent[71]["csat"]["positive_share"] == 1.0
    assert (by_agent[72]["name"], by_agent[72]["time"]["logged_s"]) == ("Lee Orr", 4800)
    assert found["by"]["group"][0]["name"] == "No group"
    assert found["period"] == {"from": "2026-03-06T00:00:00Z", "to": "2026-03-10T00:00:00Z"}
    assert found["credits"]["used"] == office.desk.credits == 8
    assert found["credits"]["calls"] == len(office.desk.requests) == 6
    assert found["coverage"]["lake"] == "not used: there is no lake here"
    assert found["coverage"]["time_entries"] == "1 read"


def test_what_is_read_is_asked_for_the_period_only() -> None:
    office = Office(touched(1))

    office.run()

    assert office.asked_for("/time_entries")[0] | {"per_page": "", "page": ""} == {
        "executed_after": "2026-03-05T23:59:59Z",
        "executed_before": "2026-03-10T00:00:01Z",
        "per_page": "",
        "page": "",
    }
    (ratings,) = office.asked_for("/surveys/satisfaction_ratings")
    assert ratings["created_since"] == "2026-03-06T00:00:00Z"
    (tickets,) = office.asked_for("/tickets")
    assert (tickets["updated_since"], tickets["include"]) == ("2026-03-06T00:00:00Z", "stats")
    count, backlog, _ = office.asked_for("/search/tickets")
    assert count["query"] == "\"updated_at:>'2026-03-06'\""
    assert backlog["query"] == (
        '"(status:2 OR status:3 OR status:6 OR status:7 OR status:9) '
        "AND updated_at:<'2026-03-07' AND created_at:>'2010-01-01' AND created_at:<'2026-03-06'\""
    )


def test_open_tickets_that_nobody_touched_are_in_the_backlog_with_their_groups() -> None:
    # Given more than a search can page through, of a stock and of the account's own status
    office = Office(touched(2) + untouched(700) + untouched(40, status=9, first_id=20_000))

    found = office.run()

    assert found["totals"]["backlog_at_start"] == 740
    assert found["totals"]["backlog"] == 740
    assert {row["key"]: row["backlog"] for row in found["by"]["group"]} == {31: 740, None: 0}
    assert "backlog_not_listed" not in found["coverage"]
    assert found["coverage"]["tickets_without_stats"] == 0


def test_more_tickets_of_one_day_than_a_search_lists_are_told_as_missing() -> None:
    made = "2026-02-02T00:00:00Z"
    crowd = [rows.ticket(n, created_at=made, updated_at=made) for n in range(1, 351)]
    office = Office(crowd)

    found = office.run()

    assert found["totals"]["backlog"] == 300
    assert found["coverage"]["backlog_not_listed"].startswith("50 open tickets are missing")


def test_a_ticket_listed_and_searched_counts_by_the_row_with_stats() -> None:
    # Given one that is open and was updated on the period's first day, when the search takes it too
    ticket = rows.ticket(
        1,
        created_at="2026-03-01T00:00:00Z",
        updated_at=stamp(30),
        stats={"first_responded_at": stamp(30)},
    )
    office = Office([ticket])

    found = office.run()

    assert found["totals"]["backlog"] == 1
    assert found["totals"]["first_response"]["count"] == 1
    assert found["coverage"]["tickets_without_stats"] == 0


def test_rows_can_be_limited_and_those_asked_for_are_there_even_when_empty() -> None:
    office = Office(touched(2))

    found = office.run(
        Asked(MARCH.start, MARCH.end, (Dimension.AGENT,), rows={Dimension.AGENT: (72, 71)})
    )

    assert [(r["key"], r["name"], r["volume_in"]) for r in found["by"]["agent"]] == [
        (72, "Lee Orr", 0),
        (71, "Dana Roe", 2),
    ]
    assert found["totals"]["volume_in"] == 2


@pytest.mark.parametrize("name", ["business_hour_id", "business_calendar_id"])
def test_business_hours_are_those_of_the_tickets_group(name: str) -> None:
    # Given round-the-clock default hours, and a group that works from ten to eleven
    office = Office(touched(1))
    office.groups = [{"id": 31, "name": "Billing", name: 12}]
    office.desk.tickets[0] |= {"group_id": 31, "created_at": "2026-03-06T09:00:00Z"}
    office.desk.tickets[0]["stats"]["first_responded_at"] = "2026-03-06T12:00:00Z"
    short = {"friday": {"start_time": "10:00 am", "end_time": "11:00 am"}}
    office.desk.hours = [
        {"id": 11, "name": "All", "is_default": True, "time_zone": "UTC", "business_hours": {}},
        {"id": 12, "name": "Short", "time_zone": "UTC", "business_hours": short},
    ]

    found = office.run(Asked(MARCH.start, MARCH.end, (), business_hours=True))

    assert found["totals"]["first_response"]["mean_s"] == 3600.0
    assert found["clock"] == "business_hours"
    assert found["credits"]["used"] == office.desk.credits


def test_what_a_plan_does_not_have_is_null_and_told() -> None:
    # Given an account without surveys and time tracking
    office = Office(touched(1))

    def refuse(request: ProviderRequest) -> ProviderReply | None:
        if request.path.endswith(("time_entries", "satisfaction_ratings")):
            return json_reply({"code": "require_feature", "message": "No."}, status=403)
        return None

    office.desk.before = refuse

    found = office.run()

    assert (found["totals"]["csat"], found["totals"]["time"]) == (None, None)
    assert (found["by"]["agent"][0]["csat"], found["by"]["agent"][0]["time"]) == (None, None)
    assert found["totals"]["volume_in"] == 1
    assert "not available" in found["coverage"]["ratings"]
    assert "not available" in found["coverage"]["time_entries"]


def test_a_key_that_may_not_list_tickets_is_an_error() -> None:
    office = Office()
    office.desk.before = lambda request: (
        json_reply({"code": "access_denied"}, status=403)
        if request.path == "/api/v2/tickets"
        else None
    )

    with pytest.raises(Forbidden):
        office.run()


def test_without_the_right_to_see_names_the_figures_come_without_them() -> None:
    office = Office(touched(1))
    office.forbidden = {"agents", "groups", "ticket_fields"}

    found = office.run()

    assert (found["by"]["agent"][0]["key"], found["by"]["agent"][0]["name"]) == (71, None)
    assert found["coverage"]["names"] == "this key may not list agents, groups, ticket_fields"


def test_nothing_of_what_people_wrote_is_kept() -> None:
    private = {
        "subject": builders.SUBJECT,
        "description": builders.DESCRIPTION,
        "email": builders.EMAIL,
    }
    office = Office(
        [row | private for row in touched(1) + untouched(1)],
        [rows.time_entry(executed_at=stamp(1), note=builders.DESCRIPTION)],
        [rows.rating(created_at=stamp(1), feedback=builders.DESCRIPTION)],
    )

    office.run()

    kept = " ".join(office.pages.texts.values())
    assert "responder_id" in kept
    assert [word for word in builders.PRIVATE_WORDS if word in kept] == []


# --- the cost ------------------------------------------------------------------------------------


def test_a_dry_run_tells_the_cost_for_two_searches() -> None:
    office = Office(touched(250) + untouched(45))

    found = office.run(Asked(MARCH.start, MARCH.end, (), dry_run=True))

    assert found["estimate"]["tickets_updated_since_from"] == 250
    assert found["estimate"]["tickets_open_and_untouched"] == 45
    assert found["estimate"]["credits"] == 3 * 3 + 2 + 2
    assert found["would_run"] is True
    assert found["credits"]["used"] == office.desk.credits == 2
    assert {request.path for request in office.desk.requests} == {"/api/v2/search/tickets"}


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 250, 400])
def test_the_estimate_is_what_the_report_then_costs(size: int) -> None:
    office = Office(touched(size) + untouched(size // 2))

    found = office.run()

    # Two searches for the estimate itself
    used = found["credits"]["used"] - 2
    assert abs(used - found["credits"]["estimated"]) <= 3
    assert found["totals"]["volume_in"] == size


def test_a_report_that_costs_too_much_is_refused_before_it_begins() -> None:
    office = Office(touched(1000))

    with pytest.raises(TooExpensive, match=r"needs about 36 credits.*max_credits is 20") as caught:
        office.run(Asked(MARCH.start, MARCH.end, (), max_credits=20))

    assert "raise max_credits" in str(caught.value)
    assert len(office.desk.requests) == 2
    assert not office.desk.sent("GET", "/api/v2/tickets")


def test_what_no_estimate_foresaw_stops_at_the_limit() -> None:
    # Given far more time entries than tickets
    entries = [rows.time_entry(1, executed_at=stamp(1)) for _ in range(2000)]
    office = Office(touched(1), entries)

    with pytest.raises(TooExpensive, match="time_entries are not all read"):
        office.run(Asked(MARCH.start, MARCH.end, (), max_credits=12))

    assert office.desk.credits <= 12


def test_reference_data_that_was_asked_for_anew_is_counted() -> None:
    office = Office()
    office.reference = lambda kind: Cached(AGENTS if kind == "agents" else [])  # type: ignore[method-assign]  # stands for an empty cache

    found = office.run()

    # Agents, groups and fields, one page each
    assert found["credits"]["used"] == office.desk.credits + 3


# --- many runs -----------------------------------------------------------------------------------


def finished(office: Office, asked: Asked = MARCH) -> tuple[Any, int]:
    """The answer, and how many runs it took."""
    for number in range(1, 200):
        found = office.run(asked)
        if not isinstance(found, Waiting):
            return found, number
    raise AssertionError("the report is never finished")


def test_a_report_that_takes_longer_than_a_run_goes_on_where_it_stood() -> None:
    # Given a clock that uses up a run with every few pages
    office = Office(touched(1200) + untouched(100))
    office.clock = Clock(step_s=RUN_S / 4)

    found, runs = finished(office)

    assert runs > 3
    assert found["totals"]["volume_in"] == 1200
    assert found["totals"]["backlog_at_start"] == 100
    starts = [query["updated_since"] for query in office.asked_for("/tickets")]
    assert len(starts) == len(set(starts)) == 13
    counts = [q for q in office.asked_for("/search/tickets") if "created_at" not in q["query"]]
    assert len(counts) == 1
    assert found["credits"]["used"] == office.desk.credits


def test_the_present_of_a_report_is_that_of_its_first_run() -> None:
    office = Office(touched(300))
    office.clock = Clock(step_s=RUN_S)
    asked = Asked(date(2026, 3, 6), date(2026, 4, 1), ())

    found, runs = finished(office, asked)

    assert runs > 1
    assert found["period"]["to"] == timestamps.to_text(NOW + timedelta(seconds=RUN_S))


def test_a_throttled_run_that_got_somewhere_waits_as_long_as_it_was_told() -> None:
    office = Office(touched(300))
    answers = iter([None, None, empty_reply(429, {"Retry-After": "37"})])
    office.desk.before = lambda request: (
        next(answers, None) if request.path == "/api/v2/tickets" else None
    )

    assert office.run() == Waiting(37)
    found = office.run()

    assert found["totals"]["volume_in"] == 300


def test_a_run_that_gets_nowhere_fails_as_it_was_failed() -> None:
    office = Office(touched(1))
    office.desk.before = lambda request: (
        empty_reply(429, {"Retry-After": "37"}) if request.path == "/api/v2/tickets" else None
    )
    assert isinstance(office.run(), Waiting)

    with pytest.raises(Throttled):
        office.run()


def test_a_page_out_of_order_is_the_providers_fault_and_asked_for_again() -> None:
    office = Office(touched(2))
    swapped = json_reply(list(reversed(office.desk.tickets)))
    answers = iter([swapped])
    office.desk.before = lambda request: (
        next(answers, None) if request.path == "/api/v2/tickets" else None
    )

    assert office.run() == Waiting(15)
    assert office.run()["totals"]["volume_in"] == 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.integers(0, 350), st.integers(0, 350))
def test_a_report_cut_short_anywhere_loses_and_doubles_nothing(
    crashes: list[bool], listed: int, searched: int
) -> None:
    # Given a process that dies before a page is on record, wherever `crashes` says
    office = Office(touched(listed) + untouched(searched))
    pending = iter(crashes)
    save = office.pages.save

    class Died(Exception):
        pass

    def dying(report_id: str, state: dict[str, Any]) -> None:
        if next(pending, False):
            raise Died
        save(report_id, state)

    office.pages.save = dying  # type: ignore[method-assign]  # a fault on purpose

    # When it is begun again each time
    found: Any = None
    while found is None:
        try:
            found = office.run()
        except Died:
            continue

    # Then
    assert found["totals"]["volume_in"] == listed
    assert found["totals"]["volume_out"] == listed
    assert found["totals"]["backlog_at_start"] == searched


def test_tickets_updated_while_they_are_read_count_once() -> None:
    office = Office(touched(350))

    def update(request: ProviderRequest) -> None:
        # The oldest one not updated yet moves to the end of the list.
        if request.path == "/api/v2/tickets":
            oldest = min(office.desk.tickets, key=lambda row: row["updated_at"])
            if oldest["updated_at"] < stamp(5000):
                oldest["updated_at"] = stamp(5000 + oldest["id"])

    office.desk.before = update

    assert office.run()["totals"]["volume_in"] == 350


# --- the lake ------------------------------------------------------------------------------------


def test_synced_tickets_are_taken_where_they_cover_the_period() -> None:
    office = Office([], [rows.time_entry(1, executed_at=stamp(5))])
    office.synced = FakeSynced(touched(5))

    found = office.run()

    assert found["source"] == "lake"
    assert found["totals"]["volume_in"] == 5
    assert found["totals"]["time"]["entries"] == 1
    assert {r.path.rpartition("/")[2] for r in office.desk.requests} == {
        "time_entries",
        "satisfaction_ratings",
    }
    assert found["credits"] == {"used": 2, "calls": 2, "estimated": None}
    assert found["coverage"]["lake"] == "used"


@pytest.mark.parametrize("when", ["check", "read"])
def test_synced_tickets_that_do_not_cover_it_are_passed_over_with_the_reason(when: str) -> None:
    office = Office(touched(2))
    office.synced = FakeSynced(touched(5), **{when: "tickets are not synced"})

    found, _ = finished(office)

    assert found["source"] == "live"
    assert found["totals"]["volume_in"] == 2
    assert found["coverage"]["lake"] == "not used: tickets are not synced"


@pytest.mark.parametrize("when", ["check", "read"])
def test_whoever_asks_for_the_lake_is_told_that_it_does_not_do(when: str) -> None:
    office = Office(touched(2))
    office.synced = FakeSynced([], **{when: "tickets are not synced"})

    with pytest.raises(LakeNotUsable, match="tickets are not synced"):
        office.run(Asked(MARCH.start, MARCH.end, (), source="lake"))

    assert not office.desk.sent("GET", "/api/v2/tickets")


def test_without_a_lake_in_this_function_it_cannot_be_asked_for() -> None:
    with pytest.raises(LakeNotUsable, match="no lake here"):
        Office().run(Asked(MARCH.start, MARCH.end, (), source="lake"))


def test_whoever_asks_for_live_data_gets_it() -> None:
    office = Office(touched(2))
    office.synced = FakeSynced([])

    found = office.run(Asked(MARCH.start, MARCH.end, (), source="live"))

    assert found["source"] == "live"
    assert found["coverage"]["lake"] == "not used: live data was asked for"


def test_a_dry_run_of_the_lake_costs_nothing() -> None:
    office = Office(touched(2))
    office.synced = FakeSynced([])

    found = office.run(Asked(MARCH.start, MARCH.end, (), dry_run=True))

    assert (found["source"], found["estimate"]["credits"]) == ("lake", 2)
    assert office.desk.requests == []


def test_open_statuses_are_all_but_resolved_and_closed() -> None:
    assert open_statuses(FIELDS) == (2, 3, 6, 7, 9)
    assert open_statuses([]) == (2, 3, 6, 7)


def test_many_statuses_are_searched_for_in_lots() -> None:
    # Given an account with sixty statuses of its own
    made = "2026-02-02T00:00:00Z"
    office = Office(
        [rows.ticket(n, status=8 + n, created_at=made, updated_at=made) for n in range(1, 61)]
    )
    choices = {str(number): [f"Status {number}"] * 2 for number in range(2, 69)}
    fields = [{"type": "default_status", "choices": choices}]
    office.reference = lambda kind: Cached(fields if kind == "ticket_fields" else [], True)  # type: ignore[method-assign]  # other fields

    found = office.run(Asked(MARCH.start, MARCH.end, ()))

    assert found["totals"]["backlog"] == 60


def test_a_provider_that_is_down_from_the_start_is_told() -> None:
    office = Office(touched(1))
    office.desk.before = lambda _request: empty_reply(503)

    with pytest.raises(ProviderDown):
        office.run()
