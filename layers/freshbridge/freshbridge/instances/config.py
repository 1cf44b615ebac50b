"""An instance's `config`: what holds for every action that runs on it.

Pure. It is what a person writes under /api/integrations, as JSON:

    custom_field_mapping   {"cf_category": "category"}: the provider's name, then the person's own
    default_group_id       the group of new tickets that name none
    default_priority       their priority: 1 to 4, or "high"
    auto_assign            true, "round_robin" or "least_loaded": who gets new tickets that name no
                           agent
    event.enrich           "auto", "always" or "never": whether the record of an event is fetched;
                           see rules.enricher
    custom_statuses        {"Waiting on vendor": 9}: the account's own statuses and their numbers
    status_meaning         {"Done": "resolved", "11": "closed"}: which of them resolve or close
    sync_objects           ["tickets", "contacts"]: what the scheduled sync copies; see sync.objects
    sync                   {"tickets": {"every_minutes": 15}}: how often, and with what; see
                           sync.selection
    cachingEnabled         whether lists of agents, groups and fields may be answered from what is
                           kept; without it they are asked of the provider each time
    cacheTimeToLive        how old such an answer may be, in seconds; 0 for five minutes
    maxCacheSize           the most records that one may have and still be answered so; 0 for any

The last three are an Open Connectors instance's own, at its top level there; what they mean is
documented nowhere, so the meanings here are this package's. An entry that is null is taken out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from freshbridge.errors import FieldError
from freshbridge.freshdesk.enums import Priority
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.selection import objects_wrong, settings_wrong

SYNC_OBJECTS = tuple(OBJECTS)
ENRICH = ("auto", "always", "never")
STATUS_MEANINGS = ("resolved", "closed")
STRATEGIES = ("round_robin", "least_loaded")
DEFAULT_AGE_S = 300
LONGEST_AGE_S = 86_400
LONGEST_FIELD_NAME = 255
CACHING_ENTRIES: Mapping[str, bool | int] = {
    "cachingEnabled": False,
    "maxCacheSize": 0,
    "cacheTimeToLive": 0,
}
"""What an instance has that was told nothing about caching."""


@dataclass(frozen=True)
class Caching:
    """How a person's reads of slow data may be answered; `max_records` 0 is for any number."""

    enabled: bool = False
    max_records: int = 0
    max_age_s: int = DEFAULT_AGE_S


def caching_of(config: Mapping[str, Any]) -> Caching:
    """The instance's choice."""
    entries = caching_entries(config)
    return Caching(
        enabled=bool(entries["cachingEnabled"]),
        max_records=int(entries["maxCacheSize"]),
        max_age_s=int(entries["cacheTimeToLive"]) or DEFAULT_AGE_S,
    )


def caching_entries(config: Mapping[str, Any]) -> dict[str, bool | int]:
    """The three entries as Open Connectors shows them."""
    return {name: config.get(name, default) for name, default in CACHING_ENTRIES.items()}


def field_mapping(config: Mapping[str, Any]) -> dict[str, str]:
    """The provider's names of custom fields to the person's own."""
    mapping = config.get("custom_field_mapping")
    return dict(mapping) if isinstance(mapping, dict) else {}


def assignment_strategy(config: Mapping[str, Any]) -> str | None:
    """One of STRATEGIES, or None when tickets are not assigned by themselves."""
    chosen = config.get("auto_assign")
    if chosen is True:
        return "round_robin"
    return chosen if chosen in STRATEGIES else None


