"""The record tells what became of an action that came through the queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from freshbridge import aws, timestamps
from freshbridge.actions.action import Outcome
from freshbridge.actions.record import Attempt, State
from freshbridge.actions.record_store import Begun, RecordStore, UnknownActionRecord
from freshbridge.queues.envelope import to_text
from freshbridge.queues.payload import PayloadStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import Stack, Start

NOTES = "/api/v2/tickets/1042/notes"
AT = "2026-03-03T12:02:40Z"
LATER = "2026-03-03T12:04:00Z"
MARK = f"{AT}#{AT}#a"


def records(stack: Stack, **given: Any) -> RecordStore:
    payloads = PayloadStore(stack.names["PayloadBucket"])
    return RecordStore(stack.names["ActionTable"], payloads, days=30, **given)


def deliver(stack: Stack, start: Start, receives: int = 1) -> dict[str, Any]:
    """One note through the executor, delivered for the n-th time."""
    stack.connect()
    body = to_text(builders.action_request())
    sent_ms = int(timestamps.epoch() * 1000)
    record = builders.sqs_record(body, receives=receives, sent_ms=sent_ms)
    answer: dict[str, Any] = start("ActionExecutor").handler(
        {"Records": [record]}, builders.Context()
    )
    return answer


def test_an_action_of_a_rule_has_its_record(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))

    deliver(stack, start)

    found = records(stack).get("act_0001")
    assert (found.state, found.origin["rule_id"]) == (State.SUCCEEDED, "rul_1")
    assert found.data is not None
    assert found.data["conversation_id"] == 31
    assert [attempt.status for attempt in found.attempts] == ["succeeded"]


def test_a_refused_one_is_failed_and_one_tried_for_too_long_is_dead(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    # Given a message of days ago whose call is refused, and throttled when somebody redrives it
    provider.on("POST", NOTES, empty_reply(404), empty_reply(429))
    stack.connect()
    old = builders.sqs_record(to_text(builders.action_request()))

    start("ActionExecutor").handler({"Records": [old]}, builders.Context())
    failed = records(stack).get("act_0001")
    start("ActionExecutor").handler({"Records": [old]}, builders.Context())
    dead = records(stack).get("act_0001")

    assert (failed.state, failed.code) == (State.FAILED, "not_found")
    assert (dead.state, dead.code) == (State.DEAD, "exhausted_throttled")
    assert dead.finished_at
    assert [a.status for a in dead.attempts] == ["failed", "dead"]


def test_one_that_waits_says_until_when(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, empty_reply(429, {"Retry-After": "40"}))

    deliver(stack, start)

    found = records(stack).get("act_0001")
    assert (found.state, found.code) == (State.WAITING, "throttled")
    assert found.next_at == found.attempts[0].next_at > found.attempts[0].ended_at


def test_one_handed_back_for_lack_of_time_has_no_attempt(stack: Stack, start: Start) -> None:
    stack.connect()
    record = builders.sqs_record(to_text(builders.action_request()))

    start("ActionExecutor").handler({"Records": [record]}, builders.Context(remaining_ms=1_000))

    assert stack.items("ActionTable") == []


def test_a_message_that_came_twice_changes_nothing_that_is_known(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    deliver(stack, start)
    first = records(stack).get("act_0001")
    again = builders.sqs_record(to_text(builders.action_request()))

    start("ActionExecutor").handler({"Records": [again]}, builders.Context())

    second = records(stack).get("act_0001")
    assert (second.data, second.attempts) == (first.data, first.attempts)
    assert len(provider.requests) == 1


def test_an_attempt_knows_which_ones_before_it_are_in_doubt(stack: Stack) -> None:
    store, request = records(stack), builders.action_request()
    store.submit(request)

    def begin(second: int, mark: str) -> Begun:
        at = f"2026-03-03T12:02:{second}Z"
        return store.begin(request, at=at, until=LATER, queued=True, mark=f"{at}#{LATER}#{mark}")

    def end(second: int, *settled: str) -> None:
        at = f"2026-03-03T12:02:{second}Z"
        marks = [f"{at}#{LATER}#{mark}" for mark in settled]
        attempt = Attempt(at, f"2026-03-03T12:02:{second + 1}Z", "waiting")
        store.end(request, State.WAITING, attempt, settled=marks, next_at=AT)

    # Given attempts of which the first was refused, the second got no answer, the third was killed
    first = begin(10, "a")
    end(10, "a")
    second = begin(20, "b")
    end(20)
    third = begin(30, "c")
    fourth = begin(40, "d")

    # Then each one knows from when to when those before it may have had their effect
    assert (first.unsure, second.unsure) == (None, None)
    assert third.unsure is not None
    assert fourth.unsure is not None
    assert (third.unsure.since, third.unsure.until) == (moment(20), moment(21))
    assert (fourth.unsure.since, fourth.unsure.until) == (moment(20), timestamps.from_text(LATER))
    assert store.get(request.action_id).unsure_since == timestamps.to_text(moment(20))

    # And what is shown to have had none is in doubt no more
    store.withdraw(request, [*fourth.unsure.marks, f"2026-03-03T12:02:40Z#{LATER}#d"])
    assert store.get(request.action_id).unsure_since == ""


def moment(second: int) -> datetime:
    return timestamps.from_text(f"2026-03-03T12:02:{second}Z")


def test_a_late_failure_does_not_take_back_a_success(stack: Stack) -> None:
    store, request = records(stack), builders.action_request()
    store.begin(request, at=AT, until=AT, queued=True, mark=MARK)
    store.end(request, State.SUCCEEDED, None, message="done", data={"id": 1})

    store.end(request, State.WAITING, Attempt(AT, AT, "waiting"), next_at=AT)
    again = store.begin(request, at=AT, until=AT, queued=True, mark=MARK)

    found = store.get("act_0001")
    assert again == Begun(succeeded=True)
    assert (found.state, found.data, found.attempts) == (State.SUCCEEDED, {"id": 1}, ())


def test_a_record_that_cannot_be_written_stops_no_parking(
    stack: Stack, start: Start, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a table that takes the beginning of an attempt and not its end
    provider.on("POST", NOTES, empty_reply(404))
    real = aws.dynamodb()
    calls: list[int] = []

    def once(**wanted: Any) -> Any:
        if wanted["TableName"] != stack.names["ActionTable"] or not calls:
            calls.append(1)
            return real.update_item(**wanted)
        raise client_error("UpdateItem")

    monkeypatch.setattr(aws, "dynamodb", lambda: Failing(real, update_item=once))

    # When the provider refuses the action
    answer = deliver(stack, start)

    # Then it is parked all the same
    assert answer == {"batchItemFailures": []}
    assert len(stack.messages("ActionDeadLetterQueue")) == 1


def test_a_table_that_fails_before_the_call_puts_the_action_off(
    stack: Stack, start: Start, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Failing(aws.dynamodb(), update_item=raising(client_error("UpdateItem")))
    monkeypatch.setattr(aws, "dynamodb", lambda: broken)

    answer = deliver(stack, start)

    assert len(answer["batchItemFailures"]) == 1
    assert provider.requests == []


def test_a_submitted_one_is_known_and_its_failure_of_the_table_told(stack: Stack) -> None:
    store, request = records(stack), builders.action_request()

    assert store.submit(request, "mark") is None
    known = store.submit(request, "other")
    assert known is not None
    assert (known.state, known.fingerprint) == (State.QUEUED, "mark")
    broken: Any = Failing(aws.dynamodb(), put_item=raising(client_error("PutItem")))
    with pytest.raises(Exception, match="PutItem"):
        records(stack, client=broken).submit(builders.action_request(action_id="act_2"))


def test_an_expired_record_is_gone_even_if_the_table_still_has_it(stack: Stack) -> None:
    records(stack).submit(builders.action_request())
    later = records(stack, clock=lambda: 4e9)

    with pytest.raises(UnknownActionRecord, match="no action act_0001"):
        later.get("act_0001")
    page = later.page(builders.INSTANCE_ID, state=None, limit=5, after=None)
    assert page.records == []


def test_large_parameters_are_kept_once_however_often_they_are_tried(stack: Stack) -> None:
    # Given a bucket that counts what is put there
    put: list[str] = []

    def count(**wanted: Any) -> Any:
        put.append(wanted["Key"])
        return aws.s3().put_object(**wanted)

    s3: Any = Failing(aws.s3(), put_object=count)
    store = RecordStore(
        stack.names["ActionTable"], PayloadStore(stack.names["PayloadBucket"], s3), days=30
    )
    request = builders.action_request(parameters={"body": "x" * 250_000})

    # When a request that nobody submitted is tried three times
    for _ in range(3):
        assert not store.begin(request, at=AT, until=AT, queued=True, mark=MARK).succeeded

    # Then its parameters were written with its record, and never for a retry
    (key,) = put
    assert key.startswith("actions/parameters/act_0001/")
    assert store.get("act_0001").parameters == request.parameters
    # And one that has succeeded is known for it
    store.end(request, State.SUCCEEDED, None, message="done")
    assert store.begin(request, at=AT, until=AT, queued=True, mark=MARK).succeeded


def test_half_an_emoji_and_large_parameters_are_kept(stack: Stack) -> None:
    parameters = {"body": "\ud83d" + "x" * 250_000, "ids": [2**63 - 1]}
    store = records(stack)

    store.submit(builders.action_request(parameters=parameters))

    assert store.get("act_0001").parameters == parameters
    (key,) = stack.objects("PayloadBucket")
    assert key.startswith("actions/parameters/act_0001/")
    assert Outcome({}).message == "Operation completed successfully"


def test_an_action_that_nobody_submitted_is_listed_at_its_own_time(stack: Stack) -> None:
    # Given rules' actions that are begun in another order than they were asked for
    store = records(stack)
    for hour in (11, 9, 10):
        request = builders.action_request(
            action_id=f"act_{hour}", submitted_at=f"2026-03-03T{hour:02}:00:00Z"
        )
        store.begin(request, at=AT, until=LATER, queued=True, mark=MARK)

    page = store.page(builders.INSTANCE_ID, state=None, limit=5, after=None)

    assert [record.action_id for record in page.records] == ["act_11", "act_10", "act_9"]
    listed = {item["pk"]["S"]: item["listed"]["S"] for item in stack.items("ActionTable")}
    assert listed["act_9"] == "2026-03-03T09:00:00Z#act_9"


@pytest.mark.parametrize("sizes", [(1, 2), (1, 250_000), (250_000, 1), (250_000, 250_001)])
def test_a_record_shows_the_parameters_that_ran_last(stack: Stack, sizes: tuple[int, int]) -> None:
    # Given an action that failed, and whose dead letter was edited
    store = records(stack)
    first, edited = (builders.action_request(parameters={"body": "x" * size}) for size in sizes)
    edited = replace(edited, instance_id="8")
    store.begin(first, at=AT, until=AT, queued=True, mark=MARK)
    store.end(first, State.FAILED, Attempt(AT, AT, "failed"), settled=[MARK])
    before = store.get("act_0001")
    store.reopen(before)

    # When that is run, twice
    for _ in range(2):
        store.begin(edited, at=LATER, until=LATER, queued=True, mark=MARK)

    # Then it tells of that, and of all else as it did
    found = store.get("act_0001")
    assert (found.parameters, found.instance_id) == (edited.parameters, "8")
    assert (found.submitted_at, found.attempts) == (before.submitted_at, before.attempts)
    assert store.page("8", state=State.RUNNING, limit=5, after=None).records
    # And once that has succeeded it stays
    store.end(edited, State.SUCCEEDED, None, message="done")
    store.begin(first, at=LATER, until=LATER, queued=True, mark=MARK)
    assert store.get("act_0001").parameters == edited.parameters


def test_defects_are_counted_apart_from_all_else_that_an_action_met(stack: Stack) -> None:
    store, request = records(stack), builders.action_request()
    counted = []
    for status, code in (
        ("waiting", "throttled"),
        ("waiting", "defect"),
        ("waiting", "defect"),
        ("dead", "defect"),
        ("waiting", "defect"),
        ("waiting", "throttled"),
    ):
        begun = store.begin(request, at=AT, until=AT, queued=True, mark=MARK)
        store.end(request, State(status), Attempt(AT, AT, status, code), settled=[MARK])
        counted.append((begun.defects, begun.codes.get("throttled", 0)))

    # Then a letter that was sent back is tried as often as before it was parked
    assert counted == [(0, 0), (0, 1), (1, 1), (2, 1), (0, 0), (1, 0)]
