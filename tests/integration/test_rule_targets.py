"""A rule's actions reach other accounts: Slack, an HTTP API, e-mail, and another rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from freshbridge import aws
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.envelope import action_request
from freshbridge.rules.model import read_rule
from freshbridge.slack.pace import KNOWN
from tests import builders
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import (
    ORGANIZATION_SECRET,
    STACK_NAME,
    USER_SECRET,
    Stack,
    Start,
)

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
RULES = f"/api/integrations/{builders.INSTANCE_ID}/rules"
SLACK_ID, HTTP_ID = "193000002", "193000003"
POST_MESSAGE = "/api/chat.postMessage"
SENT = json_reply({"ok": True, "channel": "C0000000003", "ts": "1.0"})
# As the integration guide prints it.
GUIDE: dict[str, Any] = {
    "trigger": {
        "platform": "freshdesk",
        "event": "ticket_created",
        "conditions": {"priority": 4, "type": "Incident"},
    },
    "actions": [
        {
            "platform": "slack",
            "action": "send_message",
            "parameters": {
                "channel": "#urgent-tickets",
                "message": "Urgent ticket created: {{ticket.subject}}",
            },
        }
    ],
}


class World:
    """A stack with a Freshdesk account; tickets come in, and what follows is carried out."""

    def __init__(self, stack: Stack, start: Start, provider: FakeTransport) -> None:
        self.stack = stack
        self.provider = provider
        self._start = start
        stack.connect()

    def connect(
        self, platform: str, instance_id: str, credentials: dict[str, str], **changed: Any
    ) -> None:
        """Connect another account."""
        Registry(self.stack.names["InstanceTable"]).create(
            builders.instance(
                instance_id=instance_id, platform=platform, element=platform, **changed
            )
        )
        Vault(STACK_NAME).create(
            instance_id, credentials=credentials, webhook_secret=builders.WEBHOOK_SECRET
        )

    def slack(self, instance_id: str = SLACK_ID) -> None:
        """Connect a workspace that takes whatever is posted."""
        secrets = {"bot_token": "xoxb-made-up"}
        origin = {"origin": "https://slack.com", "configuration": {}}
        self.connect("slack", instance_id, secrets, **origin)
        self.provider.on("POST", POST_MESSAGE, SENT)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """One call of the API."""
        text = None if body is None else json.dumps(body)
        event = builders.rest_event(method, path, body=text, headers={"Authorization": ACCESS})
        answer = self._start("ConnectorApi").handler(event, builders.Context())
        return answer["statusCode"], json.loads(answer["body"])

    def save(self, *actions: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Save a rule for urgent incidents."""
        status, body = self.call("POST", RULES, GUIDE | options | {"actions": list(actions)})
        assert status == 201, body
        saved: dict[str, Any] = body["data"]
        return saved

    def ticket(self, **content: Any) -> None:
        """A webhook tells of a ticket, and everything that follows from it is carried out."""
        body = json.dumps(builders.simple_content(**content))
        self.stack.send("EventQueue", builders.received_event(body=body))
        reported = self.stack.deliver("EventQueue", self._start("EventRouter").handler)
        assert reported == []
        for _ in range(20):
            if not self.stack.bodies("ActionQueue"):
                return
            self.stack.deliver("ActionQueue", self._start("ActionExecutor").handler)
        raise AssertionError("the action queue is never empty")

    def runs(self, rule_id: str) -> list[dict[str, Any]]:
        """A rule's history."""
        _, body = self.call("GET", f"{RULES}/{rule_id}/runs")
        found: list[dict[str, Any]] = body["data"]["runs"]
        return found

    def action(self, action_id: str) -> dict[str, Any]:
        """An action's record."""
        _, body = self.call("GET", f"/api/actions/{action_id}")
        found: dict[str, Any] = body["data"]
        return found

    def parked(self) -> list[dict[str, Any]]:
        """What the dead letters say, `code` and `reason`."""
        return [
            {name: one["StringValue"] for name, one in message["MessageAttributes"].items()}
            for message in self.stack.messages("ActionDeadLetterQueue")
        ]


