"""From records to a report: one pass over the tickets, one tally for each key of each dimension.

Pure. Time entries and ratings are taken in first, since each of them names a ticket that is then
looked at once, when it comes by. Memory grows with the number of keys, of entries and ratings, and
of durations (eight bytes for each in each dimension), and by one number for each ticket, which
tells a ticket that is listed twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from freshbridge.analytics.definitions import definitions
from freshbridge.analytics.events import Elapsed, Event, by_the_clock, events_of
from freshbridge.analytics.period import Period
from freshbridge.analytics.records import Rating, Ticket, TimeEntry
from freshbridge.analytics.tally import Tally

UNKNOWN = "unknown"
"""The key of what belongs to a ticket that was not listed."""
Key = int | str | None


class Dimension(StrEnum):
    """What a report's figures can be split by."""

    AGENT = "agent"
    GROUP = "group"
    PRIORITY = "priority"
    TYPE = "type"
    SOURCE = "source"
    DAY = "day"


_OF_TICKET = tuple(one for one in Dimension if one is not Dimension.DAY)


@dataclass(frozen=True)
class Logged:
    """What people added beside the tickets: time and ratings, in any order, also outside the
    period."""

    time_entries: Sequence[TimeEntry] = ()
    ratings: Sequence[Rating] = ()


@dataclass(frozen=True)
class Question:
    """What is asked: the period, by what to split, which time counts, and when it is asked."""

    period: Period
    by: tuple[Dimension, ...]
    now: int
    elapsed: Elapsed = by_the_clock
    business_hours: bool = False


