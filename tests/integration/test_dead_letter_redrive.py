"""dead_letter_redrive: sweeps, sends back what is due, carries on jobs, follows orders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from freezegun import freeze_time

from dead_letter_redrive.ports import ports
from freshbridge import aws
from freshbridge.circuit.circuits import Circuits
from freshbridge.dead_letters import jobs as jobs_module
from freshbridge.dead_letters import schedule, sweep
from freshbridge.dead_letters.carrier import Carrier
from freshbridge.dead_letters.filters import Filter, read_filter
from freshbridge.dead_letters.intake import Intake
from freshbridge.dead_letters.job_store import JobStore
from freshbridge.dead_letters.jobs import PAGE, Jobs, UnknownJob, new_job
from freshbridge.dead_letters.letter import Letter, State, text_of
from freshbridge.dead_letters.store import LetterStore
from freshbridge.dead_letters.subject import Queue
from freshbridge.dead_letters.sweep import UNPARKED
from freshbridge.errors import InvalidRequest
from freshbridge.queues import redrive as mover_module
from freshbridge.queues.park import DeadLetterQueue, message_of
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.redrive import Mover, MoveUnderWay
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.integration.conftest import Stack, Start
from tests.integration.test_dead_letters import desk, history, letters, only_letter, store

NAMES = {
    "events": "Event",
    "actions": "Action",
    "sync": "Sync",
    "callbacks": "Callback",
    "customers": "Customer",
}
HOUR = 3600
Redrive = Callable[..., dict[str, Any]]


class Died(Exception):
    """Stands for the end of a process: nothing catches it."""


@pytest.fixture(autouse=True)
def _no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the clock stands still, moto would poll for ever."""
    monkeypatch.setattr(sweep, "POLL_S", 0)
    monkeypatch.setattr(mover_module, "POLL_S", 0)


@pytest.fixture
def redrive(start: Start) -> Redrive:
    """Invoke the function."""

    def invoke(event: dict[str, Any] | None = None, remaining_ms: int = 290_000) -> dict[str, Any]:
        handler = start("DeadLetterRedrive").handler
        order = {"scheduled": True} if event is None else event
        answer: dict[str, Any] = handler(order, builders.Context(remaining_ms))
        return answer

    return invoke


def intake(stack: Stack, queue: Queue) -> Intake:
    payloads = PayloadStore(stack.names["PayloadBucket"])
    return Intake(queue, store(stack), payloads, function="tests")


def park(
    stack: Stack,
    number: int = 0,
    *,
    queue: str = "actions",
    code: str = "not_found",
    listed: bool = True,
) -> None:
    """Park one action as its function does, or as it did when the table was not there."""
    request = builders.action_request(action_id=f"act_{number}", idempotency_key=f"act_{number}")
    record = builders.sqs_record(json.dumps(request.__dict__), message_id=f"m-{number}")
    parking = DeadLetterQueue(
        stack.names[f"{NAMES[queue]}DeadLetterQueue"],
        function="tests",
        letters=intake(stack, Queue(queue)) if listed else None,
    )
    parking.park(
        record["body"],
        code=code,
        reason="why",
        attempts=3,
        parked_at=text_of(datetime.now(UTC).timestamp()),
        record=SQSRecord(record),
    )


class InTurn:
    """Stands for a pool of threads, in which freezegun's time does not stand still."""

    def __init__(self, _workers: int) -> None:
        self.map = map

    def __enter__(self) -> InTurn:
        """Itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """There is nothing to end."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A time that the test moves."""
    monkeypatch.setattr(jobs_module, "ThreadPoolExecutor", InTurn)
    monkeypatch.setattr(schedule, "ThreadPoolExecutor", InTurn)
    with freeze_time(datetime(2026, 6, 1, tzinfo=UTC)) as frozen:
        yield frozen


# ---------------------------------------------------------------- automatic return


