"""Locks that every execution sees: one holder at a time, and none for ever."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from freshbridge import aws
from freshbridge.actions.locks import LEASE_S, Busy, LeaseLocks
from tests.integration.conftest import Stack


class Time:
    """A clock that only moves when somebody waits or a test says so."""

    def __init__(self) -> None:
        self.now = 1_772_539_360.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def locks(stack: Stack, time: Time, client: Any = None) -> LeaseLocks:
    return LeaseLocks(
        stack.names["IdempotencyTable"],
        client=client,
        clock=lambda: time.now,
        sleep=time.sleep,
    )


def test_one_holder_at_a_time(stack: Stack) -> None:
    time = Time()
    first, second = locks(stack, time), locks(stack, time)

    with first.hold("tags#7"):
        with second.hold("tags#8"):
            pass
        with pytest.raises(Busy) as raised, second.hold("tags#7"):
            pytest.fail("two hold it")
    with second.hold("tags#7"):
        pass

    assert raised.value.after == 1.0
    assert sum(time.waits) == pytest.approx(2.0)
    assert stack.items("IdempotencyTable") == []


def test_it_is_let_go_when_its_holder_fails(stack: Stack) -> None:
    time = Time()
    with pytest.raises(ValueError, match="on purpose"), locks(stack, time).hold("tags#7"):
        raise ValueError("failed on purpose")
    with locks(stack, time).hold("tags#7"):
        pass
    assert time.waits == []


def test_it_is_taken_as_soon_as_it_is_let_go(stack: Stack) -> None:
    time = Time()
    held = locks(stack, time).hold("tags#7")
    held.__enter__()

    def let_go(seconds: float) -> None:
        time.sleep(seconds)
        if len(time.waits) == 2:
            held.__exit__(None, None, None)

    waiting = LeaseLocks(stack.names["IdempotencyTable"], clock=lambda: time.now, sleep=let_go)
    with waiting.hold("tags#7"):
        pass
    assert len(time.waits) == 2


def test_a_holder_that_died_blocks_no_longer_than_its_lease(stack: Stack) -> None:
    time = Time()
    dead = locks(stack, time).hold("tags#7")
    dead.__enter__()

    time.now += LEASE_S - 3
    with pytest.raises(Busy), locks(stack, time).hold("tags#7"):
        pytest.fail("taken before its end")
    time.now += 3
    with locks(stack, time).hold("tags#7"):
        # Whoever comes back from the dead takes nothing away from the new holder.
        dead.__exit__(None, None, None)
        with pytest.raises(Busy), locks(stack, time).hold("tags#7"):
            pytest.fail("two hold it")


class SendsTwice:
    """A client whose first reply to a put is lost, so that botocore sends it once more."""

    def __init__(self) -> None:
        self._client = aws.dynamodb()
        self.exceptions = self._client.exceptions

    def put_item(self, **request: Any) -> Any:
        self._client.put_item(**request)
        return self._client.put_item(**request)

    def delete_item(self, **request: Any) -> Any:
        return self._client.delete_item(**request)


def test_a_put_that_was_sent_twice_is_one_holder(stack: Stack) -> None:
    time = Time()
    with locks(stack, time, SendsTwice()).hold("tags#7"):
        assert len(stack.items("IdempotencyTable")) == 1
    assert time.waits == []


class CannotDelete(SendsTwice):
    """A client that may not delete."""

    def delete_item(self, **request: Any) -> Any:  # noqa: ARG002 - as boto3 is called
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "DeleteItem")


def test_a_lock_that_cannot_be_given_back_fails_nothing(stack: Stack) -> None:
    with locks(stack, Time(), CannotDelete()).hold("tags#7"):
        pass
    (item,) = stack.items("IdempotencyTable")
    assert item["expiration"]["N"] == str(1_772_539_360 + LEASE_S)


@pytest.mark.usefixtures("stack")
def test_a_table_that_does_not_answer_is_no_lock() -> None:
    with pytest.raises(ClientError), LeaseLocks("no-such-table").hold("tags#7"):
        pytest.fail("held without a table")
