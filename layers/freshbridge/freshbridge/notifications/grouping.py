"""Which events are told in one notification. Pure.

Up to 20 of one instance and one resource, or 10 where the sync found them, as far as they fit into
one body of a size that receivers take. What is alone too large goes alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from freshbridge.notifications.configuration import POLLING_EVENTS, WEBHOOK_EVENTS
from freshbridge.notifications.messages import EventMessage
from freshbridge.notifications.shape import Notice

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes, roughly: half of what the original lets an event have."""


def together(first: EventMessage, others: Iterable[EventMessage]) -> list[Notice]:
    """The notices of one notification with `first` in it, in the order in which they happened.

    Others that belong elsewhere, or that are there already, are left out.
    """
    most = POLLING_EVENTS if first.by_polling else WEBHOOK_EVENTS
    chosen = {first.notice.event_id: first.notice}
    size = _size(first.notice)
    for other in others:
        if len(chosen) == most:
            break
        notice = other.notice
        if other.companions_key != first.companions_key or notice.event_id in chosen:
            continue
        size += _size(notice)
        if size > LARGEST_BODY:
            break
        chosen[notice.event_id] = notice
    return sorted(chosen.values(), key=lambda notice: (notice.occurred_at, notice.event_id))


def _size(notice: Notice) -> int:
    return len(json.dumps(notice.record))
