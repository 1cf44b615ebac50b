"""Which kept events are meant. Pure.

A filter is what a list's query says, and what the body of a replay says; it goes into a job and
comes out of it again as the same texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from freshbridge import timestamps
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.event_log.entry import Entry, Outcome, State
from freshbridge.events.normalised import EVENT_TYPES

KINDS = ("ticket", "contact", "company", "deal", "account", "agent", "group")
NAMES = ("type", "subject", "state", "outcome", "from", "to")
_SUBJECT = re.compile(rf"(?:({'|'.join(KINDS)})[ /:#+]?)?([^\s/:#]{{1,64}})", re.IGNORECASE)
_FIRST = timestamps.from_epoch(0)


class InvalidEventFilter(InvalidRequest):
    """The events that are meant cannot be told."""

    code = "invalid_filter"


@dataclass(frozen=True)
class Filter:
    """ "" for what does not matter. `since` and `until` are UTC times, both included.

    `subject` is `ticket 7`; `type`, `state` and `outcome` are those of the entries.
    """

    type: str = ""
    subject: str = ""
    state: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""

    def matches(self, entry: Entry) -> bool:
        """True for an event that is meant."""
        wanted = (
            (self.type, entry.type),
            (self.subject, entry.subject),
            (self.state, entry.state.value),
            (self.outcome, entry.outcome),
        )
        if any(want and want != found for want, found in wanted):
            return False
        if entry.received_at < self.since:
            return False
        return not self.until or entry.received_at <= self.until

    def asked(self) -> dict[str, str]:
        """What it says, under the names that `read_filter` takes."""
        said = {**vars(self), "from": self.since, "to": self.until}
        return {name: said[name] for name in NAMES if said[name]}


def read_filter(given: Mapping[str, Any]) -> Filter:
    """The filter that a query or a body says.

    Raises:
        InvalidEventFilter: naming everything that is wrong.
    """
    wrong = [
        FieldError(name, f"there is no such field; there are {', '.join(NAMES)}", "unknown")
        for name in sorted(set(given) - set(NAMES))
    ]
    values: dict[str, str] = {}
    for name in NAMES:
        if name not in given:
            continue
        try:
            values[name] = _read(name, given[name])
        except ValueError as error:
            wrong.append(FieldError(name, str(error), "invalid_value"))
    first, last = values.pop("from", ""), values.pop("to", "")
    if first and last and first > last:
        wrong.append(FieldError("from", "must not be later than to", "invalid_value"))
    if wrong:
        raise InvalidEventFilter("the events that are meant cannot be told", fields=wrong)
    return Filter(**values, since=first, until=last)


def _read(name: str, value: object) -> str:
    if name == "subject" and type(value) is int:
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        # Whoever meant one type and sent none must not be given all of them.
        raise ValueError("must be text; leave it out where it does not matter")
    if name == "subject":
        return _subject(value.strip())
    if name == "type":
        return _one_of(value, list(EVENT_TYPES))
    if name == "state":
        return _one_of(value, [state.value for state in State])
    if name == "outcome":
        return _one_of(value, [outcome.value for outcome in Outcome])
    try:
        # A "+" that a query's encoding took for a space.
        moment = timestamps.from_text(value.strip().replace(" ", "+"))
        # Written with four digits, so that times are compared as texts.
        return timestamps.to_text(max(moment, _FIRST))
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO 8601 time, 2026-03-03T12:02:40Z") from None


def _subject(value: str) -> str:
    """`ticket 7`, also from `ticket/7`, `ticket:7` and `7`."""
    found = _SUBJECT.fullmatch(value)
    if found is None:
        raise ValueError(f"must be an id, of a ticket, or with its kind: {', '.join(KINDS)}")
    return f"{(found[1] or KINDS[0]).lower()} {found[2]}"


def _one_of(value: str, known: list[str]) -> str:
    if value.strip().lower() not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return value.strip().lower()
