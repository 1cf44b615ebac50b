"""The parts of an event's trail as the API tells them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from freshbridge.actions.record import ActionRecord
from freshbridge.dead_letters.letter import Letter
from freshbridge.dead_letters.subject import Queue, letter_id_of
from freshbridge.event_log.entry import Entry, RuleRun, State
from freshbridge.rules.called_event import RUN_RULE

LARGEST_RESULT = 8 * 1024
"""Characters of a result that is shown here; the action's own page has it whole."""
MOST_RESULTS = 1_000_000
"""Characters of all results of a trail, which may have 2,000: an answer has room for 6 MB."""


@dataclass
class Found:
    """What was looked up of one event: runs by id, records and results by action id, letters by id.

    `called` are runs of rules that other rules' actions ran. `room` is left for results, in
    characters.
    """

    runs: dict[str, Any] = field(default_factory=dict)
    records: dict[str, ActionRecord] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    letters: dict[str, Letter] = field(default_factory=dict)
    called: list[RuleRun] = field(default_factory=list)
    room: int = field(default_factory=lambda: MOST_RESULTS)


def received_view(entry: Entry) -> dict[str, Any]:
    """How and when the event came."""
    return {
        "at": entry.received_at,
        "source": entry.source,
        "content_type": entry.content_type or None,
        "size": entry.size,
        "recovered": entry.recovered,
        "late": entry.late,
        "repeat_of": entry.repeat_of or None,
        "duplicate_of": entry.duplicate_of or None,
        "replay_of": entry.replay_of or None,
        "replay_job": entry.job_id or None,
        "only_rules": entry.only_rules.split(",") if entry.only_rules else [],
        "replays": list(entry.replays),
    }


def state_now(entry: Entry, letters: Iterable[Mapping[str, Any]]) -> str:
    """The event's state, also where its function died each time and SQS itself parked it."""
    stuck = entry.state in (State.ROUTING, State.WAITING)
    parked = any(
        letter["queue"] == Queue.EVENTS and letter["state"] == State.PARKED for letter in letters
    )
    return State.PARKED.value if stuck and parked else entry.state.value


def enrichment_view(entry: Entry) -> dict[str, Any] | None:
    """What became of fetching what the event did not carry; None where nothing was fetched."""
    if not entry.enriched:
        return None
    return {
        "state": entry.enriched,
        "at": entry.enriched_at or None,
        "error": entry.enrichment_error or None,
    }


def run_view(run: RuleRun, found: Found) -> dict[str, Any]:
    """What one rule made of the event, with each of its actions."""
    kept = found.runs.get(run.run_id, {})
    return {
        "run_id": run.run_id,
        "rule_id": run.rule_id,
        "rule_name": run.name or None,
        "rule_version": kept.get("rule_version") or run.version,
        # The action that ran the rule, where it was not the event.
        "called_by": kept.get("called_by"),
        "outcome": run.outcome,
        # How far an ordered rule has come; what it stopped at.
        "state": kept.get("state"),
        "code": kept.get("code") or run.code or None,
        "reason": kept.get("reason") or run.reason or None,
        "actions": [_action(planned, found) for planned in kept.get("actions", [])],
    }


def _action(planned: Mapping[str, Any], found: Found) -> dict[str, Any]:
    action_id = planned["action_id"]
    record = found.records.get(action_id)
    letter = found.letters.get(letter_id_of(Queue.ACTIONS, action_id))
    shown: dict[str, Any] = {
        "action_id": action_id,
        "platform": planned["platform"],
        "action": planned["action"],
        "href": f"/api/actions/{action_id}",
        "due_at": planned.get("due_at"),
        # Its message is on its way, or waits for the action before it.
        "state": None,
        "code": None,
        "message": None,
        "started_at": None,
        "finished_at": None,
        "attempts": [],
        "result": None,
        "result_too_large": False,
        "dead_letter": letter.letter_id if letter else None,
    }
    if record is None:
        return shown
    return shown | {
        "state": record.state.value,
        "attempts": [attempt.shown() for attempt in record.attempts],
        **{
            name: getattr(record, name) or None
            for name in ("code", "message", "started_at", "finished_at")
        },
        **_result_with_room(found, action_id),
    }


def called_run(action_id: str, found: Found) -> RuleRun | None:
    """The run that an action asked another rule for."""
    record, text = found.records.get(action_id), found.results.get(action_id)
    if record is None or text is None or (record.platform, record.action) != RUN_RULE:
        return None
    told = _result(text).get("result") or {}
    if not told.get("run_id"):
        return None
    return RuleRun(
        run_id=told["run_id"],
        rule_id=told["rule_id"],
        name="",
        version=0,
        outcome=told["outcome"],
        code=told.get("code") or "",
        reason=told.get("reason") or "",
    )


def _result_with_room(found: Found, action_id: str) -> dict[str, Any]:
    shown = _result(found.results.get(action_id))
    if "result" not in shown:
        return shown
    found.room -= len(found.results[action_id])
    return shown if found.room >= 0 else {"result_too_large": True}


def _result(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    if len(text) > LARGEST_RESULT or text.startswith('{"payload_pointer"'):
        return {"result_too_large": True}
    return {"result": json.loads(text)}
