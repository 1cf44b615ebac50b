"""What of an instance is synced, how often, and what of it is due.

Pure. `config.sync_objects` lists the objects; `config.sync` says more of single ones:

    {"tickets": {"every_minutes": 15, "full_every_hours": 168, "include": ["stats"]},
     "agents": {"every_minutes": 1440}}

    every_minutes     how often at most; 0 is at each tick of the stack's SyncSchedule
    full_every_hours  how often everything is read again and what is gone is looked for; 0 is never.
                      Lists that are always read as a whole have none
    most_removed, most_removed_share
                      how many records may vanish in one run; see `brake`
    include           what is embedded in each ticket: stats, requester, description. Each costs two
                      credits more for a page; unless it is said, what is copied as an object of its
                      own is left out

The conversations are read with the tickets, one call for each ticket that has changed. And
`"from_webhooks": true` has records that webhooks name read at once; see `touch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.sync.brake import ENTRIES as BRAKE
from freshbridge.sync.brake import brake_errors
from freshbridge.sync.feeds.includes import NOTHING, Weighed, weigh
from freshbridge.sync.objects import OBJECTS, Shape, SyncObject
from freshbridge.sync.touch import ENTRY as FROM_WEBHOOKS

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.sync.run import Standing

DEFAULT_OBJECTS = ("tickets",)
INCLUDES = ("stats", "requester", "description")
"""What Freshdesk's ticket list embeds. Source: https://developers.freshdesk.com/api/#list_all_tickets"""
LONGEST_MINUTES = 60 * 24 * 31
LONGEST_HOURS = 24 * 366
WEEK_H = 168
SNAPSHOT_MINUTES = 60
CONVERSATIONS = "conversations"
TRASH = "deleted_tickets"
"""Tickets' trash, where the tickets themselves are not synced."""
# A tick that comes a little early is that tick all the same.
EARLY = timedelta(seconds=60)
FIRST_BACK_OFF = timedelta(minutes=15)
LONGEST_BACK_OFF = timedelta(hours=24)


@dataclass(frozen=True)
class Wanted:
    """One object to be synced. `name` is the one that its standing is kept under.

    `copied`: the lake gets it; else it is read for its events alone. `feeds` are the only lists
    that are read, () for all of the object's. `children`: its children are wanted too. `weighed`
    says why `include` is what it is.
    """

    name: str
    object: SyncObject
    copied: bool = True
    feeds: tuple[str, ...] = ()
    every: timedelta = timedelta(0)
    full_every: timedelta = timedelta(0)
    include: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    weighed: Weighed = NOTHING


@dataclass(frozen=True)
class Due:
    """Whether an object is due: `full` for a run over everything; `at` is when it is, at least."""

    now: bool
    full: bool
    at: str
    reason: str = ""


def wanted_of(instance: Instance, only_told: tuple[str, ...] = ()) -> tuple[Wanted, ...]:
    """What of an instance is synced; `only_told` are objects that it wants the events of."""
    named = [name for name in dict.fromkeys(instance.sync_objects) if name in OBJECTS]
    given: Mapping[str, Any] = instance.config.get("sync") or {}
    found = [_wanted(name, given.get(name) or {}, named) for name in named]
    for name in only_told:
        if name == TRASH and "tickets" not in named:
            found.append(Wanted(name, OBJECTS["tickets"], copied=False, feeds=("deleted",)))
        elif name in OBJECTS and name not in named:
            found.append(_wanted(name, given.get(name) or {}, named, copied=False))
    return tuple(found)


def _wanted(
    name: str, given: Mapping[str, Any], named: list[str], *, copied: bool = True
) -> Wanted:
    one = OBJECTS[name]
    usual_minutes = SNAPSHOT_MINUTES if one.shape is Shape.SNAPSHOT else 0
    usual_hours = WEEK_H if one.shape is Shape.CHANGES and copied else 0
    weighed = _weighed(given.get("include"), named) if name == "tickets" else NOTHING
    return Wanted(
        name,
        one,
        copied=copied,
        every=timedelta(minutes=given.get("every_minutes", usual_minutes)),
        full_every=timedelta(hours=given.get("full_every_hours", usual_hours)),
        include=weighed.include,
        children=tuple(child for child in named if OBJECTS[child].parent == name) if copied else (),
        weighed=weighed,
    )


def _weighed(include: Sequence[str] | None, named: list[str]) -> Weighed:
    if include is None:
        return weigh(INCLUDES, named)
    return weigh(include, named, asked_for=True)


