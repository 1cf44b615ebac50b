"""connector_api lets in who shows both secrets, and never shows one itself."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from freshbridge import aws, timestamps
from freshbridge.instances.vault import Vault
from freshbridge.lake.lake import Lake
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.run import Stage
from freshbridge.sync.run_end import after_run
from freshbridge.sync.run_store import RunStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, STACK_NAME, USER_SECRET, Stack, Start

ME = "/api/v2/agents/me"
ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
CONNECT = {
    "platform": "freshdesk",
    "name": "Acme",
    "credentials": {"domain": "acme.freshdesk.com", "api_key": builders.API_KEY},
}
RULE = {
    "trigger": {"platform": "freshdesk", "event": "ticket_created", "conditions": {"priority": 4}},
    "actions": [
        {
            "platform": "freshdesk",
            "action": "add_note",
            "parameters": {"ticket_id": "{{ ticket.id }}", "body": "Seen"},
        }
    ],
}


class Api:
    """Calls the function as API Gateway does."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.answers: list[str] = []
        self.headers: dict[str, str] = {}

    def __call__(
        self, method: str, path: str, body: Any = None, *, access: str | None = ACCESS
    ) -> tuple[int, dict[str, Any]]:
        """The status and the body of one answer."""
        event = builders.rest_event(
            method,
            path,
            body=body if isinstance(body, str) or body is None else json.dumps(body),
            headers={} if access is None else {"authorization": access},
            parameters={"proxy": path.removeprefix("/api/")},
        )
        answer = self._start("ConnectorApi").handler(event, builders.Context())
        self.answers.append(answer["body"])
        self.headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def api(start: Start) -> Api:
    return Api(start)


