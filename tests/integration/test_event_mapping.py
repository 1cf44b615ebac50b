"""Rules and subscribers see an instance's own names for custom fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge.rules.model import RuleAction
from tests import builders
from tests.integration.conftest import Stack, Start

CONTENT = builders.simple_content(
    ticket_cf_category="Technical",
    ticket_contact_cf_tier="gold",
    triggered_event="{cf_category:{from:Billing,to:Technical}}",
)


def route(stack: Stack, start: Start, published: list[dict[str, Any]]) -> dict[str, Any]:
    """Send the event through; what the bus carries of it."""
    stack.send("EventQueue", builders.received_event(body=json.dumps(CONTENT)))
    assert stack.deliver("EventQueue", start("EventRouter").handler) == []
    detail: dict[str, Any] = json.loads(published[0]["Detail"])
    return detail


def test_conditions_templates_and_subscribers_see_own_names_only(
    stack: Stack, start: Start, published: list[dict[str, Any]]
) -> None:
    mapping = {"cf_category": "category", "cf_tier": "tier"}
    # The second rule's name is none of the instance's: no ticket is fetched for it.
    config = {"custom_field_mapping": mapping, "event.enrich": "never"}
    stack.connect(builders.instance(config=config))
    body = "{{ ticket.custom_fields.category }}, {{ contact.custom_fields.tier }}"
    stack.save_rule(
        builders.rule(
            event="ticket_updated",
            conditions={"custom_fields.category": "Technical"},
            actions=(RuleAction("freshdesk", "add_note", {"ticket_id": 1042, "body": body}),),
        )
    )
    stack.save_rule(
        builders.rule(
            rule_id="rul_2",
            event="ticket_updated",
            conditions={"custom_fields.cf_category": "Technical"},
        )
    )

    event = route(stack, start, published)

    (action,) = stack.bodies("ActionQueue")
    assert action["parameters"]["body"] == "Technical, gold"
    assert event["ticket"]["custom_fields"] == {"cf_floor": "12", "category": "Technical"}
    assert event["contact"]["custom_fields"] == {"tier": "gold"}
    assert event["changes"] == {"category": {"from": "Billing", "to": "Technical"}}


@pytest.mark.parametrize("connected", [True, False])
def test_without_a_mapping_or_an_instance_the_providers_names_stay(
    stack: Stack, start: Start, published: list[dict[str, Any]], connected: bool
) -> None:
    if connected:
        stack.connect()

    event = route(stack, start, published)

    assert event["ticket"]["custom_fields"] == {"cf_floor": "12", "cf_category": "Technical"}
    assert event["contact"]["custom_fields"] == {"cf_tier": "gold"}
