"""Webhook delivery to a receiver with a memory: retries, time-outs, redirects, the hourly cap."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from local.freshdesk.account import Account, Record
from local.freshdesk.clock import parse_stamp, stamp_of
from local.freshdesk.routing import Request
from local.freshdesk.settings import changed
from local.freshdesk.webhook_delivery import WebhookSender, list_deliveries
from local.simulator.outgoing import OutgoingCall, client_session, without_query
from tests.simulators.freshdesk.webhook_receiver import Receiver, listening, until

NOON = 1_772_539_200.0


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as receiver:
        yield receiver


@dataclass
class Setup:
    """An account whose time stands still at noon, and its sender."""

    account: Account
    sender: WebhookSender

    def configure(self, **changes: object) -> None:
        self.account.settings = changed(self.account.settings, changes)

    def send(self, url: str, **headers: str) -> Record:
        call = OutgoingCall("POST", url, headers, b"{}")
        return self.sender.enqueue(rule_id=1, ticket_id=7, call=call)

    def advance(self, seconds: float) -> None:
        self.account.clock.advance(seconds)


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    account = Account()
    account.clock.freeze(NOON)
    async with client_session() as session:
        sender = WebhookSender(account, session)
        yield Setup(account, sender)
        await sender.close()


async def until_state(record: Record, state: str) -> None:
    await until(lambda: record["state"] == state)


async def until_calls(record: Record, calls: int) -> None:
    """Until the call is over and whatever follows from it has been scheduled."""
    await until(lambda: len(record["attempts"]) == calls)


def stamp_of_hour(hours: int) -> str:
    return stamp_of(datetime.fromtimestamp(NOON + hours * 3600, UTC))


def times(record: Record) -> list[float]:
    """When the attempts were made, in seconds after noon."""
    return [parse_stamp(one["at"]).timestamp() - NOON for one in record["attempts"]]


async def test_a_webhook_is_sent_at_once_with_its_body_and_headers(
    setup: Setup, receiver: Receiver
) -> None:
    record = setup.send(receiver.url, **{"X-Shared-Secret": "s3"})
    await until_state(record, "delivered")
    assert receiver.bodies == [b"{}"]
    assert receiver.headers[0]["X-Shared-Secret"] == "s3"
    assert times(record) == [0]
    assert [one["status"] for one in record["attempts"]] == [200]


async def test_failures_are_retried_on_schedule_until_one_succeeds(
    setup: Setup, receiver: Receiver
) -> None:
    # Given a receiver that fails twice
    receiver.statuses = [500, 404]
    record = setup.send(receiver.url)
    await until_state(record, "retrying")
    # When the clock stops one second short of the first retry, nothing is sent
    setup.advance(1799)
    await asyncio.sleep(0.01)
    assert len(receiver.bodies) == 1
    # Then each half hour brings one call
    setup.advance(1)
    await until_calls(record, 2)
    setup.advance(1800)
    await until_state(record, "delivered")
    assert times(record) == [0, 1800, 3600]


async def test_forty_eight_calls_are_made_in_all(setup: Setup, receiver: Receiver) -> None:
    receiver.statuses = [503] * 60
    record = setup.send(receiver.url)
    for calls in range(1, 48):
        await until_calls(record, calls)
        setup.advance(1800)
    await until_state(record, "failed")
    setup.advance(7200)
    await asyncio.sleep(0.01)
    assert len(receiver.bodies) == 48


async def test_the_schedule_is_the_accounts(setup: Setup, receiver: Receiver) -> None:
    setup.configure(webhook_retry_schedule_s=[300, 1500])
    receiver.statuses = [500] * 3
    record = setup.send(receiver.url)
    for calls, wait in enumerate((300, 1500), start=1):
        await until_calls(record, calls)
        setup.advance(wait)
    await until_state(record, "failed")
    assert times(record) == [0, 300, 1800]


async def test_a_redirect_is_followed(setup: Setup, receiver: Receiver) -> None:
    receiver.statuses = [307, 202]
    record = setup.send(receiver.url)
    await until_state(record, "delivered")
    assert len(receiver.bodies) == 2
    assert [one["status"] for one in record["attempts"]] == [202]


async def test_a_silent_receiver_counts_as_a_failure(setup: Setup, receiver: Receiver) -> None:
    setup.configure(webhook_timeout_s=0.05)
    receiver.hang = True
    record = setup.send(receiver.url)
    await until_state(record, "retrying")
    assert record["attempts"][0]["status"] is None
    assert "Timeout" in record["attempts"][0]["error"]


async def test_nobody_listening_counts_as_a_failure(setup: Setup) -> None:
    record = setup.send("http://127.0.0.1:9/hook")
    await until_state(record, "retrying")
    assert record["attempts"][0]["status"] is None


async def test_calls_over_the_hourly_cap_wait_for_the_next_hour(
    setup: Setup, receiver: Receiver
) -> None:
    setup.configure(webhook_hourly_cap=2)
    setup.account.clock.freeze(NOON + 600)
    sent = [setup.send(receiver.url) for _ in range(5)]
    await until(lambda: [one["state"] for one in sent].count("delivered") == 2)
    assert [one["state"] for one in sent].count("postponed") == 3
    assert {one["next_attempt_at"] for one in sent[2:]} == {stamp_of_hour(1)}
    # Just before the hour turns nothing more has left; at the turn two more do
    setup.advance(2999)
    await asyncio.sleep(0.01)
    assert len(receiver.bodies) == 2
    setup.advance(1)
    await until(lambda: len(receiver.bodies) == 4)
    setup.advance(3600)
    await until(lambda: all(one["state"] == "delivered" for one in sent))


async def test_the_default_cap_is_a_thousand_an_hour(setup: Setup, receiver: Receiver) -> None:
    sent = [setup.send(receiver.url) for _ in range(1003)]
    await until(lambda: sum(one["state"] == "delivered" for one in sent) == 1000)
    assert len(receiver.bodies) == 1000
    assert [one["state"] for one in sent[-3:]] == ["postponed"] * 3


async def test_what_waited_a_day_for_the_cap_is_dropped(setup: Setup, receiver: Receiver) -> None:
    setup.configure(webhook_hourly_cap=0)
    record = setup.send(receiver.url)
    setup.advance(23 * 3600)
    assert record["state"] == "postponed"
    setup.advance(3600)
    assert record["state"] == "dropped"
    assert receiver.bodies == []


async def test_a_slow_receiver_does_not_hold_up_the_queue(setup: Setup, receiver: Receiver) -> None:
    receiver.hang = True
    slow = setup.send(receiver.url)
    await until(lambda: len(receiver.bodies) == 1)
    receiver.hang = False
    quick = setup.send(receiver.url)
    await until_state(quick, "delivered")
    assert slow["state"] == "queued"


async def test_a_reset_forgets_what_was_to_be_retried(setup: Setup, receiver: Receiver) -> None:
    receiver.statuses = [500]
    record = setup.send(receiver.url)
    await until_state(record, "retrying")
    setup.account.reset()
    setup.account.clock.advance(1800)
    await asyncio.sleep(0.01)
    assert len(receiver.bodies) == 1


async def test_a_call_under_way_at_a_reset_is_not_retried(setup: Setup, receiver: Receiver) -> None:
    receiver.statuses = [500]
    receiver.hang = True
    record = setup.send(receiver.url)
    await until(lambda: len(receiver.bodies) == 1)
    setup.account.reset()
    receiver.closing.set()
    await until_calls(record, 1)
    setup.advance(1800)
    await asyncio.sleep(0.01)
    assert len(receiver.bodies) == 1


async def test_the_log_shows_neither_headers_nor_query(setup: Setup, receiver: Receiver) -> None:
    record = setup.send(receiver.url, Authorization="Basic c2VjcmV0")
    await until_state(record, "delivered")
    reply = list_deliveries(Request(setup.account, {}, "GET", "/webhooks"))
    assert reply.body["counts"] == {"delivered": 1}
    assert [one["id"] for one in reply.body["deliveries"]] == [record["id"]]
    assert "secret" not in str(reply.body)
    assert "c2VjcmV0" not in str(reply.body)


def test_the_shown_address_has_no_secrets() -> None:
    url = "https://user:pass@hooks.example:8443/path/x?token=abc#frag"
    assert without_query(url) == "https://hooks.example:8443/path/x"
