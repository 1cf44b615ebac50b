"""What a kept event says: its body as the provider sent it, and the event that is read from it.

Pure. The body is what the provider sent, and is shown to who may see it; no log line ever holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from freshbridge.actions.mapping import FieldNames
from freshbridge.errors import Reject
from freshbridge.event_log.entry import Entry
from freshbridge.events.reading import event_of
from freshbridge.queues.envelope import received_event


@dataclass(frozen=True)
class Content:
    """`event` is None where the body says nothing that could be read."""

    body: str
    event: dict[str, Any] | None


def content_of(message: str, entry: Entry, config: Mapping[str, Any]) -> Content:
    """The content of an event whose message is `message`; `config` is its instance's.

    Custom fields have the names that the instance's `custom_field_mapping` gives them now.
    """
    received = received_event(message)
    try:
        event = event_of(received)
    except Reject:
        return Content(received.body, None)
    marked = replace(
        event,
        type=entry.type or event.type,
        id=entry.event_id,
        received_at=entry.received_at,
        replay_of=entry.replay_of,
        repeat_of=entry.repeat_of,
        late=entry.late,
    )
    shown = FieldNames.of(dict(config)).shown_event(marked).as_dict()
    # The body beside it says that already.
    del shown["raw_text"]
    return Content(received.body, shown)


def body_of(message: str) -> str:
    """The body as the provider sent it."""
    return received_event(message).body
