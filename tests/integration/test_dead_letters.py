"""Dead letters through the functions: kept, let in once, mended, parked again, closed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from freezegun import freeze_time

from freshbridge import aws
from freshbridge.actions.record import State as ActionState
from freshbridge.actions.record_store import RecordStore
from freshbridge.dead_letters.carrier import Carrier
from freshbridge.dead_letters.desk import Desk, NotSentBack
from freshbridge.dead_letters.filters import Filter, read_filter
from freshbridge.dead_letters.intake import Intake
from freshbridge.dead_letters.letter import Letter, NotParked, State
from freshbridge.dead_letters.store import LetterContended, LetterStore, UnknownLetter
from freshbridge.dead_letters.subject import Queue
from freshbridge.queues.park import DeadLetterQueue
from freshbridge.queues.payload import INLINE_LIMIT, PayloadStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import Stack, Start
from tests.unit.dead_letters.letters import letter as made

NOTES = "/api/v2/tickets/1042/notes"
GONE = json_reply(
    {"code": "gone", "message": f"no ticket of {builders.EMAIL}"},
    404,
    headers={"X-Request-Id": "req-77"},
)


def store(stack: Stack, client: Any = None) -> LetterStore:
    return LetterStore(stack.names["DeadLetterTable"], days=90, client=client)


def desk(stack: Stack, sqs: Any = None) -> Desk:
    """Where the letters of every queue are dealt with."""
    carriers = {
        queue: Carrier(
            stack.names[f"{name}Queue"], stack.names[f"{name}DeadLetterQueue"], client=sqs
        )
        for queue, name in (
            (Queue.EVENTS, "Event"),
            (Queue.ACTIONS, "Action"),
            (Queue.SYNC, "Sync"),
            (Queue.CALLBACKS, "Callback"),
        )
    }
    payloads = PayloadStore(stack.names["PayloadBucket"])
    records = RecordStore(stack.names["ActionTable"], payloads, days=30)
    return Desk(store(stack), carriers, records)


def letters(stack: Stack, state: str = "all") -> list[Letter]:
    """Whole letters, newest first."""
    found = store(stack).newest(read_filter({"state": state}))
    return [store(stack).get(letter.letter_id) for letter in found]


def only_letter(stack: Stack) -> Letter:
    (found,) = letters(stack)
    return found


def history(letter: Letter) -> list[str]:
    return [entry.what for entry in letter.history]


@pytest.fixture
def run(stack: Stack, start: Start) -> Callable[[], list[str]]:
    """Deliver what the ActionQueue holds; the bodies that were kept."""
    stack.connect()
    return lambda: stack.deliver("ActionQueue", start("ActionExecutor").handler)


@pytest.fixture
def parked(stack: Stack, run: Callable[[], Any], provider: FakeTransport) -> Letter:
    """A note that was refused, since its ticket was not there, and now would be taken."""
    provider.on("POST", NOTES, GONE, json_reply({"id": 31}, 201))
    stack.send("ActionQueue", builders.action_request())
    assert run() == []
    return only_letter(stack)


def test_a_refused_action_is_kept_with_all_that_is_known_of_it(
    stack: Stack, parked: Letter
) -> None:
    assert (parked.state, parked.queue, parked.round) == (State.PARKED, Queue.ACTIONS, 1)
    assert (parked.failure.code, parked.failure.attempts) == ("not_found", 1)
    assert parked.failure.provider["status"] == 404
    assert parked.failure.provider["where"] == f"POST {NOTES}"
    assert builders.EMAIL not in json.dumps(parked.failure.provider)
    assert parked.subject.action_id == "act_0001"
    assert json.loads(parked.body)["parameters"] == {"ticket_id": 1042, "body": "<p>Seen</p>"}
    assert history(parked) == ["parked"]
    # And in the queue, for those who look there
    (copy,) = stack.messages("ActionDeadLetterQueue")
    attributes = {k: v["StringValue"] for k, v in copy["MessageAttributes"].items()}
    assert attributes["code"] == "not_found"
    assert attributes["dead_letter_id"] == parked.letter_id
    assert copy["Body"] == parked.body


def test_a_redriven_action_runs_once_and_closes_its_letter(
    stack: Stack, parked: Letter, run: Callable[[], Any], provider: FakeTransport
) -> None:
    desk(stack).send_back(parked.letter_id, "user 1")
    records = RecordStore(
        stack.names["ActionTable"], PayloadStore(stack.names["PayloadBucket"]), days=30
    )
    assert records.get("act_0001").state is ActionState.QUEUED

    assert run() == []

    done = only_letter(stack)
    assert done.state is State.RESOLVED
    assert history(done) == ["parked", "redriven", "resolved"]
    assert len(provider.sent("POST", NOTES)) == 2
    assert records.get("act_0001").state is ActionState.SUCCEEDED
    assert len(records.get("act_0001").attempts) == 2


def test_a_copy_that_is_moved_as_well_does_not_run(
    stack: Stack,
    parked: Letter,
    run: Callable[[], Any],
    provider: FakeTransport,
    log: io.StringIO,
) -> None:
    # Given a redrive, and two copies that somebody moves in the console
    desk(stack).send_back(parked.letter_id, "user 1")
    carrier = desk(stack).carriers[Queue.ACTIONS]
    carrier.send_back(parked)
    carrier.send_back(parked)

    # When all of them come
    assert run() == []

    # Then one has run, and the others are gone
    assert len(provider.sent("POST", NOTES)) == 2
    assert only_letter(stack).state is State.RESOLVED
    assert stack.count("ActionQueue") == (0, 0)
    assert log.getvalue().count("dead letter not run") == 2


def test_a_discarded_letter_s_copy_does_not_run_and_a_restored_one_s_does(
    stack: Stack, parked: Letter, run: Callable[[], Any], provider: FakeTransport
) -> None:
    desk(stack).discard(parked.letter_id, "user 1", "the ticket was spam")
    desk(stack).carriers[Queue.ACTIONS].send_back(parked)
    run()
    assert len(provider.sent("POST", NOTES)) == 1

    restored = desk(stack).restore(parked.letter_id, "user 1")
    assert (restored.state, restored.carried) == (State.PARKED, True)
    desk(stack).send_back(parked.letter_id, "user 2")
    run()

    assert len(provider.sent("POST", NOTES)) == 2
    assert history(only_letter(stack))[1:] == ["discarded", "restored", "redriven", "resolved"]


def test_what_fails_again_joins_its_own_history(
    stack: Stack, run: Callable[[], Any], provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, GONE, empty_reply(403), json_reply({"id": 3}, 201))
    stack.send("ActionQueue", builders.action_request())
    run()
    for _ in range(2):
        desk(stack).send_back(only_letter(stack).letter_id, "user 1")
        run()

    found = only_letter(stack)
    assert history(found) == ["parked", "redriven", "parked again", "redriven", "resolved"]
    assert [e.note.partition(":")[0] for e in found.history if "parked" in e.what] == [
        "not_found",
        "forbidden",
    ]
    assert found.round == 2


def test_a_redriven_action_that_waits_keeps_its_letter(
    stack: Stack, run: Callable[[], Any], provider: FakeTransport
) -> None:
    provider.on(
        "POST", NOTES, GONE, empty_reply(429, {"Retry-After": "60"}), json_reply({"id": 3}, 201)
    )
    with freeze_time(datetime.now(UTC)) as clock:
        stack.send("ActionQueue", builders.action_request())
        run()
        desk(stack).send_back(only_letter(stack).letter_id, "user 1")

        # When the provider is busy, and the message comes again
        assert len(run()) == 1
        assert only_letter(stack).state is State.REDRIVEN
        clock.tick(200)
        assert run() == []

        # Then it was let in again, since it is the one that has the letter
        assert only_letter(stack).state is State.RESOLVED
    assert len(provider.sent("POST", NOTES)) == 3


def test_an_expired_letter_s_message_runs_as_it_is(
    stack: Stack, parked: Letter, run: Callable[[], Any], provider: FakeTransport
) -> None:
    aws.dynamodb().delete_item(
        TableName=stack.names["DeadLetterTable"], Key={"pk": {"S": parked.letter_id}}
    )
    desk(stack).carriers[Queue.ACTIONS].send_back(parked)

    assert run() == []
    assert len(provider.sent("POST", NOTES)) == 2


def test_when_it_cannot_be_told_whether_a_letter_may_run_it_waits(
    stack: Stack,
    parked: Letter,
    run: Callable[[], Any],
    provider: FakeTransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk(stack).send_back(parked.letter_id, "user 1")
    real = aws.dynamodb()

    def throttled(**asked: Any) -> Any:
        if asked["TableName"] == stack.names["DeadLetterTable"]:
            raise client_error("PutItem", "ProvisionedThroughputExceededException")
        return real.put_item(**asked)

    with monkeypatch.context() as broken:
        failing = Failing(real, put_item=throttled)
        broken.setattr(aws, "dynamodb", lambda: failing)
        assert len(run()) == 1

    assert len(provider.sent("POST", NOTES)) == 1
    assert only_letter(stack).state is State.RETURNING


@pytest.mark.parametrize("broken", ["table", "queue", "both"])
def test_a_message_is_parked_when_the_table_or_the_queue_has_it(
    *,
    stack: Stack,
    run: Callable[[], Any],
    provider: FakeTransport,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
    broken: str,
) -> None:
    provider.on("POST", NOTES, GONE)
    stack.send("ActionQueue", builders.action_request())
    tables, queues = aws.dynamodb(), aws.sqs()

    def no_table(**asked: Any) -> Any:
        if asked["TableName"] == stack.names["DeadLetterTable"]:
            raise client_error("PutItem", "InternalServerError")
        return tables.put_item(**asked)

    if broken in ("table", "both"):
        no_tables = Failing(tables, put_item=no_table)
        monkeypatch.setattr(aws, "dynamodb", lambda: no_tables)
    if broken in ("queue", "both"):
        no_queues = Failing(queues, send_message=raising(client_error("SendMessage")))
        monkeypatch.setattr(aws, "sqs", lambda: no_queues)
    kept = run()
    monkeypatch.undo()

    copies = stack.messages("ActionDeadLetterQueue")
    found = letters(stack)
    assert (len(kept), len(copies), len(found)) == {
        "table": (0, 1, 0),
        "queue": (0, 0, 1),
        "both": (1, 0, 0),
    }[broken]
    if broken == "table":
        assert "dead_letter_id" not in copies[0]["MessageAttributes"]
    if broken == "queue":
        assert not found[0].carried
        assert found[0].return_at != ""
    assert ("parked in part" in log.getvalue()) is (broken != "both")


def test_a_long_body_outlives_the_message_that_brought_it(
    stack: Stack, run: Callable[[], Any], provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, GONE, json_reply({"id": 31}, 201))
    long = "x" * INLINE_LIMIT
    request = builders.action_request(parameters={"ticket_id": 1042, "body": long})
    payloads = PayloadStore(stack.names["PayloadBucket"])
    text = json.dumps(request.__dict__)
    stack.send("ActionQueue", payloads.pack(text, "actions/act_0001.json"))
    run()
    # Given that the message's own object has expired
    aws.s3().delete_object(Bucket=stack.names["PayloadBucket"], Key="actions/act_0001.json")

    found = only_letter(stack)
    assert json.loads(payloads.unpack(found.body))["parameters"]["body"] == long
    assert any(key.startswith("dead-letters/") for key in stack.objects("PayloadBucket"))
    desk(stack).send_back(found.letter_id, "user 1")
    assert run() == []
    assert provider.sent("POST", NOTES)[1].json["body"] == long


@pytest.mark.parametrize(
    ("queue", "function", "body"),
    [
        ("EventQueue", "EventRouter", "not JSON"),
        ("SyncQueue", "SyncWorker", "not JSON"),
    ],
)
def test_every_queue_keeps_its_letters(
    stack: Stack, start: Start, queue: str, function: str, body: str
) -> None:
    stack.connect()
    stack.send(queue, body)

    assert stack.deliver(queue, start(function).handler, builders.Context(300_000)) == []

    found = only_letter(stack)
    assert (found.body, found.state) == (body, State.PARKED)
    assert queue.lower().startswith(found.queue.value.removesuffix("s"))


def test_two_who_redrive_at_once_send_it_once(
    stack: Stack, parked: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given that another redrives between the reading and the writing of the first
    first = desk(stack)
    real = first.store.put

    def slower(letter: Letter) -> Letter | None:
        monkeypatch.setattr(first.store, "put", real)
        desk(stack).send_back(parked.letter_id, "user 2")
        return real(letter)

    monkeypatch.setattr(first.store, "put", slower)

    with pytest.raises(NotParked):
        first.send_back(parked.letter_id, "user 1")
    assert len(stack.messages("ActionQueue")) == 1
    assert [e.by for e in only_letter(stack).history] == ["action_executor", "user 2"]


def test_what_the_queue_does_not_take_stays_parked(stack: Stack, parked: Letter) -> None:
    refusing = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))

    with pytest.raises(NotSentBack):
        desk(stack, refusing).send_back(parked.letter_id, "user 1")

    assert only_letter(stack).state is State.PARKED
    assert history(only_letter(stack)) == ["parked", "redriven", "not sent"]
    assert desk(stack).send_back(parked.letter_id, "user 1").state is State.RETURNING


def test_a_letter_that_everybody_changes_is_told_so(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = store(stack)
    held.put(made(expires_at=2**33))
    monkeypatch.setattr(held, "put", lambda _letter: None)

    with pytest.raises(LetterContended):
        held.change(made().letter_id, lambda letter: letter)


def test_an_unknown_letter_is_told(stack: Stack) -> None:
    for name in ("dl_none", "", "x" * 3000):
        with pytest.raises(UnknownLetter):
            store(stack).get(name)
    with pytest.raises(UnknownLetter):
        desk(stack).send_back("dl_none", "user 1")


def test_an_expired_letter_is_gone_before_dynamodb_removes_it(stack: Stack) -> None:
    late = LetterStore(stack.names["DeadLetterTable"], days=90, clock=lambda: 2.0**32)
    kept = store(stack).put(made(expires_at=2**32))
    assert kept is not None

    assert late.find(kept.letter_id) is None
    assert list(late.newest(Filter())) == []
    assert late.oldest(Queue.ACTIONS) is None
    # And another may take its place, whatever it was
    assert late.put(made(expires_at=2**33)) is not None


def test_a_letter_that_cannot_be_closed_is_run_again_later_and_says_so(
    *,
    stack: Stack,
    parked: Letter,
    run: Callable[[], Any],
    provider: FakeTransport,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    desk(stack).send_back(parked.letter_id, "user 1")
    real, writes = aws.dynamodb(), 0

    def once(**asked: Any) -> Any:
        nonlocal writes
        if asked["TableName"] == stack.names["DeadLetterTable"]:
            writes += 1
            if writes > 1:
                raise client_error("PutItem", "ThrottlingException")
        return real.put_item(**asked)

    with monkeypatch.context() as broken:
        failing = Failing(real, put_item=once)
        broken.setattr(aws, "dynamodb", lambda: failing)
        assert run() == []

    # The action is done and acknowledged; its letter is still held, and due half a day later
    held = only_letter(stack)
    assert (held.state, held.return_at != "") == (State.REDRIVEN, True)
    assert "dead letter not closed" in log.getvalue()
    late = desk(stack)
    late.store.clock = lambda: datetime.now(UTC).timestamp() + 14 * 3600
    assert late.send_again(held.letter_id) is not None
    assert run() == []
    assert only_letter(stack).state is State.RESOLVED
    # Under its idempotency key it has had its effect once
    assert len(provider.sent("POST", NOTES)) == 2


def test_a_row_that_its_batch_lists_closes_its_letter(
    stack: Stack,
    run: Callable[[], Any],
    start: Start,
    provider: FakeTransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider.on("POST", NOTES, GONE, GONE)
    stack.send("ActionQueue", builders.action_request())
    run()
    desk(stack).send_back(only_letter(stack).letter_id, "user 1")
    ports = start("ActionExecutor")._ports()
    monkeypatch.setattr(ports.processor, "_observer", lambda *_told: True)

    assert run() == []

    done = only_letter(stack)
    assert (done.state, done.history[-1].note) == (
        State.RESOLVED,
        "what it came to is listed elsewhere",
    )


def test_a_restored_letter_waits_for_its_copy_while_the_queue_does_not_answer(
    stack: Stack, parked: Letter
) -> None:
    refusing = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
    desk(stack).discard(parked.letter_id, "user 1", "spam")

    restored = desk(stack, refusing).restore(parked.letter_id, "user 1")

    assert (restored.state, restored.carried) == (State.PARKED, False)
    desk(stack).carry(only_letter(stack))
    assert only_letter(stack).carried
    # A copy for a round that is over changes nothing
    desk(stack).carry(parked)
    assert only_letter(stack).version == restored.version + 1


def test_a_letter_that_neither_goes_nor_comes_back_is_sent_when_it_is_due(
    stack: Stack, parked: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
    at = desk(stack, refusing)
    real = at.store.put
    monkeypatch.setattr(at.store, "put", lambda x: real(x) if x.state is not State.PARKED else None)

    with pytest.raises(NotSentBack):
        at.send_back(parked.letter_id, "user 1")

    assert only_letter(stack).state is State.RETURNING
    assert desk(stack).send_again(parked.letter_id) is None
    late = desk(stack)
    late.store.clock = lambda: datetime.now(UTC).timestamp() + 2 * 3600
    assert late.send_again(parked.letter_id) is not None
    assert len(stack.messages("ActionQueue")) == 1


def test_a_record_that_is_gone_or_done_stands_in_no_letter_s_way(
    stack: Stack, parked: Letter
) -> None:
    aws.dynamodb().delete_item(TableName=stack.names["ActionTable"], Key={"pk": {"S": "act_0001"}})

    assert desk(stack).send_back(parked.letter_id, "user 1").state is State.RETURNING
    assert stack.items("ActionTable") == []


def test_a_message_whose_body_is_gone_keeps_its_pointer(
    stack: Stack, run: Callable[[], Any]
) -> None:
    payloads = PayloadStore(stack.names["PayloadBucket"])
    pointer = payloads.pack("x" * (INLINE_LIMIT + 1), "actions/a.json")
    aws.s3().delete_object(Bucket=stack.names["PayloadBucket"], Key="actions/a.json")
    stack.send("ActionQueue", pointer)

    assert run() == []

    found = only_letter(stack)
    assert (found.failure.code, found.body) == ("payload_gone", pointer)


def test_a_letter_of_no_action_reopens_no_record(stack: Stack, start: Start) -> None:
    stack.connect()
    stack.send("EventQueue", "[]")
    stack.deliver("EventQueue", start("EventRouter").handler)

    assert desk(stack).send_back(only_letter(stack).letter_id, "user 1").state is State.RETURNING
    assert stack.items("ActionTable") == []


def test_a_letter_is_kept_though_nothing_can_be_noted_of_its_missing_copy(
    *,
    stack: Stack,
    run: Callable[[], Any],
    provider: FakeTransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider.on("POST", NOTES, GONE)
    stack.send("ActionQueue", builders.action_request())
    tables, writes = aws.dynamodb(), 0

    def once(**asked: Any) -> Any:
        nonlocal writes
        if asked["TableName"] == stack.names["DeadLetterTable"]:
            writes += 1
            if writes > 1:
                raise client_error("PutItem", "ThrottlingException")
        return tables.put_item(**asked)

    with monkeypatch.context() as broken:
        no_tables = Failing(tables, put_item=once)
        no_queue = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
        broken.setattr(aws, "dynamodb", lambda: no_tables)
        broken.setattr(aws, "sqs", lambda: no_queue)
        assert run() == []

    assert only_letter(stack).state is State.PARKED
    assert stack.messages("ActionDeadLetterQueue") == []


def test_a_renewed_message_runs_for_the_letter_that_it_carries(
    stack: Stack, parked: Letter, run: Callable[[], Any], provider: FakeTransport
) -> None:
    desk(stack).send_back(parked.letter_id, "user 1")
    (event,) = stack.poll("ActionQueue")["Records"]
    at = DeadLetterQueue(
        stack.names["ActionDeadLetterQueue"],
        function="tests",
        letters=Intake(
            Queue.ACTIONS,
            store(stack),
            PayloadStore(stack.names["PayloadBucket"]),
            function="tests",
        ),
    )
    first = SQSRecord(event)
    assert at.admit(first)

    # When another takes its place, as the queue counted too many receives
    aws.sqs().send_message(
        QueueUrl=stack.names["ActionQueue"],
        MessageBody=event["body"],
        MessageAttributes=at.marks(first),
    )
    assert run() == []

    assert only_letter(stack).state is State.RESOLVED
    assert len(provider.sent("POST", NOTES)) == 2
