"""Has this webhook come before?

Pure. A provider that misses an answer sends the same bytes again, up to 48 times in a day; and a
ticket can change to the same values again, which gives the same bytes too. Nothing in a webhook of
Freshdesk's tells the two apart unless its author put a time into it, so:

- Content that holds a time or an id of what happened, or tells of a creation or deletion, is the
  same event whenever it comes again within `DAY_S`.
- Other content is the same event while it is the latest of its form about that record, and comes
  again within `REPEAT_S` of the last time: another change in between means that it is news.
- What comes again and is taken for news names the earlier event in `repeat_of`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from freshbridge.events.event_time import stamps
from freshbridge.events.freshdesk_webhook import flat_content
from freshbridge.events.normalised import Event

DAY_S = 25 * 3600.0
"""48 calls, one every 30 minutes, and an hour for clocks and queues."""
REPEAT_S = 35 * 60.0
"""The longest wait between two calls, and five minutes."""
MOST_KEPT = 50
_ONCE = ("created", "deleted")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook. `key` names its content, `form` the fields that it has; `at` is epoch seconds.

    `dated` tells that the same change made once more would have other content.
    """

    event_id: str
    key: str
    form: str
    at: float
    occurred_at: str
    dated: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A delivery that was news; `last_at` is when it last came."""

    event_id: str
    key: str
    form: str
    first_at: float
    last_at: float
    occurred_at: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`duplicate_of` and `repeat_of` are ids of earlier events, or "".

    `late`: something that happened after it has come before it.
    """

    duplicate_of: str = ""
    repeat_of: str = ""
    late: bool = False


History = tuple[Seen, ...]
"""What came about one record, in the order in which it was news."""


def delivery_of(event: Event, text: str, *, at: float) -> Delivery:
    """What the event's webhook is known by; `text` is its body as it came."""
    content = flat_content(event.raw)
    form = "\n".join(sorted(content))
    # A record of Freshsales may stand anywhere in its content.
    told = stamps({**event.contact, **event.deal, **event.account, **content})
    if "status" not in event.changes:
        # The time of the last change of status says nothing of another field's.
        told = [stamp for stamp in told if "status_changed_on" not in stamp]
    # A note's creation is not the record's.
    once = event.type.endswith(_ONCE) and not event.note
    return Delivery(
        event.id, _digest(text), _digest(form)[:12], at, event.occurred_at, bool(told) or once
    )


def judge(history: History, delivery: Delivery) -> tuple[Verdict, History]:
    """What the delivery is, and the history with it."""
    kept = tuple(seen for seen in history if delivery.at - seen.last_at <= DAY_S)
    late = any(seen.occurred_at > delivery.occurred_at for seen in kept)
    if any(seen.event_id == delivery.event_id for seen in kept):
        # The queue gave the same message once more.
        return Verdict(late=late), kept
    same = [seen for seen in kept if seen.key == delivery.key]
    if same and _is_the_same_event(kept, same[-1], delivery):
        again = replace(same[-1], last_at=max(same[-1].last_at, delivery.at))
        kept = tuple(again if seen is same[-1] else seen for seen in kept)
        return Verdict(duplicate_of=again.event_id), kept
    news = Seen(
        delivery.event_id,
        delivery.key,
        delivery.form,
        delivery.at,
        delivery.at,
        delivery.occurred_at,
    )
    repeat_of = same[-1].event_id if same else ""
    return Verdict(repeat_of=repeat_of, late=late), (*kept, news)[-MOST_KEPT:]


def _is_the_same_event(history: History, seen: Seen, delivery: Delivery) -> bool:
    if delivery.at - seen.first_at > DAY_S:
        return False
    latest = [other for other in history if other.form == delivery.form][-1]
    return delivery.dated or (latest is seen and delivery.at - seen.last_at <= REPEAT_S)


def to_text(history: History) -> str:
    """As it is kept."""
    return json.dumps([asdict(seen) for seen in history], separators=(",", ":"))


def from_text(text: str) -> History:
    """As it was kept; what cannot be read is as if nothing had come."""
    try:
        return tuple(Seen(**_seen(fields)) for fields in json.loads(text))
    except (ValueError, TypeError):
        return ()


def _seen(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in Seen.__dataclass_fields__ if name in fields}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
