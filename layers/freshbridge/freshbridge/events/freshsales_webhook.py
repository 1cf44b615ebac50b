"""Freshsales' workflow webhook, read into the normalised event.

Pure. What a workflow sends is its administrator's choice, so it is read by what it holds: a record
(`contact`, `deal`, `sales_account` or `account`) at the top, below `data` or below any other single
object; a word for what happened (`event_name`: "Deal Updated"); and, where it is there, `previous`
with the values from before.
Source: https://crmsupport.freshworks.com/support/solutions/articles/50000002397
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from freshbridge.errors import Reject
from freshbridge.events.event_time import occurred_at
from freshbridge.events.normalised import Event
from freshbridge.events.subject import record_id

_RECORDS = {
    "deal": "deal",
    "contact": "contact",
    "lead": "contact",
    "sales_account": "account",
    "account": "account",
}
_WORD = re.compile(
    r"\b(contact|lead|deal|sales[ _]?account|account)s?[ _.:-]*(?:was |is )?"
    r"(created?|added|updated?|changed|deleted?|removed)",
    re.IGNORECASE,
)
_VERBS = {"creat": "created", "added": "created", "delet": "deleted", "remov": "deleted"}
_TOLD = ("event_name", "event_type", "event", "trigger", "action")
_PREVIOUS = ("previous", "previous_values", "old", "before")
_PERFORMERS = ("actor", "event_performer", "performer", "user", "updater")
_DEEPEST = 4


class NotARecordEvent(Reject):
    """The body can be read, but holds no contact, deal or account."""

    code = "not_a_record_event"
    default_advice = "Let the workflow send the record's id, such as contact_id or deal.id."


def normalise(
    body: dict[str, Any],
    *,
    event_id: str,
    instance_id: str,
    received_at: str,
    raw_text: str = "",
    recovered: bool = False,
) -> Event:
    """Content of a workflow's webhook to an event.

    Raises:
        NotARecordEvent: no record's id is in it.
    """
    told = _told(body)
    key, record = _record(body, told)
    kind = _RECORDS[key]
    changes = _changes(body, record)
    return Event(
        id=event_id,
        type=f"{kind}_{_verb(told, record, changes)}",
        platform="freshsales",
        instance_id=instance_id,
        occurred_at=occurred_at({**record, **body}, received_at),
        received_at=received_at,
        actor=_first(body, _PERFORMERS),
        contact=record if kind == "contact" else {},
        deal=record if kind == "deal" else {},
        account=record if kind == "account" else {},
        changes=changes,
        raw=body,
        raw_text=raw_text if recovered else "",
        recovered=recovered,
    )


def _told(body: Mapping[str, Any]) -> tuple[str, str]:
    """What the body says happened: ("deal", "updated"), or two empty texts."""
    for level in _levels(body):
        for name in _TOLD:
            found = _WORD.search(str(level.get(name, ""))[:200])
            if found:
                kind = re.sub(r"[ _]", "_", found[1].lower()).replace("salesaccount", "account")
                return kind, _VERBS.get(found[2].lower()[:5], "updated")
    return "", ""


def _record(body: Mapping[str, Any], told: tuple[str, str]) -> tuple[str, dict[str, Any]]:
    keys = sorted(_RECORDS, key=lambda key: _RECORDS[key] != _RECORDS.get(told[0]))
    for level in _levels(body):
        for key in keys:
            inner = level.get(key)
            if isinstance(inner, Mapping) and (number := record_id(inner.get("id"))) is not None:
                return key, {**inner, "id": number}
            if (number := record_id(level.get(f"{key}_id"))) is not None:
                return key, {"id": number, **_prefixed(level, f"{key}_")}
    number = record_id(body.get("id"))
    if told[0] in _RECORDS and number is not None:
        return told[0], {**body, "id": number}
    raise NotARecordEvent("no contact, deal or account with an id is in the body")


def _verb(told: tuple[str, str], record: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    if told[1]:
        return told[1]
    created = record.get("created_at")
    is_new = created is not None and created == record.get("updated_at") and not changes
    return "created" if is_new else "updated"


def _changes(body: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    previous = _first(body, _PREVIOUS)
    return {
        name: {"from": before, "to": record.get(name)}
        for name, before in previous.items()
        if name in record and before != record[name]
    }


def _prefixed(level: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value
        for name, value in level.items()
        if name.startswith(prefix) and name != f"{prefix}id"
    }


def _first(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    for level in _levels(body):
        for name in names:
            inner = level.get(name)
            if isinstance(inner, Mapping) and inner:
                return dict(inner)
    return {}


def _levels(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The body, then the objects in it, then those in them."""
    level: list[Mapping[str, Any]] = [body]
    for _ in range(_DEEPEST):
        yield from level
        level = [inner for held in level for inner in held.values() if isinstance(inner, Mapping)]