def test_a_passing_cause_comes_back_after_a_cool_down_that_grows_and_ends(
    stack: Stack, redrive: Redrive, clock: Any
) -> None:
    code = "exhausted_throttled"
    came: list[float] = []
    since_parked = 0.0
    park(stack, code=code)
    for _ in range(70):
        clock.tick(timedelta(hours=1))
        since_parked += 1
        redrive()
        if len(stack.messages("ActionQueue")):
            # It fails in the same way, and is parked once more.
            came.append(since_parked)
            aws.sqs().purge_queue(QueueUrl=stack.names["ActionQueue"])
            park(stack, code=code)
            since_parked = 0.0

    # An hour, four, twelve, a day; looked at every hour, and spread by up to a tenth
    bounds = ((1, 2), (4, 5), (12, 14), (24, 27))
    assert [low <= hours <= high for hours, (low, high) in zip(came, bounds, strict=True)] == [
        True
    ] * 4
    found = only_letter(stack)
    assert (found.state, found.returns, found.return_at) == (State.PARKED, 4, "")
    assert history(found) == ["parked", *["returned", "parked again"] * 4]


def test_what_was_refused_never_comes_back_by_itself(
    stack: Stack, redrive: Redrive, clock: Any
) -> None:
    park(stack, code="invalid_parameters")
    for _ in range(5):
        clock.tick(timedelta(days=1))
        redrive()

    assert stack.messages("ActionQueue") == []
    assert only_letter(stack).state is State.PARKED


