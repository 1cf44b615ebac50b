"""A record that a webhook named, to be brought up to date in the lake at once.

Pure. An instance asks for it by `"sync": {"from_webhooks": true}` in its `config`; without it the
next run finds the change. A webhook tells a part of a record, in the words of whoever set it up, so
the record itself is read: once, however many webhooks name it meanwhile. One that was fetched for
the event, whole and after the event had come, is taken as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from freshbridge.queues.envelope import WEBHOOK, UnreadableMessage, fair_group

if TYPE_CHECKING:
    from freshbridge.events.normalised import Event
    from freshbridge.instances.model import Instance

ENTRY = "from_webhooks"
CONVERSATIONS = "conversations"
_NOTES = ("note_created", "reply_created")
_OBJECT_OF = {"ticket": "tickets", "contact": "contacts", "company": "companies"}


@dataclass(frozen=True)
class RecordTouch:
    """Read one record, or all of a ticket's conversations, and keep it.

    `touch` is the record's id, of conversations their ticket's. `run_id` names what it brings in.
    `record` is what was fetched at `seen_at`, as the provider gave it; {} where it is still to be
    read.
    """

    touch: str
    object: str
    instance_id: str
    run_id: str
    event_id: str
    seen_at: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def correlation_id(self) -> str:
        """The event that asked for it."""
        return self.event_id

    @property
    def group(self) -> str:
        """Beside the runs of the instance, not behind them."""
        return fair_group(self.instance_id, "touch")


def touches_of(event: Event, instance: Instance) -> Iterator[tuple[str, int]]:
    """The objects that a webhook's event is about, each with the record's id.

    Nothing for what a sync found itself, for a replay, and for what the instance does not copy.
    """
    chosen = instance.config.get("sync")
    wanted = isinstance(chosen, Mapping) and chosen.get(ENTRY) is True
    if not wanted or event.source != WEBHOOK or event.replay_of or event.platform != "freshdesk":
        return
    kind = "ticket" if event.type in _NOTES else event.type.partition("_")[0]
    record = getattr(event, kind, None) if kind in _OBJECT_OF else None
    number = record.get("id") if isinstance(record, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return
    if _OBJECT_OF[kind] in instance.sync_objects:
        yield _OBJECT_OF[kind], number
    if event.type in _NOTES and CONVERSATIONS in instance.sync_objects:
        yield CONVERSATIONS, number


def touch_order(text: str) -> RecordTouch | None:
    """What a message says that asks for one record; None for any other message.

    Raises:
        UnreadableMessage: naming what is missing, unknown or of the wrong type.
    """
    if '"touch"' not in text[:64]:
        return None
    try:
        fields = json.loads(text)
        order = RecordTouch(**fields)
    except (ValueError, TypeError, RecursionError) as error:
        raise UnreadableMessage(f"no touch of a record ({type(error).__name__})") from error
    texts = {name: value for name, value in fields.items() if name != "record"}
    wrong = sorted(name for name, value in texts.items() if not isinstance(value, str))
    if wrong or not isinstance(order.record, dict):
        raise UnreadableMessage(f"touch of a record: of the wrong type: {wrong or ['record']}")
    return order
