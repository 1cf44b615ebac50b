"""Two callers who ask for one thing at one moment: it is done once, and both get its result."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

import pytest

from freshbridge.actions.record import State
from freshbridge.actions.submit import LONGEST_HERE_S, Answer, Preference, Submission
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.queues.envelope import INTERACTIVE, ActionRequest
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from tests import builders
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.conftest import Stack
from tests.integration.test_executor import NOTES, executor, records

DEADLINE_S = 60.0


def submission(
    stack: Stack, provider: FakeTransport, sleep: Callable[[float], None] = lambda _s: None
) -> Submission:
    """What one function of the API has."""
    payloads = PayloadStore(stack.names["PayloadBucket"])
    return Submission(
        executor(stack, provider),
        records(stack),
        Publisher(stack.names["ActionQueue"], payloads, prefix="actions"),
        sleep=sleep,
    )


def asked() -> ActionRequest:
    return builders.action_request(origin={"type": INTERACTIVE, "user_id": 1})


def submit(one: Submission, preference: Preference | None = None) -> Answer:
    context = cast("Any", builders.Context(remaining_ms=29_000))
    return one.submit(asked(), preference or Preference(), context)


class SlowProvider:
    """Takes a note, and answers when it is told to."""

    def __init__(self, provider: FakeTransport) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()
        provider.on("POST", NOTES, self.answer)

    def answer(self, _request: ProviderRequest) -> ProviderReply:
        """Take one."""
        self.entered.set()
        assert self.release.wait(DEADLINE_S)
        return json_reply({"id": 31}, 201)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def slow(
    stack: Stack, provider: FakeTransport, threads: ThreadPoolExecutor
) -> Iterator[SlowProvider]:
    """Lets go of its callers before the threads that they run in are waited for."""
    assert threads
    stack.connect()
    made = SlowProvider(provider)
    yield made
    made.release.set()


def begun(
    stack: Stack, provider: FakeTransport, slow: SlowProvider, threads: ThreadPoolExecutor
) -> Future[Answer]:
    """The first request, whose call is on its way."""
    first = threads.submit(submit, submission(stack, provider))
    assert slow.entered.wait(DEADLINE_S)
    return first


def test_the_second_waits_for_the_first_one_s_result(
    stack: Stack, provider: FakeTransport, slow: SlowProvider, threads: ThreadPoolExecutor
) -> None:
    # Given a request at work
    first = begun(stack, provider, slow, threads)
    looked = threading.Event()

    def sleep(_seconds: float) -> None:
        looked.set()
        slow.release.set()
        first.result(DEADLINE_S)

    # When it is sent once more meanwhile
    second = threads.submit(submit, submission(stack, provider, sleep)).result(DEADLINE_S)

    # Then both have the one result
    assert looked.is_set()
    answer = first.result(DEADLINE_S)
    assert answer.outcome is not None
    assert second.outcome is not None
    assert second.outcome.data == answer.outcome.data
    assert (answer.replayed, second.replayed) == (False, True)
    assert len(provider.requests) == 1


def test_one_that_takes_longer_than_a_caller_may_wait_is_told_of(
    stack: Stack, provider: FakeTransport, slow: SlowProvider, threads: ThreadPoolExecutor
) -> None:
    first = begun(stack, provider, slow, threads)
    slept: list[float] = []

    second = submit(submission(stack, provider, slept.append))
    slow.release.set()

    assert (second.outcome, second.record.state, second.replayed) == (None, State.RUNNING, True)
    assert LONGEST_HERE_S - 1 <= sum(slept) <= LONGEST_HERE_S
    assert len(slept) < 12
    assert first.result(DEADLINE_S).outcome is not None
    assert stack.count("ActionQueue") == (0, 0)


def test_who_would_not_wait_is_answered_at_once(
    stack: Stack, provider: FakeTransport, slow: SlowProvider, threads: ThreadPoolExecutor
) -> None:
    begun(stack, provider, slow, threads)
    slept: list[float] = []

    second = submit(submission(stack, provider, slept.append), Preference(asynchronous=True))

    assert (second.record.state, slept) == (State.RUNNING, [])
