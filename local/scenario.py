"""The main job, step by step: from a customer's ticket to a note, a priority and a lake.

Each step does one thing and returns a sentence about what was seen, so that the demo can print it
and the end-to-end tests can look further. Waiting is polling with a deadline, never a fixed sleep.
"""

import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.api_client import ConnectorApi, FreshdeskAccount
from local.stack import Stack

DEADLINE_S = 120.0
POLL_S = 0.05
URGENT = 4
SUBJECT = "Checkout shows an empty page"
RULE = {
    "name": "Incidents are urgent",
    "trigger": {
        "platform": "freshdesk",
        "event": "ticket_created",
        "conditions": {"type": "Incident"},
    },
    "actions": [
        {
            "platform": "freshdesk",
            "action": "add_note",
            "parameters": {
                "ticket_id": "{{ ticket.id }}",
                "body": "Incident reported by {{ contact.name }}: on-call was told.",
            },
        },
        {
            "platform": "freshdesk",
            "action": "update_ticket",
            "parameters": {"ticket_id": "{{ ticket.id }}", "priority": "Urgent"},
        },
    ],
}

SLACK_RULE = {
    "name": "Tell the team of incidents",
    "trigger": RULE["trigger"],
    "actions": [
        {
            "platform": "slack",
            "action": "send_message",
            "parameters": {
                "channel": "#urgent-tickets",
                "message": "Incident reported: {{ ticket.subject }}",
            },
        },
    ],
}


class ScenarioError(Exception):
    """A step did not happen in time or in the right way; the text says which and what was seen."""


