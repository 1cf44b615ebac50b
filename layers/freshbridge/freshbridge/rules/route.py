"""From one event to the actions that its instance's rules ask for.

Pure. An action's id is derived from event, rule and place, so routing an event again names the
same actions and they run once.
"""

from __future__ import annotations

from collections.abc import Iterable

from freshbridge.events.normalised import Event
from freshbridge.identifiers import derived_id
from freshbridge.queues.envelope import ActionRequest
from freshbridge.rules import templates
from freshbridge.rules.conditions import matches
from freshbridge.rules.model import Rule
from freshbridge.rules.templates import InvalidTemplate


def actions_for(
    event: Event, rules: Iterable[Rule], *, now: str
) -> tuple[list[ActionRequest], list[InvalidTemplate]]:
    """The requests of every rule that matches, and the errors of those that could not be filled.

    One rule's broken template does not take another rule's actions with it; of the broken rule
    itself nothing runs.
    """
    context = event.as_dict() | {"event": event.as_dict()}
    requests: list[ActionRequest] = []
    errors: list[InvalidTemplate] = []
    for rule in rules:
        if not matches(rule, event):
            continue
        try:
            requests += _requests(rule, event, context, now)
        except InvalidTemplate as error:
            errors.append(InvalidTemplate(f"rule {rule.rule_id}: {error.what}"))
    return requests, errors


def _requests(
    rule: Rule, event: Event, context: dict[str, object], now: str
) -> list[ActionRequest]:
    requests = []
    for position, action in enumerate(rule.actions):
        action_id = derived_id("act", event.id, rule.rule_id, str(position))
        requests.append(
            ActionRequest(
                action_id=action_id,
                instance_id=event.instance_id,
                platform=action.platform,
                action=action.action,
                parameters=templates.render(action.parameters, context),
                idempotency_key=action_id,
                origin={"type": "rule", "rule_id": rule.rule_id, "event_id": event.id},
                submitted_at=now,
            )
        )
    return requests
