"""The JSON Schema of the events on the bus, made from the event itself. Pure.

Draft 4, which the schema registry of Amazon EventBridge takes. It describes what a subscriber gets:
the envelope of EventBridge, and the normalised event in `detail`. Fields may be added to the event,
never taken away, so nothing is said to be all there is.
Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema.html
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any

from freshbridge.events.normalised import EVENT_TYPES, Event

PLATFORMS = ("freshdesk", "freshsales")
_TIME = {"type": "string", "format": "date-time"}
# By the annotation of the dataclass; a field of another kind has to be given one here.
_TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "dict[str, Any]": {"type": "object"},
    "tuple[str, ...]": {"type": "array", "items": {"type": "string"}},
    "list[str]": {"type": "array", "items": {"type": "string"}},
}
_CHANGE = {
    "type": "object",
    "properties": {"from": {}, "to": {}},
}
_KNOWN: dict[str, dict[str, Any]] = {
    "type": {"type": "string", "enum": list(EVENT_TYPES)},
    "platform": {"type": "string", "enum": list(PLATFORMS)},
    "occurred_at": _TIME,
    "received_at": _TIME,
    "changes": {"type": "object", "additionalProperties": _CHANGE},
}
_TRUNCATED = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Fields that were left out because the event was too long for the bus",
}


def detail_schema() -> dict[str, Any]:
    """The schema of `detail`: the normalised event.

    Raises:
        KeyError: the event has a field of a type that this module does not know.
    """
    properties = {field.name: _schema_of(field.name, str(field.type)) for field in fields(Event)}
    required = [
        field.name
        for field in fields(Event)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    return {
        "type": "object",
        "required": required,
        "properties": properties | {"truncated": _TRUNCATED},
    }


def bus_schema() -> dict[str, Any]:
    """The schema of an event as a subscriber of the bus gets it."""
    text: dict[str, Any] = {"type": "string"}
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "FreshbridgeEvent",
        "type": "object",
        "required": ["detail-type", "source", "detail"],
        "properties": {
            "version": text,
            "id": text,
            "account": text,
            "region": text,
            "time": _TIME,
            "resources": {"type": "array", "items": text},
            "source": {"type": "string", "enum": [f"freshbridge.{name}" for name in PLATFORMS]},
            "detail-type": {"type": "string", "enum": list(EVENT_TYPES)},
            "detail": {"$ref": "#/definitions/Event"},
        },
        "definitions": {"Event": detail_schema()},
    }


def schema_text() -> str:
    """`bus_schema` as the template's registry has it."""
    return json.dumps(bus_schema(), separators=(",", ":"))


def _schema_of(name: str, annotation: str) -> dict[str, Any]:
    return _KNOWN[name] if name in _KNOWN else _TYPES[annotation]
