"""POST /api/integrations/{id}/webhooks and what belongs to it, from the request to the tables."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.actions import locks
from freshbridge.actions.locks import LeaseLocks
from freshbridge.events.bus import EventBus
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.webhooks import check
from freshbridge.webhooks.check import Check
from freshbridge.webhooks.check_store import CheckStore, UnknownCheck
from local.freshdesk.webhook_content import JSON, SIMPLE, build_body
from tests import builders
from tests.fakes.automations import AutomationAccount
from tests.fakes.provider import FakeTransport, empty_reply, html_reply, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start

WEBHOOKS = f"/api/integrations/{builders.INSTANCE_ID}/webhooks"
ACCESS = {"Authorization": f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"}
URL = (
    "https://abc.execute-api.eu-central-1.amazonaws.com/live/api/webhooks/freshdesk/"
    f"{builders.INSTANCE_ID}"
)
TICKETS = "/api/v2/tickets"
DENIED = {"code": "access_denied", "message": "You are not authorized to perform this action."}
ALL = ["created", "status", "conversations", "fields"]
Called = tuple[int, dict[str, Any]]


class Api:
    """Calls the API's function; `retry_after` is what the last answer said of it."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.retry_after = ""

    def __call__(
        self, method: str, path: str = "", body: Any = None, *, at: str = WEBHOOKS
    ) -> Called:
        text = None if body is None else json.dumps(body)
        event = builders.rest_event(method, at + path, body=text, headers=ACCESS)
        answer = self._start("ConnectorApi").handler(event, builders.Context(29_000))
        self.retry_after = answer["multiValueHeaders"].get("Retry-After", [""])[0]
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def api(stack: Stack, start: Start) -> Api:
    stack.connect()
    return Api(start)


@pytest.fixture
def account(provider: FakeTransport) -> AutomationAccount:
    return AutomationAccount(provider)


def problems(data: dict[str, Any]) -> dict[str, list[str]]:
    return {
        rule["rule"]: [problem["code"] for problem in rule["problems"]]
        for rule in data["rules"]
        if rule["problems"]
    }


def test_one_call_installs_the_rules_with_address_and_secret(
    api: Api, account: AutomationAccount, log: io.StringIO
) -> None:
    status, answer = api("POST")
    assert (status, answer["success"]) == (200, True)
    assert [change["rule"] for change in answer["data"]["changes"]] == ALL
    assert (answer["data"]["healthy"], answer["data"]["url"]) == (True, URL)
    for rule in account.rules[1] + account.rules[4]:
        (action,) = rule["actions"]
        assert action["url"] == URL
        assert action["custom_headers"]["X-Freshbridge-Secret"] == builders.WEBHOOK_SECRET
    # Neither the answer nor the log has the secret
    assert builders.WEBHOOK_SECRET not in json.dumps(answer) + log.getvalue()


def test_once_more_changes_nothing(
    api: Api, account: AutomationAccount, provider: FakeTransport
) -> None:
    api("POST", body={"events": ["ticket_created"]})
    writes = [r for r in provider.requests if r.method != "GET"]
    status, answer = api("POST", body={"events": ["ticket_created"]})
    assert (status, answer["data"]["changes"]) == (200, [])
    assert [r for r in provider.requests if r.method != "GET"] == writes
    assert len(account.names) == 1


def test_a_dry_run_shows_requests_and_instructions(
    api: Api, account: AutomationAccount, stack: Stack
) -> None:
    before = stack.items("InstanceTable")
    status, answer = api("POST", body={"dry_run": True})
    assert status == 200
    assert [r["method"] for r in answer["data"]["requests"]] == ["POST"] * 4
    assert answer["data"]["by_hand"]["url"] == URL
    assert builders.WEBHOOK_SECRET not in json.dumps(answer)
    assert (account.names, stack.items("InstanceTable")) == ([], before)
    shown = api("POST", body={"dry_run": True, "show_secret": True})[1]
    assert builders.WEBHOOK_SECRET in json.dumps(shown)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", {"events": ["ticket_exploded"]}, "events"),
        ("", {"events": ["ticket_deleted"]}, "events"),
        ("", {"base_url": "http://acme.example"}, "base_url"),
        ("/repair", {"dry_run": "yes"}, "dry_run"),
        ("/repair", {"events": []}, "events"),
        ("/verify", {"wait_s": 60}, "wait_s"),
    ],
)
def test_what_is_wrong_is_a_400_that_names_it(
    api: Api, account: AutomationAccount, path: str, body: Any, field: str
) -> None:
    status, answer = api("POST", path, body)
    assert (status, answer["code"]) == (400, "invalid_webhook_setup")
    assert [fault["field"] for fault in answer["details"]["fields"]] == [field]
    assert account.names == []