def due(wanted: Wanted, standing: Standing, now: str) -> Due:
    """Whether the object is to be read at `now`; times are UTC, ISO 8601.

    After failures it waits longer each time, a day at most. The children are due with their
    parents.
    """
    if not standing.begun_at:
        return Due(now=True, full=True, at=now, reason="never read")
    at = timestamps.from_text(standing.begun_at) + wanted.every
    reason = "schedule"
    if standing.failures:
        ended = timestamps.from_text(standing.last_finished_at or now)
        at, reason = max(at, ended + back_off(standing.failures)), "failed before"
    lacking = standing.is_new or (wanted.copied and standing.held < 0)
    full = wanted.object.shape is Shape.SNAPSHOT or lacking or _full(wanted, standing, now)
    arrived = timestamps.from_text(now) + EARLY >= at
    return Due(now=arrived, full=full, at=timestamps.to_text(at), reason=reason)


def _full(wanted: Wanted, standing: Standing, now: str) -> bool:
    if not wanted.full_every or not standing.last_full_at:
        return False
    last = timestamps.from_text(standing.last_full_at)
    return timestamps.from_text(now) + EARLY >= last + wanted.full_every


def back_off(failures: int) -> timedelta:
    """How long after its end a run that failed is tried again."""
    times: int = 2 ** min(max(failures, 1) - 1, 10)
    return min(FIRST_BACK_OFF * times, LONGEST_BACK_OFF)


Wrong = list[tuple[str, str, str]]
"""Where below the entry, what to write instead, and a code."""


def objects_wrong(value: object) -> Wrong:
    """What is wrong with `sync_objects`."""
    if not isinstance(value, list):
        return [("", f"must be a list of {', '.join(OBJECTS)}", "wrong_type")]
    unknown: Wrong = [
        (f"[{place}]", f"{str(name)[:64]} is unknown; there are {', '.join(OBJECTS)}", "unknown")
        for place, name in enumerate(value)
        if not (isinstance(name, str) and name in OBJECTS)
    ]
    if unknown:
        return unknown
    twice: Wrong = [
        (f"[{place}]", f"{name} is named twice", "duplicate")
        for place, name in enumerate(value)
        if name in value[:place]
    ]
    return twice + [
        ("", f"{name} are read with the {parent}: list {parent} as well", "missing_parent")
        for name in value
        if (parent := OBJECTS[name].parent) and parent not in value
    ]


def settings_wrong(value: object) -> Wrong:
    """What is wrong with `sync`."""
    sample = '{"tickets": {"every_minutes": 15}}'
    if not isinstance(value, dict):
        return [("", f"must be an object such as {sample}", "wrong_type")]
    wrong: Wrong = []
    for name, given in value.items():
        if name == FROM_WEBHOOKS:
            if given is not None and not isinstance(given, bool):
                wrong.append((f".{name}", "must be true or false", "wrong_type"))
        elif name not in OBJECTS:
            wrong.append((f".{name}", f"must be one of {', '.join(OBJECTS)}", "unknown"))
        elif given is None:
            # It is taken out.
            continue
        elif not isinstance(given, dict):
            wrong.append((f".{name}", f"must be an object such as {sample}", "wrong_type"))
        else:
            wrong += [
                (f".{name}.{place}", why, code) for place, why, code in _wrong(OBJECTS[name], given)
            ]
    return wrong


def _wrong(one: SyncObject, given: Mapping[str, Any]) -> Wrong:
    accepted = _accepted(one)
    given = {name: entry for name, entry in given.items() if entry is not None}
    wrong: Wrong = [
        (name, f"is unknown; there are {', '.join(accepted) or 'none here'}", "unknown")
        for name in given
        if name not in accepted
    ]
    for name, longest in (("every_minutes", LONGEST_MINUTES), ("full_every_hours", LONGEST_HOURS)):
        if name in given and name in accepted and not _is_count(given[name], longest):
            wrong.append((name, f"must be a whole number from 0 to {longest}", "invalid_value"))
    wrong += [(name, why, "invalid_value") for name, why in brake_errors(given)]
    include = given.get("include", [])
    if "include" in accepted and not (
        isinstance(include, list) and all(isinstance(e, str) and e in INCLUDES for e in include)
    ):
        wrong.append(("include", f"must be a list of {', '.join(INCLUDES)}", "invalid_value"))
    return wrong


def _accepted(one: SyncObject) -> tuple[str, ...]:
    if one.shape is Shape.CHILDREN:
        return ()
    names: tuple[str, ...] = ("every_minutes",)
    if one.shape is Shape.CHANGES:
        names = (*names, "full_every_hours")
    if one.name == "tickets":
        names = (*names, "include")
    return (*names, *BRAKE)


def _is_count(value: object, longest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= longest
