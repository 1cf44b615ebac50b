"""Kept events as DynamoDB items, and back. Pure.

`listed` makes the lists: of an instance by `instance_id`, of one record of it by
`instance_subject`, and of what is not done by `instance_state`, which only those have. What a list
does not show (the message, the runs) is in no index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from freshbridge.event_log.entry import UNDONE, Entry, RuleRun, State, run_texts, sendable

_TEXTS = (
    "instance_id", "platform", "received_at", "source", "content_type", "type", "subject",
    "occurred_at", "repeat_of", "duplicate_of", "replay_of", "job_id", "only_rules", "replayed_at",
    "outcome", "code", "message", "enriched",
    "enriched_at", "enrichment_error", "routed_at", "published_at", "envelope",
)  # fmt: skip
_NUMBERS = ("size", "considered", "actions", "expires_at")
_FLAGS = ("recovered", "late")


def to_item(entry: Entry) -> dict[str, Any]:
    """Every attribute; what is empty is left out, as index keys must be."""
    texts = {name: sendable(getattr(entry, name)) for name in _TEXTS}
    texts |= {
        "pk": entry.event_id,
        "state": entry.state.value,
        "listed": entry.listed,
        "instance_subject": of_subject(entry.instance_id, entry.subject) if entry.subject else "",
        "instance_state": of_state(entry.instance_id, entry.state) if entry.state in UNDONE else "",
        "runs": runs_text(entry.runs) if entry.runs else "",
    }
    return {
        **{name: {"S": text} for name, text in texts.items() if text},
        **{name: {"N": str(getattr(entry, name))} for name in _NUMBERS},
        **{name: {"BOOL": getattr(entry, name)} for name in _FLAGS},
        **({"replays": {"SS": sorted(entry.replays)}} if entry.replays else {}),
    }


def from_item(item: dict[str, Any]) -> Entry:
    """The entry of an item, whole or as an index has it."""
    values: dict[str, Any] = {name: item[name]["S"] for name in _TEXTS if name in item}
    values |= {name: int(item[name]["N"]) for name in _NUMBERS if name in item}
    values |= {name: item[name]["BOOL"] for name in _FLAGS if name in item}
    runs = json.loads(item.get("runs", {}).get("S", "[]"))
    return Entry(
        event_id=item["pk"]["S"],
        state=State(item["state"]["S"]),
        replays=tuple(sorted(item.get("replays", {}).get("SS", []))),
        runs=tuple(RuleRun(**run) for run in runs),
        **values,
    )


def update_of(
    instance_id: str, changes: Mapping[str, str | int | bool], unless: State | None
) -> dict[str, Any]:
    """What an UpdateItem says that makes these changes, unless the event is in a certain state."""
    made = dict(changes)
    if "state" in made:
        state = State(str(made["state"]))
        made["instance_state"] = of_state(instance_id, state) if state in UNDONE else ""
    sets = {name: value for name, value in made.items() if value != ""}
    update = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
    if removed := [f"#{name}" for name in made if name not in sets]:
        update += " REMOVE " + ", ".join(removed)
    names = {f"#{name}": name for name in made}
    values = {f":{name}": _attribute(value) for name, value in sets.items()}
    condition = "attribute_exists(pk)"
    if unless is not None:
        condition += " AND #state <> :unless"
        names["#state"] = "state"
        values[":unless"] = {"S": unless.value}
    return {
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def runs_text(runs: tuple[RuleRun, ...]) -> str:
    """The runs as one attribute; in ASCII, so that half an emoji survives as its escape."""
    return json.dumps(run_texts(runs), separators=(",", ":"))


def of_subject(instance_id: str, subject: str) -> str:
    """The partition of one record's events."""
    return f"{instance_id}#{subject}"


def of_state(instance_id: str, state: State) -> str:
    """The partition of an instance's events that are not done, in one state."""
    return f"{instance_id}#{state.value}"


def _attribute(value: str | int | bool) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": sendable(value)}