def test_drift_rotation_and_repair(api: Api, account: AutomationAccount, start: Start) -> None:
    api("POST")
    account.named("status changes")["active"] = False
    # When the secret is rotated
    rotate = WEBHOOKS.removesuffix("s")
    event = builders.rest_event("POST", rotate, headers=ACCESS)
    rotated = json.loads(start("ConnectorApi").handler(event, builders.Context())["body"])
    # Then the health tells both, and the old secret still opens
    status, answer = api("GET")
    assert (status, answer["data"]["healthy"]) == (200, False)
    assert problems(answer["data"]) == {key: ["old_secret"] for key in ALL} | {
        "status": ["disabled", "old_secret"]
    }
    # When it is repaired
    assert api("POST", "/repair", {"dry_run": True})[1]["data"]["changes"] == []
    status, answer = api("POST", "/repair")
    # Then every rule shows the new one
    assert (status, problems(answer["data"])) == (200, {})
    assert [change["did"] for change in answer["data"]["changes"]] == ["updated"] * 4
    secret = rotated["data"]["secret"]
    headers = [
        rule["actions"][0]["custom_headers"]["X-Freshbridge-Secret"]
        for rule in account.rules[1] + account.rules[4]
    ]
    assert headers == [secret] * 4


def test_nothing_to_repair_is_a_404(api: Api, account: AutomationAccount) -> None:
    assert api("POST", "/repair")[1]["code"] == "webhooks_not_installed"
    status, answer = api("GET")
    assert (status, answer["data"]["installed"], answer["data"]["rules"]) == (200, False, [])
    assert account.names == []


@pytest.mark.parametrize("platform", ["slack", "http"])
def test_what_is_no_freshdesk_has_no_webhooks_to_set_up(
    api: Api, stack: Stack, platform: str
) -> None:
    stack.connect(builders.instance(instance_id="77", platform=platform, element=platform))
    event_path = WEBHOOKS.replace(builders.INSTANCE_ID, "77")
    for method, path in (("POST", "/repair"), ("POST", "/verify"), ("GET", ""), ("DELETE", "")):
        status, answer = api(method, path, at=event_path)
        assert (status, answer["code"]) == (400, "misconfigured")
        assert "POST …/webhooks" not in answer["message"]


def test_removing_one_and_all(api: Api, account: AutomationAccount, stack: Stack) -> None:
    mine = account.add(4, name="Mine")
    api("POST")
    number = account.named("notes and replies")["id"]
    status, answer = api("DELETE", f"/{number}")
    assert (status, answer["data"]["removed"][0]["rule_id"]) == (200, number)
    assert problems(api("GET")[1]["data"]) == {}
    assert api("DELETE", f"/{mine['id']}")[1]["code"] == "unknown_webhook_rule"
    for junk in ("x", "0", "-1", "%31", "9" * 5000):
        assert api("DELETE", f"/{junk}")[0] == 400
    assert len(api("DELETE")[1]["data"]["removed"]) == 3
    assert account.names == ["Mine"]
    assert {item["sk"]["S"] for item in stack.items("InstanceTable")} == {"instance"}


def test_a_key_that_has_lost_its_role_cannot_repair(api: Api, account: AutomationAccount) -> None:
    api("POST")
    account.provider._answers["GET", "/api/v2/automations/1/rules"] = [json_reply(DENIED, 403)]
    status, answer = api("POST", "/repair")
    assert (status, answer["code"]) == (403, "webhooks_by_hand")
    assert answer["details"]["by_hand"]["url"] == URL


