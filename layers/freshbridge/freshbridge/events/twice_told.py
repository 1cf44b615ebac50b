"""One change that is told twice: by a webhook, and by the sync that finds it afterwards.

Pure. The two never look alike: a webhook names one change and seldom its time, a sync all that
differs since it last looked. So they are compared field by field:

- A sync's change of a field has been told if, since the sync last saw the record, the latest that
  was told of that field is the same value.
- A webhook's has been told if the latest that was told of the field came from a sync, is the same
  value, and came no longer than `LATE_WEBHOOK_S` ago.
- A creation has been told if any of the two told it. So has a deletion or a restoring, unless a
  sync has seen the record after that as it was before.
- An update that names no field has been told if something was told of the record after its time.

What was told is left out of the later event, which names the earlier one in `repeat_of`; where
nothing is left, it is the same event.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

LATE_WEBHOOK_S = 35 * 60.0
"""Freshdesk repeats a call that failed after half an hour."""
SKEW_S = 5.0
"""How far the provider's clock may be off."""
_ONCE = ("_created", "_deleted", "_restored", "_spam")
_RECORDS = (
    "ticket_", "contact_", "deal_", "account_", "company_", "agent_", "group_", "time_entry_",
    "satisfaction_rating_",
)  # fmt: skip


class Told(Protocol):
    """An event that was told. Times are epoch seconds."""

    @property
    def event_id(self) -> str:
        """Its id."""
        ...  # pragma: no cover  # a protocol has no body

    @property
    def source(self) -> str:
        """ "webhook" or "sync"."""
        ...  # pragma: no cover  # as above

    @property
    def type(self) -> str:
        """What happened."""
        ...  # pragma: no cover  # as above

    @property
    def fields(self) -> Mapping[str, str]:
        """What became of which field: digests."""
        ...  # pragma: no cover  # as above

    @property
    def first_at(self) -> float:
        """When it came."""
        ...  # pragma: no cover  # as above

    @property
    def happened_at(self) -> float:
        """When it happened, as far as it told."""
        ...  # pragma: no cover  # as above


@dataclass(frozen=True, slots=True)
class Before:
    """What of an event was told before: the `fields`, or `all` of it; by the event `event_id`."""

    all: bool = False
    fields: tuple[str, ...] = ()
    event_id: str = ""


def told_before(
    history: Sequence[Told],
    *,
    source: str,
    type: str,
    fields: Mapping[str, str],
    at: float,
    since: float,
    happened_at: float,
) -> Before:
    """What another source, or an earlier look of the sync, has told of this already.

    `history` is what was told of the record, in order; `since` is when a sync last saw the record,
    `happened_at` the record's own time of update. All epoch seconds.
    """
    others = [one for one in history if _counts(one, source=source, at=at, since=since)]
    if type.startswith(_RECORDS) and type.endswith(_ONCE):
        same = [
            one
            for one in history
            if one.type == type and _is_of_now(one, type, source=source, since=since)
        ]
        return Before(all=True, event_id=same[-1].event_id) if same else Before()
    if not type.startswith(_RECORDS) or not others:
        return Before()
    if not fields:
        after = [one for one in others if one.first_at >= happened_at - SKEW_S]
        heard = source == "sync" and bool(after)
        return Before(all=True, event_id=after[-1].event_id) if heard else Before()
    known: dict[str, tuple[str, str]] = {}
    for one in history:
        counts = one in others
        for name, value in one.fields.items():
            # A later word about the field, even one that does not count, makes the earlier void.
            known[name] = (value, one.event_id) if counts else ("", "")
    told = tuple(name for name, value in fields.items() if known.get(name, ("", ""))[0] == value)
    if not told:
        return Before()
    return Before(all=len(told) == len(fields), fields=told, event_id=known[told[-1]][1])


def _is_of_now(one: Told, type: str, *, source: str, since: float) -> bool:
    """Whether another source told of this turn of the record, not of one before it."""
    if one.source == source:
        return False
    return source != "sync" or type.endswith("_created") or one.first_at >= since


def digests(changes: Mapping[str, Any]) -> dict[str, str]:
    """Of each changed field what it became, so that two sources can be compared and no value kept.

    Letter case, and whether a number is written as a text, make no difference.
    """
    return {
        name: hashlib.sha256(_plain(change.get("to")).encode(errors="surrogatepass")).hexdigest()[
            :8
        ]
        for name, change in changes.items()
        if isinstance(change, Mapping) and "to" in change
    }


def _counts(one: Told, *, source: str, at: float, since: float) -> bool:
    if source == "sync":
        return one.first_at >= since
    return one.source == "sync" and at - one.first_at <= LATE_WEBHOOK_S


def _plain(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, list):
        return json.dumps(sorted(_plain(one) for one in value))
    if isinstance(value, bool | dict):
        return json.dumps(value, sort_keys=True)
    return str(value).strip().casefold()
