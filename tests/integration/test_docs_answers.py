"""What the API answers is what its document says: every operation is called, every answer read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connector_api.ports import ports
from freshbridge import aws
from freshbridge.events.payload import LARGEST_BODY
from freshbridge.exports.job_request import CALLBACK_HEADER
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.notifications.bodies import Bodies
from freshbridge.notifications.delivery import (
    Delivery,
    Notification,
    Status,
    Subscription,
    subscription_id,
)
from freshbridge.notifications.store import DeliveryStore
from freshbridge.notifications.subscriptions import SubscriptionStore
from freshbridge.rules.route import runs_of
from freshbridge.webhooks.check_store import CheckStore
from tests import builders
from tests.fakes.automations import AutomationAccount
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.crm import FIELDS, FakeCrm
from tests.fakes.freshsales import freshsales_instance
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, STACK_NAME, USER_SECRET, Stack, Start
from tests.integration.customer_world import CONTACT, SalesSide, desk_side
from tests.integration.export_world import World, ticket
from tests.integration.test_dead_letter_redrive import park
from tests.openapi import Document

ME = "/api/v2/agents/me"
AGENTS = "/api/v2/agents"
LIMIT = {"X-RateLimit-Total": "200", "X-RateLimit-Remaining": "183"}
ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
ELEMENTS = "/elements/api-v2"
# A page of HTML, and the routes of another function.
NOT_CALLED = {
    "docs_page", "webhooks_receive", "webhooks_receive_for_platform", "webhooks_receive_event",
    "webhooks_receive_event_for_platform",
}  # fmt: skip


class Api:
    """Calls the function and compares each answer with the document."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.called: set[str] = set()
        self.faults: list[str] = []
        self.token = ""
        answer = self._answer("GET", "/api/openapi.json", None, ACCESS)
        self.document = Document(json.loads(answer["body"]))

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        access: str = ACCESS,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """The status and the body of one answer."""
        operation = self.document.find(method, path)
        self.called.add(operation["operationId"])
        shown = access + (f", Element {self.token}" if self.token else "")
        answer = self._answer(method, path, body, shown, query, headers=headers)
        status, found = answer["statusCode"], json.loads(answer["body"])
        self.faults += self.document.answer_faults(operation, status, found)
        described = set(operation["responses"].get(str(status), {}).get("headers", {}))
        sent = {n for n in answer["multiValueHeaders"] if n.startswith("Elements-")}
        self.faults += [f"{operation['operationId']}: header {name}" for name in sent - described]
        return status, found

    def _answer(
        self,
        method: str,
        path: str,
        body: Any,
        access: str,
        query: dict[str, str] | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        text = None if body is None else json.dumps(body)
        sent = {"Authorization": access, **(headers or {})}
        event = builders.rest_event(method, path, body=text, headers=sent)
        event["queryStringParameters"] = query
        event["multiValueQueryStringParameters"] = {k: [v] for k, v in (query or {}).items()}
        answer: dict[str, Any] = self._start("ConnectorApi").handler(event, builders.Context())
        return answer

    def example(self, method: str, path: str, title: str) -> Any:
        """A body that the document shows."""
        return self.document.body_examples(self.document.find(method, path))[title]


@pytest.fixture
def api(start: Start) -> Api:
    return Api(start)


@pytest.fixture
def freshdesk(provider: FakeTransport) -> FakeTransport:
    """Accounts that take every key."""
    agent = {"id": 55, "ticket_scope": 2, "contact": {"name": "Ravi"}}
    provider.on("GET", ME, json_reply(agent, headers=LIMIT))
    provider.on("POST", "/api/v2/tickets/12345/notes", json_reply({"id": 31}, 201))
    return provider.on("GET", AGENTS, json_reply([], headers=LIMIT))


def use_the_api(api: Api) -> None:
    """Integrations, rules, sync, actions, trace."""
    made = api("POST", "/api/integrations", api.example("POST", "/api/integrations", "Freshdesk"))[
        1
    ]
    path = f"/api/integrations/{made['data']['id']}"
    api("GET", "/api/integrations")
    api("GET", path)
    for title in ("Another key", "Pause"):
        assert api("PATCH", path, api.example("PATCH", path, title))[0] == 200
    assert api("PATCH", path, {"disabled": False})[0] == 200
    assert api("PUT", f"{path}/trace-logging", {"duration": 120})[0] == 200
    assert api("POST", f"{path}/test")[0] == 200
    assert api("GET", f"{path}/trace", query={"limit": "1"})[1]["data"]["entries"] != []
    api("DELETE", f"{path}/trace-logging")
    assert api("POST", f"{path}/token")[0] == 200
    assert api("POST", f"{path}/webhook")[0] == 200
    use_rules(api, path)
    use_actions(api, path)
    use_bulk_actions(api, path)
    upload = api.example("POST", f"{path}/uploads", "A recording")
    assert api("POST", f"{path}/uploads", upload)[0] == 201
    assert api("POST", f"{path}/uploads", upload | {"size": 20 * 1024 * 1024 + 1})[0] == 400
    begun = api("POST", f"{path}/sync")[1]["data"]["run_id"]
    api("GET", f"{path}/sync")
    assert len(api("GET", f"{path}/sync/runs")[1]["data"]) == 1
    assert api("GET", f"{path}/sync/runs/{begun}")[0] == 200
    assert api("POST", f"{path}/sync/cancel")[0] == 200
    assert api("DELETE", path)[0] == 200
    api("GET", "/api/actions")
    api("GET", "/api/openapi.json")


def use_rules(api: Api, path: str) -> None:
    """Save, change, switch and try rules, and look at what they were and did."""
    rules = f"{path}/rules"
    for title in ("Urgent incidents", "All options"):
        status, saved = api("POST", rules, api.example("POST", rules, title))
        assert status == 201
    rule = f"{rules}/{saved['data']['rule_id']}"
    assert api("POST", rules, {"trigger": {}})[0] == 400
    assert len(api("GET", rules, query={"limit": "1"})[1]["data"]) == 1
    assert api("GET", rule)[0] == 200
    for title in ("A rule and an event", "All rules on a webhook"):
        tried = api("POST", f"{rules}/test", api.example("POST", f"{rules}/test", title))
        assert tried[1]["data"]["rules"][0]["conditions_matched"] is True
    assert api("PUT", rule, api.example("PUT", rule, "Anew"))[0] == 200
    assert api("PATCH", rule, api.example("PATCH", rule, "Another cap"))[0] == 200
    assert api("DELETE", f"{rule}/enabled")[0] == 200
    assert api("PUT", f"{rule}/enabled")[0] == 200
    assert len(api("GET", f"{rule}/versions")[1]["data"]) == 5
    assert api("GET", f"{rule}/versions/1")[0] == 200
    assert api("POST", f"{rule}/versions/1/restore")[0] == 200
    assert api("GET", f"{rule}/runs")[1]["data"]["runs"] == []
    run_a_rule(api, path)
    assert api("DELETE", rule)[0] == 200
    assert api("GET", rule)[0] == 404


def run_a_rule(api: Api, path: str) -> None:
    """Let a rule run that has something to tell in each member of its history."""
    rules = f"{path}/rules"
    body = api.example("POST", rules, "Urgent incidents")
    later = [action | {"delay_s": 60} for action in body["actions"]]
    _status, saved = api("POST", rules, body | {"actions": later, "loop_guard": {"runs": 1}})
    rule_id, instance_id = saved["data"]["rule_id"], path.rpartition("/")[2]
    event = {
        "ticket": {"id": 7, "priority": 4, "type": "Incident"}, "contact": {"name": "Asha"}
    }  # fmt: skip
    for number in (1, 2):
        (run,) = runs_of(
            builders.event(id=f"evt_{number}", instance_id=instance_id, **event),
            [ports().rules.get(instance_id, rule_id)],
            now=builders.RECEIVED_AT,
        )
        ports().rule_runs.begin(run if number == 1 else run.skipped("loop_guard", "too often"))
    shown = api("GET", f"{rules}/{rule_id}/runs", query={"limit": "5"})[1]["data"]["runs"]
    assert {one["state"] for one in shown} == {None, "skipped"}


def use_webhook_setup(api: Api, provider: FakeTransport) -> None:
    """Have Freshdesk call the stack, look at it, mend it, check it, undo it."""
    account = AutomationAccount(provider)
    webhooks = f"/api/integrations/{builders.INSTANCE_ID}/webhooks"
    for title in ("Show what would be sent", "Only what closes"):
        assert api("POST", webhooks, api.example("POST", webhooks, title))[0] == 200
    ticket = {"id": 77, "subject": ""}

    def opened(request: ProviderRequest) -> ProviderReply:
        # Its webhook comes before its answer.
        ticket["subject"] = (request.json or {})["subject"]
        told = builders.event(ticket=ticket, changes={"status": {"from": 2, "to": 4}})
        assert CheckStore("demo-IdempotencyTable").noticed(replace(told, type="ticket_resolved"))
        return json_reply(ticket, 201)

    provider.on("POST", "/api/v2/tickets", opened)
    provider.on("PUT", "/api/v2/tickets/77", json_reply(ticket))
    provider.on("DELETE", "/api/v2/tickets/77", empty_reply(204))
    closing = {"events": ["ticket_closed"]}
    example = api.example("POST", webhooks, "Everything, with a test ticket") | closing
    verified = api("POST", webhooks, example)[1]["data"]["verification"]
    assert verified["state"] == "arrived"
    verify = f"{webhooks}/verify"
    body = api.example("POST", verify, "A type is mandatory") | {"wait_s": 0}
    provider.on("POST", "/api/v2/tickets/77/notes", json_reply({"id": 1}, 201))
    assert api("POST", webhooks, {"events": ["ticket_closed", "note_created"]})[0] == 200
    status, waiting = api("POST", verify, body)
    assert (status, api("GET", waiting["data"]["path"])[0]) == (202, 200)
    rule = account.named("status changes")
    rule |= {"active": False, "position": 2}
    account.add(4, name="By hand", actions=[rule["actions"][0] | {"custom_headers": {}}])
    looked = api("GET", webhooks)[1]["data"]
    assert (len(looked["made_by_hand"]), looked["rules"][0]["problems"][0]["code"]) == (
        1, "disabled",
    )  # fmt: skip
    repair = f"{webhooks}/repair"
    assert api("POST", repair, api.example("POST", repair, "Show only"))[0] == 200
    assert api("POST", repair)[0] == 200
    assert api("DELETE", f"{webhooks}/{rule['id']}")[0] == 200
    assert api("DELETE", webhooks)[0] == 200
    denied = json_reply({"code": "access_denied", "message": "Not authorized."}, 403)
    provider._answers["GET", "/api/v2/automations/1/rules"] = [denied]
    for method in ("POST", "DELETE"):
        assert api(method, webhooks)[0] == 403


def use_events(api: Api, stack: Stack, start: Start) -> None:
    """Look at what came in, and route it again."""
    instance = stack.connect()
    stack.save_rule(builders.rule())
    stack.send("EventQueue", builders.received_event())
    stack.deliver("EventQueue", start("EventRouter").handler)
    events = f"/api/integrations/{instance.instance_id}/events"
    (event,) = api("GET", events, query={"subject": "1042", "limit": "5"})[1]["data"]["events"]
    assert api("GET", events, query={"type": "none"})[0] == 400
    one = f"{events}/{event['id']}"
    assert api("GET", one)[1]["data"]["rules"]["runs"][0]["actions"] != []
    assert api("GET", f"{events}/evt_none")[0] == 404
    stack.save_rule(builders.rule(rule_id="rul_01a201ccdc5e39"))
    for title in ("As it comes", "One rule only"):
        body = api.example("POST", f"{one}/replay", title)
        assert api("POST", f"{one}/replay", body, headers={"Idempotency-Key": title})[0] == 202
    assert api("POST", f"{one}/replay", {}, headers={"Idempotency-Key": title})[0] == 409
    many = f"{events}/replay"
    counted = api("POST", many, api.example("POST", many, "Count first"))
    assert counted[1]["data"]["total"] == 1
    status, begun = api("POST", many, api.example("POST", many, "One type"))
    assert status == 202
    replay = f"{events}/replays/{begun['data']['replay_id']}"
    assert api("GET", replay)[0] == 200
    assert api("POST", f"{replay}/cancel")[0] == 200
    assert api("POST", f"{replay}/cancel")[0] == 409
    elements = f"{ELEMENTS}/instances/{instance.instance_id}/events"
    assert len(api("GET", elements, query={"pageSize": "1"})[1]) == 1
    assert api("GET", f"{elements}/{event['id']}")[1]["status"] == "DISPATCHED"


def use_downloads(api: Api, stack: Stack, start: Start) -> None:
    """Download what is synced, in Open Connectors' words, and ask for its URL once more."""
    world = World(stack, start, FakeTransport(), None)
    world.connect(instance_id="193000009")
    world.hold([ticket(1)], instance_id="193000009")
    world.synced(instance_id="193000009")
    api.token = world.token
    bulk, hook = f"{ELEMENTS}/bulk", {CALLBACK_HEADER: "https://jobs.example/done"}
    wanted = api.example("POST", f"{bulk}/query", "Open tickets")
    made = [api("POST", f"{bulk}/query", wanted, headers=hook)[1]["id"]]
    body = api.example("POST", f"{bulk}/download", "Two columns") | {"objectName": "incidents"}
    made.append(api("POST", f"{bulk}/download", body)[1]["id"])
    assert api("POST", f"{bulk}/query", {"q": "select"})[0] == 400
    assert api("POST", f"{bulk}/download", {"where": "x"})[0] == 400
    while stack.count("ActionQueue")[0]:
        stack.deliver("ActionQueue", start("ActionExecutor").handler)
    for job_id in made:
        status = api("GET", f"{bulk}/{job_id}/status")[1]
        assert status["status"] == "COMPLETED"
        assert api("PUT", f"{bulk}/{job_id}/cancel")[0] == 200
        assert api("GET", f"{bulk}/{job_id}/errors", query={"pageSize": "5"})[1] == []
    accept = {"Accept": "application/json"}
    assert api("GET", f"{bulk}/{made[0]}/incidents", headers=accept)[0] == 200
    assert api("GET", f"{bulk}/{made[1]}/incidents", headers=accept)[0] == 400
    assert api("GET", f"{bulk}/1/status")[0] == 404
    assert api("POST", f"{bulk}/contacts", {})[0] == 400
    listed = api("GET", f"{ELEMENTS}/bulkloader", query={"pageSize": "1"})[1]
    assert [one["status"] for one in listed] == ["COMPLETED"]
    api.token = ""
    done = api("GET", f"/api/actions/{status['vendorJobId']}/export")
    assert (done[0], done[1]["data"]["format"]) == (200, "csv")


def use_customer_links(api: Api, stack: Stack, start: Start, provider: FakeTransport) -> None:
    """Link two accounts, rehearse, run, look at what was done, change and delete the link."""
    registry = Registry(stack.names["InstanceTable"])
    for instance in (builders.instance(instance_id="193000021"), freshsales_instance()):
        registry.create(instance)
        keys = {"username": builders.API_KEY, "api_key": builders.API_KEY}
        Vault(STACK_NAME).create(
            instance.instance_id, credentials=keys, webhook_secret=builders.WEBHOOK_SECRET
        )
    desk_side(provider, CONTACT)
    SalesSide(provider)
    provider.on("GET", "/api/v2/contact_fields", json_reply([{"name": "tier", "default": False}]))
    provider.on(
        "GET",
        "/crm/sales/api/settings/contacts/fields",
        json_reply({"fields": FIELDS}),
    )
    links = "/api/customer-links"
    assert api("POST", links, {})[0] == 400
    body = api.example("POST", links, "Contacts to Freshsales")
    body |= {
        "freshdesk_instance_id": "193000021", "freshsales_instance_id": "193000002",
        "direction": "both",
    }  # fmt: skip
    status, made = api("POST", links, body)
    assert (status, api("POST", links, body)[0]) == (201, 409)
    assert len(api("GET", links)[1]["data"]) == 1
    one = f"{links}/{made['data']['link_id']}"
    function, long = start("CustomerSync"), builders.Context(300_000)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(function, "pause", lambda _seconds: None)
        for title in ("Rehearse", "Now"):
            assert api("POST", f"{one}/sync", api.example("POST", f"{one}/sync", title))[0] == 202
            while stack.count("CustomerQueue")[0]:
                handler = start("CustomerSync").handler
                assert stack.deliver("CustomerQueue", handler, long) == []
    assert api("GET", one)[1]["data"]["run"]["state"] == "done"
    report = api("GET", f"{one}/report", query={"outcome": "created", "limit": "5"})
    assert len(report[1]["data"]["rows"]) == 1
    assert api("GET", f"{one}/report", query={"outcome": "x"})[0] == 400
    assert len(api("GET", f"{one}/links", query={"id": "41"})[1]["data"]["customers"]) == 1
    for title in ("Pause", "Freshdesk is right"):
        assert api("PATCH", one, api.example("PATCH", one, title))[0] == 200
    assert api("DELETE", one)[0] == 200


def use_callbacks(api: Api, stack: Stack) -> None:
    """Look at what callbacks did not take, release it, choose what happens to it."""
    table = stack.names["CallbackTable"]
    subscriptions = SubscriptionStore(table)
    number = subscription_id("1", "https://events.example/in")
    subscriptions.ensure(Subscription(number, "1", "https://events.example/in", 0.0))
    subscriptions.deactivate(number, now=1.0, reason="provider_down: The receiver answered 500")
    notification = Notification(5, "1", "incidents", ("evt_1",), builders.RECEIVED_AT, 2**31)
    failed = Delivery(
        5, number, "1", "https://events.example/in", Status.QUEUED, 0.0, 0.0, 2**31,
        failures=10, first_failed_at=0.0, code="provider_down", message="It answered 500",
        http_status=500,
    )  # fmt: skip
    assert DeliveryStore(table).create(notification, [failed])
    Bodies(stack.names["PayloadBucket"]).put(5, b'{"id": 5}')
    path = f"{ELEMENTS}/notifications"
    deliveries = f"{path}/subscriptions/deliveries"
    assert len(api("GET", f"{path}/subscriptions")[1]) == 1
    assert api("GET", f"{path}/subscriptions/{number}")[1]["active"] is False
    assert api("GET", f"{path}/subscriptions/7")[0] == 404
    assert len(api("GET", deliveries)[1]) == 1
    assert api("GET", deliveries, query={"where": "status=none"})[0] == 400
    queued = "channel='webhook' and status='queued'"
    for hydrate in ("true", "false"):
        query = {"where": queued, "hydrate": hydrate, "pageSize": "1"}
        assert len(api("GET", deliveries, query=query)[1]) == 1
    for where in ("", f"/{number}"):
        one = f"{path}/5/subscriptions{where}/deliveries"
        assert api("GET", one, query={"hydrate": "true"})[0] == 200
    assert len(api("PUT", deliveries, query={"where": queued})[1]) == 1
    assert api("PUT", deliveries)[0] == 400
    assert api("PUT", f"{path}/5/acknowledge")[0] == 200
    for settings in (f"{ELEMENTS}/accounts/settings", f"{ELEMENTS}/accounts/1/settings"):
        for title in ("Fetch what was not taken", "Send it again"):
            for method in ("POST", "PATCH"):
                assert api(method, settings, api.example(method, settings, title))[0] == 200
        assert api("PATCH", settings, {})[0] == 400
        assert api("GET", settings)[0] == 200
    assert api("GET", "/api/events/schema")[0] == 200


def use_actions(api: Api, path: str) -> None:
    """Run one action in each of the two ways, and look at both."""
    note = api.example("POST", f"{path}/actions", "freshdesk.add_note")
    assert api("POST", f"{path}/actions", note)[0] == 200
    status, accepted = api("POST", f"{path}/actions", note, headers={"Prefer": "respond-async"})
    assert status == 202
    assert api("POST", f"{path}/actions", {"action": "add_note"})[0] == 400
    assert len(api("GET", f"{path}/actions", query={"limit": "5"})[1]["data"]["actions"]) == 2
    assert api("GET", f"{path}/actions", query={"state": "queued"})[1]["data"]["actions"] != []
    assert api("GET", f"{path}/actions", query={"state": "lost"})[0] == 400
    assert api("GET", f"/api/actions/{accepted['action_id']}")[0] == 200


def use_bulk_actions(api: Api, path: str) -> None:
    """Begin one, stop it, look at it, go on with it."""
    batch = api.example("POST", f"{path}/actions", "freshdesk.batch")
    status, accepted = api("POST", f"{path}/actions", batch)
    assert status == 202
    bulk = f"/api/actions/{accepted['action_id']}"
    assert api("GET", f"{bulk}/progress")[0] == 200
    assert api("GET", f"{bulk}/rows")[0] == 404
    assert api("POST", f"{bulk}/cancel")[0] == 200
    assert api("GET", f"{bulk}/progress")[0] == 200
    assert api("GET", f"{bulk}/rows", query={"state": "failed", "limit": "5"})[0] == 200
    assert api("GET", f"{bulk}/rows", query={"after": "x"})[0] == 400
    assert api("GET", f"{bulk}/results", query={"format": "jsonl", "only": "failed"})[0] == 200
    assert api("POST", f"{bulk}/resume", query={"only": "failed"})[0] == 202


def use_destinations(api: Api, stack: Stack, start: Start, provider: FakeTransport) -> None:
    """Save some, try one, send records, look at what became of them, mend, stop, go on."""
    FakeCrm(provider)
    account = {"domain": "acme", "api_key": builders.API_KEY}
    wanted = {"platform": "freshsales", "name": "Sales", "credentials": account}
    made = api("POST", "/api/integrations", wanted)[1]["data"]
    path = f"/api/integrations/{made['id']}/destinations"
    for title in ("By hand", "Bring in thousands", "Create each record"):
        status, saved = api("POST", path, api.example("POST", path, title))
        assert status == 201
    assert api("POST", path, {"name": "x"})[0] == 400
    assert len(api("GET", path, query={"limit": "2"})[1]["data"]["destinations"]) == 2
    one = f"{path}/{saved['data']['destination_id']}"
    assert api("GET", one)[0] == 200
    assert api("PUT", one, api.example("PUT", one, "Anew"))[0] == 200
    for enabled in (False, True):
        body = api.example("PATCH", one, "Pause") | {"enabled": enabled}
        assert api("PATCH", one, body)[0] == 200
    for title in ("Only the request", "One person"):
        sample = api.example("POST", f"{one}/test", title)
        assert api("POST", f"{one}/test", sample)[0] == 200
    assert api("POST", f"{one}/test", {})[0] == 400
    assert api("POST", f"{one}/uploads", api.example("POST", f"{one}/uploads", "A list"))[0] == 201
    records = api.example("POST", f"{one}/records", "Two people")
    status, begun = api("POST", f"{one}/records", records)
    assert status == 202
    run = begun["data"]["run"]
    assert api("GET", run)[0] == 200
    executor = start("ActionExecutor").handler
    while stack.count("ActionQueue")[0]:
        stack.deliver("ActionQueue", executor)
    assert api("GET", f"{one}/runs", query={"limit": "5"})[1]["data"]["runs"] != []
    assert api("GET", run)[1]["data"]["outcomes"]["rejected"] == 1
    assert len(api("GET", f"{run}/records")[1]["data"]["records"]) == 2
    assert api("GET", f"{run}/records", query={"outcome": "lost"})[0] == 400
    assert api("GET", f"{run}/quarantine", query={"format": "jsonl"})[0] == 200
    assert api("POST", f"{run}/resend", query={"only": "rejected"})[0] == 202
    assert api("POST", f"{run}/cancel")[0] == 200
    assert api("POST", f"{run}/resume")[0] == 202
    assert api("DELETE", one)[0] == 200
    assert api("DELETE", f"/api/integrations/{made['id']}")[0] == 200


def use_the_dead_letters(api: Api, stack: Stack) -> None:
    """Look at some, mend one, give one up, and all of them at once."""
    for number in range(4):
        park(stack, number)
    path = "/api/dead-letters"
    listed = api("GET", path, query={"queue": "actions", "limit": "3"})[1]["data"]
    assert api("GET", path, query={"after": listed["after"]})[0] == 200
    assert api("GET", path, query={"queue": "x"})[0] == 400
    assert api("GET", f"{path}/summary")[1]["data"]["total"] == 4
    first, second = (f"{path}/{letter['id']}" for letter in listed["dead_letters"][:2])
    assert api("GET", first)[0] == 200
    for title, status in (("Look first", 200), ("With another ticket", 202), ("As it is", 409)):
        body = api.example("POST", f"{first}/redrive", title)
        assert api("POST", f"{first}/redrive", body)[0] == status
    assert api("POST", f"{second}/discard", api.example("POST", f"{second}/discard", "Give up"))[0]
    assert api("POST", f"{second}/restore")[0] == 200
    assert api("GET", second)[0] == 200
    many = f"{path}/redrive"
    assert api("POST", many, api.example("POST", many, "Count first"))[0] == 200
    job = api("POST", many, api.example("POST", many, "All of one code") | {"limit": 1})[1]["data"]
    assert api("GET", f"{path}/jobs/{job['job_id']}")[1]["data"]["done"] == 1
    gone = api.example("POST", f"{path}/discard", "An instance that is gone")
    assert api("POST", f"{path}/discard", gone)[0] == 200
    assert api("POST", f"{path}/discard", {})[0] == 400


def use_the_elements(api: Api) -> None:
    """Instances, by id, of an element and by token; the catalogue."""
    of_element = f"{ELEMENTS}/elements/freshdeskv2/instances"
    sample = api.example("POST", of_element, "Freshdesk V2")
    first = api("POST", of_element, sample)[1]
    whole = api.example("POST", f"{ELEMENTS}/instances", "Freshdesk V2")
    second = api("POST", f"{ELEMENTS}/instances", whole)[1]
    third = api("POST", f"{ELEMENTS}/instances", whole)[1]
    for path in (f"{ELEMENTS}/instances", of_element):
        assert len(api("GET", path, query={"tags[]": "Docs", "pageSize": "2"})[1]) == 2
        assert len(api("GET", path, query={"hydrate": "false"})[1]) == 3
    by_id = f"{ELEMENTS}/instances/{first['id']}"
    for path in (by_id, f"{of_element}/{second['id']}"):
        assert api("GET", path)[0] == 200
        for method in ("PATCH", "PUT"):
            body = api.example(method, path, "Another name") | (
                {"configuration": sample["configuration"]} if method == "PUT" else {}
            )
            assert api(method, path, body)[0] == 200
    use_one_instance(api, by_id)
    assert api("DELETE", by_id)[0] == 200
    assert api("DELETE", f"{of_element}/{second['id']}")[0] == 200
    api.token = third["token"]
    use_one_instance(api, f"{ELEMENTS}/instances")
    for method in ("PATCH", "PUT"):
        body = {"name": "Named", "configuration": sample["configuration"]}
        assert api(method, f"{ELEMENTS}/instances", body)[0] == 200
    assert api("GET", f"{ELEMENTS}/instances/events")[1] == []
    assert api("GET", f"{ELEMENTS}/instances/events/evt_none")[0] == 404
    assert api("DELETE", f"{ELEMENTS}/instances")[0] == 200
    api.token = ""
    for path in ("elements", "elements/keys", "hubs", "hubs/helpdesk/elements"):
        assert api("GET", f"{ELEMENTS}/{path}")[0] == 200
    assert api("GET", f"{ELEMENTS}/elements/freshdesk")[1]["parameters"] != []
    assert api("GET", f"{ELEMENTS}/elements/491/configuration")[0] == 200


def use_one_instance(api: Api, path: str) -> None:
    """What can be done by id as well as by token."""
    for method in ("DELETE", "PUT"):
        assert api(method, f"{path}/enabled")[0] == 200
    for method in ("PUT", "DELETE"):
        assert api(method, f"{path}/trace-logging")[0] == 200
    entries = api("GET", f"{path}/configuration")[1]
    found = next(entry for entry in entries if entry["key"] == "filter.response.nulls")
    entry = f"{path}/configuration/{found['id']}"
    assert api("GET", entry)[0] == 200
    assert api("PATCH", entry, api.example("PATCH", entry, "Keep empty values"))[0] == 200


def use_the_users(api: Api) -> None:
    """Users and the organization."""
    added = api("POST", "/api/users", api.example("POST", "/api/users", "A program"))[1]
    api("POST", "/api/users", {"name": "Ravi", "email": "ravi@acme.example"})
    api("GET", "/api/users")
    assert api("POST", f"/api/users/{added['data']['id']}/rotate")[0] == 200
    assert api("DELETE", f"/api/users/{added['data']['id']}")[0] == 200
    assert api("POST", "/api/organization/rotate", {"grace_hours": 1})[0] == 200


def test_every_operation_answers_as_the_document_says(
    stack: Stack, api: Api, freshdesk: FakeTransport, start: Start
) -> None:
    use_the_api(api)
    use_the_dead_letters(api, stack)
    use_callbacks(api, stack)
    use_the_elements(api)
    use_the_users(api)
    use_events(api, stack, start)
    use_webhook_setup(api, freshdesk)
    use_downloads(api, stack, start)
    use_customer_links(api, stack, start, freshdesk)
    use_destinations(api, stack, start, freshdesk)

    assert api.faults == []
    every = {operation["operationId"] for _m, _p, operation in api.document.operations()}
    assert every - api.called == NOT_CALLED
    assert freshdesk.requests != []


def test_refusals_are_as_the_document_says(stack: Stack, api: Api, provider: FakeTransport) -> None:
    stack.connect()
    provider.on("GET", ME, empty_reply(401), empty_reply(403), empty_reply(500))
    connect = api.example("POST", "/api/integrations", "Freshdesk")
    instance = api.example("POST", f"{ELEMENTS}/instances", "Freshdesk V2")
    seen = [
        api("POST", "/api/integrations", {})[0],
        api("POST", f"{ELEMENTS}/instances", {"element": {"key": "freshdeskv2"}})[0],
        api("POST", f"{ELEMENTS}/instances", {"element": {"key": "none"}})[0],
        api("GET", f"{ELEMENTS}/instances", query={"pageSize": "none"})[0],
        api("GET", f"{ELEMENTS}/instances", query={"searchText": "none"})[0],
        api("GET", f"/api/integrations/{builders.INSTANCE_ID}/trace", query={"limit": "0"})[0],
        api("GET", "/api/integrations/1")[0],
        api("GET", f"{ELEMENTS}/instances/1")[0],
        api("DELETE", f"{ELEMENTS}/instances")[0],
        api("DELETE", "/api/users/1")[0],
        api("GET", "/api/users", access="User wrong")[0],
        api("GET", f"{ELEMENTS}/hubs", access="")[0],
        *(api("POST", "/api/integrations", connect)[0] for _ in range(2)),
        api("POST", f"{ELEMENTS}/instances", instance)[0],
    ]
    assert seen == [400, 400, 404, 400, 404, 400, 404, 404, 401, 409, 401, 401, 401, 403, 502]
    assert api.faults == []


def test_webhooks_of_another_product_are_refused_as_the_document_says(
    stack: Stack, api: Api
) -> None:
    slack = builders.instance(instance_id="77", platform="slack", element="slack")
    stack.connect(slack)
    stack.connect()
    for method, path in (
        ("GET", "/api/integrations/77/webhooks"),
        ("DELETE", "/api/integrations/77/webhooks"),
        ("POST", "/api/integrations/77/webhooks/repair"),
        ("DELETE", f"/api/integrations/{builders.INSTANCE_ID}/webhooks/abc"),
    ):
        assert api(method, path)[0] == 400
    assert api.faults == []


@pytest.mark.parametrize("path", ["/api/integrations/1", f"{ELEMENTS}/instances/1"])
def test_an_outage_is_as_the_document_says(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Failing(aws.dynamodb(), get_item=raising(client_error("GetItem")))
    monkeypatch.setattr(aws, "dynamodb", lambda: broken)
    ports.cache_clear()

    assert api("GET", path)[0] == 503
    assert api.faults == []


def test_a_sync_s_state_and_runs_are_as_the_document_says(
    stack: Stack, api: Api, start: Start, provider: FakeTransport
) -> None:
    # Given a run that has ended, and one under way
    stack.connect()
    ticket = {"id": 1, "updated_at": builders.RECEIVED_AT}
    provider.on("GET", "/api/v2/tickets", PagedList([ticket]))
    path = f"/api/integrations/{builders.INSTANCE_ID}/sync"
    status, body = api("POST", path, api.example("POST", path, "Tickets, all of them"))
    first = body["data"]["run_id"]
    assert status == 202
    assert api("GET", path)[1]["data"]["tickets"]["state"] == "running"
    stack.deliver("SyncQueue", start("SyncWorker").handler, builders.Context(300_000))
    assert api("POST", path)[0] == 202

    # Then all that is shown of them is as it says
    status, body = api("GET", path)
    shown = body["data"]["tickets"]
    assert (status, shown["state"], shown["last_run"]["run_id"]) == (200, "running", first)
    status, body = api("GET", f"{path}/runs", query={"limit": "5"})
    assert [one["state"] for one in body["data"]] == ["running", "done"]
    status, body = api("GET", f"{path}/runs/{first}")
    assert body["data"]["tickets"]["manifest"]["counts"]["rows"] == 1
    running = shown["run_id"]
    assert shown["lease_until"] > shown["last_run"]["started_at"]
    # whoever asks again is told of the one that goes on
    status, body = api("POST", path)
    assert (status, body["data"]["run_id"], body["data"]["run_ids"]) == (202, running, [running])
    assert body["message"] == "Nothing was started"
    parts = api("GET", f"{path}/runs/{running}")[1]["data"]["tickets"]["parts"]
    assert {part["part"] for part in parts} == {"deleted", "spam", "live"}
    assert api("GET", f"{path}/runs/run_0")[0] == 404
    assert api("POST", path, {"dry_run": True, "objects": ["tickets"]})[0] == 200
    wrongs: list[dict[str, object]] = [
        {"objects": ["agents"]}, {"full": 1}, {"release_removals": True}, {"fool": True},
        {"objects": []},
    ]  # fmt: skip
    for wrong in wrongs:
        assert api("POST", path, wrong)[0] == 400
    status, body = api("POST", f"{path}/cancel", {"objects": ["tickets"]})
    assert (status, body["data"]["objects"]) == (200, ["tickets"])
    status, body = api("POST", path, {"dry_run": True})
    (would,) = body["data"]["started"]
    assert (status, would["state"], body["data"]["run_id"]) == (200, "would_start", None)
    assert api.faults == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ((builders.INSTANCE_ID, builders.WEBHOOK_SECRET, ""), 202),
        ((builders.INSTANCE_ID, builders.WEBHOOK_SECRET, "not json"), 400),
        ((builders.INSTANCE_ID, "wrong", ""), 401),
        (("1", builders.WEBHOOK_SECRET, ""), 404),
        ((builders.INSTANCE_ID, builders.WEBHOOK_SECRET, " " * (LARGEST_BODY + 1)), 413),
    ],
)
def test_webhooks_are_answered_as_the_document_says(
    stack: Stack,
    api: Api,
    start: Start,
    sent: tuple[str, str, str],
    status: int,
) -> None:
    stack.connect()
    instance_id, secret, body = sent
    path = f"/api/webhooks/freshdesk/{instance_id}"
    operation = api.document.find("POST", path)
    header = api.document.raw["components"]["securitySchemes"]["webhook_secret"]["name"]
    event = builders.rest_event(
        "POST",
        path,
        body=body or json.dumps(api.example("POST", path, "Ticket created")),
        headers={"Content-Type": "application/json", header: secret},
        parameters={"platform": "freshdesk", "instance_id": instance_id},
    )

    answer = start("WebhookIngest").handler(event, builders.Context())

    assert answer["statusCode"] == status
    assert api.document.answer_faults(operation, status, json.loads(answer["body"])) == []


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/api/webhooks/freshdesk", {"platform": "freshdesk"}),
        (f"{ELEMENTS}/events/freshdesk", {"platform": "freshdesk"}),
        (
            f"{ELEMENTS}/events/freshdesk/MTkzMDAwMDAx",
            {"platform": "freshdesk", "instance_id": "MTkzMDAwMDAx"},
        ),
    ],
)
@pytest.mark.parametrize(
    ("secret", "content_type", "status"),
    [
        (builders.WEBHOOK_SECRET, "application/json", 202),
        ("wrong", "application/json", 401),
        (builders.WEBHOOK_SECRET, "image/png", 415),
    ],
)
def test_every_address_of_webhooks_answers_as_the_document_says(
    *,
    stack: Stack,
    api: Api,
    start: Start,
    path: str,
    parameters: dict[str, str],
    secret: str,
    content_type: str,
    status: int,
) -> None:
    stack.connect()
    event = builders.rest_event(
        "POST",
        path,
        body=json.dumps(api.example("POST", path, "Advanced content, resolved")),
        headers={"Content-Type": content_type, "X-Freshbridge-Secret": secret},
        parameters=parameters,
    )

    answer = start("WebhookIngest").handler(event, builders.Context())

    assert answer["statusCode"] == status
    operation = api.document.find("POST", path)
    assert api.document.answer_faults(operation, status, json.loads(answer["body"])) == []


def test_a_planted_difference_is_found(api: Api) -> None:
    operation = api.document.find("GET", "/api/users")
    user = {"id": 1, "name": "owner", "created_at": "2026-03-03T12:02:40Z", "revoked": False}

    def faults(**changed: Any) -> list[str]:
        body = {"success": True, "message": "Users", "data": [user | changed]}
        return api.document.answer_faults(operation, 200, body)

    assert faults() == []
    assert len(faults(hash="x")) == 1
    assert len(faults(id="1")) == 1
    assert len(api.document.answer_faults(operation, 200, [user])) == 1
    assert len(api.document.answer_faults(operation, 418, {})) == 1