@pytest.mark.parametrize("call", [("POST", ""), ("GET", ""), ("DELETE", ""), ("DELETE", "/77")])
def test_where_the_key_may_not_the_answer_is_what_a_person_does(
    api: Api, provider: FakeTransport, call: tuple[str, str]
) -> None:
    provider.on("GET", "/api/v2/automations/1/rules", json_reply(DENIED, 403))
    status, answer = api(*call)
    assert (status, answer["code"]) == (403, "webhooks_by_hand")
    assert "not authorized" in answer["message"]
    told = answer["details"]["by_hand"]
    assert told["steps"]
    if call[0] != "DELETE":
        assert told["url"] == URL
        assert [rule["rule"] for rule in told["rules"]] == ALL
        assert "{{ticket.id}}" in told["rules"][0]["content"]
    assert builders.WEBHOOK_SECRET not in json.dumps(answer)


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (empty_reply(429, {"Retry-After": "30"}), 429, "throttled"),
        (html_reply(502), 502, "provider_down"),
        (json_reply({"code": "invalid_credentials", "message": "x"}, 401), 401, "unauthorized"),
    ],
)
def test_other_refusals_are_told_as_everywhere(
    api: Api, provider: FakeTransport, reply: ProviderReply, status: int, code: str
) -> None:
    provider.on("GET", "/api/v2/automations/1/rules", reply)
    found, answer = api("POST")
    assert (found, answer["code"]) == (status, code)


def test_every_call_waits_for_its_turn_in_the_rate_budget(
    api: Api, provider: FakeTransport
) -> None:
    # Given an account that has just said that its limit is used up
    throttled = empty_reply(429, {"Retry-After": "40"})
    provider.on("GET", "/api/v2/automations/1/rules", throttled)
    assert api("GET")[1]["code"] == "throttled"
    asked = len(provider.requests)
    # Then nothing is sent before its minute is over
    for call in (("GET", ""), ("POST", ""), ("DELETE", ""), ("POST", "/verify")):
        status, answer = api(*call)
        assert (status, answer["code"]) == (429, "budget_wait")
        # And nobody is told that it will be later
        advice = f"Send it again after {api.retry_after} seconds."
        assert 1 <= int(api.retry_after) <= 60
        assert (answer["details"]["advice"], advice in answer["message"]) == (advice, True)
    assert len(provider.requests) == asked


def test_two_at_once_do_not_double_anything(
    api: Api,
    account: AutomationAccount,
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locks, "_BETWEEN_TRIES_S", 0.0)
    # Given a set-up of the same integration that is at it
    held = LeaseLocks(stack.names["IdempotencyTable"])
    with held.hold(f"webhooks#{builders.INSTANCE_ID}"):
        status, answer = api("POST")
    assert (status, answer["code"]) == (502, "busy")
    assert account.names == []
    assert api("POST")[0] == 200


def test_an_unknown_integration_is_a_404(api: Api, start: Start) -> None:
    for method in ("GET", "POST", "DELETE"):
        path = WEBHOOKS.replace(builders.INSTANCE_ID, "1")
        event = builders.rest_event(method, path, headers=ACCESS)
        answer = start("ConnectorApi").handler(event, builders.Context())
        assert answer["statusCode"] == 404
    assert api("GET", "/verify/chk_none")[1]["code"] == "unknown_webhook_check"


class Helpdesk:
    """Sends the webhooks of the installed rules through ingest and router, as Freshdesk would."""

    def __init__(self, stack: Stack, start: Start, account: AutomationAccount) -> None:
        self._stack = stack
        self._start = start
        self._account = account
        self.subject = ""
        self.silent = False
        provider = account.provider
        provider.on("POST", TICKETS, self._created)
        provider.on("PUT", f"{TICKETS}/55", self._changed)
        provider.on("POST", f"{TICKETS}/55/notes", self._noted)
        provider.on("DELETE", f"{TICKETS}/55", empty_reply(204))

    def fire(self, ending: str, triggered: str) -> None:
        """One rule's webhook, by the end of the rule's name."""
        if self.silent:
            return
        action = self._account.named(ending)["actions"][0]
        values: dict[str, str | int | float | bool | None] = {
            "ticket.id": 55,
            "ticket.subject": self.subject,
            "ticket.requester.email": builders.EMAIL,
            "triggered_event": triggered,
        }
        sent = build_body(
            method="POST", layout=SIMPLE, encoding=JSON, content=action["content"], values=values
        )
        event = builders.rest_event(
            "POST",
            action["url"].partition("/live")[2],
            body=(sent.content or b"").decode(),
            headers={"Content-Type": sent.content_type or "", **action["custom_headers"]},
            parameters={"platform": "freshdesk", "instance_id": builders.INSTANCE_ID},
        )
        answer = self._start("WebhookIngest").handler(event, builders.Context())
        assert answer["statusCode"] == 202
        assert self._stack.deliver("EventQueue", self._start("EventRouter").handler) == []

    def _created(self, request: ProviderRequest) -> ProviderReply:
        self.subject = str((request.json or {})["subject"])
        self.fire("new tickets", "{ticket_action:created}")
        return json_reply({"id": 55}, 201)

    def _changed(self, _request: ProviderRequest) -> ProviderReply:
        self.fire("status changes", "{status:{from:2,to:3}}")
        self.fire("other changes", "{priority:{from:1,to:2}}")
        return json_reply({"id": 55})

    def _noted(self, _request: ProviderRequest) -> ProviderReply:
        self.fire("notes and replies", "{note_type:private}")
        return json_reply({"id": 1}, 201)