@pytest.fixture(autouse=True)
def _new_process() -> None:
    """What a warm function knows of busy channels is forgotten."""
    KNOWN._channels.clear()


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> World:
    return World(stack, start, provider)


# --- which account


def test_the_guide_s_rule_posts_to_the_only_slack_that_there_is(world: World) -> None:
    world.slack()
    rule = world.save(*GUIDE["actions"])
    assert rule["actions"] == [GUIDE["actions"][0] | {"instance_id": int(SLACK_ID)}]

    world.ticket(ticket_subject="<!channel> Printer & co")

    [request] = world.provider.requests
    assert request.headers["authorization"] == "Bearer xoxb-made-up"
    assert request.json["channel"] == "#urgent-tickets"
    assert request.json["text"] == "Urgent ticket created: &lt;!channel&gt; Printer &amp; co"
    [run] = world.runs(rule["rule_id"])
    done = world.action(run["actions"][0]["action_id"])
    assert (done["state"], str(done["instance_id"])) == ("succeeded", SLACK_ID)
    assert done["origin"]["rule_instance_id"] == builders.INSTANCE_ID


def test_without_an_account_or_with_several_the_save_says_what_to_do(world: World) -> None:
    status, none = world.call("POST", RULES, GUIDE)
    assert (status, none["code"]) == (400, "invalid_rule")
    assert "no slack account is connected" in none["message"]
    assert "POST /api/integrations" in none["details"]["advice"]

    world.slack()
    world.slack("193000009")
    status, several = world.call("POST", RULES, GUIDE)
    assert status == 400
    assert "2 slack accounts are connected: 193000002, 193000009" in several["message"]

    named = GUIDE["actions"][0] | {"instance_id": 193000009}
    assert world.save(named)["actions"][0]["instance_id"] == 193000009


def test_a_saved_rule_keeps_its_account_when_another_is_connected(world: World) -> None:
    world.slack()
    rule = world.save(*GUIDE["actions"])
    world.slack("193000009")

    status, body = world.call("PATCH", f"{RULES}/{rule['rule_id']}", {"name": "Mine"})

    assert (status, body["data"]["actions"][0]["instance_id"]) == (200, int(SLACK_ID))


def test_what_a_rule_would_do_names_the_account(world: World) -> None:
    world.slack()
    event = {"type": "ticket_created", "ticket": {"id": 7, "priority": 4, "type": "Incident",
             "subject": "Printer"}}  # fmt: skip

    _, body = world.call("POST", f"{RULES}/test", {"event": event, "rule": GUIDE})

    [shown] = body["data"]["rules"][0]["actions"]
    assert (shown["instance_id"], shown["platform"]) == (int(SLACK_ID), "slack")


def test_an_action_for_an_account_that_is_gone_is_parked_with_the_reason(world: World) -> None:
    world.slack()
    world.save(*GUIDE["actions"])
    Registry(world.stack.names["InstanceTable"]).delete(SLACK_ID)

    world.ticket()

    [letter] = world.parked()
    assert letter["code"] == "unknown_instance"
    assert f"no such instance (instance {SLACK_ID})" in letter["reason"]
    assert world.provider.requests == []


def test_a_throttled_message_comes_again_when_slack_says(world: World) -> None:
    world.slack()
    busy = json_reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"})
    world.provider._answers["POST", POST_MESSAGE] = [busy, SENT]
    rule = world.save(*GUIDE["actions"])

    world.ticket()

    assert world.parked() == []
    assert world.stack.count("ActionQueue") == (0, 1)
    [run] = world.runs(rule["rule_id"])
    assert world.action(run["actions"][0]["action_id"])["state"] == "waiting"


# --- one after the other


