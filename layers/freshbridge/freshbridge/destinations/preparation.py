"""A record made ready: mapped, checked, its key found. Pure.

What a new record lacks is told apart from what is wrong: it matters only where one is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from freshbridge.destinations.checks import Described, checked
from freshbridge.destinations.mapping import Choose, mapped
from freshbridge.destinations.model import DestinationSettings, Template
from freshbridge.destinations.transforms import text_of
from freshbridge.errors import FieldError, InvalidRequest


class InvalidRecord(InvalidRequest):
    """The record cannot be sent; every field that is wrong is named."""

    code = "invalid_record"
    default_advice = "Correct the record and send it again."


@dataclass(frozen=True)
class Prepared:
    """`record` as it came, `fields` as they are sent, `key` the value it is matched by."""

    record: Mapping[str, Any] = field(repr=False)
    fields: dict[str, Any] = field(repr=False)
    key: Any = field(default=None, repr=False)
    problems: tuple[FieldError, ...] = ()
    missing: tuple[FieldError, ...] = ()

    def refuse(self, *, creates: bool = False) -> None:
        """Raise what is wrong, and what a new record lacks where it `creates` one.

        Raises:
            InvalidRecord: naming each field.
        """
        wrong = (*self.problems, *(self.missing if creates else ()))
        if wrong:
            raise InvalidRecord("the record is not sent", fields=wrong)


def prepared(
    settings: DestinationSettings,
    record: Mapping[str, Any],
    described: Described,
    choose: Choose,
) -> Prepared:
    """One record, ready to be sent or with what is wrong with it."""
    made = mapped(settings, record, choose)
    if settings.template is Template.MANUAL:
        return Prepared(record, made.fields, problems=tuple(made.problems))
    problems = made.problems
    key = None
    if settings.template.matches:
        key, wrong = _key(settings, made.fields)
        problems += wrong
    if settings.template is Template.DELETE:
        return Prepared(record, {}, key, tuple(problems))
    kind = settings.type
    if settings.template.matches and settings.key == "id":
        made.fields.pop("id", None)
    fields, wrong = checked(
        made.fields, kind, described, creates=False, unknown=settings.unknown_fields
    )
    _, all_wrong = checked(
        made.fields, kind, described, creates=True, unknown=settings.unknown_fields
    )
    missing = tuple(one for one in all_wrong if one not in wrong)
    failed = {one.field.partition(".")[0] for one in problems}
    # A field whose rule failed is not missing as well.
    missing = tuple(one for one in missing if one.field.rpartition(".")[2] not in failed)
    problems = [*problems, *wrong]
    if settings.template is Template.CREATE:
        problems += missing
    if not fields and not problems:
        problems.append(FieldError("", "there is no field to send", "empty"))
    return Prepared(record, fields, key, tuple(problems), missing)


def _key(settings: DestinationSettings, fields: Mapping[str, Any]) -> tuple[Any, list[FieldError]]:
    name = settings.key
    value = key_value(name, fields)
    if value in (None, ""):
        said = f"it is what records are matched by, and this one has none: {name}"
        return None, [FieldError(name, said, "missing")]
    if name == "id":
        text = text_of(value).strip()
        if not (text.isascii() and text.isdecimal() and 0 < len(text) < 20 and int(text)):
            return None, [FieldError(name, "must be a record's id", "invalid_value")]
        return int(text), []
    return value, []


def key_value(name: str, fields: Mapping[str, Any]) -> Any:
    """The value that a record is matched by: of several addresses the first."""
    if name.startswith("cf_"):
        custom = fields.get("custom_field")
        return custom.get(name) if isinstance(custom, Mapping) else None
    value = fields.get(name)
    if name == "emails" and value in (None, "", []):
        value = fields.get("email")
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, Mapping):
        value = value.get("value")
    return value.strip() if isinstance(value, str) else value


def folded_key(value: Any) -> str:
    """A key as it is compared: letter case and blanks around it aside."""
    return " ".join(text_of(value).split()).casefold()