@pytest.mark.parametrize(
    "access",
    [
        None,
        "",
        f"User {USER_SECRET}",
        f"User wrong, Organization {ORGANIZATION_SECRET}",
        f"User {USER_SECRET}, Organization wrong",
        f"User {ORGANIZATION_SECRET}, Organization {USER_SECRET}",
        f"Bearer {USER_SECRET}",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/integrations"), ("POST", "/api/integrations"), ("GET", "/api/no-such-route")],
)
def test_without_both_secrets_nothing_is_told(
    stack: Stack, api: Api, access: str | None, method: str, path: str
) -> None:
    stack.connect()

    status, body = api(method, path, access=access)

    assert status == 401
    assert body["message"] == (
        "access denied. Send the header Authorization: User <secret>, Organization <secret>."
    )
    assert body["code"] == "access_denied"


def test_an_account_is_connected_shown_listed_tested_and_disconnected(
    stack: Stack, api: Api, provider: FakeTransport
) -> None:
    provider.on("GET", ME, json_reply({"id": 55}))
    provider.on("GET", "/api/v2/agents", empty_reply(403))

    status, made = api("POST", "/api/integrations", CONNECT)
    secret = made["data"]["webhook"]["secret"]
    path = f"/api/integrations/{made['data']['id']}"
    assert status == 201
    assert made["success"] is True
    assert made["data"]["agent_id"] == 55
    assert made["data"]["webhook"]["path"] == f"/api/webhooks/freshdesk/{made['data']['id']}"
    assert len(secret) >= 32
    shown = api.answers.pop()
    assert builders.API_KEY not in shown

    assert api("GET", path)[1]["data"]["domain"] == "acme.freshdesk.com"
    assert [i["name"] for i in api("GET", "/api/integrations")[1]["data"]] == ["Acme"]
    tested = api("POST", f"{path}/test")[1]
    assert (tested["success"], tested["message"]) == (True, "Connection successful")
    assert (tested["platform"], tested["domain"]) == ("freshdesk", "acme.freshdesk.com")
    assert tested["agent"] == {"id": 55, "name": None}
    assert tested["latency_ms"] >= 0
    assert [text.partition(":")[0] for text in tested["may_not"]] == ["administrator calls"]
    assert api("DELETE", path)[0] == 200
    assert api("GET", path)[0] == 404
    assert api("GET", "/api/integrations")[1]["data"] == []

    assert not [a for a in api.answers if secret in a or builders.API_KEY in a]
    assert stack.items("InstanceTable") == []


def test_a_bad_request_names_all_that_is_missing_at_once(
    stack: Stack, api: Api, provider: FakeTransport
) -> None:
    status, body = api("POST", "/api/integrations", {"platform": "freshdesk", "credentials": {}})

    assert status == 400
    assert body["code"] == "invalid_integration"
    assert {field["field"] for field in body["details"]["fields"]} == {
        "name", "credentials.domain", "credentials.api_key",
    }  # fmt: skip
    for body_text in (None, "", "not json", "[]"):
        refused = api("POST", "/api/integrations", body_text)[1]
        assert refused["code"] == "unreadable_body"
        assert refused["message"].endswith("Send a JSON object as the body.")
    assert provider.requests == []
    assert stack.items("InstanceTable") == []


def test_a_stranger_s_domain_gets_no_key(api: Api, provider: FakeTransport) -> None:
    credentials = {"domain": "acme.freshdesk.com.evil.example", "api_key": builders.API_KEY}

    status, body = api("POST", "/api/integrations", CONNECT | {"credentials": credentials})

    assert (status, body["code"]) == (400, "misconfigured")
    assert provider.requests == []


def test_what_the_provider_says_about_a_key_is_passed_on(
    api: Api, stack: Stack, provider: FakeTransport
) -> None:
    provider.on("GET", ME, empty_reply(401), empty_reply(403), empty_reply(503))

    statuses = [api("POST", "/api/integrations", CONNECT)[0] for _ in range(3)]

    assert statuses == [401, 403, 502]
    assert stack.items("InstanceTable") == []


def test_rules_are_checked_when_saved_then_listed_and_deleted(stack: Stack, api: Api) -> None:
    instance = stack.connect()
    path = f"/api/integrations/{instance.instance_id}/rules"

    status, saved = api("POST", path, RULE)
    rule_id = saved["data"]["rule_id"]

    assert status == 201
    assert saved["data"]["trigger"] == RULE["trigger"]
    assert [r["rule_id"] for r in api("GET", path)[1]["data"]] == [rule_id]
    assert api("DELETE", f"{path}/{rule_id}")[0] == 200
    assert api("DELETE", f"{path}/{rule_id}")[0] == 404
    assert api("GET", path)[1]["data"] == []
    assert api("GET", "/api/integrations/ins_none/rules")[0] == 404


@pytest.mark.parametrize(
    ("change", "status", "code", "words"),
    [
        ({"action": "ad_note"}, 400, "invalid_rule", "freshdesk.add_note"),
        ({"parameters": {"body": "{{ oops"}}, 400, "invalid_template", "parameters.body"),
        ({"parameters": 7}, 400, "invalid_rule", "actions[0].parameters"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_refused_with_its_place(
    *, stack: Stack, api: Api, change: dict[str, Any], status: int, code: str, words: str
) -> None:
    instance = stack.connect()
    path = f"/api/integrations/{instance.instance_id}/rules"
    rule = {**RULE, "actions": [{"platform": "freshdesk", "action": "add_note", **change}]}

    answered, body = api("POST", path, rule)

    assert (answered, body["code"]) == (status, code)
    assert words in body["message"]
    assert api("GET", path)[1]["data"] == []


def test_a_sync_is_started_and_its_state_shown(stack: Stack, api: Api) -> None:
    instance = stack.connect()
    path = f"/api/integrations/{instance.instance_id}/sync"
    assert api("GET", path)[1]["data"]["tickets"]["state"] == "never"

    status, body = api("POST", path)

    (work,) = stack.bodies("SyncQueue")
    assert status == 202
    assert work["run_id"] == body["data"]["run_id"]
    assert body["data"]["objects"] == ["tickets"]
    shown = api("GET", path)[1]["data"]["tickets"]
    assert (shown["state"], shown["kind"], shown["run_id"]) == ("running", "full", work["run_id"])
    # Asked for again, it is left alone
    _, body = api("POST", path)
    (again,) = body["data"]["started"]
    assert (again["state"], again["run_id"]) == ("running", work["run_id"])
    # and no run is named that there is not
    assert (body["data"]["run_id"], body["data"]["run_ids"]) == (work["run_id"], [work["run_id"]])
    assert body["message"] == "Nothing was started"


def test_a_change_of_sync_leaves_what_it_does_not_name(stack: Stack, api: Api) -> None:
    instance = stack.connect()
    path = f"/api/integrations/{instance.instance_id}"
    first = {"tickets": {"every_minutes": 15, "include": ["stats"]}, "from_webhooks": True}
    api("PATCH", path, {"config": {"sync": first}})

    change = {"tickets": {"every_minutes": 5, "include": None}, "agents": {"every_minutes": 60}}
    status, body = api("PATCH", path, {"config": {"sync": change}})

    assert (status, body["data"]["config"]["sync"]) == (
        200,
        {"tickets": {"every_minutes": 5}, "agents": {"every_minutes": 60}, "from_webhooks": True},
    )


def test_a_failed_run_shows_which_parts_failed(stack: Stack, api: Api) -> None:
    # Given a run of two objects, of which one part cannot be read
    instance = stack.connect()
    path = f"/api/integrations/{instance.instance_id}/sync"
    run_id = api("POST", path)[1]["data"]["run_id"]
    store = RunStore(stack.names["SyncTable"])
    run = store.run(instance.instance_id, "tickets", run_id)
    assert run is not None
    (part,) = store.parts(run)
    store.fail(run, replace(part, reason="forbidden: may not be seen"))
    failed = replace(run, stage=Stage.FAILED, failed=1, open=0)
    store.close(
        failed, after_run(store.standing(run.instance_id, run.object), failed, []), None, ""
    )
    Lake(stack.names["LakeBucket"]).write_manifest(
        run.instance_id, run.object, run_id, {"complete": False}
    )

    told = api("GET", f"{path}/runs/{run_id}")[1]["data"]["tickets"]

    assert (told["state"], told["manifest"]) == ("failed", {"complete": False})
    assert [(one["part"], one["state"], one["reason"]) for one in told["parts"]] == [
        ("live", "failed", "forbidden: may not be seen")
    ]


def test_the_state_of_sixteen_objects_costs_few_calls(
    stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = stack.connect(builders.instance(sync_objects=tuple(OBJECTS)))
    path = f"/api/integrations/{instance.instance_id}/sync"

    def asked() -> tuple[Counter[str], set[str]]:
        counted = Failing(aws.dynamodb())
        with monkeypatch.context() as patch:
            patch.setattr(aws, "dynamodb", lambda: counted)
            states = {one["state"] for one in api("GET", path)[1]["data"].values()}
        return Counter(counted.calls), states

    idle, nothing = asked()
    api("POST", path)
    running, some = asked()

    assert (nothing, some) == ({"never"}, {"never", "running"})
    assert idle["query"] == 1
    # All runs that began together come at once; the parts are asked for of each, for none of these
    # is known to hold so many records that its rows would tell how far it is
    assert running["query"] == 1 + 1 + len(OBJECTS) - 1
    assert running["get_item"] == idle["get_item"]


def test_a_dry_run_begins_nothing_and_names_no_run(stack: Stack, api: Api) -> None:
    instance = stack.connect(builders.instance(sync_objects=("tickets", "agents")))
    path = f"/api/integrations/{instance.instance_id}/sync"

    status, body = api("POST", path, {"dry_run": True})

    told = body["data"]
    assert (status, told["dry_run"], told["run_id"]) == (200, True, None)
    assert [(one["object"], one["state"], one["run_id"]) for one in told["started"]] == [
        ("tickets", "would_start", None),
        ("agents", "would_start", None),
    ]
    assert stack.bodies("SyncQueue") == []
    assert api("GET", f"{path}/runs")[1]["data"] == []
    # What is under way is named
    begun = api("POST", path)[1]["data"]["run_id"]
    told = api("POST", path, {"dry_run": True})[1]["data"]
    assert [(one["state"], one["run_id"]) for one in told["started"]] == [("running", begun)] * 2


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"platform": "http", "sync_objects": ()}, 400, "nothing_to_sync"),
        ({"disabled": True}, 400, "instance_disabled"),
    ],
)
def test_an_instance_of_which_nothing_is_synced_is_told_so(
    stack: Stack, api: Api, changed: dict[str, Any], status: int, code: str
) -> None:
    instance = stack.connect(builders.instance(**changed))

    answered, body = api("POST", f"/api/integrations/{instance.instance_id}/sync")

    assert (answered, body["code"]) == (status, code)
    assert stack.bodies("SyncQueue") == []


def test_when_the_queue_is_down_a_sync_is_not_said_to_be_started(
    stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = stack.connect()
    broken = Failing(aws.sqs(), send_message_batch=raising(client_error("SendMessageBatch")))
    monkeypatch.setattr("freshbridge.aws.sqs", lambda: broken)

    status, body = api("POST", f"/api/integrations/{instance.instance_id}/sync")

    assert (status, body["code"]) == (503, "not_queued")


def test_the_catalogue_shows_each_action_s_schema(api: Api) -> None:
    _, body = api("GET", "/api/actions")

    shown = {entry["action"]: entry["parameters"] for entry in body["data"]}
    assert shown["add_note"]["required"] == ["ticket_id", "body"]
    assert "update_ticket" in shown


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/nothing"), ("PUT", "/api"), ("GET", "/api/integrations/a/b/c/d")],
)
def test_an_unknown_route_is_told_as_such(api: Api, method: str, path: str) -> None:
    status, body = api(method, path)

    assert status == 404
    assert body["code"] == "unknown_route"
    assert body["message"] == f"No route {method} {path}"
    assert body["success"] is False


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/integrations", "GET, POST"),
        ("PATCH", "/api/actions/act_1", "GET"),
        # An id can be any text, so that of a letter may be "summary".
        ("POST", "/api/dead-letters/summary", "GET"),
        ("POST", "/elements/api-v2/instances/1", "DELETE, GET, PATCH, PUT"),
    ],
)
def test_a_wrong_method_is_told_which_there_are(
    api: Api, method: str, path: str, allowed: str
) -> None:
    status, body = api(method, path)

    assert status == 405
    assert body["message"] == f"{path} cannot be asked by {method}, only by {allowed}"
    assert body.get("code", "wrong_method") == "wrong_method"
    assert api.headers["Allow"] == allowed