def test_each_action_uses_what_the_one_before_came_to(world: World) -> None:
    # Given Freshdesk, an API of the team's own and Slack
    world.slack()
    base = {"origin": "https://api.acme.example"}
    world.stack.names["AllowedProviderOrigins"] = "https://api.acme.example"
    world.connect(
        "http", HTTP_ID, {"authorization": "Bearer made-up"},
        configuration={"base.url": "https://api.acme.example/v2"}, **base,
    )  # fmt: skip
    world.provider.on("POST", "/api/v2/tickets", json_reply({"id": 77, "subject": "x"}, 201))
    world.provider.on("POST", "/v2/orders/77", json_reply({"order": {"no": "A-<9>"}}))
    rule = world.save(
        {
            "platform": "freshdesk", "action": "create_ticket", "name": "made",
            "parameters": {"subject": "Again: {{ ticket.subject }}", "description": "x",
                           "email": "{{ contact.email }}"},
        },
        {
            "platform": "http", "action": "request", "name": "order",
            "parameters": {"path": "/orders/{{ steps.made.data.ticket_id }}",
                           "json": {"ticket": "{{ steps.made.data.ticket_id }}"}},
        },
        {
            "platform": "slack", "action": "send_message",
            "parameters": {"channel": "C0000000003",
                           "message": "Order {{ steps.order.data.json.order.no }} of "
                                      "{{ results[0].data.ticket_id }}"},
        },
        run="ordered",
    )  # fmt: skip

    # When
    world.ticket()

    # Then
    order, message = world.provider.requests[-2:]
    assert (order.path, json.loads(order.body or b"")) == ("/v2/orders/77", {"ticket": 77})
    assert order.headers["authorization"] == "Bearer made-up"
    assert message.json["text"] == "Order A-&lt;9&gt; of 77"
    [run] = world.runs(rule["rule_id"])
    assert run["state"] == "done"
    states = [world.action(one["action_id"])["state"] for one in run["actions"]]
    assert states == ["succeeded"] * 3


def test_our_own_ingest_takes_what_an_http_request_signs(world: World, start: Start) -> None:
    # Given an HTTP account that signs with the webhook secret of our own instance
    world.stack.names["AllowedProviderOrigins"] = "https://other.acme.example"
    world.connect(
        "http", HTTP_ID, {"signing.key": builders.WEBHOOK_SECRET},
        configuration={"base.url": "https://other.acme.example"},
        origin="https://other.acme.example",
    )  # fmt: skip
    path = f"/api/webhooks/freshdesk/{builders.INSTANCE_ID}"
    world.provider.on("POST", path, empty_reply(202))
    content = builders.simple_content(ticket_subject="Grüße")
    world.save({"platform": "http", "action": "request",
                "parameters": {"path": path, "json": content}})  # fmt: skip
    world.ticket()

    # When what was sent comes in
    [request] = world.provider.requests

    def answer(body: bytes) -> int:
        event = builders.rest_event(
            "POST", path, body=body.decode(), headers=dict(request.headers),
            parameters={"platform": "freshdesk", "instance_id": builders.INSTANCE_ID},
        )  # fmt: skip
        status: int = start("WebhookIngest").handler(event, builders.Context())["statusCode"]
        return status

    # Then it is taken as it is, and not with another letter in it
    assert answer(request.body or b"") == 202
    assert answer((request.body or b"").replace(b"Gr", b"gr")) == 401


# --- e-mail


MAIL = {"platform": "email", "action": "send",
        "parameters": {"to": "on-call@acme.example", "subject": "{{ ticket.subject }}",
                       "html": "<p>{{ ticket.subject }}</p>"}}  # fmt: skip


def test_a_mail_goes_out_where_the_stack_has_a_sender(world: World) -> None:
    world.stack.names["EmailSender"] = "support@acme.example"
    world.stack.names["EmailRecipientDomains"] = "acme.example"
    aws.mail().create_email_identity(EmailIdentity="support@acme.example")
    rule = world.save(MAIL)
    assert "instance_id" not in rule["actions"][0]

    world.ticket(ticket_subject="Printer <on> fire")

    [mail] = ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages
    assert (mail.source, mail.destinations["ToAddresses"]) == (
        "support@acme.example", ["on-call@acme.example"],
    )  # fmt: skip
    assert mail.subject == "Printer <on> fire"
    assert "<p>Printer &lt;on&gt; fire</p>" in mail.body
    [run] = world.runs(rule["rule_id"])
    assert world.action(run["actions"][0]["action_id"])["state"] == "succeeded"


