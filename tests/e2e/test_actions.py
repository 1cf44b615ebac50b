"""Actions on the deployed stack, with IAM enforced: waited for, queued, repeated, in bulk."""

from __future__ import annotations

import base64
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from local.scenario import Scenario
from tests.e2e.conftest import eventually
from tests.e2e.test_dead_letters import new_ticket

FINAL = ("succeeded", "failed", "dead")
CUSTOMER = {"email": "mira@client.example", "description": "<p>It is “blank” 🖨</p>"}


class Actions:
    """Runs actions of the connected instance as a caller of the API does."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.path = f"/api/integrations/{scenario.instance['id']}/actions"
        self._session = requests.Session()
        self._session.trust_env = False

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """The answer to one call; `Idempotency_Key` stands for the header."""
        stack = self.scenario.stack
        access = f"User {stack.user_secret}, Organization {stack.organization_secret}"
        return self._session.request(
            method,
            stack.api_url + path,
            json=body,
            headers={"Authorization": access}
            | {name.replace("_", "-"): value for name, value in headers.items()},
            timeout=60,
        )

    def run(self, action: str, parameters: dict[str, Any], **headers: str) -> dict[str, Any]:
        """The body of an answer that is no refusal."""
        answer = self.send(
            "POST", self.path, {"action": action, "parameters": parameters}, **headers
        )
        assert answer.status_code in (200, 202), answer.text
        body: dict[str, Any] = answer.json()
        return body

    def finished(self, action_id: str) -> dict[str, Any]:
        """The action's record once nothing happens to it any more."""

        def record() -> dict[str, Any] | None:
            found: dict[str, Any] = self.send("GET", f"/api/actions/{action_id}").json()["data"]
            return found if found["state"] in FINAL else None

        return eventually(record, f"action {action_id}") or {}


@pytest.fixture
def actions(connected: Scenario) -> Actions:
    return Actions(connected)


def truth(scenario: Scenario, name: str) -> dict[int, dict[str, Any]]:
    """The simulator's records by id."""
    found = scenario.freshdesk.steer("GET", f"/truth?object={name}")
    return {record["id"]: record for record in found}


def test_a_caller_gets_the_result_and_the_key_keeps_it_single(
    actions: Actions, connected: Scenario
) -> None:
    ticket = {"subject": "Order 4711", "priority": "high", "status": "Pending", **CUSTOMER}

    first = actions.run("create_ticket", ticket, Idempotency_Key="order-4711")
    again = actions.run("create_ticket", ticket, Idempotency_Key="order-4711")

    ticket_id = first["data"]["ticket_id"]
    assert first == again
    assert first["data"]["ticket_url"].endswith(f"/a/tickets/{ticket_id}")
    made = [t for t in truth(connected, "tickets").values() if t["subject"] == "Order 4711"]
    assert [(t["id"], t["priority"], t["status"]) for t in made] == [(ticket_id, 3, 3)]
    assert made[0]["description"] == CUSTOMER["description"]


def test_what_the_provider_holds_up_is_done_later(actions: Actions, connected: Scenario) -> None:
    ticket_id = new_ticket(connected)
    fault = {"match": f"POST /tickets/{ticket_id}/reply", "kind": "throttle", "count": 1}
    connected.freshdesk.steer("POST", "/faults", fault | {"retry_after": 2})

    body = actions.run("add_reply", {"ticket_id": ticket_id, "body": "On it."})

    assert body["data"]["state"] == "waiting"
    record = actions.finished(body["action_id"])
    assert record["state"] == "succeeded", (record["code"], record["message"])
    assert [attempt["status"] for attempt in record["attempts"]] == ["waiting", "succeeded"]
    said = [c for c in truth(connected, "conversations").values() if c["ticket_id"] == ticket_id]
    assert [c["body_text"] for c in said] == ["On it."]


def test_a_refusal_is_told_in_the_promised_words_and_listed(actions: Actions) -> None:
    refused = actions.send(
        "POST", actions.path, {"action": "get_ticket_info", "parameters": {"ticket_id": 999_999}}
    )

    assert refused.status_code == 404
    body = refused.json()
    assert (body["success"], body["message"]) == (False, "Ticket not found: Invalid ticket ID")
    listed = actions.send("GET", f"{actions.path}?state=failed").json()["data"]["actions"]
    assert "get_ticket_info" in {entry["action"] for entry in listed}


