"""A Freshsales account is connected and acted on through the whole stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from moto.sqs.models import sqs_backends

from freshbridge.freshsales import roots
from tests import builders
from tests.fakes.provider import FakeTransport, empty_reply, html_reply, json_reply
from tests.integration.conftest import PassingTime, Stack, Start
from tests.integration.test_actions_api import Api

ROOT = "/crm/sales/api"
OWNERS = json_reply({"users": [{"id": 1}]})
KEY = "key-made-up-4d1f"
LEAKED = "UCR contact fetch failure :: response_code :: 429 :: response :: Too many requests"
EVENTS = Path(__file__).parents[2] / "events" / "action_executor"


@pytest.fixture(autouse=True)
def _nothing_found_out() -> None:
    """Where accounts' APIs are is kept for the life of a process."""
    roots.KNOWN.kept.clear()
    roots.KNOWN.confirmed.clear()


@pytest.fixture
def api(start: Start) -> Api:
    return Api(start)


def connect(api: Api, provider: FakeTransport, domain: str = "acme") -> str:
    """Connect an account; returns the instance's id."""
    provider.on("GET", f"{ROOT}/selector/owners", OWNERS)
    status, body, _ = api("POST", "/api/integrations", wanted(domain))
    assert status == 201, body
    return str(body["data"]["id"])


def wanted(domain: str) -> dict[str, Any]:
    return {
        "platform": "freshsales",
        "name": "Sales",
        "credentials": {"domain": domain, "api_key": KEY},
    }


@pytest.mark.parametrize(
    ("domain", "root"),
    [
        ("acme", ROOT),
        ("acme.myfreshworks.com/crm/sales", ROOT),
        ("https://acme.freshworks.com/crm/sales/contacts/view/7", ROOT),
        ("ACME.freshsales.io/api/", "/api"),
    ],
)
def test_an_account_is_connected_however_its_address_is_pasted(
    api: Api, provider: FakeTransport, domain: str, root: str
) -> None:
    provider.on("GET", f"{root}/selector/owners", OWNERS)

    status, body, _ = api("POST", "/api/integrations", wanted(domain))

    assert status == 201, body
    (request,) = provider.requests
    assert request.headers["authorization"] == f"Token token={KEY}"
    assert KEY not in json.dumps(body)


@pytest.mark.parametrize(
    ("domain", "answer", "status", "message"),
    [
        ("acme.example", OWNERS, 400, "domain is not a Freshsales account"),
        ("acme", html_reply(404), 400, "no Freshsales account answers at this domain"),
        ("acme", json_reply({"login": "failed"}, 401), 401,
         "Authentication failed: Invalid API key"),
    ],
)  # fmt: skip
def test_what_cannot_be_connected_is_told_why(
    api: Api, provider: FakeTransport, domain: str, answer: Any, *, status: int, message: str
) -> None:
    for root in (ROOT, "/api"):
        provider.on("GET", f"{root}/selector/owners", answer)

    told, body, _ = api("POST", "/api/integrations", wanted(domain))

    assert told == status
    assert message in body["message"]


def test_an_action_is_run_with_the_account_s_own_client(
    api: Api, provider: FakeTransport, stack: Stack
) -> None:
    instance_id = connect(api, provider)
    provider.on("POST", f"{ROOT}/contacts", json_reply({"contact": {"id": 2**53 + 1}}))
    asked = {"action": "create_contact", "parameters": {"last_name": "Ruiz"}}

    status, body, _ = api("POST", f"/api/integrations/{instance_id}/actions", asked)

    assert status == 200, body
    assert body["data"]["contact_id"] == 2**53 + 1
    assert body["data"]["contact_url"] == (
        f"https://acme.myfreshworks.com/crm/sales/contacts/{2**53 + 1}"
    )
    assert provider.requests[-1].json == {"contact": {"last_name": "Ruiz"}}
    assert stack.bodies("ActionQueue") == []


def test_a_connected_account_can_be_tested_again(api: Api, provider: FakeTransport) -> None:
    instance_id = connect(api, provider)

    status, body, _ = api("POST", f"/api/integrations/{instance_id}/test")

    assert (status, body["success"]) == (200, True)
    assert len(provider.requests) == 2


def test_another_platform_s_action_is_refused(api: Api, provider: FakeTransport) -> None:
    instance_id = connect(api, provider)
    note = {"action": "add_note", "parameters": {"ticket_id": 1, "body": "x"}}

    status, body, _ = api("POST", f"/api/integrations/{instance_id}/actions", note)

    assert (status, body["code"]) == (404, "unknown_action")