def test_a_mail_to_somewhere_else_is_refused(world: World) -> None:
    world.stack.names["EmailSender"] = "support@acme.example"
    world.stack.names["EmailRecipientDomains"] = "other.example"
    world.save(MAIL)

    world.ticket()

    [letter] = world.parked()
    assert letter["code"] == "invalid_request"
    assert "EmailRecipientDomains" in letter["reason"]


def test_without_a_sender_rule_and_action_are_refused(world: World) -> None:
    status, rule = world.call("POST", RULES, GUIDE | {"actions": [MAIL]})
    assert (status, rule["code"]) == (400, "invalid_rule")
    assert "EmailSender" in rule["details"]["advice"]

    sent = {"platform": "email", "action": "send",
            "parameters": {"to": "a@acme.example", "subject": "s", "text": "t"}}  # fmt: skip
    status, action = world.call("POST", f"/api/integrations/{builders.INSTANCE_ID}/actions", sent)
    assert (status, action["code"]) == (400, "email_switched_off")


def test_an_account_runs_no_other_platform_s_actions(world: World) -> None:
    body = GUIDE["actions"][0]

    status, answer = world.call("POST", f"/api/integrations/{builders.INSTANCE_ID}/actions", body)

    assert (status, answer["code"]) == (400, "invalid_action_request")


# --- another rule


def run_rule(rule_id: str, **parameters: Any) -> dict[str, Any]:
    return {"platform": "freshbridge", "action": "run_rule",
            "parameters": {"rule_id": rule_id, **parameters}}  # fmt: skip


def test_a_rule_runs_another_one_on_the_same_event(world: World) -> None:
    # Given a rule that no event meets by itself, and one that runs it
    world.slack()
    never = {"trigger": GUIDE["trigger"] | {"conditions": {"subject": "{{ never }}"}}}
    shared = world.save(*GUIDE["actions"], **never)
    asking = world.save(run_rule(shared["rule_id"], skip_conditions=True))

    # When
    world.ticket()

    # Then both have a run, and the second names who asked for it
    [request] = world.provider.requests
    assert request.json["text"] == f"Urgent ticket created: {builders.SUBJECT}"
    [asked] = world.runs(asking["rule_id"])
    [called] = world.runs(shared["rule_id"])
    action_id = asked["actions"][0]["action_id"]
    assert (asked["called_by"], called["called_by"]) == (None, action_id)
    assert called["event_id"] == asked["event_id"] == "evt_0001"
    done = world.action(action_id)
    assert (done["state"], done["data"]["run_id"]) == ("succeeded", called["run_id"])


def test_its_conditions_count_unless_they_are_skipped(world: World) -> None:
    world.slack()
    low = {"trigger": GUIDE["trigger"] | {"conditions": {"priority": 1}}}
    other = world.save(*GUIDE["actions"], **low)
    asking = world.save(run_rule(other["rule_id"]))

    world.ticket()

    assert world.provider.requests == []
    [asked] = world.runs(asking["rule_id"])
    told = world.action(asked["actions"][0]["action_id"])
    assert told["message"] == "Rule not run: its conditions do not hold"
    assert world.runs(other["rule_id"]) == []


def test_an_ordered_rule_hands_its_event_on_too(world: World) -> None:
    world.slack()
    shared = world.save(*GUIDE["actions"], trigger=GUIDE["trigger"] | {"conditions": {"id": 0}})
    world.provider.on("POST", "/api/v2/tickets/1042/notes", json_reply({"id": 31}, 201))
    note = {"platform": "freshdesk", "action": "add_note",
            "parameters": {"ticket_id": "{{ ticket.id }}", "body": "Seen"}}  # fmt: skip
    world.save(
        note,
        # What it says comes from a result, so it is filled when that is there.
        run_rule(shared["rule_id"], skip_conditions="{{ results[0].state == 'succeeded' }}"),
        run="ordered",
    )

    world.ticket(ticket_subject="{{ 7 * 7 }}")

    assert world.provider.requests[-1].json["text"] == "Urgent ticket created: {{ 7 * 7 }}"