def test_files_go_along_inline_and_uploaded(actions: Actions, connected: Scenario) -> None:
    # Given a file that was uploaded with the answer's URL
    large = bytes(range(256)) * 4096 * 5
    path = f"/api/integrations/{connected.instance['id']}/uploads"
    wanted = {"name": "scan.pdf", "content_type": "application/pdf", "size": len(large)}
    upload = actions.send("POST", path, wanted).json()["data"]
    sent = requests.request(
        upload["method"], upload["url"], data=large, headers=upload["headers"], timeout=30
    )
    assert sent.status_code == 200, sent.text

    # When a ticket is created with it and with a small one
    small = base64.b64encode(b"total: 7").decode()
    body = actions.run(
        "create_ticket",
        {
            "subject": "With files",
            **CUSTOMER,
            "tags": ["a b", "ü"],
            "attachments": [
                {"upload_id": upload["upload_id"]},
                {"name": "bill.txt", "content_base64": small},
            ],
        },
    )

    # Then Freshdesk has both, and the ticket's other fields as they were
    if "ticket_id" not in body["data"]:
        body = actions.finished(body["action_id"])
    ticket = truth(connected, "tickets")[body["data"]["ticket_id"]]
    assert [(a["name"], a["size"]) for a in ticket["attachments"]] == [
        ("scan.pdf", len(large)),
        ("bill.txt", 8),
    ]
    assert ticket["tags"] == ["a b", "ü"]


def test_lists_say_whether_they_were_kept_and_how_long_ago(actions: Actions) -> None:
    agents = actions.run("list_agents", {})

    names = {agent["contact"]["name"] for agent in agents["data"]["agents"]}
    assert names >= {"Dana Roe"}
    assert (agents["cached"], agents["age_s"]) == (False, 0)
    assert actions.run("test_connection", {})["data"]["agent"]["name"] == "Dana Roe"


def test_a_batch_does_its_rows_and_hides_no_failure(actions: Actions, connected: Scenario) -> None:
    tickets = [new_ticket(connected) for _ in range(12)]
    rows: list[dict[str, Any]] = [
        {"ticket_id": ticket_id, "priority": "urgent"} for ticket_id in tickets
    ]

    rows.append({"ticket_id": 999_999, "priority": 1})

    body = actions.run("batch", {"action": "set_priority", "rows": rows})

    record = actions.finished(body["action_id"])
    assert record["state"] == "succeeded", (record["code"], record["message"])
    assert (record["data"]["succeeded"], record["data"]["failed"]) == (12, 1)
    found = truth(connected, "tickets")
    assert {found[ticket_id]["priority"] for ticket_id in tickets} == {4}
    progress = actions.send("GET", f"/api/actions/{body['action_id']}/progress").json()["data"]
    assert (progress["rows"], progress["waiting"]) == (13, 0)
    file = actions.send("GET", f"/api/actions/{body['action_id']}/results?format=csv").json()
    text = requests.get(file["data"]["url"], timeout=30).content.decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == 13
    assert [row["code"] for row in table if row["state"] == "failed"] == ["not_found"]


def test_many_tickets_are_changed_by_one_job_and_looked_at_after(
    actions: Actions, connected: Scenario
) -> None:
    tickets = [new_ticket(connected) for _ in range(8)]
    connected.freshdesk.api("DELETE", f"/tickets/{tickets[3]}")

    body = actions.run(
        "bulk_update_tickets", {"ticket_ids": tickets, "properties": {"status": "Resolved"}}
    )

    record = actions.finished(body["action_id"])
    assert record["state"] == "succeeded", (record["code"], record["message"])
    assert (record["data"]["succeeded"], record["data"]["failed"]) == (7, 1)
    found = truth(connected, "tickets")
    assert {found[ticket_id]["status"] for ticket_id in tickets if ticket_id != tickets[3]} == {4}


def test_a_report_says_what_it_counted(actions: Actions) -> None:
    today = datetime.now(UTC).date()
    period = {"from": f"{today - timedelta(days=30)}", "to": f"{today + timedelta(days=1)}"}

    estimate = actions.run("ticket_metrics", period | {"dry_run": True})
    estimated = actions.finished(estimate["action_id"])
    body = actions.run("ticket_metrics", period)
    record = actions.finished(body["action_id"])

    assert estimated["state"] == record["state"] == "succeeded", (record["code"], record["message"])
    assert record["data"]["totals"]["volume_in"] > 0
    assert record["data"]["definitions"]["volume_in"]