@pytest.fixture
def helpdesk(stack: Stack, start: Start, account: AutomationAccount) -> Helpdesk:
    return Helpdesk(stack, start, account)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The types of the events that the bus was given."""
    told: list[str] = []
    monkeypatch.setattr(EventBus, "publish", lambda _bus, event: told.append(event.type))
    return told


def test_a_test_ticket_goes_all_the_way_and_runs_nothing(
    api: Api, stack: Stack, helpdesk: Helpdesk, provider: FakeTransport, published: list[str]
) -> None:
    # Given a rule that would run on any new ticket
    stack.save_rule(builders.rule())
    # When webhooks are set up and verified in one call
    status, answer = api("POST", body={"verify": True})
    # Then every rule's webhook came through ingest, queue and router
    assert status == 200
    found = answer["data"]["verification"]
    assert (found["state"], found["ticket_deleted"]) == ("arrived", True)
    assert [(rule["rule"], rule["arrived"]) for rule in found["rules"]] == [(k, True) for k in ALL]
    assert [rule["event"] for rule in found["rules"]] == [
        "ticket_created", "ticket_updated", "note_created", "ticket_updated",
    ]  # fmt: skip
    assert all(rule["event_id"].startswith("evt_") for rule in found["rules"])
    # And no rule ran and nobody was told; the ticket is gone
    assert published == []
    assert stack.bodies("ActionQueue") == []
    assert len(provider.sent("DELETE", f"{TICKETS}/55")) == 1
    # But for the deletion that waits in case this call had died
    waiting: Any = aws.sqs().get_queue_attributes(
        QueueUrl=stack.names["ActionQueue"], AttributeNames=["ApproximateNumberOfMessagesDelayed"]
    )
    assert waiting["Attributes"] == {"ApproximateNumberOfMessagesDelayed": "1"}
    assert helpdesk.subject.startswith("Freshbridge webhook check chk_")


def test_what_does_not_come_in_time_can_be_asked_for_later(
    api: Api, helpdesk: Helpdesk, provider: FakeTransport
) -> None:
    api("POST", body={"events": ["ticket_created"]})
    helpdesk.silent = True
    status, answer = api("POST", "/verify", {"wait_s": 0})
    assert (status, answer["data"]["state"]) == (202, "waiting")
    path = answer["data"]["path"].removeprefix(WEBHOOKS)
    assert api("GET", path)[1]["data"]["state"] == "waiting"
    assert provider.sent("DELETE", f"{TICKETS}/55") == []
    # When it comes after all
    helpdesk.silent = False
    helpdesk.fire("new tickets", "{ticket_action:created}")
    status, answer = api("GET", path)
    assert (status, answer["data"]["state"], answer["data"]["ticket_deleted"]) == (
        200, "arrived", True,
    )  # fmt: skip


def test_what_never_comes_is_told_and_its_ticket_deleted(
    api: Api, helpdesk: Helpdesk, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    api("POST", body={"events": ["ticket_created"]})
    helpdesk.silent = True
    path = api("POST", "/verify", {"wait_s": 0})[1]["data"]["path"].removeprefix(WEBHOOKS)
    # When there is no more hope
    monkeypatch.setattr(check, "GIVE_UP_S", -1.0)
    status, answer = api("GET", path)
    assert (status, answer["data"]["state"]) == (200, "not_arrived")
    assert "did not arrive" in answer["message"]
    assert len(provider.sent("DELETE", f"{TICKETS}/55")) == 1


def test_a_strangers_subject_hides_no_event(
    api: Api, stack: Stack, helpdesk: Helpdesk, published: list[str]
) -> None:
    stack.save_rule(builders.rule())
    api("POST")
    helpdesk.subject = "Freshbridge webhook check chk_" + "0" * 32
    helpdesk.fire("new tickets", "{ticket_action:created}")
    assert published == ["ticket_created"]
    assert len(stack.bodies("ActionQueue")) == 1


def a_check(**changed: Any) -> Check:
    values: dict[str, Any] = {
        "check_id": "chk_" + "a" * 32,
        "started_at": 0.0,
        "expected": ("created", "status"),
    }
    return Check(**values | changed)


def seen(begun: Check, **told: Any) -> Any:
    ticket = {"id": 55, "subject": f"Freshbridge webhook check {begun.check_id}"}
    return builders.event(ticket=ticket, **told)


@pytest.fixture
def at() -> list[float]:
    """What the store's clock shows."""
    return [1_772_539_360.0]


