"""Choosing, among what an account has, the record that an earlier attempt made.

A record proves an attempt when it was created in the attempt's time, shows what was asked for, and
belongs to no other action (see `claims`). Of several that are equal any will do: equal actions make
equal records, and each takes one. Where rules or agents have altered a record since, it still
proves the attempt if it is the only one; a text that is cut or added to proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.likeness import Likeness
from freshbridge.actions.once import OutcomeUnknown

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context

Record = dict[str, Any]

CALLS = 2
"""A lookup makes no more."""
ALLOWANCE = timedelta(minutes=2)
"""The provider's clock, which stamps its records, may differ from ours by so much."""
CLOSE = timedelta(seconds=10)
"""As much, where a reply has just told its time: a reply is dated in whole seconds, and the clocks
of our own functions differ by a few."""
LATE = timedelta(minutes=1)
"""A request may be carried out so long after the attempt that sent it was over."""


@dataclass(frozen=True)
class Period:
    """The time, by the provider's clock, in which attempts may have made something."""

    begin: datetime
    end: datetime

    @classmethod
    def of(cls, unsure: Unsure) -> Period:
        """From the first attempt in doubt to the end of the last one, and what that may lag."""
        return cls(unsure.since - ALLOWANCE, unsure.until + ALLOWANCE + LATE)

    @classmethod
    def told(cls, unsure: Unsure, context: Context[Any], seen: Iterable[Record]) -> Period | None:
        """The same, much shorter, by the time that the last reply told; None when it told none.

        None as well when a record that it has `seen` is of a later time: then what stamps records
        is another clock.
        """
        time = context.client.told_time
        if time is None or abs(ahead := time - context.clock()) > ALLOWANCE:
            return None
        if any((created_at(one) or time) > time + CLOSE for one in seen):
            return None
        return cls(unsure.since + ahead - CLOSE, unsure.until + ahead + CLOSE + LATE)

    def has(self, record: Record) -> bool:
        """Whether the record was created in it; one that does not say when was not."""
        created = created_at(record)
        return created is not None and self.begin <= created <= self.end


def created_at(record: Record) -> datetime | None:
    """When a record was created, as far as it can be read."""
    try:
        return timestamps.from_text(str(record.get("created_at")))
    except ValueError:
        return None


def free(
    context: Context[Any], kind: str, records: Iterable[Record]
) -> tuple[list[Record], Record | None]:
    """The records that no action has claimed, and the one that this action has, if it has one."""
    left = []
    for record in records:
        holder = context.holder(kind, record)
        if holder == context.request.idempotency_key:
            return [], record
        if holder is None:
            left.append(record)
    return left, None


def proof(
    context: Context[Any],
    kind: str,
    records: Iterable[Record],
    likeness: Callable[[Record], Likeness],
    *,
    whole: bool = True,
) -> Record | None:
    """The record among those of the attempt's time that proves it, claimed; None for proved absent.

    `whole` says whether the records are all that there are of that time.

    Raises:
        OutcomeUnknown: several may be it, or one that is cut or added to, or more could not be
            seen.
    """
    grades = [(record, likeness(record)) for record in records]
    alike = {record["id"]: grade for record, grade in grades if grade is not Likeness.OTHER}
    left, own = free(context, kind, [record for record, _ in grades if record["id"] in alike])
    if own is not None:
        return own
    for record in left:
        if alike[record["id"]] is Likeness.SAME and context.claim(kind, record):
            return record
    unlike = [record for record in left if alike[record["id"]] is not Likeness.SAME]
    if whole and [alike[record["id"]] for record in unlike] == [Likeness.ALTERED]:
        return unlike[0] if context.claim(kind, unlike[0]) else None
    if unlike:
        raise unknown(kind, f"{len(unlike)} may be it, and none is certain", unlike)
    if not whole:
        raise unknown(kind, f"there are more than {CALLS} calls show")
    return None


def unknown(kind: str, why: str, candidates: Iterable[Record] = ()) -> OutcomeUnknown:
    """The error of a lookup that proves nothing; names records by their ids alone."""
    what = f"Whether an earlier attempt made the {kind.replace('_', ' ')} cannot be told: {why}"
    ids = ", ".join(str(one["id"]) for one in islice(candidates, 5))
    return OutcomeUnknown(f"{what} ({kind} {ids})" if ids else what)


def as_asked_or_altered(asked: dict[str, Any], found: Record) -> Likeness:
    """SAME when the record shows every attribute as it was asked for, else ALTERED."""
    same = all(_shows(value, found.get(name)) for name, value in asked.items())
    return Likeness.SAME if same else Likeness.ALTERED


def _shows(asked: Any, found: Any) -> bool:
    if isinstance(asked, dict):
        held = found if isinstance(found, dict) else {}
        return all(_shows(value, held.get(name)) for name, value in asked.items())
    if isinstance(asked, list):
        held_texts = {_text(one) for one in found} if isinstance(found, list) else set()
        return all(_text(one) in held_texts for one in asked)
    return _text(asked) == _text(found)


def _text(value: Any) -> str:
    # A text field has "3" for 3, and Freshdesk shows a day as its midnight.
    return "" if value is None else str(value).strip().casefold().removesuffix("t00:00:00z")
