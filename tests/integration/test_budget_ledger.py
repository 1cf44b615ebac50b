"""The ledger on DynamoDB: one item an account, no slot granted twice, failures told apart.

The table is this test's own: its key is all that the ledger needs of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from moto import mock_aws

from freshbridge.budget.account import Account
from freshbridge.budget.ledger import Ledger, Turn, Use
from freshbridge.budget.limits import Freshdesk, Spoken
from freshbridge.budget.store import EXPIRY_S, BudgetUnavailable, DynamoStore, Kept
from tests.fakes.aws_failures import Failing, client_error, raising

TABLE = "demo-budget"
ACCOUNT = "https://acme.freshdesk.com"
ONE = {"total": 1}
NOW = Use(within_s=0, background=False)


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


class Atomic:
    """A client whose conditional writes are atomic between threads, as DynamoDB's are.

    moto checks the condition and writes in two steps, so that two threads can both win on the
    same stamp; the ledger rests on that being impossible.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def put_item(self, **arguments: Any) -> Any:
        with self._lock:
            return self._client.put_item(**arguments)

    def get_item(self, **arguments: Any) -> Any:
        with self._lock:
            return self._client.get_item(**arguments)


def ledger(client: Any, limit: int = 100, account: str = ACCOUNT) -> Ledger:
    return Ledger(DynamoStore(TABLE, client), account, Freshdesk(limits={"total": limit}))


def patiently(mine: Ledger) -> object:
    """Take a slot, beginning anew when every race for one was lost, as its message would."""
    for _ in range(5):
        with suppress(BudgetUnavailable):
            return mine.take(ONE, NOW)
    raise AssertionError("five times sixteen races were lost")


def items(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.scan(TableName=TABLE)["Items"]
    return found


def granted(item: dict[str, Any]) -> int:
    """Credits that the stored state has given out of the account's total."""
    account = Account.from_text(item["state"]["S"], {})
    return account.buckets["total"].grants.since(0.0)


def in_threads(count: int, work: Callable[[int], None]) -> None:
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures


def test_two_ledgers_that_race_are_never_granted_more_than_there_is(client: Any) -> None:
    turns: list[Turn] = []
    shared = Atomic(client)

    def take_thirty(_: int) -> None:
        mine = ledger(shared, limit=80)
        for _ in range(30):
            found = patiently(mine)
            if isinstance(found, Turn):
                turns.append(found)

    in_threads(4, take_thirty)

    assert len(turns) == 80
    (item,) = items(client)
    assert granted(item) == 80


def test_an_account_is_one_item_that_expires(client: Any) -> None:
    ledger(client).take(ONE, NOW)
    ledger(client, account="https://other.freshdesk.com").take(ONE, NOW)

    by_key = {item["pk"]["S"]: item for item in items(client)}

    assert set(by_key) == {f"budget#{ACCOUNT}", "budget#https://other.freshdesk.com"}
    expires_in = int(by_key[f"budget#{ACCOUNT}"]["expires_at"]["N"]) - time.time()
    assert EXPIRY_S - 60 < expires_in <= EXPIRY_S


def test_a_reservation_is_one_write_and_a_read_where_others_are_at_work(client: Any) -> None:
    watched = Failing(client)
    mine = ledger(watched)
    for _ in range(3):
        mine.take(ONE, NOW)
    assert watched.calls.count("put_item") == 3
    assert watched.calls.count("get_item") <= 2, "alone, it need not look"

    ledger(client).take(ONE, NOW)
    mine.take(ONE, NOW)
    assert watched.calls[-2:] == ["put_item"] * 2, "one that lost and one that won"

    ledger(client).take(ONE, NOW)
    mine.take(ONE, NOW)
    assert watched.calls[-2:] == ["get_item", "put_item"]


def test_a_function_that_may_not_read_learns_from_the_writes_it_loses(client: Any) -> None:
    refused = raising(client_error("GetItem", "AccessDeniedException"))
    watched = Failing(client, get_item=refused)
    ledger(client).take(ONE, NOW)

    mine = ledger(watched)
    turns = [mine.take(ONE, NOW) for _ in range(2)]

    assert all(isinstance(turn, Turn) for turn in turns)
    assert watched.calls == ["get_item"] + ["put_item"] * 3


def test_a_look_brings_what_is_stored_and_the_time(client: Any) -> None:
    store = DynamoStore(TABLE, client)
    assert store.look(ACCOUNT).now is None

    store.swap(ACCOUNT, None, Kept("1", "one"))
    found = store.look(ACCOUNT)

    assert found.now == Kept("1", "one")
    assert not found.won
    assert found.dated is not None


def test_a_write_that_botocore_sent_twice_is_one_reservation(client: Any) -> None:
    def twice(**arguments: Any) -> Any:
        client.put_item(**arguments)
        return client.put_item(**arguments)

    mine = ledger(Failing(client, put_item=twice), limit=80)

    turns = [mine.take(ONE, NOW) for _ in range(3)]

    assert all(isinstance(turn, Turn) for turn in turns)
    (item,) = items(client)
    assert granted(item) == 3


def test_the_store_tells_its_own_time(client: Any) -> None:
    swap = DynamoStore(TABLE, client).swap(ACCOUNT, None, Kept("1", "{}"))

    assert swap.won
    assert swap.dated is not None
    assert abs(swap.dated - time.time()) < 60


def test_a_refused_write_brings_what_is_stored(client: Any) -> None:
    store = DynamoStore(TABLE, client)
    store.swap(ACCOUNT, None, Kept("1", "one"))

    for seen in (None, "0"):
        swap = store.swap(ACCOUNT, seen, Kept("2", "two"))
        assert not swap.won
        assert swap.now == Kept("1", "one")
        assert swap.dated is not None
    assert store.swap(ACCOUNT, "1", Kept("3", "three")).won


def test_an_item_that_expired_in_between_is_begun_anew(client: Any) -> None:
    mine = ledger(client)
    mine.take(ONE, NOW)
    client.delete_item(TableName=TABLE, Key={"pk": {"S": f"budget#{ACCOUNT}"}})

    assert isinstance(mine.take(ONE, NOW), Turn)


def test_an_answer_without_a_date_is_an_answer(client: Any) -> None:
    def undated(**arguments: Any) -> Any:
        client.put_item(**arguments)
        return {}

    silent: Any = Failing(client, put_item=undated)
    swap = DynamoStore(TABLE, silent).swap(ACCOUNT, None, Kept("1", "{}"))

    assert swap.won
    assert swap.dated is None


@pytest.mark.parametrize(
    ("failure", "named"),
    [
        (client_error("PutItem", "ProvisionedThroughputExceededException"), "Provisioned"),
        (client_error("PutItem", "AccessDeniedException"), "AccessDenied"),
        (ConnectTimeoutError(endpoint_url="https://dynamodb.example"), "ConnectTimeout"),
    ],
)
def test_a_table_that_does_not_answer_stops_the_call(
    client: Any, failure: Exception, named: str
) -> None:
    mine = ledger(Failing(client, put_item=raising(failure)))

    with pytest.raises(BudgetUnavailable, match=named):
        mine.take(ONE, NOW)


def test_a_429_reaches_every_function_with_its_next_reservation(client: Any) -> None:
    mine, other = ledger(client), ledger(client)
    other.take(ONE, NOW)
    mine.take(ONE, NOW)
    now = time.time()

    mine.report(ONE, Spoken(100, 0), sent=now, received=now + 0.1, throttled=True, retry_after_s=30)

    assert not isinstance(other.take(ONE, Use(within_s=20, background=False)), Turn)
