"""Reference data is shared through S3, and S3 is never in the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from freezegun import freeze_time

from freshbridge import aws
from freshbridge.actions.record_store import RecordStore
from freshbridge.errors import Forbidden
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.observability import Logger
from freshbridge.queues.payload import PayloadStore
from freshbridge.reference.cache import ReferenceCache
from freshbridge.reference.objects import PAUSE_S, ReferenceObjects
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import BUCKETS, Stack, Start, _forget_everything

ACCOUNT = "/api/v2/account"
AGENTS = "/api/v2/agents"
BUCKET = BUCKETS["PayloadBucket"]
NAME = f"reference/{builders.INSTANCE_ID}/account.json.gz"


def account(*names: str) -> FakeTransport:
    return FakeTransport().on("GET", ACCOUNT, *(json_reply({"account_name": n}) for n in names))


def look(fake: FakeTransport, objects: ReferenceObjects, **asked: Any) -> Any:
    client = FreshdeskClient(fake, "https://acme.freshdesk.com", builders.API_KEY)
    # A cache of its own each time: another function, with nothing in its memory.
    return ReferenceCache(objects).get(client, builders.instance(), "account", **asked)


def test_what_one_function_reads_the_other_has(stack: Stack) -> None:
    fake = account("one", "two")

    first = look(fake, ReferenceObjects(BUCKET))
    second = look(fake, ReferenceObjects(BUCKET))

    assert (first.cached, second.cached, second.records) == (
        False,
        True,
        [{"account_name": "one"}],
    )
    assert len(fake.requests) == 1
    assert stack.objects("PayloadBucket") == [NAME]


@pytest.mark.usefixtures("stack")
def test_two_functions_that_read_at_once_leave_one_good_answer() -> None:
    nested: list[Any] = []

    def meanwhile(_request: object) -> Any:
        nested.append(look(account("inner"), ReferenceObjects(BUCKET)))
        return json_reply({"account_name": "outer"})

    outer = look(FakeTransport().on("GET", ACCOUNT, meanwhile), ReferenceObjects(BUCKET))
    after = look(account("nobody"), ReferenceObjects(BUCKET))

    assert nested[0].records == [{"account_name": "inner"}]
    assert after.records == outer.records == [{"account_name": "outer"}]


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    "error",
    [
        client_error("GetObject", "AccessDenied"),
        client_error("GetObject", "SlowDown"),
        ConnectTimeoutError(endpoint_url="https://s3.example"),
    ],
)
def test_a_bucket_that_fails_costs_a_call_and_is_left_alone_for_a_while(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    failing: Any = Failing(aws.s3(), get_object=raising(error), put_object=raising(error))
    objects = ReferenceObjects(
        BUCKET,
        client=failing,
        logger=Logger(service="reference"),
        monotonic=lambda: now[0],
    )
    fake = account("one", "two", "three")

    assert look(fake, objects).records == [{"account_name": "one"}]
    assert failing.calls == ["get_object"], "nothing is written to what has just failed"
    assert look(fake, objects).records == [{"account_name": "two"}]
    assert failing.calls == ["get_object"]
    now[0] = PAUSE_S
    assert look(fake, objects, max_age_s=0).records == [{"account_name": "three"}]
    assert failing.calls == ["get_object", "put_object"]
    assert [line.levelname for line in caplog.records] == ["WARNING"] * 2
    assert {line.__dict__["error"] for line in caplog.records} == {aws.error_name(error)}


def test_an_object_that_is_broken_is_read_anew_and_replaced(stack: Stack) -> None:
    aws.s3().put_object(Bucket=BUCKET, Key=NAME, Body=b"half an obj")
    fake = account("one")

    assert look(fake, ReferenceObjects(BUCKET)).cached is False
    assert look(fake, ReferenceObjects(BUCKET)).cached is True
    assert stack.objects("PayloadBucket") == [NAME]


def test_what_is_refused_is_not_kept(stack: Stack) -> None:
    fake = FakeTransport().on("GET", ACCOUNT, empty_reply(403))
    with pytest.raises(Forbidden):
        look(fake, ReferenceObjects(BUCKET))
    assert stack.objects("PayloadBucket") == []


@pytest.mark.parametrize(("enabled", "calls"), [(True, 1), (False, 2)])
def test_an_executor_answers_from_what_another_has_kept_and_the_record_says_so(
    stack: Stack, start: Start, provider: FakeTransport, enabled: bool, calls: int
) -> None:
    stack.connect(builders.instance(config={"cachingEnabled": enabled}))
    provider.on("GET", AGENTS, json_reply([{"id": 5}]))
    began = datetime(2026, 3, 3, 12, 2, 40, tzinfo=UTC)

    for number, passed in ((1, 0), (2, 90)):
        with freeze_time(began + timedelta(seconds=passed)):
            action_id = f"act_{number}"
            stack.send(
                "ActionQueue",
                builders.action_request(
                    action_id=action_id,
                    idempotency_key=action_id,
                    action="list_agents",
                    parameters={},
                ),
            )
            assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []
            _forget_everything()  # another execution, with nothing in its memory
            store = RecordStore(stack.names["ActionTable"], PayloadStore(BUCKET), days=30)
            record = store.get(action_id)
            kept = enabled and number == 2
            assert (record.cached, record.age_s) == (kept, 90 if kept else 0)
            assert record.data is not None
            assert record.data["agents"] == [{"id": 5}]

    assert len(provider.requests) == calls
