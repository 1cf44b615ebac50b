"""`{field}` in URLs and bodies, filled from a record. Pure.

Where a text is one placeholder and nothing else its value keeps its type. In a URL a value is
percent-encoded whole, so that it cannot become another path; in XML it is escaped. `{{` and `}}`
are braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from freshbridge.destinations.transforms import text_of

_PART = re.compile(r"\{\{|\}\}|\{([^{}]{1,200})\}")
_ABSENT: Any = object()


class MissingField(ValueError):
    """A placeholder names what the record does not have."""


def names_in(value: Any) -> Iterator[str]:
    """The fields that placeholders of a value name."""
    if isinstance(value, dict):
        for one in value.values():
            yield from names_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from names_in(one)
    elif isinstance(value, str):
        yield from (found[1].strip() for found in _PART.finditer(value) if found[1])


def found_at(record: Mapping[str, Any], path: str, default: Any = None) -> Any:
    """What is at `a.b` of a record: a member of that very name, else one inside another."""
    if path in record:
        return record[path]
    value: Any = record
    for step in path.split("."):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return default
    return value


def filled(value: Any, record: Mapping[str, Any]) -> Any:
    """A value with every placeholder in it filled.

    Raises:
        MissingField: naming it.
    """
    if isinstance(value, dict):
        return {name: filled(one, record) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, record) for one in value]
    if not isinstance(value, str):
        return value
    alone = _PART.fullmatch(value)
    if alone and alone[1]:
        return _value(record, alone[1])
    return _text(value, record, text_of)


def filled_url(template: str, record: Mapping[str, Any]) -> str:
    """A URL with its placeholders filled, each value encoded whole.

    Raises:
        MissingField: naming one that the record does not have, or that is empty or no single
            value there.
    """

    def encoded(value: Any) -> str:
        if isinstance(value, dict | list):
            raise MissingField("a field of the URL is a list or an object, not a single value")
        text = text_of(value)
        if text in ("", ".", ".."):
            raise MissingField("a field of the URL is empty")
        return quote(text, safe="")

    return _text(template, record, encoded)


def filled_xml(template: str, record: Mapping[str, Any]) -> str:
    """An XML text with its placeholders filled and escaped."""
    return _text(template, record, lambda value: escape(text_of(value), {'"': "&quot;"}))


def _text(template: str, record: Mapping[str, Any], write: Callable[[Any], str]) -> str:
    def part(found: re.Match[str]) -> str:
        return write(_value(record, found[1])) if found[1] else found[0][0]

    return _PART.sub(part, template)


def _value(record: Mapping[str, Any], name: str) -> Any:
    value = found_at(record, name.strip(), _ABSENT)
    if value is _ABSENT:
        raise MissingField(f"the record has no {name.strip()[:100]}")
    return value
