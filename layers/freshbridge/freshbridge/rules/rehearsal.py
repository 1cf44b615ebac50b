"""What a rule would make of an event, with the reasons, and nothing sent or counted.

Nor is anything fetched: where the rule turns on what the event does not carry, it says so, and with
which calls the router would fetch it.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from freshbridge import timestamps
from freshbridge.actions.catalogue import CATALOGUE, Catalogue, InvalidParameters, validate
from freshbridge.events.fetchable import Wanted
from freshbridge.events.freshdesk_webhook import NotATicketEvent
from freshbridge.events.freshsales_webhook import NotARecordEvent
from freshbridge.events.normalised import EVENT_TYPES, Event
from freshbridge.events.reading import event_of
from freshbridge.queues.envelope import ReceivedEvent
from freshbridge.rules.comparison import Statuses
from freshbridge.rules.conditions import concerns, explain
from freshbridge.rules.foresight import Foresight, template_paths
from freshbridge.rules.invalid import invalid
from freshbridge.rules.model import Rule
from freshbridge.rules.route import Planned, Run, plan

_KINDS: dict[str, tuple[type, str]] = {
    "str": (str, "a text"),
    "bool": (bool, "true or false"),
    "dict[str, Any]": (dict, "an object"),
}


def read_event(value: object, *, instance_id: str, platform: str, now: str) -> Event:
    """The event of a request: as the event bus carries it, or the body of a webhook.

    The bus's form has a `type`; what it lacks beside is empty, and it happens now.

    Raises:
        InvalidRule: naming the member that is wrong.
        UnreadableBody, NotATicketEvent, NotARecordEvent: it is no webhook of the platform.
    """
    if not isinstance(value, dict):
        raise invalid("event", "must be an object: an event, or a webhook's body")
    if value.get("type") not in EVENT_TYPES:
        received = ReceivedEvent(
            "evt_test", instance_id, platform, now, "application/json", json.dumps(value)
        )
        return _webhook(received, value)
    given = {}
    for member in fields(Event):
        if member.name in value and member.name != "instance_id":
            # As written: annotations are texts here.
            kind, word = _KINDS[str(member.type)]
            if not isinstance(value[member.name], kind):
                raise invalid(f"event.{member.name}", f"must be {word}")
            given[member.name] = value[member.name]
    if not _is_time(given.get("received_at", now)):
        raise invalid("event.received_at", "must be an ISO 8601 time")
    defaults = {"id": "evt_test", "platform": platform, "occurred_at": now, "received_at": now}
    return Event(**{**defaults, **given, "instance_id": instance_id})


def _webhook(received: ReceivedEvent, value: dict[str, Any]) -> Event:
    unknown = invalid("event.type", f"must be one of {', '.join(EVENT_TYPES)}")
    if isinstance(value.get("ticket"), dict):
        raise unknown
    try:
        return event_of(received)
    except (NotATicketEvent, NotARecordEvent):
        # Without either it was meant as an event of the bus's form.
        if value and "type" not in value:
            raise
        raise unknown from None


def _is_time(text: str) -> bool:
    try:
        timestamps.from_text(text)
    except (ValueError, OverflowError):
        return False
    return True


def rehearse(
    rule: Rule,
    event: Event,
    *,
    now: str,
    statuses: Statuses | None = None,
    fetching: bool = True,
    catalogue: Catalogue = CATALOGUE,
) -> dict[str, Any]:
    """One rule on one event: whether it would run, each condition with what it met, its actions.

    `fetching` is False for an instance whose events are never fetched.
    """
    conditions = explain(rule.condition, event.as_dict(), statuses)
    foresight = Foresight(event, statuses)
    wanted = foresight.of_rule(rule, template_paths(rule)) if fetching else Wanted()
    shown: dict[str, Any] = {
        "rule_id": rule.rule_id or None,
        "name": rule.name,
        "trigger_matched": concerns(rule, event),
        "conditions_matched": conditions["held"],
        "conditions": conditions,
        "would_run": False,
        "code": None,
        "reason": None,
        "would_fetch": _fetch(wanted, event),
        "actions": [],
    }
    undecided = bool(wanted) and foresight.holds(rule.condition) is None
    if not shown["trigger_matched"]:
        return shown | _not_run("other_event", f"it waits for {rule.platform} {rule.event}")
    if not shown["conditions_matched"] and not undecided:
        return shown | _not_run("conditions", "its conditions do not hold")
    if not rule.options.enabled:
        return shown | _not_run("disabled", "it is switched off")
    if undecided:
        return shown | _needs(wanted, "its conditions turn")
    return shown | _planned(rule, event, now, wanted, catalogue)


def _planned(
    rule: Rule, event: Event, now: str, wanted: Wanted, catalogue: Catalogue
) -> dict[str, Any]:
    run = plan(rule, event, now=now)
    if run.outcome == "failed" and wanted:
        return _needs(wanted, "its templates turn")
    if run.outcome != "ran":
        return _not_run(run.code, run.reason)
    actions = [_action(run, action, catalogue) for action in run.actions]
    refused = [number for number, action in enumerate(actions, 1) if action["refused"]]
    if refused:
        which = ", ".join(map(str, refused))
        why = _not_run(InvalidParameters.code, f"the parameters of action {which} would be refused")
        return why | {"actions": actions}
    return {"would_run": True, "actions": actions}


def _fetch(wanted: Wanted, event: Event) -> dict[str, Any] | None:
    if not wanted:
        return None
    return {"calls": wanted.calls(event), "for": list(wanted.paths)}


def _needs(wanted: Wanted, what: str) -> dict[str, Any]:
    named = ", ".join(wanted.paths)
    return _not_run("needs_fetch", f"{what} on {named}, which is fetched before it is decided")


def _not_run(code: str, reason: str) -> dict[str, Any]:
    return {"code": code, "reason": reason}


def _action(run: Run, action: Planned, catalogue: Catalogue) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "platform": action.platform,
        "action": action.action,
        "instance_id": int(action.instance_id or run.event.instance_id),
        "parameters": action.parameters,
        "waits_for_results": action.waits,
        "delay_s": action.delay_s,
        "not_before": run.due(action) or None,
        "refused": [],
    }
    if not action.waits:
        try:
            validate(catalogue.find(action.platform, action.action), action.parameters)
        except InvalidParameters as error:
            shown["refused"] = [
                {"field": f.field, "message": f.message, "code": f.code} for f in error.fields
            ]
    return shown
