"""Strict, declarative checks of request bodies and query strings.

A family declares its attributes once::

    NOTE = {
        "body": Field("string", required=True, nullable=False),
        "private": Field("boolean"),
        "notify_emails": Field("array", items=Field("string")),
    }
    fields = check_body(NOTE, request)      # raises ApiError 400 listing every offence

``check_body`` reports unknown names (``invalid_field``), wrong JSON types (``datatype_mismatch``),
values outside the choices (``invalid_value``) and absent required names (``missing_field``), all
at once, in the order of the body. JSON bodies are never coerced (``"1"`` is not 1); in a multipart
body every value is text, so there it is converted first.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from local.freshdesk.clock import stamp_of
from local.freshdesk.errors import (
    FieldError,
    invalid_field,
    invalid_value,
    missing_field,
    not_in_choices,
    validation_failed,
)
from local.freshdesk.routing import Request

Type = Literal[
    "string", "integer", "number", "boolean", "datetime", "date", "email", "object", "array"
]

_EXPECTED = {
    "string": "String",
    "email": "String",
    "integer": "Integer",
    "number": "Number",
    "boolean": "Boolean",
    "object": "key/value pair",
    "array": "Array",
    "datetime": "String",
    "date": "String",
}
_EMAIL = re.compile(r"^[^@\s,<>]+@[^@\s,<>]+\.[^@\s,<>]+$")
_ZONE = r"(?:Z|[+-]\d{2}(?::?\d{2})?)?"
_DATETIME = re.compile(
    rf"^(\d{{4}}-\d{{2}}-\d{{2}})(?:T(\d{{2}}:\d{{2}})(?:(:\d{{2}})(?:\.\d+)?)?({_ZONE}))?$"
)


@dataclass(frozen=True, slots=True)
class Field:
    """What one attribute may hold.

    ``type``: ``datetime`` values come out as wire stamps, ``date`` as ``YYYY-MM-DD``, ``email`` is
    text in address form. ``choices`` limits a scalar's values; ``items`` checks an array's
    members, ``fields`` an object's (strictly); an object without ``fields`` is free-form.
    ``required`` means present; ``nullable`` whether ``null`` is taken; ``blank`` whether "" is.
    """

    type: Type
    required: bool = False
    nullable: bool = True
    blank: bool = True
    choices: Collection[Any] | None = None
    items: "Field | None" = None
    fields: "Mapping[str, Field] | None" = None
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None


Spec = Mapping[str, Field]


def check_body(spec: Spec, request: Request) -> dict[str, Any]:
    """The request's body, checked. Only names that were sent are in the result.

    Raises ApiError 400. A missing body is an empty object; a JSON body that is not an object is a
    ``datatype_mismatch`` of the body itself.
    """
    return check_object(spec, request.body, form=request.is_form)


def check_object(spec: Spec, body: object, *, form: bool = False) -> dict[str, Any]:
    """``check_body`` for any object; ``form`` converts text first (multipart and query values)."""
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise validation_failed([_mismatch("request", body, Field("object"))])
    errors: list[FieldError] = []
    checked = _Check(form, errors).members(spec, body, "")
    if errors:
        raise validation_failed(errors)
    return checked


def check_query(spec: Spec, query: Mapping[str, str]) -> dict[str, Any]:
    """The query string, checked and converted; unknown parameters are ``invalid_field``."""
    return check_object(spec, dict(query), form=True)


def required(field: Field, now: bool = True) -> Field:
    """``field`` made mandatory (or not): for rules that depend on the account's settings."""
    return replace(field, required=now)