@pytest.fixture
def checks(stack: Stack, at: list[float]) -> CheckStore:
    return CheckStore(stack.names["IdempotencyTable"], clock=lambda: at[0])


def test_what_came_is_kept_beside_what_the_api_writes(checks: CheckStore, at: list[float]) -> None:
    # Given a check, and a webhook that comes before the API has written the ticket's number
    begun = a_check(started_at=at[0])
    checks.begin(builders.INSTANCE_ID, begun)
    at[0] += 2.5
    assert checks.noticed(seen(begun, id="evt_1"))
    checks.update(builders.INSTANCE_ID, a_check(started_at=begun.started_at, ticket_id=55))
    # Then both are there
    found = checks.get(builders.INSTANCE_ID, begun.check_id)
    assert (found.ticket_id, found.arrivals["created"].event_id) == (55, "evt_1")
    assert found.shown(at[0])["rules"][0]["took_ms"] == 2500
    assert found.missing == ["status"]
    # A delivery that is repeated does not count anew
    at[0] += 60
    assert checks.noticed(seen(begun, id="evt_2"))
    assert checks.get(builders.INSTANCE_ID, begun.check_id).arrivals["created"].event_id == "evt_1"


def test_a_ticket_that_copies_the_subject_is_not_the_checks(checks: CheckStore) -> None:
    # Given a check whose ticket has its number
    begun = a_check(ticket_id=None)
    checks.begin(builders.INSTANCE_ID, begun)
    checks.update(builders.INSTANCE_ID, a_check(ticket_id=55))
    # When somebody's own ticket has the very same subject
    subject = seen(begun).ticket["subject"]
    copied = builders.event(ticket={"id": 56, "subject": subject}, type="ticket_created")
    # Then its event is like any other, and the check's own is not
    assert not checks.noticed(copied)
    assert checks.noticed(seen(begun))


def test_what_a_sync_saw_of_the_ticket_is_no_arrival(checks: CheckStore) -> None:
    begun = a_check()
    checks.begin(builders.INSTANCE_ID, begun)
    assert checks.noticed(seen(begun, source="sync"))
    assert checks.get(builders.INSTANCE_ID, begun.check_id).arrivals == {}


def test_a_check_of_another_integration_or_of_nobody_is_none(checks: CheckStore) -> None:
    begun = a_check()
    checks.begin(builders.INSTANCE_ID, begun)
    assert not checks.noticed(seen(begun, instance_id="2"))
    assert not checks.noticed(seen(a_check(check_id="chk_" + "b" * 32)))
    assert not checks.noticed(builders.event())
    with pytest.raises(UnknownCheck):
        checks.get("2", begun.check_id)


def test_a_check_is_over_after_a_day(checks: CheckStore, at: list[float]) -> None:
    begun = a_check()
    checks.begin(builders.INSTANCE_ID, begun)
    at[0] += 86_401
    assert not checks.noticed(seen(begun))
    with pytest.raises(UnknownCheck):
        checks.get(builders.INSTANCE_ID, begun.check_id)


def test_an_event_that_names_no_check_costs_no_call(
    checks: CheckStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any, **_named: Any) -> None:
        raise AssertionError("DynamoDB was asked")

    monkeypatch.setattr(aws.dynamodb(), "update_item", refuse)
    assert not checks.noticed(builders.event())