@pytest.mark.parametrize(
    "throttled",
    [
        json_reply({"errors": {"code": 429, "message": ["Too many requests"]}}, 429),
        json_reply({"errors": {"code": 400, "message": [LEAKED]}}, 400),
    ],
)
def test_throttling_in_any_form_is_waited_out(
    api: Api, provider: FakeTransport, stack: Stack, start: Start, passing_time: PassingTime,
    *, throttled: Any,
) -> None:  # fmt: skip
    # Given an account whose limit is used up for the first call
    instance_id = connect(api, provider)
    provider.on("PUT", f"{ROOT}/deals/7", throttled, json_reply({"deal": {"id": 7}}))
    asked = {"action": "update_deal", "parameters": {"deal_id": 7, "amount": 5}}

    status, body, _ = api("POST", f"/api/integrations/{instance_id}/actions", asked)

    # Then it waits, and is done afterwards
    assert (status, body["data"]["state"], body["data"]["code"]) == (202, "waiting", "throttled")
    (message,) = sqs_backends["123456789012"]["eu-central-1"].queues["demo-ActionQueue"]._messages
    passing_time.sleep(3700)
    stack.send("ActionQueue", message.body)
    assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []
    record = api("GET", f"/api/actions/{body['action_id']}")[1]["data"]
    assert (record["state"], record["data"]["deal_id"]) == ("succeeded", 7)


def test_a_key_that_is_refused_opens_the_circuit(api: Api, provider: FakeTransport) -> None:
    instance_id = connect(api, provider)
    provider.on("GET", f"{ROOT}/contacts/7", json_reply({"login": "failed"}, 401))
    asked = {"action": "get_contact", "parameters": {"contact_id": 7}}

    status, body, _ = api("POST", f"/api/integrations/{instance_id}/actions", asked)
    again, held, _ = api("POST", f"/api/integrations/{instance_id}/actions", asked)

    assert (status, body["code"]) == (401, "unauthorized")
    assert body["message"] == "Authentication failed: Invalid API key"
    assert (again, held["code"]) == (503, "circuit_open")


def test_every_call_draws_on_the_account_s_budget(api: Api, provider: FakeTransport) -> None:
    # Given an account that tells that nothing is left of its hour
    instance_id = connect(api, provider)
    headers = {"x-ratelimit-limit": "1000", "x-ratelimit-remaining": "0"}
    provider.on(
        "GET", f"{ROOT}/deals/7", json_reply({"errors": {}}, 429, {**headers, "Retry-After": "900"})
    )
    asked = {"action": "get_deal", "parameters": {"deal_id": 7}}
    path = f"/api/integrations/{instance_id}/actions"
    api("POST", path, asked)
    called = len(provider.requests)

    # When something else is asked for at once
    status, body, _ = api("POST", path, {**asked, "parameters": {"deal_id": 8}})

    # Then it is not sent
    assert len(provider.requests) == called
    assert (status, body["data"]["state"]) == (202, "waiting")


# Those of destinations go where a destination says; test_destinations_api runs them.
SAMPLES = sorted(
    path for path in EVENTS.glob("freshsales.*.json") if ".send_record" not in path.name
)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.stem))
def test_every_sample_calls_freshsales(
    path: Path, api: Api, provider: FakeTransport, stack: Stack, start: Start
) -> None:
    instance_id = connect(api, provider)
    (record,) = json.loads(path.read_text())["Records"]
    message = json.loads(record["body"]) | {"instance_id": instance_id}
    called: list[str] = []

    def refuse(request: Any) -> Any:
        called.append(request.where)
        return empty_reply(403)

    collections = ("contacts", "sales_accounts", "deals", "leads", "tasks", "appointments",
                   "notes", "sales_activities")  # fmt: skip
    tails = ("", "/upsert", "/filters")
    parameters = message["parameters"]
    ids = [value for name, value in parameters.items() if name.endswith("_id")]
    paths = [f"{ROOT}/{one}{tail}" for one in collections for tail in tails]
    paths += [f"{ROOT}/{one}/{number}{tail}" for one in collections for number in ids
              for tail in ("", "/notes", "/tasks", "/appointments", "/convert")]  # fmt: skip
    paths += [f"{ROOT}/search", f"{ROOT}/lookup"]
    paths += [f"{ROOT}/filtered_search/{one}" for one in ("contact", "deal", "lead")]
    for verb in ("GET", "POST", "PUT", "DELETE"):
        for one in paths:
            provider.on(verb, one, refuse)
    stack.send("ActionQueue", json.dumps(message))

    stack.deliver("ActionQueue", start("ActionExecutor").handler)

    assert len(called) == 1
    shown = api("GET", f"/api/actions/{message['action_id']}")[1]["data"]
    assert (shown["state"], shown["code"]) == ("failed", "forbidden")


def test_the_builders_key_is_this_one() -> None:
    assert builders.API_KEY == KEY
