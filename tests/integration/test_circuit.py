"""A dead account's work waits unsent, in every function; it comes back by itself when it may."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from freshbridge import aws, timestamps
from freshbridge.actions.record_store import RecordStore
from freshbridge.budget import assembly as budget_assembly
from freshbridge.budget.budgeted_transport import Budgets
from freshbridge.circuit import assembly
from freshbridge.circuit.breaker import LOOK_S, WORKS, Circuit
from freshbridge.circuit.circuits import Circuits
from freshbridge.circuit.store import EXPIRY_S, CircuitsUnavailable, DynamoStore, Kept
from freshbridge.errors import Unauthorized
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.envelope import to_text
from freshbridge.queues.payload import PayloadStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import (
    ORGANIZATION_SECRET,
    STACK_NAME,
    USER_SECRET,
    PassingTime,
    Stack,
    Start,
)

ME, NOTES = "/api/v2/agents/me", "/api/v2/tickets/1042/notes"
CONTACT = "/api/v2/contacts/7"
OTHER_ID = "193000002"
INTEGRATION = f"/api/integrations/{builders.INSTANCE_ID}"
READ = {"action": "get_contact", "parameters": {"contact_id": 7}}


class World:
    """A stack whose circuits live by a clock that only the test moves on."""

    def __init__(self, stack: Stack, start: Start, time: PassingTime) -> None:
        self.stack = stack
        self.start = start
        self.time = time
        self._sent = 0
        stack.connect()
        stack.connect(builders.instance(instance_id=OTHER_ID, origin="https://other.freshdesk.com"))

    def deliver(
        self, *instances: str, receives: int = 1, age_s: float = 0.0, **message_attributes: str
    ) -> list[str]:
        """A batch with a read for each of the instances; returns the action ids that are kept."""
        records = []
        for instance_id in instances:
            self._sent += 1
            name = f"act_{self._sent}"
            request = builders.action_request(
                action_id=name,
                idempotency_key=name,
                instance_id=instance_id,
                action="get_contact",
                parameters={"contact_id": 7},
            )
            sent_ms = int((timestamps.epoch() - age_s) * 1000)
            record = builders.sqs_record(
                to_text(request), message_id=name, receives=receives, sent_ms=sent_ms
            )
            record["messageAttributes"] = {
                key: {"stringValue": value, "dataType": "Number"}
                for key, value in message_attributes.items()
            }
            records.append(record)
        module = self.start("ActionExecutor")
        answer = module.handler({"Records": records}, builders.Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def record(self, action_id: str) -> dict[str, Any]:
        """What is known of an action."""
        payloads = PayloadStore(self.stack.names["PayloadBucket"])
        store = RecordStore(self.stack.names["ActionTable"], payloads, days=30)
        return store.get(action_id).view()

    def break_down(self) -> None:
        """So many works fail, so far apart, that the circuit opens."""
        for _ in range(WORKS):
            self.deliver(builders.INSTANCE_ID)
            self.time.waited += 2

    def api(
        self, method: str, path: str, body: Any = None, **header: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers of one answer."""
        access = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
        event = builders.rest_event(
            method,
            path,
            body=None if body is None else json.dumps(body),
            headers={"Authorization": access, **header},
        )
        module = self.start("ConnectorApi")
        answer = module.handler(event, builders.Context(remaining_ms=29_000))
        told = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return answer["statusCode"], json.loads(answer["body"]), told


@pytest.fixture
def world(stack: Stack, start: Start, monkeypatch: pytest.MonkeyPatch) -> World:
    time = PassingTime()
    monkeypatch.setattr(assembly, "Circuits", partial(Circuits, clock=time.now, jitter=lambda: 0.5))
    # Without limits: no call here waits for anything but its circuit.
    monkeypatch.setattr(
        budget_assembly, "Budgets", lambda store, _, **rest: Budgets(store, {}, **rest)
    )
    return World(stack, start, time)