class Calculation:
    """The figures while they grow; see `report` for the whole way."""

    def __init__(self, question: Question, logged: Logged) -> None:
        self._question = question
        self._totals = Tally()
        self._rows: dict[Dimension, defaultdict[Key, Tally]] = {
            dimension: defaultdict(Tally) for dimension in question.by
        }
        self._seen: set[int] = set()
        self._without_stats = self._finish_guessed = self._unrecognised = 0
        self._entries: defaultdict[int, list[TimeEntry]] = defaultdict(list)
        self._ratings: defaultdict[int, list[Rating]] = defaultdict(list)
        self._take_in(logged)

    def _take_in(self, logged: Logged) -> None:
        period = self._question.period
        for entry in logged.time_entries:
            if entry.executed_at in period:
                self._entries[entry.ticket_id].append(entry)
                for tally in self._known({Dimension.AGENT: entry.agent_id}, entry.executed_at):
                    _log(tally, entry)
        for rating in logged.ratings:
            if rating.created_at not in period:
                continue
            if rating.score is None:
                self._unrecognised += 1
                continue
            self._ratings[rating.ticket_id].append(rating)
            keys: dict[Dimension, Key] = {
                Dimension.AGENT: rating.agent_id,
                Dimension.GROUP: rating.group_id,
            }
            for tally in self._known(keys, rating.created_at):
                tally.rate(rating.score)

    def _known(self, keys: Mapping[Dimension, Key], at: int) -> Iterator[Tally]:
        """The tallies that can be told without the ticket: totals, the day, and `keys`."""
        yield self._totals
        if Dimension.DAY in self._rows:
            yield self._rows[Dimension.DAY][self._question.period.day_of(at)]
        for dimension, key in keys.items():
            if dimension in self._rows:
                yield self._rows[dimension][key]

    def add(self, ticket: Ticket) -> None:
        """Count one ticket; the first of several rows with one id counts."""
        if ticket.id in self._seen:
            return
        self._seen.add(ticket.id)
        question = self._question
        keys = keys_of(ticket)
        events = list(events_of(ticket, question.period, question.elapsed, question.now))
        if events:
            self._note(ticket, keys, events)
        self._join(keys, self._entries.pop(ticket.id, ()), self._ratings.pop(ticket.id, ()))

    def _note(self, ticket: Ticket, keys: Mapping[Dimension, Key], events: list[Event]) -> None:
        tallies = [self._totals, *(self._rows[d][keys[d]] for d in self._rows if d in keys)]
        for tally in tallies:
            tally.count("tickets")
            for event in events:
                _apply(tally, event)
        touched = {event.at for event in events if event.name in ("volume_out", "reopened")}
        for tally in tallies if touched else ():
            tally.count("finished_or_reopened")
        self._note_days(events, touched)
        self._without_stats += (
            not ticket.has_stats and ticket.updated_at >= self._question.period.start
        )
        self._finish_guessed += ticket.finish_is_update and bool(touched)

    def _note_days(self, events: list[Event], touched: set[int | None]) -> None:
        if Dimension.DAY not in self._rows:
            return
        days, day_of = self._rows[Dimension.DAY], self._question.period.day_of
        for event in events:
            if event.at is not None:
                _apply(days[day_of(event.at)], event)
        for day in {day_of(event.at) for event in events if event.at is not None}:
            days[day].count("tickets")
        for day in {day_of(at) for at in touched if at is not None}:
            days[day].count("finished_or_reopened")

    def _join(
        self,
        keys: Mapping[Dimension, Key],
        entries: Iterable[TimeEntry],
        ratings: Iterable[Rating],
    ) -> None:
        """Give a ticket's time and ratings to the rows that only the ticket can tell."""
        for entry in entries:
            for tally in self._told(keys, (Dimension.AGENT,)):
                _log(tally, entry)
        for rating in ratings:
            for tally in self._told(keys, (Dimension.AGENT, Dimension.GROUP)):
                tally.rate(rating.score or 0.0)

    def _told(
        self, keys: Mapping[Dimension, Key], already: tuple[Dimension, ...]
    ) -> Iterator[Tally]:
        for dimension, rows in self._rows.items():
            if dimension in keys and dimension not in already:
                yield rows[keys[dimension]]

    def finish(self) -> dict[str, Any]:
        """The report without its coverage: period, definitions, totals, by."""
        strangers: dict[Dimension, Key] = dict.fromkeys(_OF_TICKET, UNKNOWN)
        entries, ratings = self._entries, self._ratings
        for ticket_id in list(entries.keys() | ratings.keys()):
            self._join(strangers, entries.pop(ticket_id, ()), ratings.pop(ticket_id, ()))
        question = self._question
        return {
            "period": question.period.shown(),
            "time_zone": question.period.zone.key,
            "clock": "business_hours" if question.business_hours else "elapsed",
            "definitions": definitions(business_hours=question.business_hours),
            "totals": self._totals.shown(),
            "by": {dimension.value: self._shown(dimension) for dimension in question.by},
        }

    def doubts(self) -> dict[str, int]:
        """How many records were not fully told, by the kind of gap."""
        return {
            "tickets_read": len(self._seen),
            "tickets_without_stats": self._without_stats,
            "finish_known_by_last_update_only": self._finish_guessed,
            "ratings_not_recognised": self._unrecognised,
        }

    def _shown(self, dimension: Dimension) -> list[dict[str, Any]]:
        rows = self._rows[dimension]
        if dimension is Dimension.DAY:
            return self._shown_days(rows)
        busiest = sorted(rows, key=lambda key: (-_volume(rows[key]), str(key)))
        return [{"key": key, **rows[key].shown()} for key in busiest]

    def _shown_days(self, rows: defaultdict[Key, Tally]) -> list[dict[str, Any]]:
        backlog = self._totals["backlog_at_start"]
        shown = []
        for day in self._question.period.days():
            row = rows[day].shown(backlog_at_start=backlog)
            backlog = row["backlog"]
            shown.append({"key": day, **row})
        return shown


def report(question: Question, tickets: Iterable[Ticket], logged: Logged) -> dict[str, Any]:
    """The figures, and under `coverage` how many records were not fully told.

    `tickets` is gone through once; a second row with an id seen before is passed over.
    """
    calculation = Calculation(question, logged)
    for ticket in tickets:
        calculation.add(ticket)
    return {**calculation.finish(), "coverage": calculation.doubts()}


def keys_of(ticket: Ticket) -> dict[Dimension, Key]:
    """The row of each dimension that a ticket belongs to, days apart."""
    return {
        Dimension.AGENT: ticket.agent_id,
        Dimension.GROUP: ticket.group_id,
        Dimension.PRIORITY: ticket.priority,
        Dimension.TYPE: ticket.type,
        Dimension.SOURCE: ticket.source,
    }


def _apply(tally: Tally, event: Event) -> None:
    if event.seconds is None:
        tally.count(event.name)
    else:
        tally.duration(event.name, event.seconds)


def _log(tally: Tally, entry: TimeEntry) -> None:
    tally.count("time_entries")
    tally.count("logged_s", entry.seconds)
    if entry.billable:
        tally.count("billable_s", entry.seconds)


def _volume(tally: Tally) -> int:
    return tally["volume_in"] + tally["volume_out"]
