"""What of an instance is synced, with what it wants to hear of. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from freshbridge.sync.polling import only_told, refresh_minutes
from freshbridge.sync.selection import Wanted, wanted_of

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance


def chosen(instance: Instance) -> tuple[Wanted, ...]:
    """Every object that is read, copied or told of only.

    Where `config.sync` says nothing of how often, the poller's own interval counts.
    """
    return tuple(_polled(instance, one) for one in wanted_of(instance, only_told(instance)))


def _polled(instance: Instance, wanted: Wanted) -> Wanted:
    given = (instance.config.get("sync") or {}).get(wanted.name) or {}
    minutes = refresh_minutes(instance, wanted.name)
    if minutes is None or "every_minutes" in given or wanted.object.parent:
        return wanted
    return replace(wanted, every=timedelta(minutes=minutes))