def test_circles_and_unknown_rules_are_refused_and_a_hidden_one_ends(world: World) -> None:
    world.slack()
    first = world.save(*GUIDE["actions"])
    second = world.save(run_rule(first["rule_id"]))
    path = f"{RULES}/{first['rule_id']}"

    status, unknown = world.call("POST", RULES, GUIDE | {"actions": [run_rule("rul_none")]})
    assert (status, "has no rule of" in unknown["message"]) == (400, True)
    status, circle = world.call("PATCH", path, {"actions": [run_rule(second["rule_id"])]})
    assert (status, "would run without end" in circle["message"]) == (400, True)

    # One that a template names is seen by nobody: it runs a few rules deep.
    hidden = run_rule("{{ '" + second["rule_id"] + "' }}", skip_conditions=True)
    status, body = world.call("PATCH", path, {"actions": [hidden]})
    assert status == 200, body
    world.ticket()

    depths = world.runs(first["rule_id"]) + world.runs(second["rule_id"])
    ends = [run["code"] for run in depths if run["code"] is not None]
    assert 5 < len(depths) < 20
    assert set(ends) == {"chain_too_deep"}


def test_an_action_that_was_asked_for_twice_runs_the_rule_once(world: World) -> None:
    world.slack()
    shared = world.save(*GUIDE["actions"], trigger=GUIDE["trigger"] | {"conditions": {"id": 0}})
    world.save(run_rule(shared["rule_id"], skip_conditions=True))
    deliver: Callable[..., Any] = world.stack.deliver
    body = json.dumps(builders.simple_content())
    world.stack.send("EventQueue", builders.received_event(body=body))
    deliver("EventQueue", world._start("EventRouter").handler)
    [message] = world.stack.messages("ActionQueue")
    request = action_request(message["Body"])
    world.stack.send("ActionQueue", request)

    while world.stack.bodies("ActionQueue"):
        deliver("ActionQueue", world._start("ActionExecutor").handler)

    assert len(world.provider.requests) == 1
    assert len(world.runs(shared["rule_id"])) == 1


def test_an_event_may_be_given_outside_a_rule(world: World) -> None:
    world.slack()
    shared = world.save(*GUIDE["actions"])
    event = {"type": "ticket_created", "ticket": {"id": 7, "priority": 4, "type": "Incident",
             "subject": "By hand"}}  # fmt: skip
    path = f"/api/integrations/{builders.INSTANCE_ID}/actions"

    status, body = world.call("POST", path, run_rule(shared["rule_id"], event=event))
    world.stack.deliver("ActionQueue", world._start("ActionExecutor").handler)

    assert (status, body["data"]["outcome"]) == (200, "ran")
    assert world.provider.requests[0].json["text"] == "Urgent ticket created: By hand"
    status, refused = world.call("POST", path, run_rule(shared["rule_id"]))
    assert (status, refused["code"]) == (400, "invalid_request")


def test_a_rule_that_is_switched_off_is_not_run(world: World) -> None:
    world.slack()
    shared = world.save(*GUIDE["actions"], enabled=False)
    asking = world.save(run_rule(shared["rule_id"], skip_conditions=True))

    world.ticket()

    [asked] = world.runs(asking["rule_id"])
    told = world.action(asked["actions"][0]["action_id"])
    assert (told["state"], told["data"]["code"]) == ("succeeded", "disabled")
    assert world.provider.requests == []


def test_the_rest_of_a_backlog_waits_for_a_busy_channel_without_being_sent(world: World) -> None:
    world.slack()
    busy = json_reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "30"})
    world.provider._answers["POST", POST_MESSAGE] = [busy]
    rule = world.save(*GUIDE["actions"] * 5)

    world.ticket()

    assert len(world.provider.requests) == 1
    [run] = world.runs(rule["rule_id"])
    records = [world.action(one["action_id"]) for one in run["actions"]]
    assert {one["state"] for one in records} == {"waiting"}
    # The one that Slack refused has used an attempt; the others have not.
    assert sorted(len(one["attempts"]) for one in records) == [0, 0, 0, 0, 1]


def test_a_rule_of_before_is_read_as_it_was() -> None:
    saved = {"rule_id": "rul_1", "trigger": GUIDE["trigger"], "actions": GUIDE["actions"]}

    assert read_rule(saved, rule_id="rul_1", saved=True).actions[0].instance_id == ""