@dataclass
class Scenario:
    """The state of one run, for whoever wants to look at it afterwards."""

    stack: Stack
    instance: dict[str, Any] = field(default_factory=dict)
    ticket_id: int = 0
    objects: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        stack = self.stack
        self.api = ConnectorApi(stack.api_url, stack.user_secret, stack.organization_secret)
        simulator = stack.simulators["freshdesk"]
        self.freshdesk = FreshdeskAccount(simulator.url, simulator.api_key)
        workspace = stack.simulators["slack"]
        self.slack = FreshdeskAccount(workspace.url, workspace.api_key)

    def connect(self) -> str:
        """Create the demo instance, as a person connecting the account would."""
        simulator = self.stack.simulators["freshdesk"]
        credentials = {"domain": simulator.domain, "api_key": simulator.api_key}
        self.instance = self.api.call(
            "POST",
            "/api/integrations",
            {"platform": "freshdesk", "name": "Demo account", "credentials": credentials},
        )
        return f"instance {self.instance['id']}, key checked with Freshdesk"

    def connect_slack(self) -> str:
        """Connect a workspace, and have incidents posted there."""
        simulator = self.stack.simulators["slack"]
        credentials = {"domain": simulator.url, "bot_token": simulator.api_key}
        workspace = self.api.call(
            "POST",
            "/api/integrations",
            {"platform": "slack", "name": "Demo workspace", "credentials": credentials},
        )
        rules = f"/api/integrations/{self.instance['id']}/rules"
        self.api.call("POST", rules, SLACK_RULE)
        return f"instance {workspace['id']}, token checked with Slack; a rule posts incidents"

    def save_rule(self) -> str:
        """Save the rule that the ticket will match."""
        rule = self.api.call("POST", f"/api/integrations/{self.instance['id']}/rules", RULE)
        return f"{rule['rule_id']}: ticket_created, type Incident: add_note, update_ticket"

    def install_webhook(self) -> str:
        """One call: the account's automation tells the stack of every new ticket."""
        made = self.api.call(
            "POST",
            f"/api/integrations/{self.instance['id']}/webhooks",
            {"events": ["ticket_created"], "base_url": self.stack.api_url},
        )
        if not made["healthy"]:
            raise ScenarioError(f"the webhook is not healthy: {made['rules']}")
        return f"automation {made['rules'][0]['name']!r} made in Freshdesk"

    def open_ticket(self) -> str:
        """A customer writes in."""
        ticket = self.freshdesk.steer(
            "POST",
            "/customer/tickets",
            {
                "email": "mira.holt@client.example",
                "name": "Mira Holt",
                "subject": SUBJECT,
                "description": "Since this morning nobody can pay.",
                "type": "Incident",
            },
        )
        self.ticket_id = ticket["id"]
        return f"ticket {self.ticket_id}: {SUBJECT!r}, priority Low"

    def await_webhook(self) -> str:
        """The automation fired and the stack took the event."""

        def accepted() -> str:
            deliveries = self.freshdesk.steer("GET", "/webhooks")
            mine = [d for d in _records(deliveries) if d["ticket_id"] == self.ticket_id]
            statuses = [a["status"] for d in mine for a in d["attempts"]]
            return "webhook_ingest answered 202" if 202 in statuses else ""

        return self._until(accepted, "the webhook to be answered 202")

    def await_actions(self) -> str:
        """The note and the priority are on the ticket."""

        def done() -> str:
            notes = [note for note in self.notes() if note["private"]]
            if notes and self.ticket()["priority"] == URGENT:
                return f"private note {notes[0]['id']}, priority Urgent"
            return ""

        return self._until(done, "the note and the priority")

    def await_slack(self) -> str:
        """The message is in the channel."""

        def posted() -> str:
            said = [one["shown"] for one in _records(self.slack.steer("GET", "/truth"))]
            return next((repr(text) for text in said if SUBJECT in text), "")

        return self._until(posted, "the message in Slack")

    def sync(self) -> str:
        """Tickets are in the lake."""
        self._until(self.begin_sync, "a sync to begin")

        def written() -> str:
            self.read_lake()
            mine = [row for row in self.rows if row["id"] == self.ticket_id]
            if any(row["priority"] == URGENT for row in mine):
                ids = {row["id"] for row in self.rows}
                return f"{len(ids)} tickets in {len(self.objects)} object(s) of the lake"
            return ""

        return self._until(written, "the ticket to reach the lake")

    def begin_sync(self) -> str:
        """The run that was begun; "" while the schedule's own is under way."""
        answer = self.api.call("POST", f"/api/integrations/{self.instance['id']}/sync")
        return next((one["run_id"] for one in answer["started"] if one["state"] == "started"), "")

    def check_health(self) -> str:
        """No 429, nothing parked, no error logged."""
        if problems := self.problems():
            raise ScenarioError("; ".join(problems))
        return "no 429, no dead letter, no error in any log"

    def ticket(self) -> dict[str, Any]:
        """The ticket as it stands, read past the API: watching must not use up the rate limit."""
        tickets = _records(self.freshdesk.steer("GET", "/truth?object=tickets"))
        return next(ticket for ticket in tickets if ticket["id"] == self.ticket_id)

    def notes(self) -> list[dict[str, Any]]:
        """The ticket's conversations as they stand."""
        found = _records(self.freshdesk.steer("GET", "/truth?object=conversations"))
        return [entry for entry in found if entry["ticket_id"] == self.ticket_id]

    def read_lake(self) -> None:
        """List the files of the tickets' current view and read their rows."""
        s3 = self.stack.client("s3")
        bucket = self.stack.outputs["LakeBucketName"]
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=f"{self.instance['id']}/tickets/current/"
        )
        self.objects = [item["Key"] for page in pages for item in page.get("Contents", [])]
        self.rows = [
            json.loads(line)
            for key in self.objects
            for line in gzip.decompress(
                s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            ).splitlines()
        ]

    def problems(self) -> list[str]:
        """What should not have happened: 429s, dead letters, errors in the logs."""
        found = []
        if throttled := _throttled(self.freshdesk.steer("GET", "/stats")):
            found.append(f"{throttled} calls were answered 429")
        for name in ("Event", "Action", "Sync"):
            url = self.stack.outputs[f"{name}DeadLetterQueueUrl"]
            attributes = self.stack.clients.queues.get_queue_attributes(
                QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
            )
            if count := int(attributes["Attributes"]["ApproximateNumberOfMessages"]):
                found.append(f"{count} dead letters in {name}DeadLetterQueue")
        found += [f"logged by {name}: {line}" for name, line in self.error_lines()]
        return found

    def put_off(self) -> list[str]:
        """Why messages were put off, each reason once: what is tried again is no error yet."""
        reasons = set()
        for name in FUNCTIONS:
            for line in self.stack.logs(name):
                if '"message put off"' in line:
                    entry = json.loads(line)
                    reasons.add(f"{name} puts messages off: {entry['reason']}")
        return sorted(reasons)

    def error_lines(self) -> list[tuple[str, str]]:
        """Lines of level ERROR, or that are no JSON and tell of a crash, by function."""
        lines = []
        for function in FUNCTIONS:
            lines += [(function, line) for line in self.stack.logs(function) if is_error(line)]
        return lines

    def _until(self, check: Callable[[], str], what: str) -> str:
        deadline = time.monotonic() + DEADLINE_S
        while not (seen := check()):
            self.stack.check()
            if time.monotonic() > deadline:
                found = self.problems() or self.put_off()
                problems = "; ".join(found) or "no problem was found in queues or logs"
                raise ScenarioError(f"waited {DEADLINE_S:.0f} s for {what}: {problems}")
            time.sleep(POLL_S)
        return seen


FUNCTIONS = (
    "WebhookIngest",
    "ConnectorApi",
    "EventRouter",
    "ActionExecutor",
    "ScheduledSync",
    "SyncWorker",
    "DeadLetterRedrive",
    "CallbackSender",
)


def is_error(line: str) -> bool:
    """Whether a log line tells of an error: by its level, or as Lambda's own report of a crash."""
    try:
        entry = json.loads(line)
    except ValueError:
        return any(word in line for word in ("Traceback", "[ERROR]", "Task timed out", "Error:"))
    return isinstance(entry, dict) and entry.get("level") in ("ERROR", "CRITICAL")


def _records(answer: Any) -> list[dict[str, Any]]:
    if isinstance(answer, dict):
        answer = next(value for value in answer.values() if isinstance(value, list))
    return list(answer)


def _throttled(stats: dict[str, Any]) -> int:
    endpoints = stats.get("endpoints", {})
    values = endpoints.values() if isinstance(endpoints, dict) else endpoints
    return sum(int(endpoint.get("throttled", 0)) for endpoint in values)
