"""A Freshsales account on the deployed stack, with IAM enforced: connected, and acted on."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from local.api_client import ConnectorApi
from local.stack import Stack

EMAIL = "ana@ruizlabs.example"


class Crm:
    """The simulated account, connected."""

    def __init__(self, stack: Stack) -> None:
        self.api = ConnectorApi(stack.api_url, stack.user_secret, stack.organization_secret)
        self.simulator = stack.simulators["freshsales"]
        made = self.api.call(
            "POST",
            "/api/integrations",
            {
                "platform": "freshsales",
                "name": "Sales",
                "credentials": {
                    "domain": self.simulator.domain,
                    "api_key": self.simulator.api_key,
                },
            },
        )
        self.path = f"/api/integrations/{made['id']}"

    def run(self, action: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of an action that is waited for."""
        asked = {"action": action, "parameters": parameters}
        answer = self.api.send("POST", f"{self.path}/actions", asked)
        body: dict[str, Any] = answer.json()
        return answer.status_code, body

    def truth(self, table: str) -> list[dict[str, Any]]:
        """What the account holds."""
        session = requests.Session()
        session.trust_env = False
        address = f"{self.simulator.url}/__sim/truth"
        answer = session.get(address, params={"object": table}, timeout=30)
        held = answer.json()
        return list(held.values()) if isinstance(held, dict) else held


@pytest.fixture(scope="module")
def crm(stack: Stack) -> Crm:
    return Crm(stack)


def test_actions_reach_the_account_and_know_what_is_there(crm: Crm) -> None:
    # When a contact is created, once more, and upserted, and noted upon
    status, made = crm.run("create_contact", {"last_name": "Ruiz", "emails": EMAIL})
    again, refused = crm.run("create_contact", {"last_name": "Ruiz", "emails": EMAIL.upper()})
    contact_id = made["data"]["contact_id"]
    identifier = {"unique_identifier": {"emails": EMAIL}, "job_title": "CTO"}
    _, upserted = crm.run("upsert_contact", identifier)
    about = {"targetable_type": "Contact", "targetable_id": contact_id}
    noted = {"marker": "Ticket 1", "description": "Ticket 1: solved", **about}
    notes = [crm.run("upsert_note", noted)[1]["data"]["note_id"] for _ in range(2)]

    # Then there is one of each
    assert (status, again, refused["code"]) == (200, 409, "conflict")
    assert upserted["data"]["contact_id"] == contact_id
    assert notes[0] == notes[1]
    (contact,) = [one for one in crm.truth("contacts") if one["last_name"] == "Ruiz"]
    assert (contact["id"], contact["job_title"]) == (contact_id, "CTO")


def test_the_suite_says_what_to_use_instead_of_leads(crm: Crm) -> None:
    status, body = crm.run("create_lead", {"last_name": "Berg"})

    assert (status, body["code"]) == (403, "forbidden")
    assert "lifecycle_stage_id" in str(body)
