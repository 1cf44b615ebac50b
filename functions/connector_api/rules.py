"""/integrations/{id}/rules: what happens when an event has these values."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge import identifiers
from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.errors import NotFound
from freshbridge.rules import templates
from freshbridge.rules.model import Rule, read_rule, write_rule

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own


@router.post("/integrations/<instance_id>/rules")
def create(instance_id: str) -> Response[str]:
    """Save a rule; a broken template or an unknown action is refused here, with its place."""
    ports().registry.get(instance_id)
    rule = read_rule(json_body(router.current_event), rule_id=identifiers.new_id("rul"))
    _check(rule)
    ports().rules.put(instance_id, rule)
    return success("Rule created", write_rule(rule), 201)


@router.get("/integrations/<instance_id>/rules")
def list_all(instance_id: str) -> Response[str]:
    """The instance's rules, oldest first."""
    ports().registry.get(instance_id)
    return success("Rules", [write_rule(rule) for rule in ports().rules.of(instance_id)])


@router.delete("/integrations/<instance_id>/rules/<rule_id>")
def delete(instance_id: str, rule_id: str) -> Response[str]:
    """Forget a rule; actions that it queued already still run."""
    ports().registry.get(instance_id)
    if not ports().rules.delete(instance_id, rule_id):
        raise NotFound("no such rule", where=f"rule {rule_id[:64]}")
    return success("Rule deleted", {"rule_id": rule_id})


def _check(rule: Rule) -> None:
    for position, action in enumerate(rule.actions):
        CATALOGUE.find(action.platform, action.action)
        templates.check(action.parameters, f"actions[{position}].parameters")