def test_who_may_not_come_in_is_not_told_what_there_is(api: Api) -> None:
    assert api("PUT", "/api/integrations", access=None)[0] == 401
    assert "Allow" not in api.headers


def test_disconnecting_takes_rules_and_secrets_along(stack: Stack, api: Api) -> None:
    # Given an instance with a rule
    instance = stack.connect()
    path = f"/api/integrations/{instance.instance_id}"
    api("POST", f"{path}/rules", RULE)

    # When it is disconnected
    assert api("DELETE", path)[0] == 200

    # Then nothing of it is left to be found, and doing it again says so
    found = aws.dynamodb().query(
        TableName=stack.names["InstanceTable"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": instance.instance_id}},
    )
    assert found["Items"] == []
    secrets = aws.secretsmanager().list_secrets()["SecretList"]
    assert not [s for s in secrets if instance.instance_id in s["Name"]]
    assert api("DELETE", path)[0] == 404


def test_a_webhook_secret_is_rotated_and_shown_once(stack: Stack, api: Api) -> None:
    instance = stack.connect()
    path = f"/api/integrations/{instance.instance_id}"

    status, rotated = api("POST", f"{path}/webhook")

    webhook = rotated["data"]
    kept = Vault(STACK_NAME).webhook_secret(instance.instance_id)
    assert status == 200
    assert webhook["path"] == f"/api/webhooks/freshdesk/{instance.instance_id}"
    assert webhook["secret"] == kept != builders.WEBHOOK_SECRET
    assert kept not in json.dumps(api("GET", path)[1])
    both = Vault(STACK_NAME).webhook_secrets(instance.instance_id)
    hours = (both.previous_until - timestamps.epoch()) / 3600
    assert both.previous == builders.WEBHOOK_SECRET
    assert 23 < hours <= 24
    assert api("POST", "/api/integrations/1/webhook")[0] == 404


def test_a_webhook_secret_that_leaked_is_replaced_without_a_grace(stack: Stack, api: Api) -> None:
    instance = stack.connect()
    path = f"/api/integrations/{instance.instance_id}/webhook"

    assert api("POST", path, {"grace_hours": 0})[0] == 200
    assert api("POST", path, {"grace": 0})[0] == 400

    assert Vault(STACK_NAME).webhook_secrets(instance.instance_id).previous == ""
