"""Action records as DynamoDB items, and back. Pure.

What is large in an item may be a pointer to S3, which only the store can follow.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from freshbridge.actions.attempt_marks import Unsure, unsure_of
from freshbridge.actions.record import ActionRecord, Attempt, State
from freshbridge.timestamps import to_text

DEFECT = "defect"
"""The code of an error that nobody foresaw; see `freshbridge.queues.verdict`."""
_ENDS = (State.FAILED.value, State.DEAD.value)
_TEXTS = tuple(
    f.name
    for f in fields(ActionRecord)
    if f.type == "str"  # as written: annotations are texts here
)


def record_of(item: dict[str, Any], unpack: Callable[[str], str] | None) -> ActionRecord:
    """The record of an item; its parameters, result and refused fields only with an `unpack`."""
    unsure = unsure_of_item(item)
    values: dict[str, Any] = {name: item[name]["S"] for name in _TEXTS if name in item}
    values |= {
        "action_id": item["pk"]["S"],
        "state": State(item["state"]["S"]),
        "queued": item.get("queued", {}).get("BOOL", True),
        "cached": item.get("cached", {}).get("BOOL", False),
        "age_s": int(item.get("age_s", {}).get("N", "0")),
        "attempts": tuple(Attempt(**{"ended_at": "", **entry}) for entry in _attempts(item)),
        "origin": json.loads(item["origin"]["S"]),
        "unsure_since": to_text(unsure.since) if unsure is not None else "",
    }
    if unpack is not None:
        values["parameters"] = json.loads(unpack(item["parameters"]["S"]))
        if "data" in item:
            values["data"] = json.loads(unpack(item["data"]["S"]))
        if "fields" in item:
            values["fields"] = tuple(json.loads(item["fields"]["S"]))
    return ActionRecord(**values)


def unsure_of_item(item: dict[str, Any]) -> Unsure | None:
    """The attempts of an item that are in doubt."""
    return unsure_of(item.get("unsure", {}).get("SS", []), _attempts(item))


def codes_of_item(item: dict[str, Any]) -> dict[str, int]:
    """How many attempts of an item's present life ended with each code; see DEFECT."""
    counts: Counter[str] = Counter()
    for attempt in _attempts(item):
        if attempt["status"] in _ENDS:
            # What was parked and sent back is tried as often as before.
            counts.clear()
        elif code := attempt.get("code"):
            counts[code] += 1
    return dict(counts)


def _attempts(item: dict[str, Any]) -> list[dict[str, str]]:
    listed = item.get("attempts", {}).get("L", [])
    return [{name: value["S"] for name, value in entry["M"].items()} for entry in listed]


def attribute(value: Any) -> dict[str, Any]:
    """A value as DynamoDB takes it; what is no text, number or truth value as JSON."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": value if isinstance(value, str) else json_text(value)}


def json_text(value: Any) -> str:
    """JSON in ASCII, so that half an emoji, which no UTF-8 can hold, survives as its escape."""
    return json.dumps(value, separators=(",", ":"))
