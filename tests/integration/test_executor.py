"""An action has its effect once, whatever comes twice; after a failure it can be tried again."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from freshbridge import aws, timestamps
from freshbridge.actions.action import SETTLE_S, Unfinished
from freshbridge.actions.catalogue import InvalidParameters, UnknownAction
from freshbridge.actions.claims import ClaimLedger
from freshbridge.actions.execute import Executor
from freshbridge.actions.idempotency import UNTOLD_S, AlreadyRunning, RecordUnavailable
from freshbridge.actions.once import NotSettled, OutcomeUnknown, outcome_known
from freshbridge.actions.record import ActionRecord, State
from freshbridge.actions.record_store import RecordStore
from freshbridge.errors import NotFound, ProviderDown, ReplyTooLarge, Throttled, Unreachable
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
CONVERSATIONS = "/api/v2/tickets/1042/conversations"


class Clock:
    """A present that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = timestamps.now()

    def __call__(self) -> datetime:
        """The present."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def executor(
    stack: Stack,
    provider: FakeTransport,
    client: Any = None,
    clock: Callable[[], datetime] = timestamps.now,
) -> Executor:
    """What a new, cold function has."""
    connections = Connections(
        Registry(stack.names["InstanceTable"]), Vault(STACK_NAME), lambda: provider
    )
    payloads = PayloadStore(stack.names["PayloadBucket"])
    return Executor(
        connections,
        services(claims=ClaimLedger(stack.names["IdempotencyTable"])),
        records(stack),
        payloads,
        idempotency_table=stack.names["IdempotencyTable"],
        client=client,
        clock=clock,
    )


def records(stack: Stack) -> RecordStore:
    payloads = PayloadStore(stack.names["PayloadBucket"])
    return RecordStore(stack.names["ActionTable"], payloads, days=30)


def execute(  # noqa: PLR0917 - a stack, what runs on it, and how much time it has
    stack: Stack,
    provider: FakeTransport,
    request: ActionRequest,
    client: Any = None,
    clock: Callable[[], datetime] = timestamps.now,
    remaining_ms: int = 110_000,
) -> dict[str, Any]:
    """Run a request as a new, cold function would, which puts on record what went wrong."""
    chosen = executor(stack, provider, client, clock)
    context = cast("Any", builders.Context(remaining_ms=remaining_ms))
    try:
        return chosen.execute(request, context).data
    except Exception as error:
        code = getattr(error, "code", "defect")
        chosen.failed(request, State.WAITING, error=error, code=code, reason=str(error))
        raise


def said(record_id: int, clock: Clock) -> dict[str, Any]:
    """The note of the builders' request as the ticket's conversations show it."""
    body = builders.action_request().parameters["body"]
    return {
        "id": record_id,
        "body": body,
        "source": 2,
        "private": True,
        "incoming": False,
        "created_at": timestamps.to_text(clock.now),
    }


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


def test_a_provider_s_refusal_leaves_no_record_so_that_the_retry_runs(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect()
    provider.on("POST", NOTES, empty_reply(429), empty_reply(404), json_reply({"id": 31}, 201))

    with pytest.raises(Throttled):
        execute(stack, provider, builders.action_request())
    with pytest.raises(NotFound):
        execute(stack, provider, builders.action_request())

    assert stack.items("IdempotencyTable") == []
    assert execute(stack, provider, builders.action_request())["conversation_id"] == 31
    assert len(provider.requests) == 3


def test_an_outcome_that_is_not_known_is_looked_up_after_a_while(
    stack: Stack, provider: FakeTransport
) -> None:
    # Given a note that may have been made
    stack.connect()
    clock = Clock()
    provider.on("POST", NOTES, empty_reply(503), json_reply({"id": 32}, 201))
    provider.on("GET", CONVERSATIONS, json_reply([]))
    with pytest.raises(ProviderDown) as raised:
        execute(stack, provider, builders.action_request(), clock=clock)
    assert raised.value.after == SETTLE_S
    assert stack.items("IdempotencyTable") == []

    # When it comes back too early, and once it has settled
    clock.wait(3)
    with pytest.raises(NotSettled) as early:
        execute(stack, provider, builders.action_request(), clock=clock)
    assert early.value.after == SETTLE_S - 3
    clock.wait(SETTLE_S - 3)
    outcome = execute(stack, provider, builders.action_request(), clock=clock)

    # Then it was looked for before it was sent again
    assert [call.method for call in provider.requests] == ["POST", "GET", "POST"]
    assert outcome["conversation_id"] == 32


@pytest.mark.parametrize("failing", ["UpdateItem", "PutItem"])
def test_a_table_that_fails_after_the_effect_costs_no_second_one(
    stack: Stack, provider: FakeTransport, failing: str
) -> None:
    # Given a note that is made, and a table that then takes neither its claim nor its result
    stack.connect()
    clock = Clock()
    real, broken = aws.dynamodb(), raising(client_error(failing))
    made: list[object] = []

    def once_made(method: str) -> Any:
        def call(**wanted: Any) -> Any:
            own = wanted["TableName"] == stack.names["IdempotencyTable"]
            return broken(**wanted) if own and made else getattr(real, method)(**wanted)

        return call

    def make(_request: object) -> Any:
        made.append(said(31, clock))
        return json_reply({"id": 31}, 201)

    provider.on("POST", NOTES, make)
    provider.on("GET", CONVERSATIONS, lambda _request: json_reply(made))
    method = {"UpdateItem": "update_item", "PutItem": "put_item"}[failing]
    client: Any = Failing(real, **{method: once_made(method)})
    with pytest.MonkeyPatch.context() as patch, pytest.raises((RecordUnavailable, ClientError)):
        patch.setattr(aws, "dynamodb", lambda: client)
        # Its time is over at once, so that what it left behind keeps nobody waiting.
        execute(stack, provider, builders.action_request(), client, clock, remaining_ms=1)

    # When the message comes back
    clock.wait(60)
    outcome = execute(stack, provider, builders.action_request(), clock=clock)

    # Then the note is found
    assert (outcome["conversation_id"], outcome["reconciled"]) == (31, True)
    assert len(provider.sent("POST", NOTES)) == 1


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_is_done_answers_whatever_a_second_copy_s_parameters_are(
    stack: Stack, provider: FakeTransport, forgotten: bool
) -> None:
    # Given an action that succeeded, and maybe so long ago that its idempotency record is gone
    stack.connect()
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    first = execute(stack, provider, builders.action_request())
    for item in stack.items("IdempotencyTable") if forgotten else []:
        aws.dynamodb().delete_item(
            TableName=stack.names["IdempotencyTable"], Key={"id": item["id"]}
        )

    # When a copy comes that its schema does not take
    again = execute(stack, provider, builders.action_request(parameters={"ticket_id": "seven"}))

    # Then it answers the same
    assert again == first
    assert records(stack).get("act_0001").state is State.SUCCEEDED


def test_a_copy_comes_back_while_the_mended_one_runs(stack: Stack, provider: FakeTransport) -> None:
    stack.connect()

    def meanwhile(_request: object) -> Any:
        with pytest.raises(AlreadyRunning):
            execute(stack, provider, builders.action_request(parameters={"ticket_id": "seven"}))
        return json_reply({"id": 31}, 201)

    provider.on("POST", NOTES, meanwhile)

    assert execute(stack, provider, builders.action_request())["conversation_id"] == 31


def test_a_read_answers_a_copy_that_could_not_be_read_with(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect()
    provider.on("GET", "/api/v2/tickets/1042", json_reply({"id": 1042, "subject": "first"}))
    read = builders.action_request(action="get_ticket_info", parameters={"ticket_id": 1042})
    broken = builders.action_request(action="get_ticket_info", parameters={"ticket_id": "seven"})
    with pytest.raises(InvalidParameters):
        execute(stack, provider, broken)
    first = execute(stack, provider, read)

    assert execute(stack, provider, broken) == first
    assert len(provider.requests) == 1


def test_what_its_own_record_knows_is_not_done_again(stack: Stack, provider: FakeTransport) -> None:
    # Given an action that succeeded so long ago that its idempotency record is gone
    stack.connect()
    provider.on("POST", NOTES, json_reply({"id": 31}, 201), json_reply({"id": 32}, 201))
    first = execute(stack, provider, builders.action_request())
    for item in stack.items("IdempotencyTable"):
        aws.dynamodb().delete_item(
            TableName=stack.names["IdempotencyTable"], Key={"id": item["id"]}
        )

    # When it comes once more, and when its id comes with another effect
    again = execute(stack, provider, builders.action_request())
    other = execute(stack, provider, builders.action_request(idempotency_key="another"))

    # Then only the other one runs
    assert again == first
    assert other["conversation_id"] == 32


def test_while_one_runs_the_same_action_waits_until_that_one_must_be_over(
    stack: Stack, provider: FakeTransport
) -> None:
    # Given an action at work in a function that has 110 seconds
    stack.connect()
    seen: list[AlreadyRunning] = []
    kept: list[ActionRecord] = []

    def meanwhile(_request: object) -> Any:
        with pytest.raises(AlreadyRunning) as raised:
            execute(stack, provider, builders.action_request())
        seen.append(raised.value)
        kept.append(records(stack).get("act_0001"))
        return json_reply({"id": 31}, 201)

    provider.on("POST", NOTES, meanwhile)

    # When its message comes a second time
    execute(stack, provider, builders.action_request())

    # Then that one costs no attempt, comes back when the first one's time is up, and tells nothing
    (error,) = seen
    assert error.costs_no_attempt
    assert error.after is not None
    assert 100 < error.after < 112
    assert [(one.state, one.attempts) for one in kept] == [(State.RUNNING, ())]
    assert len(provider.requests) == 1
    assert len(records(stack).get("act_0001").attempts) == 1


def test_where_nothing_tells_how_long_the_first_one_has_it_is_asked_after_a_while(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect()
    seen: list[float | None] = []

    def meanwhile(_request: object) -> Any:
        (item,) = stack.items("IdempotencyTable")
        aws.dynamodb().update_item(
            TableName=stack.names["IdempotencyTable"],
            Key={"id": item["id"]},
            UpdateExpression="REMOVE in_progress_expiration",
        )
        with pytest.raises(AlreadyRunning) as raised:
            execute(stack, provider, builders.action_request())
        seen.append(raised.value.after)
        return json_reply({"id": 31}, 201)

    provider.on("POST", NOTES, meanwhile)

    execute(stack, provider, builders.action_request())

    assert seen == [UNTOLD_S]


def test_one_that_waits_for_another_leaves_its_doubt_alone(
    stack: Stack, provider: FakeTransport
) -> None:
    # Given a function that dies while a second message of the same action is turned away
    stack.connect()
    clock = Clock()

    class Killed(BaseException):
        """The process ends."""

    def meanwhile(_request: object) -> Any:
        with pytest.raises(AlreadyRunning):
            execute(stack, provider, builders.action_request(), clock=clock)
        raise Killed

    provider.on("POST", NOTES, meanwhile, json_reply({"id": 32}, 201))
    provider.on("GET", CONVERSATIONS, lambda _request: json_reply([said(31, clock)]))
    with pytest.raises(Killed):
        execute(stack, provider, builders.action_request(), clock=clock, remaining_ms=500)
    began = timestamps.to_text(clock.now)
    assert records(stack).get("act_0001").unsure_since == began

    # When its time is up and the message comes back
    deadline = time.monotonic() + 30
    clock.wait(30)
    while True:
        try:
            outcome = execute(stack, provider, builders.action_request(), clock=clock)
            break
        except AlreadyRunning:
            assert time.monotonic() < deadline

    # Then what the first one had made is found
    assert (outcome["conversation_id"], outcome["reconciled"]) == (31, True)


@pytest.mark.parametrize(
    ("error", "known"),
    [
        (Throttled("a"), True),
        (AlreadyRunning("a"), True),
        (NotFound("a"), True),
        (OutcomeUnknown("a"), True),
        (Unfinished(1), True),
        (Unreachable("a"), True),
        (Unreachable("a", outcome_unknown=True), False),
        (ReplyTooLarge("a"), False),
        (client_error("PutItem"), False),
        (KeyError("id"), False),
    ],
)
def test_only_what_is_certain_is_known(error: Exception, known: bool) -> None:
    assert outcome_known(error) is known


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

    items = stack.items("IdempotencyTable")
    (item,) = [one for one in items if not one["id"]["S"].startswith("claim#")]
    assert "zebra" not in str(items)
    assert item["status"]["S"] == "COMPLETED"
