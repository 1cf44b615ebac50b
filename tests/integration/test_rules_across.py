"""What happens in one product has something done in the other: rules name the other's instance."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import builders
from tests.fakes.freshsales import ROOT
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start
from tests.integration.customer_world import connect_both

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
DESK, SALES = builders.INSTANCE_ID, "193000002"


def save(start: Start, instance_id: str, rule: dict[str, Any]) -> None:
    """Through the API, which refuses what could never run."""
    event = builders.rest_event(
        "POST",
        f"/api/integrations/{instance_id}/rules",
        body=json.dumps(rule),
        headers={"Authorization": ACCESS},
    )
    answer = start("ConnectorApi").handler(event, builders.Context())
    assert answer["statusCode"] == 201, answer["body"]


def happen(stack: Stack, start: Start, **event: str) -> None:
    """A webhook comes in, and what follows is carried out."""
    stack.send("EventQueue", builders.received_event(**event))
    assert stack.deliver("EventQueue", start("EventRouter").handler) == []
    while stack.count("ActionQueue")[0]:
        assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []


@pytest.mark.parametrize(("stage", "tickets"), [("Won", 1), ("Lost", 0), ("Negotiation", 0)])
def test_a_deal_that_is_won_opens_a_ticket(
    stack: Stack, start: Start, provider: FakeTransport, stage: str, tickets: int
) -> None:
    # Given a rule of the Freshsales instance for deals that become won
    connect_both(stack)
    provider.on("POST", "/api/v2/tickets", json_reply({"id": 77}, 201))
    provider.on("GET", "/api/v2/tickets", json_reply([]))
    save(
        start,
        SALES,
        {
            "name": "Welcome a new customer",
            "trigger": {
                "platform": "freshsales",
                "event": "deal_updated",
                "conditions": {"deal.deal_stage_name": {"changed_to": "Won"}},
            },
            "actions": [
                {
                    "platform": "freshdesk",
                    "action": "create_ticket",
                    "instance_id": DESK,
                    "parameters": {
                        "subject": "Welcome: {{ deal.name }}",
                        "description": "Won for {{ deal.amount }}",
                        "email": "onboarding@client.example",
                        "priority": 2,
                        "status": 2,
                    },
                }
            ],
        },
    )

    # When the workflow tells of a deal in another stage
    told = {
        "event_name": "Deal Updated",
        "deal": {"id": 5, "name": "Big", "amount": "5600.0", "deal_stage_name": stage},
        "previous": {"deal_stage_name": "Proposal"},
    }
    happen(stack, start, instance_id=SALES, platform="freshsales", body=json.dumps(told))

    # Then there is a ticket for one that is won
    sent = provider.sent("POST", "/api/v2/tickets")
    assert [(one.json or {})["subject"] for one in sent] == ["Welcome: Big"] * tickets


def test_a_resolved_ticket_leaves_a_note_on_the_contact_in_freshsales(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    connect_both(stack)
    provider.on("POST", f"{ROOT}/notes", json_reply({"note": {"id": 9}}))
    provider.on("GET", f"{ROOT}/contacts/900/notes", json_reply({"notes": []}))
    save(
        start,
        DESK,
        {
            "trigger": {"platform": "freshdesk", "event": "ticket_created"},
            "actions": [
                {
                    "platform": "freshsales",
                    "action": "create_note",
                    "instance_id": SALES,
                    "parameters": {
                        "description": "Support: {{ ticket.subject }}",
                        "targetable_type": "Contact",
                        "targetable_id": 900,
                    },
                }
            ],
        },
    )

    happen(stack, start)

    (sent,) = provider.sent("POST", f"{ROOT}/notes")
    assert (sent.json or {})["note"]["description"] == f"Support: {builders.SUBJECT}"
