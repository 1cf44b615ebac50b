"""An action has its effect once, whatever comes twice; after a failure it can be tried again."""

from __future__ import annotations

from typing import Any, cast

import pytest

from freshbridge import aws
from freshbridge.actions.catalogue import InvalidParameters, UnknownAction
from freshbridge.actions.execute import AlreadyRunning, Executor, RecordUnavailable
from freshbridge.actions.record_store import RecordStore
from freshbridge.errors import NotFound, ProviderDown
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.payload import PayloadStore
from tests import builders
from tests.fakes.actions import services
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import STACK_NAME, Stack

NOTES = "/api/v2/tickets/1042/notes"


def execute(
    stack: Stack, provider: FakeTransport, request: ActionRequest, client: Any = None
) -> dict[str, Any]:
    """Run a request as a new, cold function would."""
    connections = Connections(
        Registry(stack.names["InstanceTable"]), Vault(STACK_NAME), lambda: provider
    )
    payloads = PayloadStore(stack.names["PayloadBucket"])
    executor = Executor(
        connections,
        services(),
        RecordStore(stack.names["ActionTable"], payloads, days=30),
        payloads,
        idempotency_table=stack.names["IdempotencyTable"],
        client=client,
    )
    return executor.execute(request, cast("Any", builders.Context())).data


def test_one_key_calls_the_provider_once_and_answers_the_same(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect()
    provider.on("POST", NOTES, json_reply({"id": 31}, 201), json_reply({"id": 32}, 201))

    first = execute(stack, provider, builders.action_request())
    second = execute(stack, provider, builders.action_request(action_id="act_again"))
    other = execute(stack, provider, builders.action_request(idempotency_key="another"))

    assert first == second
    assert first["conversation_id"] == 31
    assert other["conversation_id"] == 32
    assert len(provider.sent("POST", NOTES)) == 2


def test_a_provider_s_failure_leaves_no_record_so_that_the_retry_runs(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect()
    provider.on("POST", NOTES, empty_reply(503), empty_reply(404), json_reply({"id": 31}, 201))

    with pytest.raises(ProviderDown):
        execute(stack, provider, builders.action_request())
    assert stack.items("IdempotencyTable") == []
    with pytest.raises(NotFound):
        execute(stack, provider, builders.action_request())

    assert execute(stack, provider, builders.action_request())["conversation_id"] == 31


def test_while_one_runs_the_same_action_waits(stack: Stack, provider: FakeTransport) -> None:
    stack.connect()
    seen: list[AlreadyRunning] = []

    def meanwhile(_request: object) -> Any:
        with pytest.raises(AlreadyRunning) as raised:
            execute(stack, provider, builders.action_request())
        seen.append(raised.value)
        return json_reply({"id": 31}, 201)

    provider.on("POST", NOTES, meanwhile)

    execute(stack, provider, builders.action_request())

    assert [error.after for error in seen] == [5.0]
    assert len(provider.requests) == 1


def test_without_its_table_nothing_is_sent(stack: Stack, provider: FakeTransport) -> None:
    stack.connect()
    broken = Failing(aws.dynamodb(), put_item=raising(client_error("PutItem")))

    with pytest.raises(RecordUnavailable):
        execute(stack, provider, builders.action_request(), cast("Any", broken))
    assert provider.requests == []


def test_a_request_that_cannot_run_leaves_no_trace(stack: Stack, provider: FakeTransport) -> None:
    stack.connect()

    with pytest.raises(UnknownAction):
        execute(stack, provider, builders.action_request(action="explode"))
    with pytest.raises(InvalidParameters):
        execute(stack, provider, builders.action_request(parameters={"ticket_id": 7}))

    assert provider.requests == []
    assert stack.items("IdempotencyTable") == []


def test_the_record_outlives_the_queue_and_holds_no_parameters(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect()
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))

    execute(
        stack, provider, builders.action_request(parameters={"ticket_id": 1042, "body": "zebra"})
    )

    (item,) = stack.items("IdempotencyTable")
    assert item["status"]["S"] == "COMPLETED"
    assert "zebra" not in str(item)