def without_nulls(config: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that say something."""
    return {name: value for name, value in config.items() if value is not None}


def merged(held: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with a change made to it: what is null in that is taken out.

    Of `sync` single objects' entries are changed, and what is not named stays.
    """
    config = {**held, **change}
    if isinstance(change.get("sync"), Mapping):
        config["sync"] = _merged_sync(held.get("sync"), change["sync"])
    return without_nulls(config)


def _merged_sync(held: object, change: Mapping[str, Any]) -> dict[str, Any]:
    before = held if isinstance(held, Mapping) else {}
    changed = {name: _merged_entries(before.get(name), given) for name, given in change.items()}
    return without_nulls({**before, **changed})


def _merged_entries(held: object, given: object) -> object:
    if not isinstance(given, Mapping):
        return given
    return without_nulls({**(held if isinstance(held, Mapping) else {}), **given})


def config_errors(config: object, *, prefix: str = "config.") -> list[FieldError]:
    """All that is wrong with a `config`; nothing when it can be kept.

    Entries of other names are kept as they are: a person may note what they like. But Open
    Connectors' event entries are read from an instance's configuration, and would do nothing here.
    """
    if not isinstance(config, dict):
        return [FieldError(prefix.rstrip("."), "must be an object", "wrong_type")]
    misplaced = [
        FieldError(f"{prefix}{name}", _ELSEWHERE, "misplaced")
        for name in config
        if isinstance(name, str) and name.startswith("event.") and name not in _CHECKS
    ]
    return misplaced + [
        FieldError(f"{prefix}{name}{place}", message, code)
        for name, check in _CHECKS.items()
        if config.get(name) is not None
        for place, message, code in check(config[name])
    ]


_ELSEWHERE = (
    "has no effect in config; it is an entry of the instance's configuration: "
    'PATCH /elements/api-v2/instances/{id} with {"configuration": {…}}'
)
Wrong = list[tuple[str, str, str]]
"""Where below the entry, what to write instead, and a code."""


def _group_id(value: object) -> Wrong:
    number = value if _is_count(value) else 0
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        number = int(value)
    return [] if number else [("", "must be a group's id, as list_groups shows it", "wrong_type")]


def _priority(value: object) -> Wrong:
    try:
        Priority.parse(value if isinstance(value, str | int) else "")
    except ValueError:
        accepted = "must be 1 to 4, or Low, Medium, High or Urgent"
        return [("", accepted, "invalid_value")]
    return []


def _strategy(value: object) -> Wrong:
    if isinstance(value, bool) or value in STRATEGIES:
        return []
    accepted = " or ".join(f'"{name}"' for name in STRATEGIES)
    return [("", f"must be true, false, {accepted}", "invalid_value")]


def _flag(value: object) -> Wrong:
    return [] if isinstance(value, bool) else [("", "must be true or false", "wrong_type")]


def _count(value: object) -> Wrong:
    return [] if _is_count(value) else [("", "must be a whole number, 0 or more", "wrong_type")]


def _seconds(value: object) -> Wrong:
    if _is_count(value) and int(str(value)) <= LONGEST_AGE_S:
        return []
    return [("", f"must be 0 to {LONGEST_AGE_S} seconds", "invalid_value")]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _mapping(value: object) -> Wrong:
    if not isinstance(value, dict):
        sample = '{"cf_category": "category"}'
        return [("", f"must be an object such as {sample}", "wrong_type")]
    wrong: Wrong = []
    names = [name for name in value.values() if isinstance(name, str)]
    shared = {name for name, times in Counter(names).items() if times > 1}
    for provider_name, name in value.items():
        fault = _name_fault(provider_name, name)
        if not fault and name in shared:
            fault = "another field has this name too; give each one of its own"
        if not fault and name != provider_name and (name in value or name.startswith("cf_")):
            fault = "reads like a field's name at the provider; choose another"
        if fault:
            wrong.append((f".{provider_name}", fault, "invalid_value"))
    return wrong


def _name_fault(*names: object) -> str:
    for name in names:
        plain = isinstance(name, str) and name == name.strip() and name.isprintable()
        if not plain or not 0 < len(str(name)) <= LONGEST_FIELD_NAME:
            return f"a name is a text of 1 to {LONGEST_FIELD_NAME} printable characters"
    return ""


def _enrich(value: object) -> Wrong:
    accepted = " or ".join(f'"{name}"' for name in ENRICH)
    return [] if value in ENRICH else [("", f"must be {accepted}", "invalid_value")]


def _meaning(value: object) -> Wrong:
    if not isinstance(value, dict):
        return [("", 'must be an object such as {"Done": "resolved"}', "wrong_type")]
    wanted = " or ".join(f'"{name}"' for name in STATUS_MEANINGS)
    return [
        (f".{status}", f"must be {wanted}", "invalid_value")
        for status, meaning in value.items()
        if meaning not in STATUS_MEANINGS
    ]


_CHECKS: dict[str, Callable[[object], Wrong]] = {
    "sync_objects": objects_wrong,
    "sync": settings_wrong,
    "custom_field_mapping": _mapping,
    "default_group_id": _group_id,
    "default_priority": _priority,
    "auto_assign": _strategy,
    "event.enrich": _enrich,
    "status_meaning": _meaning,
    "cachingEnabled": _flag,
    "maxCacheSize": _count,
    "cacheTimeToLive": _seconds,
}
