"""From a record as it came to the fields of the provider's. Pure.

Fields that a rule names come first; the others are passed on or left out as the destination says.
`cf_tier` is put into `custom_field`, where the API looks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from freshbridge.destinations.field_rules import FieldRule, Lookup
from freshbridge.destinations.lookup_kinds import CHOICES, RECORDS, WantedRecord, chosen
from freshbridge.destinations.model import DestinationSettings
from freshbridge.destinations.placeholders import found_at
from freshbridge.destinations.transforms import Untransformable, text_of, transformed
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.rules import templates

Rows = list[dict[str, Any]]
Choose = Callable[[str], Rows]
"""From a kind of lookup to the account's choices."""
_EMPTY = (None, "")
_NOTHING: Any = object()
PASS = ("custom_field",)
"""Objects whose members are fields of their own."""


@dataclass
class Mapped:
    """`fields` as they are to be sent, and what is wrong with them. Its values are personal."""

    fields: dict[str, Any] = field(default_factory=dict, repr=False)
    problems: list[FieldError] = field(default_factory=list, repr=False)


def mapped(settings: DestinationSettings, record: Mapping[str, Any], choose: Choose) -> Mapped:
    """The fields of one record."""
    made = Mapped()
    for target, rule in settings.mapping.items():
        try:
            value = _value(rule, record, choose, target)
        except _Wrong as wrong:
            made.problems.append(FieldError(target, wrong.why, wrong.code))
            continue
        if value is not _NOTHING:
            _put(made.fields, target, value)
    for name, value in _unmapped(settings, record):
        _put(made.fields, name, value)
    for name in settings.exclude:
        _drop(made.fields, name)
    return made


def _unmapped(
    settings: DestinationSettings, record: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """What no rule takes, as far as it is passed on."""
    if not settings.keeps_unmapped:
        return
    taken = {*settings.exclude, *settings.mapping}
    taken |= {rule.source for rule in settings.mapping.values() if rule.source is not None}
    for name, value in record.items():
        if name not in taken:
            yield str(name), value


def lookups_of(settings: DestinationSettings) -> Iterator[str]:
    """The kinds of choices that the rules look up."""
    for rule in settings.mapping.values():
        if rule.lookup is not None and rule.lookup.kind in CHOICES:
            yield rule.lookup.kind


class _Wrong(Exception):
    def __init__(self, why: str, code: str) -> None:
        super().__init__(why)
        self.why = why
        self.code = code


def _value(rule: FieldRule, record: Mapping[str, Any], choose: Choose, target: str) -> Any:
    value = _sourced(rule, record, target)
    if value is not _NOTHING or any("default" in one for one in rule.transforms):
        try:
            value = transformed(None if value is _NOTHING else value, rule.transforms)
        except Untransformable as error:
            raise _Wrong(str(error), "transform") from None
    if (value is _NOTHING or value in _EMPTY) and "default" in rule.model_fields_set:
        value = rule.default
    if value is _NOTHING or value in _EMPTY or rule.lookup is None:
        return value
    return _looked_up(rule.lookup, value, choose)


def _sourced(rule: FieldRule, record: Mapping[str, Any], target: str) -> Any:
    if rule.source is not None:
        return found_at(record, rule.source, _NOTHING)
    if rule.template is not None:
        try:
            filled = templates.render(
                {target: rule.template}, {"record": dict(record)}, lenient=True
            )
        except InvalidRequest as error:
            raise _Wrong(error.what.partition(": ")[2] or error.what, "template") from None
        found = filled[target]
        return found.strip() if isinstance(found, str) else found
    return rule.value if "value" in rule.model_fields_set else _NOTHING


def _looked_up(lookup: Lookup, value: Any, choose: Choose) -> Any:
    if lookup.kind in RECORDS:
        by = lookup.by or RECORDS[lookup.kind].by
        text = text_of(value).strip()
        return WantedRecord(lookup.kind, by, text, optional=lookup.missing == "skip")
    found = chosen(choose(lookup.kind), lookup.kind, value)
    if found is None:
        if lookup.missing == "skip":
            return _NOTHING
        noun = lookup.kind.replace("_", " ")
        raise _Wrong(f"the account has no {noun} of this name", "lookup_missing")
    return found


def _put(fields: dict[str, Any], target: str, value: Any) -> None:
    """Put a value at `a.b`; a custom field goes to where they are kept."""
    if target.startswith("cf_"):
        target = f"custom_field.{target}"
    if target in PASS and isinstance(value, Mapping):
        for name, one in value.items():
            fields.setdefault(target, {})[str(name)] = one
        return
    holder = fields
    *steps, last = target.split(".")
    for step in steps:
        inner = holder.get(step)
        if not isinstance(inner, dict):
            inner = holder[step] = {}
        holder = inner
    holder[last] = value


def _drop(fields: dict[str, Any], name: str) -> None:
    holder: Any = fields
    if name.startswith("cf_"):
        name = f"custom_field.{name}"
    *steps, last = name.split(".")
    for step in steps:
        holder = holder.get(step) if isinstance(holder, dict) else None
    if isinstance(holder, dict):
        holder.pop(last, None)
