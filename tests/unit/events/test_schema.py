"""The schema of the bus says what the bus carries, and the template's copy is the same."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from freshbridge.events.bus import LARGEST_DETAIL, EventBus
from freshbridge.events.normalised import EVENT_TYPES, Event
from freshbridge.events.schema import bus_schema, detail_schema, schema_text
from local import native_template
from tests import builders

ROOT = Path(__file__).parents[3]
TYPES: dict[str, type[Any] | tuple[type[Any], ...]] = {
    "string": str, "boolean": bool, "object": dict, "array": list, "integer": int,
    "number": (int, float),
}  # fmt: skip


class Bus:
    """Takes entries and remembers them."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{}]}


def faults(schema: dict[str, Any], value: Any, place: str = "$") -> list[str]:
    """Where a value is not what the schema says; as much of draft 4 as the schema uses."""
    if "$ref" in schema:
        schema = bus_schema()["definitions"][schema["$ref"].rpartition("/")[2]]
    found = []
    wanted = schema.get("type")
    if wanted and not isinstance(value, TYPES[wanted]):
        return [f"{place} is no {wanted}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place} is {value}")
    if isinstance(value, dict):
        found += [
            f"{place}.{name} is missing" for name in schema.get("required", []) if name not in value
        ]
        known = schema.get("properties", {})
        for name, inner in value.items():
            rule = known.get(name, schema.get("additionalProperties", {}))
            found += faults(rule, inner, f"{place}.{name}")
    return found


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_what_is_published_is_what_the_schema_says(kind: str) -> None:
    # Given an event with everything
    event = builders.event(
        type=kind, changes={"status": {"from": 2, "to": 4}}, raw={"x": "y" * LARGEST_DETAIL}
    )
    bus = Bus()

    # When it is published
    EventBus("demo", bus).publish(event)  # type: ignore[arg-type]  # stands for boto3's client

    # Then a subscriber finds what the schema promises, no more and no less
    (entry,) = bus.entries
    sent = {
        "source": entry["Source"], "detail-type": entry["DetailType"],
        "detail": json.loads(entry["Detail"]),
    }  # fmt: skip
    assert sent["detail"]["truncated"] == ["raw"]
    assert faults(bus_schema(), sent) == []
    assert set(sent["detail"]) | {"raw", "raw_text"} == set(detail_schema()["properties"])


def test_a_wrong_event_is_seen_by_these_tests() -> None:
    detail = asdict(builders.event()) | {"type": "ticket_eaten", "changes": {"status": 3}}
    del detail["id"]
    sent = {"source": "elsewhere", "detail-type": "ticket_created", "detail": detail}

    assert sorted(faults(bus_schema(), sent)) == [
        "$.detail.changes.status is no object", "$.detail.id is missing",
        "$.detail.type is ticket_eaten", "$.source is elsewhere",
    ]  # fmt: skip


def test_every_field_of_the_event_is_in_the_schema_and_the_first_are_required() -> None:
    schema = detail_schema()

    assert {field.name for field in fields(Event)} < set(schema["properties"])
    assert schema["required"] == [
        "id", "type", "platform", "instance_id", "occurred_at", "received_at",
    ]  # fmt: skip
    assert set(schema["properties"]["type"]["enum"]) == set(EVENT_TYPES)


def test_the_templates_registry_has_this_schema() -> None:
    template = native_template.load((ROOT / "template.yaml").read_text())
    resources = template["Resources"]
    schema = resources["EventSchema"]["Properties"]

    assert schema["Content"] == schema_text(), f"put this into template.yaml: {schema_text()}"
    assert schema["Type"] == "JSONSchemaDraft4"
    assert json.loads(schema["Content"])["$schema"].endswith("draft-04/schema#")


def test_archive_and_registry_are_there_only_when_they_are_asked_for() -> None:
    template = native_template.load((ROOT / "template.yaml").read_text())
    parameters, resources = template["Parameters"], template["Resources"]

    assert parameters["EventArchiveDays"]["Default"] == 0
    assert parameters["EventSchemaRegistry"]["Default"] == "false"
    assert resources["EventArchive"]["Condition"] == "HasEventArchive"
    assert resources["EventArchive"]["Properties"]["SourceArn"] == {
        "Fn::GetAtt": ["EventBus", "Arn"]
    }
    assert resources["EventArchive"]["Properties"]["RetentionDays"] == {"Ref": "EventArchiveDays"}
    assert {resources[name]["Condition"] for name in ("EventRegistry", "EventSchema")} == {
        "HasEventSchemaRegistry"
    }
    assert template["Outputs"]["EventArchiveArn"]["Condition"] == "HasEventArchive"