@dataclass(slots=True)
class _Check:
    """One pass over one body, gathering every offence."""

    form: bool
    errors: list[FieldError]

    def members(self, spec: Spec, body: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        checked: dict[str, Any] = {}
        for name, value in body.items():
            field = spec.get(name)
            if field is None:
                self.errors.append(invalid_field(prefix + name))
                continue
            before = len(self.errors)
            result = self.value(field, value, prefix + name)
            if len(self.errors) == before:
                checked[name] = result
        for name, field in spec.items():
            if field.required and name not in body:
                self.errors.append(missing_field(prefix + name))
        return checked

    def value(self, field: Field, value: Any, name: str) -> Any:
        if self.form and isinstance(value, str):
            value = _from_text(field, value)
        if value is None:
            if not field.nullable:
                self.errors.append(_mismatch(name, value, field))
            return None
        if not _has_type(field.type, value):
            self.errors.append(_mismatch(name, value, field))
            return None
        if field.type == "array":
            return value if field.items is None else self._items(field.items, value, name)
        if field.type == "object":
            return value if field.fields is None else self.members(field.fields, value, f"{name}.")
        return self._scalar(field, value, name)

    def _items(self, item: Field, values: list[Any], name: str) -> list[Any]:
        # A list has no empty places, whatever its members may otherwise be.
        self.errors += [_mismatch(name, value, item) for value in values if value is None]
        return [self.value(item, value, name) for value in values if value is not None]

    def _scalar(self, field: Field, value: Any, name: str) -> Any:
        if field.choices is not None and value not in field.choices:
            self.errors.append(not_in_choices(name, field.choices))
            return None
        if field.type in {"datetime", "date"}:
            return self._time(field, value, name)
        problem = _problem(field, value)
        if problem:
            self.errors.append(invalid_value(name, problem))
        return value

    def _time(self, field: Field, value: str, name: str) -> str | None:
        moment = parse_datetime(value) if field.type == "datetime" else parse_date(value)
        if moment is None:
            form = "combined date and time ISO8601" if field.type == "datetime" else "yyyy-mm-dd"
            self.errors.append(invalid_value(name, f"It should be in the '{form}' format"))
        return moment


def _problem(field: Field, value: Any) -> str | None:
    return _number_problem(field, value) if _is_number(value) else _text_problem(field, value)


def _number_problem(field: Field, value: float) -> str | None:
    if field.minimum is not None and value < field.minimum:
        return f"It should be greater than or equal to {field.minimum}"
    if field.maximum is not None and value > field.maximum:
        return f"It should be less than or equal to {field.maximum}"
    return None


def _text_problem(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if not value.strip() and not field.blank:
        return "It should not be blank as this is a mandatory field"
    if field.type == "email" and not _EMAIL.match(value):
        return "It should be in the 'valid email address' format"
    if field.max_length is not None and len(value) > field.max_length:
        return f"Has {len(value)} characters, it can have maximum of {field.max_length} characters"
    return None


def parse_datetime(text: str) -> str | None:
    """The wire stamp of any input form the vendor takes, or None.

    Forms: date, date and time to the minute or second, without zone (UTC), with ``Z`` or with an
    offset ``±hh:mm``, ``±hhmm`` or ``±hh``. A fraction of a second is cut off: the vendor's page
    does not name that form, but widespread clients send it (JavaScript's ``toISOString``).
    """
    if not (match := _DATETIME.match(text)):
        return None
    day, minutes, seconds, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{minutes or '00:00'}{seconds or ''}{zone or ''}")
        return stamp_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        # No such day, or one that lies beyond the calendar's end in UTC.
        return None


def parse_date(text: str) -> str | None:
    """``YYYY-MM-DD`` of a real day, or None."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_type(expected: Type, value: object) -> bool:
    if expected == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if expected == "number":
        return _is_number(value)
    kinds: dict[str, type] = {"boolean": bool, "object": dict, "array": list}
    return isinstance(value, kinds.get(expected, str))


def type_name(value: object) -> str:
    """How the vendor's messages call a JSON value's type."""
    if value is None:
        return "Null"
    names: Sequence[tuple[type, str]] = (
        (bool, "Boolean"),
        (int, "Integer"),
        (float, "Float"),
        (str, "String"),
        (list, "Array"),
        (dict, "key/value pair"),
    )
    return next(name for kind, name in names if isinstance(value, kind))


def _mismatch(name: str, value: object, field: Field) -> FieldError:
    found = f"Value set is of type {type_name(value)}."
    if field.choices is not None:
        # The vendor's text has no blank after this full stop, unlike the one below.
        wanted = f"It should be one of these values: '{','.join(map(str, field.choices))}'"
    else:
        wanted = f" It should be a/an {_EXPECTED[field.type]}."
    return FieldError(name, found + wanted, "datatype_mismatch")


def _from_text(field: Field, text: str) -> Any:
    """A form value as its declared type; what cannot be converted stays text and fails later."""
    if text == "" and field.type not in {"string", "email"}:
        return None
    if field.type == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if field.type in {"integer", "number"}:
        try:
            return int(text) if field.type == "integer" else float(text)
        except ValueError:
            return text
    return text