def test_the_work_of_a_provider_that_is_down_waits_and_that_of_others_does_not(
    world: World, provider: FakeTransport, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given an account whose provider fails for all
    def answer(request: Any) -> Any:
        down = "acme" in request.url
        return empty_reply(503) if down else json_reply({"id": 7})

    provider.on("GET", CONTACT, answer)
    world.break_down()
    calls = len(provider.requests)

    # When more of its messages come, beside another account's
    dead = builders.INSTANCE_ID
    kept = world.deliver(dead, OTHER_ID, dead, OTHER_ID, dead)

    # Then nothing is sent for them, and the others are done
    assert len(kept) == 3
    assert len(provider.requests) == calls + 2
    waiting = world.record(kept[0])
    assert (waiting["state"], waiting["code"]) == ("waiting", "circuit_open")
    assert waiting["waiting_until"] > timestamps.to_text(timestamps.now())
    assert waiting["attempts"] == []
    assert "HTTP 503" in waiting["message"]
    assert world.stack.messages("ActionDeadLetterQueue") == []
    assert '"message":"circuit opened"' in log.getvalue()
    assert '"CircuitOpened":[1.0]' in capsys.readouterr().out


def test_a_message_that_comes_again_costs_nothing_but_its_receive(
    world: World, provider: FakeTransport
) -> None:
    provider.on("GET", CONTACT, empty_reply(503))
    world.break_down()
    known = len(world.stack.items("ActionTable"))

    assert len(world.deliver(*[builders.INSTANCE_ID] * 3, receives=2)) == 3

    # Not even a record is begun.
    assert len(world.stack.items("ActionTable")) == known


def test_it_comes_back_by_itself(world: World, provider: FakeTransport, log: io.StringIO) -> None:
    up: list[bool] = []
    provider.on("GET", CONTACT, lambda _: json_reply({"id": 7}) if up else empty_reply(500))
    world.break_down()
    up.append(True)
    assert len(world.deliver(builders.INSTANCE_ID)) == 1

    world.time.waited += 20

    assert world.deliver(*[builders.INSTANCE_ID] * 3) == []
    assert '"message":"circuit closed"' in log.getvalue()


def test_a_key_that_is_refused_costs_one_message_and_the_others_wait_for_a_new_key(
    world: World, provider: FakeTransport
) -> None:
    provider.on("GET", CONTACT, empty_reply(401), json_reply({"id": 7}))
    provider.on("GET", ME, json_reply({"id": 1, "contact": {"name": "A", "email": "a@b.example"}}))

    # When the key is refused
    kept = world.deliver(*[builders.INSTANCE_ID] * 4)

    # Then the one that met it is parked, the others wait
    assert len(provider.requests) == 1
    assert len(kept) == 3
    (letter,) = world.stack.messages("ActionDeadLetterQueue")
    assert letter["MessageAttributes"]["code"]["StringValue"] == "unauthorized"

    # And callers of the API are told at once, with what to do
    status, body, headers = world.api("POST", f"{INTEGRATION}/actions", READ)
    assert (status, body["code"]) == (503, "circuit_open")
    assert body["details"]["circuit"]["reason"] == "key_refused"
    assert "a key that is valid" in body["details"]["advice"]
    assert int(headers["Retry-After"]) > 1
    assert body["details"]["circuit"]["since"].endswith("Z")
    assert world.api("GET", INTEGRATION)[1]["data"]["circuit"]["state"] == "open"

    # When the key is changed
    change = {"credentials": {"api_key": "another-made-up-key"}}
    assert world.api("PATCH", INTEGRATION, change)[0] == 200

    # Then the others go on
    assert world.api("GET", INTEGRATION)[1]["data"]["circuit"] == {"state": "closed"}
    world.time.waited += LOOK_S
    assert world.deliver(*[builders.INSTANCE_ID] * 3, receives=2) == []


def test_the_probe_of_a_refused_key_is_not_lost(world: World, provider: FakeTransport) -> None:
    provider.on("GET", CONTACT, empty_reply(401))
    world.deliver(builders.INSTANCE_ID)
    world.time.waited += 90

    kept = world.deliver(builders.INSTANCE_ID, builders.INSTANCE_ID)

    assert len(kept) == 2
    assert len(provider.requests) == 2
    assert len(world.stack.messages("ActionDeadLetterQueue")) == 1


def test_a_name_change_closes_nothing_and_a_test_that_succeeds_does(
    world: World, provider: FakeTransport
) -> None:
    provider.on("GET", CONTACT, empty_reply(503))
    provider.on("GET", ME, json_reply({"id": 1, "contact": {"name": "A", "email": "a@b.example"}}))
    provider.on("GET", "/api/v2/settings/helpdesk", json_reply({}))
    provider.on("GET", "/api/v2/agents", json_reply([]))
    provider.on("GET", "/api/v2/admin/groups", json_reply([]))
    world.break_down()

    assert world.api("PATCH", INTEGRATION, {"name": "Another"})[0] == 200
    assert world.api("GET", INTEGRATION)[1]["data"]["circuit"]["state"] == "open"

    assert world.api("POST", f"{INTEGRATION}/test")[0] == 200
    assert world.api("GET", INTEGRATION)[1]["data"]["circuit"] == {"state": "closed"}


def test_a_caller_s_action_is_taken_while_the_provider_is_down_unless_they_would_not_wait(
    world: World, provider: FakeTransport
) -> None:
    provider.on("GET", CONTACT, empty_reply(503))
    world.break_down()
    calls = len(provider.requests)

    status, body, _ = world.api("POST", f"{INTEGRATION}/actions", READ)
    assert (status, body["data"]["state"], body["data"]["code"]) == (202, "waiting", "circuit_open")

    status, body, headers = world.api(
        "POST", f"{INTEGRATION}/actions", READ, Prefer="handling=strict"
    )
    assert (status, body["code"]) == (503, "circuit_open")
    assert body["details"]["circuit"]["reason"] == "provider_down"
    assert body["details"]["circuit"]["next_try_at"].endswith("Z")
    # Nothing waits for it: it is told when to ask again, and not that it is sent by itself
    again = f"Send it again after {headers['Retry-After']} seconds."
    assert body["details"]["advice"] == again
    assert len(provider.requests) == calls


def test_the_sync_waits_too(world: World, provider: FakeTransport) -> None:
    provider.on("GET", CONTACT, empty_reply(503))
    world.break_down()
    calls = len(provider.requests)
    world.stack.begin_sync()

    kept = world.stack.deliver(
        "SyncQueue", world.start("SyncWorker").handler, builders.Context(300_000)
    )

    assert len(kept) == 1
    assert len(provider.requests) == calls


def test_waiting_for_a_circuit_ends_at_the_deadline(world: World, provider: FakeTransport) -> None:
    provider.on("GET", CONTACT, empty_reply(503))
    world.break_down()

    # A message that was sent anew ages on
    first_sent = str(int((timestamps.epoch() - 86_400) * 1000))
    assert world.deliver(builders.INSTANCE_ID, age_s=60, first_sent=first_sent) == []
    assert len(world.deliver(builders.INSTANCE_ID, age_s=86_000)) == 1

    (letter,) = world.stack.messages("ActionDeadLetterQueue")
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert told["code"] == "exhausted_circuit_open"
    assert told["reason"].startswith("Not done within 24 hours of being sent, its deadline.")
    parked = json.loads(letter["Body"])["action_id"]
    assert world.record(parked)["state"] == "dead"


def test_the_deadline_is_the_template_s_parameter(world: World, provider: FakeTransport) -> None:
    provider.on("GET", CONTACT, empty_reply(503))
    world.stack.names["ActionDeadlineHours"] = "1"

    assert len(world.deliver(builders.INSTANCE_ID, age_s=3590)) == 1
    assert world.deliver(builders.INSTANCE_ID, age_s=3600) == []


def test_a_message_sent_anew_ages_on_through_a_real_queue(
    world: World, provider: FakeTransport
) -> None:
    provider.on("GET", CONTACT, empty_reply(503))
    world.deliver(builders.INSTANCE_ID, receives=45, age_s=3600)
    aws.sqs().set_queue_attributes(
        QueueUrl=world.stack.names["ActionQueue"], Attributes={"DelaySeconds": "0"}
    )
    found = world.stack.count("ActionQueue")

    # It is in the queue, delayed; nothing was parked.
    assert found[0] + found[1] <= 1
    delayed: Any = aws.sqs().get_queue_attributes(
        QueueUrl=world.stack.names["ActionQueue"],
        AttributeNames=["ApproximateNumberOfMessagesDelayed"],
    )["Attributes"]
    assert int(delayed["ApproximateNumberOfMessagesDelayed"]) + sum(found) == 1
    assert world.stack.messages("ActionDeadLetterQueue") == []


def test_connections_without_circuits_hold_nothing_back(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect()
    provider.on("GET", ME, empty_reply(401))
    bare = Connections(Registry(stack.names["InstanceTable"]), Vault(STACK_NAME), lambda: provider)

    for _ in range(2):
        bare.check(builders.INSTANCE_ID)
        with pytest.raises(Unauthorized):
            bare.use(builders.INSTANCE_ID, lambda client, _: client.me())
    assert len(provider.requests) == 2


def test_circuits_are_kept_in_the_table_and_swapped_only_by_who_saw_the_last_one(
    stack: Stack,
) -> None:
    store = DynamoStore(stack.names["BudgetTable"], clock=lambda: 1000.0)
    assert store.read("1") is None

    assert store.swap("1", None, Kept("a", "{}")).won
    lost = store.swap("1", None, Kept("b", "{}"))
    assert (lost.won, lost.now) == (False, Kept("a", "{}"))
    assert store.swap("1", "a", Kept("c", Circuit(times=2).to_text())).won
    assert store.read("1") == Kept("c", '{"times":2}')
    (item,) = stack.items("BudgetTable")
    assert item["pk"] == {"S": "circuit#1"}
    assert int(item["expires_at"]["N"]) == 1000 + EXPIRY_S


@pytest.mark.parametrize("method", ["get_item", "put_item"])
def test_a_table_that_does_not_answer_is_told_as_such(stack: Stack, method: str) -> None:
    for error, told in (
        (client_error(method, "Throttling"), "Throttling"),
        (EndpointConnectionError(endpoint_url="https://x"), "EndpointConnectionError"),
    ):
        failing = Failing(aws.dynamodb(), **{method: raising(error)})
        store = DynamoStore(stack.names["BudgetTable"], cast("Any", failing))

        with pytest.raises(CircuitsUnavailable, match=told):
            store.read("1") if method == "get_item" else store.swap("1", None, Kept("a", "{}"))


def test_without_the_table_actions_are_run_all_the_same(
    world: World, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    provider.on("GET", CONTACT, json_reply({"id": 7}))

    def silent(*_arguments: Any) -> Any:
        raise CircuitsUnavailable("made up")

    monkeypatch.setattr(DynamoStore, "read", silent)
    monkeypatch.setattr(DynamoStore, "swap", silent)

    assert world.deliver(builders.INSTANCE_ID) == []
    assert '"message":"circuit not known"' in log.getvalue()
