"""Has this webhook come before?

Pure. A provider that misses an answer sends the same bytes again, up to 48 times in a day; and a
ticket can change to the same values again, which gives the same bytes too. Nothing in a webhook of
Freshdesk's tells the two apart unless its author put a time into it, so:

- Content that holds a time or an id of what happened, or tells of a creation or deletion, is the
  same event whenever it comes again within `DAY_S`.
- Other content is the same event while it is the latest of its form about that record, and comes
  again within `REPEAT_S` of the last time: another change in between means that it is news.
- What comes again and is taken for news names the earlier event in `repeat_of`.

What a sync finds has ids that tell a repetition; where it finds what a webhook told, or the other
way round, see twice_told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.events import note_told, synced
from freshbridge.events.event_time import stamps
from freshbridge.events.freshdesk_webhook import flat_content
from freshbridge.events.normalised import Event
from freshbridge.events.twice_told import Before, digests, told_before

DAY_S = 25 * 3600.0
"""48 calls, one every 30 minutes, and an hour for clocks and queues."""
REPEAT_S = 35 * 60.0
"""The longest wait between two calls, and five minutes."""
MOST_KEPT = 50
_ONCE = ("created", "deleted")
_EMISSION = "#"
_UNTIMED = timedelta(seconds=60)
"""How much later a webhook that tells no time may come than what it tells of happened."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it came. `key` names its content, `form` the fields that it has.

    `dated` tells that the same change made once more would have other content. `fields` holds what
    became of which field, as digests. `at` and `since`, when a sync last saw the record, are epoch
    seconds. The id of a sync's event has the emission after a "#".
    """

    event_id: str
    key: str
    form: str
    at: float
    occurred_at: str
    dated: bool
    source: str = "webhook"
    type: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A delivery that was news; `last_at` is when it last came."""

    event_id: str
    key: str
    form: str
    first_at: float
    last_at: float
    occurred_at: str
    source: str = "webhook"
    type: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def happened_at(self) -> float:
        """Epoch seconds."""
        return timestamps.from_text(self.occurred_at).timestamp()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`duplicate_of` and `repeat_of` are ids of earlier events, or "".

    `late`: something that happened after it has come before it. `told`: changes that the event
    `repeat_of` has told already, from another source.
    """

    duplicate_of: str = ""
    repeat_of: str = ""
    late: bool = False
    told: tuple[str, ...] = ()


History = tuple[Seen, ...]
"""What came about one record, in the order in which it was news."""


def delivery_of(event: Event, text: str, *, at: float) -> Delivery:
    """What the event is known by; `text` is its body as it came."""
    if event.source == synced.SOURCE:
        return _of_sync(event, text, at)
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
        event.id,
        _digest(text),
        _digest(form)[:12],
        at,
        event.occurred_at,
        bool(told) or once,
        type=event.type,
        fields=digests(event.changes) | note_told.marks(event.note),
    )


def _of_sync(event: Event, text: str, at: float) -> Delivery:
    """Its id names its content: it is made of what it tells."""
    change = synced.read(text)
    return Delivery(
        f"{event.id}{_EMISSION}{change.emission}",
        event.id,
        synced.SOURCE,
        at,
        event.occurred_at,
        dated=True,
        source=synced.SOURCE,
        type=event.type,
        fields=digests(event.changes) | note_told.marks(event.note),
        since=timestamps.from_text(change.since).timestamp() if change.since else 0.0,
    )


def judge(history: History, delivery: Delivery) -> tuple[Verdict, History]:
    """What the delivery is, and the history with it."""
    kept = tuple(seen for seen in history if delivery.at - seen.last_at <= DAY_S)
    late = any(_happened_after(seen, delivery) for seen in kept)
    own = [place for place, seen in enumerate(kept) if seen.event_id == delivery.event_id]
    before = _told_before(kept[: own[0]] if own else kept, delivery)
    if own:
        # The queue gave the same message once more.
        return Verdict(repeat_of=_plain_id(before.event_id), late=late, told=before.fields), kept
    same = [seen for seen in kept if seen.key == delivery.key]
    if same and _is_the_same_event(kept, same[-1], delivery):
        again = replace(same[-1], last_at=max(same[-1].last_at, delivery.at))
        kept = tuple(again if seen is same[-1] else seen for seen in kept)
        return Verdict(duplicate_of=_plain_id(again.event_id)), kept
    if before.all:
        return Verdict(duplicate_of=_plain_id(before.event_id)), kept
    if (found := _note_told_before(kept, delivery)) is not None:
        place, fields = found
        told = replace(kept[place], fields=fields)
        kept = (*kept[:place], told, *kept[place + 1 :])
        return Verdict(duplicate_of=_plain_id(told.event_id)), kept
    news = Seen(
        delivery.event_id,
        delivery.key,
        delivery.form,
        delivery.at,
        delivery.at,
        delivery.occurred_at,
        delivery.source,
        delivery.type,
        delivery.fields,
    )
    repeat_of = same[-1].event_id if same else before.event_id
    verdict = Verdict(repeat_of=_plain_id(repeat_of), late=late, told=before.fields)
    return verdict, (*kept, news)[-MOST_KEPT:]


def _told_before(history: History, delivery: Delivery) -> Before:
    return told_before(
        history,
        source=delivery.source,
        type=delivery.type,
        fields=delivery.fields,
        at=delivery.at,
        since=delivery.since,
        happened_at=timestamps.from_text(delivery.occurred_at).timestamp(),
    )


def _note_told_before(history: History, delivery: Delivery) -> tuple[int, dict[str, str]] | None:
    if delivery.type not in note_told.TYPES:
        return None
    return note_told.told_note(
        history,
        source=delivery.source,
        type=delivery.type,
        marks=delivery.fields,
        key=delivery.key,
        at=delivery.at,
        happened_at=timestamps.from_text(delivery.occurred_at).timestamp(),
    )


def _happened_after(seen: Seen, delivery: Delivery) -> bool:
    if seen.occurred_at <= delivery.occurred_at or seen.source == delivery.source:
        return seen.occurred_at > delivery.occurred_at
    # A webhook that tells no time has that of its coming, which is later than a record's own.
    earliest = timestamps.from_text(seen.occurred_at) - _UNTIMED
    return earliest > timestamps.from_text(delivery.occurred_at)


def _plain_id(event_id: str) -> str:
    return event_id.partition(_EMISSION)[0]


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
