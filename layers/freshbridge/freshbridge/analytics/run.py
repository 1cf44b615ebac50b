"""One run of a report: choose the source, tell the cost, pull what is missing, calculate.

A report of a large account takes many runs. What was pulled is kept under the report's id, and
each run goes on from there; the last one calculates. `as_of`, the present that a report is about,
is that of its first run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.analytics.asked import Asked, Desk, LakeNotUsable, Waiting
from freshbridge.analytics.business_hours import Calendars
from freshbridge.analytics.estimate import estimate
from freshbridge.analytics.events import by_the_clock
from freshbridge.analytics.feeds import feeds_of
from freshbridge.analytics.names import Names, open_statuses
from freshbridge.analytics.period import instant_of, period
from freshbridge.analytics.present import coverage, presented
from freshbridge.analytics.pull import Pull, TooExpensive, new_state
from freshbridge.analytics.records import read_rating, read_ticket, read_time_entry
from freshbridge.analytics.report import Calculation, Logged, Question
from freshbridge.analytics.synced import NotCovered
from freshbridge.analytics.time_zones import time_zone
from freshbridge.errors import Forbidden, Retry
from freshbridge.freshdesk.paging import PER_PAGE

RUN_S = 15
"""A run pulls no longer than this: its function has other messages, and a time limit."""
_PAUSE_S = 15


class ReportRun:
    """One run of the report `report_id`."""

    def __init__(self, desk: Desk, report_id: str, asked: Asked) -> None:
        started = desk.clock()
        kept = desk.pages.load(report_id)
        state = kept or new_state(timestamps.to_text(started))
        self._desk = desk
        self._asked = asked
        self._state = state
        self._as_of = timestamps.from_text(state["as_of"])
        zone = time_zone(asked.zone)
        self._period = period(asked.start, asked.end, zone=zone, now=self._as_of)
        self._pull = Pull(desk.client, desk.pages, report_id, state, asked.max_credits)
        self._lake = desk.synced
        self._until = started + timedelta(seconds=RUN_S)
        self._known: dict[str, list[dict[str, Any]]] = {}
        self._unnamed: list[str] = []

    def go(self) -> dict[str, Any] | Waiting:
        """The report, the estimate of a dry run, or how long to wait for more.

        Raises:
            InvalidPeriod, UnknownTimeZone, LakeNotUsable: before any call that costs much.
            TooExpensive: by the estimate, or by what was used.
            Whatever the client raises when this run has got nowhere.
        """
        self._choose_source()
        if "statuses" not in self._state:
            self._state["statuses"] = list(open_statuses(self._reference("ticket_fields")))
        if self._asked.dry_run:
            return self._estimate_only()
        if self._live and "estimate" not in self._state:
            self._check_estimate()
        checked = self._state["calls"]
        try:
            if not self._pulled():
                return Waiting(1)
        except Retry as error:
            if self._state["calls"] == checked:
                raise
            # What came is kept; only a run that gets nowhere counts as a failed attempt.
            return Waiting(math.ceil(error.after or _PAUSE_S))
        return self._calculated()

    # --- where from, and at what cost ---------------------------------------------------------

    @property
    def _live(self) -> bool:
        return self._lake is None

    def _choose_source(self) -> None:
        """Note in the state why the lake is not used, which later runs abide by."""
        if "lake_refusal" in self._state:
            self._lake = None
        elif self._asked.source == "live":
            self._refuse_lake("live data was asked for")
        elif self._lake is None:
            self._refuse_lake("there is no lake here")
        else:
            try:
                self._lake.check(self._desk.instance_id, self._period)
            except NotCovered as reason:
                self._refuse_lake(str(reason))

    def _refuse_lake(self, reason: str) -> None:
        if self._asked.source == "lake":
            raise LakeNotUsable(reason, where="source")
        self._state["lake_refusal"] = reason
        self._lake = None

    def _estimated(self) -> dict[str, Any]:
        statuses = tuple(self._state["statuses"])
        found = estimate(self._desk.client, self._period, statuses)
        self._pull.spend(found["searches"], found["searches"])
        return found

    def _estimate_only(self) -> dict[str, Any]:
        found = self._estimated() if self._live else {"credits": 2, "calls": 2}
        return {
            "dry_run": True,
            "source": "live" if self._live else "lake",
            "period": self._period.shown(),
            "estimate": found,
            "max_credits": self._asked.max_credits,
            "would_run": found["credits"] + self._state["credits"] <= self._asked.max_credits,
            "credits": self._credits(),
            "coverage": {"lake": self._state.get("lake_refusal", "used")},
        }

    def _check_estimate(self) -> None:
        found = self._estimated()
        if found["credits"] + self._state["credits"] > self._asked.max_credits:
            raise TooExpensive(
                f"the report needs about {found['credits']} credits of the rate limit, in "
                f"{found['calls']} calls; max_credits is {self._asked.max_credits}",
                where="max_credits",
            )
        self._state["estimate"] = found
        self._pull.save()

    def _credits(self) -> dict[str, Any]:
        estimated = self._state.get("estimate", {}).get("credits")
        return {
            "used": self._state["credits"],
            "calls": self._state["calls"],
            "estimated": estimated,
        }

    # --- reading --------------------------------------------------------------------------------

    def _may_go_on(self) -> bool:
        return self._desk.clock() < self._until

    def _pulled(self) -> bool:
        feeds = feeds_of(self._period, self._state["statuses"], tickets=self._live)
        return self._pull.run(feeds, self._may_go_on)

    def _reference(self, kind: str) -> list[dict[str, Any]]:
        """Slow data; none where the key may not read it."""
        if kind not in self._known:
            self._known[kind] = self._asked_for(kind)
        return self._known[kind]

    def _asked_for(self, kind: str) -> list[dict[str, Any]]:
        try:
            found = self._desk.reference(kind)
        except Forbidden:
            self._unnamed.append(kind)
            return []
        if not found.cached:
            calls = max(1, -(-len(found.records) // PER_PAGE))
            self._pull.spend(calls, calls)
        return found.records

    # --- calculating ----------------------------------------------------------------------------

    def _calculated(self) -> dict[str, Any] | Waiting:
        groups = self._reference("groups")
        calculation = Calculation(self._question(groups), self._logged())
        try:
            for row in self._tickets():
                calculation.add(read_ticket(row))
        except NotCovered as reason:
            self._refuse_lake(str(reason))
            self._pull.save()
            return Waiting(1)
        names = Names(self._reference("agents"), groups, self._reference("ticket_fields"))
        report = presented(calculation.finish(), names, self._asked.rows, self._refused())
        return {
            "source": "live" if self._live else "lake",
            **report,
            "credits": self._credits(),
            "coverage": {
                **coverage(self._state, self._unnamed),
                **calculation.doubts(),
            },
        }

    def _tickets(self) -> Iterator[dict[str, Any]]:
        """Their rows; NotCovered, also between two, when the lake does not hold them all."""
        if self._lake is not None:
            return self._lake.tickets(self._desk.instance_id, self._period, self._may_go_on)
        # Those with stats first: of two rows of one ticket, the first counts.
        return self._rows("tickets", "backlog")

    def _rows(self, *feeds: str) -> Iterator[dict[str, Any]]:
        for name in feeds:
            yield from self._pull.rows(name)

    def _logged(self) -> Logged:
        return Logged(
            [read_time_entry(row) for row in self._pull.rows("time_entries")],
            [read_rating(row) for row in self._pull.rows("ratings")],
        )

    def _refused(self) -> set[str]:
        feeds = self._state["feeds"]
        return {name for name, progress in feeds.items() if progress["refused"]}

    def _question(self, groups: list[dict[str, Any]]) -> Question:
        now = instant_of(self._state["as_of"])
        if not self._asked.business_hours:
            return Question(self._period, self._asked.by, now, by_the_clock)
        records = [row for page in self._desk.client.business_hours() for row in page.records]
        self._pull.spend(1)
        calendars = Calendars(
            records,
            # Accounts with the newer group pages call it a calendar.
            {r["id"]: r.get("business_hour_id") or r.get("business_calendar_id") for r in groups},
        )

        def elapsed(group_id: int | None, start: int, end: int) -> int:
            return calendars.of(group_id).elapsed(start, end)

        return Question(self._period, self._asked.by, now, elapsed, business_hours=True)