@pytest.mark.parametrize("code", ["unauthorized", "exhausted_circuit_open"])
def test_letters_of_an_open_circuit_come_back_when_it_is_closed(
    stack: Stack, redrive: Redrive, clock: Any, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    asked: list[str] = []
    closed = False

    def answer(_circuits: Circuits, instance_id: str) -> bool:
        asked.append(instance_id)
        return closed

    monkeypatch.setattr(Circuits, "closed", answer)
    for number in range(3):
        park(stack, number, code=code)

    # While the circuit is open they wait, and it is asked once a run for all of them
    clock.tick(timedelta(minutes=70))
    redrive()
    assert stack.messages("ActionQueue") == []
    assert asked == [builders.INSTANCE_ID]

    # And once it is closed again they come back
    closed = True
    clock.tick(timedelta(hours=2))
    redrive()
    assert len(stack.messages("ActionQueue")) == 3
    assert {letter.state for letter in letters(stack)} == {State.RETURNING}


def test_the_circuit_that_is_asked_is_that_of_the_stack(stack: Stack, start: Start) -> None:
    start("DeadLetterRedrive")

    assert ports().schedule._closed(builders.INSTANCE_ID) is True
    assert stack.items("BudgetTable") == []


def test_a_letter_whose_message_was_lost_is_sent_again(
    stack: Stack, redrive: Redrive, clock: Any
) -> None:
    # Given a process that died between the writing and the sending
    park(stack)
    died = Failing(aws.sqs(), send_message=raising(Died()))
    with pytest.raises(Died):
        desk(stack, died).send_back(only_letter(stack).letter_id, "user 1")
    assert only_letter(stack).state is State.RETURNING

    clock.tick(timedelta(minutes=50))
    redrive()
    assert stack.messages("ActionQueue") == []
    clock.tick(timedelta(minutes=15))
    redrive()

    (sent,) = stack.messages("ActionQueue")
    assert (
        sent["MessageAttributes"]["dead_letter_id"]["StringValue"] == only_letter(stack).letter_id
    )


def test_a_letter_that_was_taken_and_never_heard_of_is_sent_again_as_the_same(
    stack: Stack, redrive: Redrive, clock: Any
) -> None:
    park(stack)
    sent = desk(stack).send_back(only_letter(stack).letter_id, "user 1")
    store(stack).change(
        sent.letter_id,
        lambda letter: letter and letter.claimed("m-lost", 1, datetime.now(UTC).timestamp()),
    )
    aws.sqs().purge_queue(QueueUrl=stack.names["ActionQueue"])

    clock.tick(timedelta(hours=12, minutes=50))
    redrive()
    assert stack.messages("ActionQueue") == []
    clock.tick(timedelta(minutes=20))
    redrive()

    (again,) = stack.messages("ActionQueue")
    assert again["MessageAttributes"]["dead_letter_claim"]["StringValue"] == "m-lost"


def test_a_copy_that_the_queue_lacks_is_given_to_it(
    stack: Stack, redrive: Redrive, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        refusing = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
        broken.setattr(aws, "sqs", lambda: refusing)
        park(stack, code="exhausted_throttled")
    parked_at = only_letter(stack).parked_at
    assert stack.messages("ActionDeadLetterQueue") == []

    clock.tick(timedelta(minutes=1))
    redrive()

    assert len(stack.messages("ActionDeadLetterQueue")) == 1
    found = only_letter(stack)
    assert found.carried
    # It is due an hour after its parking, as it was.
    assert found.return_at[:13] == f"{parked_at[:11]}01"


# ---------------------------------------------------------------- sweep


def test_a_message_that_sqs_moved_itself_becomes_a_letter(stack: Stack, redrive: Redrive) -> None:
    body = json.dumps(builders.action_request().__dict__)
    stack.send("ActionDeadLetterQueue", body)

    redrive()

    found = only_letter(stack)
    assert (found.failure.code, found.subject.action_id) == (UNPARKED, "act_0001")
    (copy,) = stack.messages("ActionDeadLetterQueue")
    assert copy["MessageAttributes"]["code"]["StringValue"] == UNPARKED
    assert copy["MessageAttributes"]["dead_letter_id"]["StringValue"] == found.letter_id
    # And once is enough
    redrive()
    assert history(only_letter(stack)) == ["parked"]


def test_what_was_parked_without_the_table_keeps_its_reason(stack: Stack, redrive: Redrive) -> None:
    park(stack, code="conflict", listed=False)

    redrive()

    found = only_letter(stack)
    assert (found.failure.code, found.failure.message, found.failure.attempts) == (
        "conflict",
        "why",
        3,
    )
    assert found.failure.parked_by == "tests"
    assert len(stack.messages("ActionDeadLetterQueue")) == 1


@pytest.mark.parametrize("what", ["redriven", "discarded", "resolved", "parked again"])
def test_copies_of_letters_that_left_are_deleted(stack: Stack, redrive: Redrive, what: str) -> None:
    park(stack)
    found = only_letter(stack)
    if what == "redriven":
        desk(stack).send_back(found.letter_id, "user 1")
    elif what == "discarded":
        desk(stack).discard(found.letter_id, "user 1", "spam")
    elif what == "resolved":
        store(stack).change(found.letter_id, lambda letter: letter and letter.resolved("f", 0))
    else:
        park(stack)
    before = len(stack.messages("ActionDeadLetterQueue"))

    redrive()

    kept = stack.messages("ActionDeadLetterQueue")
    assert (before, len(kept)) == ((2, 1) if what == "parked again" else (1, 0))
    assert [copy["MessageAttributes"]["dead_letter_round"]["StringValue"] for copy in kept] == (
        ["2"] if what == "parked again" else []
    )


def test_a_redriven_message_whose_function_died_is_parked_again(
    stack: Stack, redrive: Redrive
) -> None:
    # Given a letter that was taken by a message, which SQS then moved
    park(stack)
    found = only_letter(stack)
    redrive({"queue": "actions"})
    (event,) = stack.poll("ActionQueue")["Records"]
    intake(stack, Queue.ACTIONS).admit(message_of(SQSRecord(event)))
    aws.sqs().send_message(
        QueueUrl=stack.names["ActionDeadLetterQueue"],
        MessageBody=event["body"],
        MessageAttributes={
            "dead_letter_id": {"DataType": "String", "StringValue": found.letter_id},
            "dead_letter_round": {"DataType": "Number", "StringValue": "1"},
            "dead_letter_claim": {"DataType": "String", "StringValue": event["messageId"]},
        },
    )

    redrive()

    again = only_letter(stack)
    assert (again.state, again.round, again.failure.code) == (State.PARKED, 2, UNPARKED)
    assert history(again) == ["parked", "redriven", "parked again"]
    assert len(stack.messages("ActionDeadLetterQueue")) == 1


def test_a_copy_whose_letter_has_expired_is_left_to_the_queue(
    stack: Stack, start: Start, redrive: Redrive, clock: Any
) -> None:
    park(stack)
    clock.tick(timedelta(days=10))
    assert stack.count("ActionDeadLetterQueue") == (1, 0)
    short = LetterStore(stack.names["DeadLetterTable"], days=5)
    aws.dynamodb().delete_item(
        TableName=stack.names["DeadLetterTable"], Key={"pk": {"S": only_letter(stack).letter_id}}
    )
    start("DeadLetterRedrive")
    ports().sweeps[Queue.ACTIONS]._store = short

    redrive()

    assert letters(stack) == []
    assert sum(stack.count("ActionDeadLetterQueue")) == 1


def test_a_long_queue_is_gone_through_over_several_runs(stack: Stack, start: Start) -> None:
    for number in range(60):
        park(stack, number)
    start("DeadLetterRedrive")
    of_actions = ports().sweeps[Queue.ACTIONS]
    last = "act_59"
    stale = next(x for x in letters(stack) if x.subject.action_id == last)
    desk(stack).discard(stale.letter_id, "user 1", "spam")

    seen = []
    for _ in range(7):
        swept = of_actions.run(most=20, may_go_on=lambda: True)
        seen.append(swept.seen)

    # What was looked at is hidden until the others have been, so each is looked at once
    assert seen[:3] == [20, 20, 20]
    assert sum(seen) == 60
    assert of_actions.depth() == 59


def test_a_short_queue_is_in_view_again_at_once(stack: Stack, redrive: Redrive) -> None:
    for number in range(12):
        park(stack, number)

    swept = redrive()["swept"]["actions"]

    assert swept == {"seen": 12, "adopted": 0, "deleted": 0, "whole": True}
    assert stack.count("ActionDeadLetterQueue") == (12, 0)


def test_a_run_stops_before_its_time_is_up(stack: Stack, redrive: Redrive) -> None:
    park(stack, code="exhausted_throttled", listed=False)

    done = redrive(remaining_ms=19_000)

    assert done["swept"]["actions"]["seen"] == 0
    assert letters(stack) == []


def test_one_part_that_fails_does_not_stop_the_others(
    stack: Stack, redrive: Redrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.send("SyncDeadLetterQueue", "moved")
    real = aws.sqs()

    def no_events(**asked: Any) -> Any:
        if asked["QueueUrl"] == stack.names["EventDeadLetterQueue"]:
            raise client_error("ReceiveMessage")
        return real.receive_message(**asked)

    broken = Failing(real, receive_message=no_events)
    monkeypatch.setattr(aws, "sqs", lambda: broken)
    done = redrive()

    assert done["swept"]["events"] is None
    assert done["swept"]["sync"]["adopted"] == 1


def test_depth_and_age_are_told_of_each_queue(
    redrive: Redrive, stack: Stack, clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    park(stack, 1)
    clock.tick(timedelta(seconds=500))
    park(stack, 2)
    park(stack, 3, queue="sync")

    redrive()

    told: dict[tuple[str, str], float] = {}
    for line in capsys.readouterr().out.splitlines():
        found = json.loads(line)
        for name in ("DeadLetters", "OldestDeadLetterSeconds"):
            if "_aws" in found and name in found:
                assert found["stack"] == "demo"
                assert set(found["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) == {
                    "queue",
                    "service",
                    "stack",
                }
                told[found["queue"], name] = found[name][0]
    assert told == {
        ("events", "DeadLetters"): 0,
        ("events", "OldestDeadLetterSeconds"): 0,
        ("actions", "DeadLetters"): 2,
        ("actions", "OldestDeadLetterSeconds"): 500,
        ("sync", "DeadLetters"): 1,
        ("sync", "OldestDeadLetterSeconds"): 0,
        ("callbacks", "DeadLetters"): 0,
        ("callbacks", "OldestDeadLetterSeconds"): 0,
        ("customers", "DeadLetters"): 0,
        ("customers", "OldestDeadLetterSeconds"): 0,
    }


# ---------------------------------------------------------------- orders


@pytest.mark.parametrize("queue", [queue.value for queue in Queue])
def test_each_queue_s_letters_go_back_to_it_and_no_other(
    stack: Stack, redrive: Redrive, queue: str
) -> None:
    for name in NAMES:
        for number in range(2):
            park(stack, number, queue=name)

    answer = redrive({"queue": queue, "limit": 2})

    assert (answer["moved"], answer["by_code"]) == (2, {"not_found": 2})
    for name, resource in NAMES.items():
        assert len(stack.messages(f"{resource}Queue")) == (2 if name == queue else 0)
        assert len(stack.messages(f"{resource}DeadLetterQueue")) == (0 if name == queue else 2)


def test_a_dry_run_counts_by_code_and_moves_nothing(stack: Stack, redrive: Redrive) -> None:
    for number in range(3):
        park(stack, number, code="not_found" if number else "conflict")
    stack.send("ActionDeadLetterQueue", "moved by SQS itself")

    answer = redrive({"queue": "actions", "dry_run": True})

    assert answer["by_code"] == {"not_found": 2, "conflict": 1, UNPARKED: 1}
    assert (answer["moved"], answer["complete"]) == (0, True)
    limited = redrive({"queue": "actions", "dry_run": True, "limit": 3})
    assert sum(limited["by_code"].values()) == 3
    assert stack.count("ActionDeadLetterQueue") == (4, 0)
    assert stack.messages("ActionQueue") == []


def test_only_what_the_filter_means_is_given_up(stack: Stack, redrive: Redrive) -> None:
    for number in range(3):
        park(stack, number, code="not_found" if number else "conflict")

    answer = redrive({"queue": "actions", "filter": {"code": "not_found"}, "discard": "spam"})

    assert (answer["done"], answer["kind"]) == (2, "discard")
    gone = letters(stack, "discarded")
    assert {letter.failure.code for letter in gone} == {"not_found"}
    assert {letter.history[-1].note for letter in gone} == {"spam"}
    assert len(letters(stack, "parked")) == 1
    assert len(stack.messages("ActionDeadLetterQueue")) == 1


def test_all_of_a_queue_is_moved_by_the_service_where_it_can(
    monkeypatch: pytest.MonkeyPatch, redrive: Redrive
) -> None:
    asked: list[dict[str, Any]] = []
    tasks = [{"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 3}]
    native = Failing(
        aws.sqs(),
        start_message_move_task=lambda **task: asked.append(task),
        list_message_move_tasks=lambda **_asked: {"Results": tasks},
    )
    monkeypatch.setattr(aws, "sqs", lambda: native)

    answer = redrive({"queue": "actions", "all": True})

    assert answer == {"queue": "actions", "moved": 0, "task": True}
    (task,) = asked
    assert task["SourceArn"].endswith(":demo-ActionDeadLetterQueue")
    # Parked messages have no source that SQS knows of
    assert task["DestinationArn"].endswith(":demo-ActionQueue")
    assert redrive({"queue": "actions", "progress": True})["progress"] == {
        "status": "RUNNING",
        "moved": 3,
        "of": None,
    }


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "InvalidAction",
        "UnsupportedOperation",
        "AWS.SimpleQueueService.UnsupportedOperation",
    ],
)
def test_where_the_service_has_no_such_task_messages_are_moved_one_by_one(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, redrive: Redrive, code: str
) -> None:
    for number in range(12):
        park(stack, number)
    unknown = raising(client_error("StartMessageMoveTask", code))
    emulator = Failing(aws.sqs(), start_message_move_task=unknown, list_message_move_tasks=unknown)
    monkeypatch.setattr(aws, "sqs", lambda: emulator)

    assert redrive({"queue": "actions", "all": True})["moved"] == 12
    assert redrive({"queue": "actions", "progress": True})["progress"] == {}

    moved = stack.messages("ActionQueue")
    assert stack.count("ActionDeadLetterQueue") == (0, 0)
    # With what says which letter it is, without what tells why it was parked
    assert all(
        set(message["MessageAttributes"]) == {"dead_letter_id", "dead_letter_round"}
        for message in moved
    )


def mover(stack: Stack, client: Any) -> Mover:
    carrier = Carrier(
        stack.names["ActionQueue"], stack.names["ActionDeadLetterQueue"], client=client
    )
    return Mover(carrier)


UNKNOWN = raising(client_error("StartMessageMoveTask", "InvalidAction"))


@pytest.mark.parametrize("broken", ["send_message", "delete_message"])
def test_a_crash_while_moving_loses_nothing(stack: Stack, broken: str) -> None:
    park(stack)
    client = Failing(
        aws.sqs(),
        start_message_move_task=UNKNOWN,
        list_message_move_tasks=UNKNOWN,
        **{broken: raising(Died())},
    )

    with pytest.raises(Died):
        mover(stack, client).move_all(lambda: True)

    sent = len(stack.messages("ActionQueue"))
    assert sent + stack.count("ActionDeadLetterQueue")[1] == (1 if broken == "send_message" else 2)


def test_a_move_under_way_is_told(stack: Stack) -> None:
    busy = raising(client_error("StartMessageMoveTask", "UnsupportedOperation"))
    running = {"Results": [{"Status": "RUNNING"}]}
    client = Failing(
        aws.sqs(), start_message_move_task=busy, list_message_move_tasks=lambda **_: running
    )

    with pytest.raises(MoveUnderWay):
        mover(stack, client).move_all(lambda: True)


def test_a_service_that_does_not_answer_is_an_error(stack: Stack) -> None:
    denied = raising(client_error("StartMessageMoveTask", "InternalError"))
    client = Failing(
        aws.sqs(), start_message_move_task=denied, list_message_move_tasks=lambda **_: {}
    )

    with pytest.raises(Exception, match="InternalError"):
        mover(stack, client).move_all(lambda: True)


# Powertools warns of an invocation that counted nothing; one that is refused does not.
@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"queue": "all"}, "queue"),
        ({"dry_run": True}, "queue"),
        ({"queue": "sync", "limit": 0}, "limit"),
        ({"queue": "sync", "limit": "9"}, "limit"),
        ({"queue": "sync", "filter": "x"}, "filter"),
        ({"queue": "sync", "filter": {"colour": "red"}}, "colour"),
        ({"queue": "sync", "discard": ""}, "discard"),
        ({"queue": "sync", "all": True, "limit": 3}, "all"),
        ({"queue": "sync", "dryrun": True}, "dryrun"),
    ],
)
def test_a_wrong_order_is_told_what_is_right(
    stack: Stack, redrive: Redrive, event: dict[str, Any], field: str
) -> None:
    park(stack, queue="sync")

    with pytest.raises(InvalidRequest) as raised:
        redrive(event)
    assert [entry.field for entry in raised.value.fields] == [field]
    assert only_letter(stack).state is State.PARKED


# ---------------------------------------------------------------- jobs


def jobs(stack: Stack, sqs: Any = None) -> Jobs:
    return Jobs(desk(stack, sqs), JobStore(stack.names["DeadLetterTable"]))


def begun(stack: Stack, kind: str = "redrive", **asked: Any) -> str:
    limit = asked.pop("limit", 0)
    now = datetime.now(UTC).timestamp()
    job = new_job(kind, read_filter(asked), by="user 1", now=now, limit=limit, reason="spam")
    jobs(stack).store.put(job)
    return job.job_id


def test_a_job_that_dies_in_the_middle_loses_no_letter_and_sends_none_twice(
    stack: Stack, redrive: Redrive, clock: Any
) -> None:
    total = PAGE + 20
    for number in range(total):
        park(stack, number)
    job_id = begun(stack)
    sends = 0
    real = aws.sqs()

    def die_at_last(**message: Any) -> Any:
        nonlocal sends
        sends += 1
        if sends > 30:
            raise Died
        return real.send_message(**message)

    with pytest.raises(Died):
        jobs(stack, Failing(real, send_message=die_at_last)).carry_on(job_id, lambda: True)
    assert 0 < len(stack.messages("ActionQueue")) <= 30

    # When the next run finds that nobody holds it any more
    clock.tick(timedelta(minutes=3))
    redrive()
    assert jobs(stack).store.get(job_id).finished_at != ""
    # and the one after that what was written and not sent
    clock.tick(timedelta(hours=2))
    aws_sent = {json.loads(m["Body"])["action_id"] for m in stack.messages("ActionQueue")}
    redrive()
    redrive()

    all_sent = [json.loads(m["Body"])["action_id"] for m in stack.messages("ActionQueue")]
    assert set(all_sent) == {f"act_{number}" for number in range(total)}
    assert len(aws_sent) < total
    assert {letter.state for letter in letters(stack)} == {State.RETURNING}


def test_two_who_carry_on_one_job_send_each_letter_once(stack: Stack) -> None:
    for number in range(15):
        park(stack, number)
    job_id = begun(stack)
    first, second = jobs(stack), jobs(stack)
    other: list[Any] = []

    def meanwhile() -> bool:
        if not other:
            other.append(second.carry_on(job_id, lambda: True))
        return True

    done = first.carry_on(job_id, meanwhile)

    # The one that came later found it held
    assert other[0].done == 0
    assert (done.done, done.finished_at != "") == (15, True)
    assert len(stack.messages("ActionQueue")) == 15


def test_a_letter_that_fails_again_meanwhile_is_not_met_twice(stack: Stack, clock: Any) -> None:
    park(stack)
    clock.tick(timedelta(seconds=10))
    job_id = begun(stack)
    clock.tick(timedelta(seconds=10))
    desk(stack).send_back(only_letter(stack).letter_id, "user 2")
    park(stack)

    done = jobs(stack).carry_on(job_id, lambda: True)

    assert done.done == 0
    assert only_letter(stack).state is State.PARKED


def test_a_limit_is_kept_over_pages(stack: Stack) -> None:
    for number in range(PAGE + 9):
        park(stack, number)

    done = jobs(stack).carry_on(begun(stack, limit=PAGE + 5), lambda: True)

    assert (done.done, done.finished_at != "") == (PAGE + 5, True)
    assert len(letters(stack, "parked")) == 4


def test_a_job_waits_while_dynamodb_throttles_and_goes_on_after(
    stack: Stack, redrive: Redrive, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        park(stack, number)
    job_id = begun(stack)
    real = aws.dynamodb()

    def throttled(**asked: Any) -> Any:
        if asked["Item"]["pk"]["S"].startswith("dl_"):
            raise client_error("PutItem", "ThrottlingException")
        return real.put_item(**asked)

    with monkeypatch.context() as broken:
        failing = Failing(real, put_item=throttled)
        broken.setattr(aws, "dynamodb", lambda: failing)
        assert jobs(stack).carry_on(job_id, lambda: True).done == 0
    assert len(letters(stack, "parked")) == 5

    clock.tick(timedelta(minutes=5))
    redrive()

    done = jobs(stack).store.get(job_id)
    assert (done.done, done.by_code, done.finished_at != "") == (5, {"not_found": 5}, True)


def test_a_job_in_a_hurry_is_carried_on_by_name(stack: Stack, redrive: Redrive) -> None:
    park(stack)
    job_id = begun(stack, kind="discard")
    assert jobs(stack).carry_on(job_id, lambda: False).finished_at == ""

    answer = redrive({"job": job_id})

    assert (answer["state"], answer["done"], answer["kind"]) == ("finished", 1, "discard")
    assert only_letter(stack).history[-1].note == "spam"


@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
def test_an_unknown_job_is_told(redrive: Redrive) -> None:
    with pytest.raises(UnknownJob):
        redrive({"job": "dlj_none"})


def test_lists_go_newest_first_over_all_queues_page_by_page(stack: Stack, clock: Any) -> None:
    order = []
    for number in range(25):
        queue = ("events", "actions", "sync")[number % 3]
        park(stack, number, queue=queue)
        order.append((queue, number))
        clock.tick(timedelta(seconds=number % 2))

    found: list[Letter] = []
    after, pages = None, 0
    while True:
        page = store(stack).page(Filter(), limit=4, after=after, reads=7)
        found += page.letters
        pages += 1
        if (after := page.after) is None:
            break

    positions = [(letter.parked_at, letter.letter_id) for letter in found]
    assert positions == sorted(positions, reverse=True)
    assert len({letter.letter_id for letter in found}) == 25
    assert pages == 7
    chosen = read_filter({"parked_from": found[5].parked_at, "parked_to": found[2].parked_at})
    between = [letter for letter in found if chosen.matches(letter)]
    assert list(store(stack).newest(chosen)) == between
    reversed_times = Filter(parked_from="2027-01-01", parked_to="2026-01-01")
    assert list(store(stack).newest(reversed_times)) == []
    of_instance = read_filter({"instance_id": builders.INSTANCE_ID, "queue": "sync"})
    assert len(store(stack).page(of_instance, limit=50, after=None, reads=99).letters) == 8


def test_what_does_not_answer_or_is_taken_by_others_stays_due(
    stack: Stack, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        park(stack, number, code="exhausted_throttled")
    start("DeadLetterRedrive")
    late = datetime.now(UTC).timestamp() + 2 * HOUR
    monkeypatch.setattr(ports().desk.store, "clock", lambda: late)
    sent, failing = (letter.letter_id for letter in letters(stack)[:2])
    send_back = ports().desk.send_back

    def faulty(letter_id: str, by: str, **given: Any) -> Letter:
        if letter_id == sent:
            send_back(letter_id, "user 1")
        if letter_id == failing:
            raise client_error("PutItem", "ThrottlingException")
        return send_back(letter_id, by, **given)

    monkeypatch.setattr(ports().desk, "send_back", faulty)
    done = ports().schedule.run(lambda: True)

    assert vars(done) == {"returned": 1, "again": 0, "waiting": 1, "failed": 1}
    assert len(stack.messages("ActionQueue")) == 2
    assert len(list(ports().desk.store.due())) == 1


def test_of_two_who_keep_one_job_one_wins(stack: Stack) -> None:
    store_of = jobs(stack).store
    job = store_of.get(begun(stack))

    assert store_of.put(job) is not None
    assert store_of.put(job) is None


def test_a_marked_copy_of_a_letter_that_was_never_listed_is_taken_in(
    stack: Stack, redrive: Redrive
) -> None:
    aws.sqs().send_message(
        QueueUrl=stack.names["SyncDeadLetterQueue"],
        MessageBody="?",
        MessageAttributes={"dead_letter_id": {"DataType": "String", "StringValue": "dl_lost"}},
    )

    redrive()

    assert only_letter(stack).letter_id == "dl_lost"
    assert only_letter(stack).queue is Queue.SYNC


def test_the_jobs_of_a_round_wait_when_its_time_is_up(stack: Stack, start: Start) -> None:
    park(stack)
    begun(stack)
    module = start("DeadLetterRedrive")
    context = builders.Context(290_000)
    real = ports().schedule.run

    def slow(may_go_on: Callable[[], bool]) -> Any:
        context.remaining_ms = 5_000
        return real(may_go_on)

    ports().schedule.run = slow  # type: ignore[method-assign]  # one that takes all of the time
    done = module.handler({"scheduled": True}, context)

    assert done["jobs"] == 0
    assert only_letter(stack).state is State.PARKED


def test_a_service_that_cannot_tell_its_progress_is_an_error(stack: Stack) -> None:
    broken = raising(client_error("ListMessageMoveTasks", "InternalError"))

    with pytest.raises(Exception, match="InternalError"):
        mover(stack, Failing(aws.sqs(), list_message_move_tasks=broken)).progress()
    none = Failing(aws.sqs(), list_message_move_tasks=lambda **_asked: {"Results": []})
    assert mover(stack, none).progress() == {}
