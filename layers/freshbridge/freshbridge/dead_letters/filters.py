"""Which dead letters are meant. Pure.

A filter is what a list's query says, and what the body of a redrive or a discard says; it goes
into a job and comes out of it again as the same texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from freshbridge import timestamps
from freshbridge.dead_letters.letter import Letter, State
from freshbridge.dead_letters.subject import LONGEST_NAME, Queue
from freshbridge.errors import FieldError, InvalidRequest

ALL = "all"
_FIRST = timestamps.from_epoch(0)


class InvalidFilter(InvalidRequest):
    """The letters that are meant cannot be told."""

    code = "invalid_filter"


@dataclass(frozen=True)
class Filter:
    """ "" for what does not matter. `parked_from` and `parked_to` are UTC times, both included.

    `state` is one of the letters' states, or "all"; those that wait are meant where it is empty.
    `text` is looked for in the message that says why, whatever the case.
    """

    queue: str = ""
    state: str = ""
    code: str = ""
    instance_id: str = ""
    action: str = ""
    origin: str = ""
    parked_from: str = ""
    parked_to: str = ""
    text: str = ""

    @property
    def queues(self) -> tuple[Queue, ...]:
        """The queues that are to be looked at."""
        return (Queue(self.queue),) if self.queue else tuple(Queue)

    @property
    def states(self) -> tuple[State, ...]:
        """The states that are to be looked at."""
        if self.state == ALL:
            return tuple(State)
        return (State(self.state or State.PARKED.value),)

    def matches(self, letter: Letter) -> bool:
        """True for a letter that is meant."""
        wanted = (
            (self.code, letter.failure.code),
            (self.instance_id, letter.subject.instance_id),
            (self.action, letter.subject.action),
            (self.origin, letter.subject.origin_type),
            (self.queue, letter.queue.value),
        )
        if any(want and want != found for want, found in wanted):
            return False
        if letter.state not in self.states or letter.parked_at < self.parked_from:
            return False
        if self.parked_to and letter.parked_at > self.parked_to:
            return False
        return self.text.casefold() in letter.failure.message.casefold()

    def asked(self) -> dict[str, str]:
        """What it says, by name."""
        return {name: value for name, value in vars(self).items() if value}


NAMES = tuple(field.name for field in fields(Filter))


def read_filter(given: Mapping[str, Any]) -> Filter:
    """The filter that a query or a body says.

    Raises:
        InvalidFilter: naming everything that is wrong.
    """
    wrong = [
        FieldError(name, f"there is no such field; there are {', '.join(NAMES)}", "unknown")
        for name in sorted(set(given) - set(NAMES))
    ]
    values: dict[str, str] = {}
    for name in NAMES:
        if name not in given:
            continue
        value = given[name]
        if name == "instance_id" and type(value) is int:
            value = str(value)
        if not isinstance(value, str) or len(value) > LONGEST_NAME:
            accepted = f"must be text of up to {LONGEST_NAME} characters"
            wrong.append(FieldError(name, accepted, "wrong_type"))
            continue
        try:
            values[name] = _read(name, value)
        except ValueError as error:
            wrong.append(FieldError(name, str(error), "invalid_value"))
    wrong += _reversed(values)
    if wrong:
        raise InvalidFilter("the dead letters that are meant cannot be told", fields=wrong)
    return Filter(**values)


def _reversed(values: Mapping[str, str]) -> list[FieldError]:
    first, last = values.get("parked_from", ""), values.get("parked_to", "")
    if not first or not last or first <= last:
        return []
    return [FieldError("parked_from", "must not be later than parked_to", "invalid_value")]


def _read(name: str, value: str) -> str:
    if not value.strip():
        # Whoever meant one code and sent none must not be given all of them.
        raise ValueError("must not be empty; leave it out where it does not matter")
    if name == "queue":
        return _one_of(value, [queue.value for queue in Queue])
    if name == "state":
        return _one_of(value, [*(state.value for state in State), ALL])
    if name in ("parked_from", "parked_to"):
        try:
            # A "+" that a query's encoding took for a space.
            moment = timestamps.from_text(value.replace(" ", "+"))
            # Written with four digits, so that times are compared as texts.
            return timestamps.to_text(max(moment, _FIRST))
        except (ValueError, OverflowError):
            raise ValueError("must be an ISO 8601 time, 2026-03-03T12:02:40Z") from None
    return value


def _one_of(value: str, known: list[str]) -> str:
    if value.lower() not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return value.lower()
