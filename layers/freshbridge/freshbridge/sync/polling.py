"""Whether an instance wants the changes that its sync finds told as events, and which.

Pure. The entries are Open Connectors': `event.notification.enabled` true and `event.vendor.type`
`polling`; `event.objects` or `event.poller.urls` name the objects, all where they name none.
`event.poller.configuration` is JSON, a block for each object:

    {"incidents": {"idField": "id", "createdCheckTolerance": 5, "filterByUpdatedDate": true,
                   "datesConfiguration": {"updatedDateField": "updated_at",
                                          "createdDateField": "created_at"}}}

Where there are blocks, only the objects that have one are told of. What says how to ask the
provider (`url`, `pageSize`, `pollDelay`, the dates' formats and zones) is not read: the sync asks
in its own way, and the provider's times are ISO 8601. `event.poller.refresh_interval` is how many
minutes lie between two polls.
Source: https://help.openconnectors.ext.hana.ondemand.com/home/events
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.instances.model import Instance

_TRASH = ("deleted_tickets",)
ONLY_TOLD = (*_TRASH, "contacts")
NAMEABLE = (
    "tickets", "contacts", "companies", "time_entries", "satisfaction_ratings", "agents", "groups",
)  # fmt: skip
ENTRY = "event.poller.configuration"
REFRESH = "event.poller.refresh_interval"
LONGEST_INTERVAL_MIN = 60 * 24 * 31
LONGEST_TOLERANCE_S = 86_400
# What Open Connectors calls the objects of the sync.
_NAMES = {
    "tickets": ("incidents", "tickets"),
    "deleted_tickets": ("incidents", "tickets"),
    "conversations": ("incidents", "tickets", "conversations", "comments"),
    "contacts": ("contacts",),
    "companies": ("accounts", "organizations", "companies"),
    "time_entries": ("time-entries", "time_entries"),
    "satisfaction_ratings": ("satisfaction-ratings", "satisfaction_ratings", "surveys"),
    "deals": ("opportunities", "deals"),
    "sales_accounts": ("accounts", "sales_accounts"),
}


class InvalidPolling(InvalidRequest):
    """The poller's configuration cannot be used."""

    code = "invalid_poller_configuration"


@dataclass(frozen=True)
class Polling:
    """How changes of one object are told.

    A record whose two dates are no more than `tolerance_s` apart was created; `only_created` tells
    of no updates.
    """

    id_field: str = "id"
    updated_field: str = "updated_at"
    created_field: str = "created_at"
    tolerance_s: float = 0.0
    only_created: bool = False


def polling_of(instance: Instance, object_name: str) -> Polling | None:
    """How the instance wants changes of an object of the sync told; None where it does not.

    Raises:
        InvalidPolling: naming what of the poller's configuration is wrong.
    """
    configuration = instance.configuration
    wanted = configuration.get("event.notification.enabled", "").strip().lower() == "true"
    if not wanted or configuration.get("event.vendor.type", "").strip().lower() != "polling":
        return None
    names = _NAMES.get(object_name, (object_name,))
    objects = _named(configuration)
    if objects and not objects & set(names):
        return None
    blocks = _blocks(configuration.get(ENTRY, ""))
    if not blocks:
        return Polling()
    named = [name for name in names if name in blocks]
    return _polling(blocks[named[0]], f"{ENTRY}.{named[0]}") if named else None


def refresh_minutes(instance: Instance, object_name: str) -> int | None:
    """How many minutes lie between two polls of an object; None where the instance says nothing.

    Open Connectors takes 1 or more. An entry that is no number is as good as none, and holds
    nothing up: what is copied matters more than how it is told.
    """
    text = instance.configuration.get(REFRESH, "").strip()
    if not _is_polled(instance, object_name) or not text.isascii() or not text.isdecimal():
        return None
    return min(max(int(text[:9]), 1), LONGEST_INTERVAL_MIN)


def only_told(instance: Instance) -> tuple[str, ...]:
    """The objects that are read for their events alone, beside those that are copied."""
    if instance.platform != "freshdesk" or not instance.sync_objects:
        return ()
    # Whoever names none means what Open Connectors polls by itself. The trash is one of the
    # tickets' lists, and only where they are not copied an object of its own.
    names = NAMEABLE if _named(instance.configuration) else ONLY_TOLD
    copied = {*instance.sync_objects, *(_TRASH if "tickets" in instance.sync_objects else ())}
    return tuple(name for name in names if name not in copied and _is_polled(instance, name))


def _named(configuration: Mapping[str, str]) -> set[str]:
    chosen = re.split(
        r"[|,\s]+",
        configuration.get("event.objects") or configuration.get("event.poller.urls") or "",
    )
    # A URL to poll names its object last: /hubs/helpdesk/incidents?where=…
    return {entry.partition("?")[0].rstrip("/").rpartition("/")[2] for entry in chosen if entry}


def _is_polled(instance: Instance, object_name: str) -> bool:
    try:
        return polling_of(instance, object_name) is not None
    except InvalidPolling:
        # They are told of all the same, as the copied ones are.
        return True


def _blocks(text: str) -> Mapping[str, Any]:
    if not text.strip():
        return {}
    try:
        blocks = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid(ENTRY, "is not JSON") from None
    if not isinstance(blocks, dict):
        raise _invalid(ENTRY, 'must be an object such as {"incidents": {"idField": "id"}}')
    return blocks


def _polling(block: object, path: str) -> Polling:
    if not isinstance(block, dict):
        raise _invalid(path, "must be an object")
    dates = block.get("datesConfiguration") or {}
    if not isinstance(dates, dict):
        raise _invalid(f"{path}.datesConfiguration", "must be an object")
    usual = Polling()
    return Polling(
        id_field=_name(block, "idField", path) or usual.id_field,
        updated_field=_name(dates, "updatedDateField", path) or usual.updated_field,
        created_field=_name(dates, "createdDateField", path) or usual.created_field,
        tolerance_s=_tolerance(block.get("createdCheckTolerance"), path),
        only_created=_flag(block.get("filterByUpdatedDate", True), path) is False,
    )


def _name(block: Mapping[str, Any], name: str, path: str) -> str:
    value = block.get(name, "")
    if not isinstance(value, str):
        raise _invalid(f"{path}.{name}", "must be a field's name")
    return value.strip()


def _tolerance(value: object, path: str) -> float:
    if value is None or value == "":
        return 0.0
    try:
        seconds = -1.0 if isinstance(value, bool) else float(str(value))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_TOLERANCE_S:
        wanted = f"must be seconds from 0 to {LONGEST_TOLERANCE_S}"
        raise _invalid(f"{path}.createdCheckTolerance", wanted)
    return seconds


def _flag(value: object, path: str) -> bool:
    # The entry is edited as text: "false" is meant as it reads.
    found = {"true": True, "false": False}.get(str(value).strip().lower())
    if found is None:
        raise _invalid(f"{path}.filterByUpdatedDate", "must be true or false")
    return found


def _invalid(path: str, why: str) -> InvalidPolling:
    return InvalidPolling(f"{path} {why}", fields=[FieldError(path, why)])
