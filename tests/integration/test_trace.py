"""Trace logging, from the switch to the list, against the tables of the template."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from freshbridge import aws
from freshbridge.errors import Unreachable
from freshbridge.instances import token
from freshbridge.instances.registry import Registry
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start

NOTES = "/api/v2/tickets/1042/notes"
TICKETS = "/api/v2/tickets"
SWITCH = f"/api/integrations/{builders.INSTANCE_ID}/trace-logging"
ELEMENTS_SWITCH = f"/elements/api-v2/instances/{builders.INSTANCE_ID}/trace-logging"
INSTANCE = f"/elements/api-v2/instances/{builders.INSTANCE_ID}"
TRACE = f"/api/integrations/{builders.INSTANCE_ID}/trace"
ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
BEGIN = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
LIMIT = {"X-RateLimit-Total": "200", "X-RateLimit-Remaining": "183"}


class Api:
    """Calls the function as API Gateway does."""

    def __init__(self, start: Start) -> None:
        self._start = start

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        element: str = "",
    ) -> tuple[int, Any]:
        """The status and the body of one answer."""
        access = ACCESS + (f", Element {element}" if element else "")
        event = builders.rest_event(
            method,
            path,
            body=body if isinstance(body, str) or body is None else json.dumps(body),
            headers={"Authorization": access},
        ) | {"queryStringParameters": query}
        answer = self._start("ConnectorApi").handler(event, builders.Context())
        return answer["statusCode"], json.loads(answer["body"])

    def entries(self) -> list[dict[str, Any]]:
        """The newest page of the trace."""
        status, body = self("GET", TRACE)
        assert status == 200
        found: list[dict[str, Any]] = body["data"]["entries"]
        return found


@pytest.fixture
def api(start: Start) -> Api:
    return Api(start)


@pytest.fixture
def clock(stack: Stack) -> Iterator[FrozenDateTimeFactory]:  # noqa: ARG001 - the stack's account is older
    with freeze_time(BEGIN) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


def run_action(stack: Stack, start: Start, key: str, **changed: Any) -> list[str]:
    """Deliver one action to a warm function; returns what stayed on the queue."""
    stack.send("ActionQueue", builders.action_request(idempotency_key=key, **changed))
    return stack.deliver("ActionQueue", start("ActionExecutor").handler)


def run_cold(stack: Stack, start: Start, key: str) -> None:
    """Deliver one action to a new function, which has read nothing yet."""
    start("ActionExecutor")._ports.cache_clear()
    assert run_action(stack, start, key) == []


def test_switched_on_every_call_of_an_action_is_listed_until_it_is_switched_off(
    *, stack: Stack, start: Start, api: Api, provider: FakeTransport, clock: FrozenDateTimeFactory
) -> None:
    stack.connect()
    provider.on("POST", NOTES, *(json_reply({"id": one}, 201, LIMIT) for one in (30, 31, 32)))
    run_cold(stack, start, "before")

    # When it is switched on
    status, body = api("PUT", SWITCH, {"duration": 5})
    assert status == 200
    assert body["data"] == {"trace_until": "2026-03-03T12:05:00Z"}
    clock.tick(31)
    run_cold(stack, start, "on")

    # Then its call is listed, and no other
    [entry] = api.entries()
    assert entry.pop("duration_ms") >= 0
    assert entry == {
        "time": "2026-03-03T12:00:31.000000Z",
        "method": "POST",
        "path": NOTES,
        "status": 201,
        "error": None,
        "rate_limit": {"total": 200, "remaining": 183, "bucket": "total"},
        "request_bytes": len(b'{"body":"<p>Seen</p>","private":true}'),
        "reply_bytes": len(b'{"id": 31}'),
        "function": "action_executor",
        "correlation_id": "evt_0001",
        "action_id": "act_0001",
        "run_id": None,
    }

    # and when it is switched off, what was kept stays and nothing is added
    assert api("DELETE", SWITCH)[1]["data"] == {"trace_until": None}
    run_cold(stack, start, "off")
    assert len(provider.requests) == 3
    assert len(api.entries()) == 1


def test_it_goes_off_by_itself(
    *, stack: Stack, start: Start, api: Api, provider: FakeTransport, clock: FrozenDateTimeFactory
) -> None:
    stack.connect()
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    api("PUT", SWITCH, {"duration": 1})

    clock.tick(59)
    run_action(stack, start, "within")
    assert api("GET", TRACE)[1]["data"]["trace_until"] == "2026-03-03T12:01:00Z"
    clock.tick(1)
    run_action(stack, start, "after")

    assert len(api.entries()) == 1
    assert api("GET", TRACE)[1]["data"]["trace_until"] is None


def test_open_connectors_routes_switch_the_same_and_the_instance_tells_the_truth(
    *, stack: Stack, api: Api, clock: FrozenDateTimeFactory
) -> None:
    shown = token.new_token(builders.INSTANCE_ID, b"r" * 32)
    stack.connect(builders.instance(tokens=(token.token_hash(shown),)))

    def enabled() -> tuple[bool, bool]:
        hydrated = api("GET", "/elements/api-v2/instances")[1]
        abridged = api("GET", "/elements/api-v2/instances", query={"hydrate": "false"})[1]
        flags = {i["traceLoggingEnabled"] for i in (*hydrated, *abridged)}
        assert len(flags) == 1
        return api("GET", INSTANCE)[1]["traceLoggingEnabled"], flags.pop()

    assert enabled() == (False, False)
    for path in (ELEMENTS_SWITCH, "/elements/api-v2/instances/trace-logging"):
        # Without a duration, for an hour
        assert api("PUT", path, element=shown) == (200, {})
        assert enabled() == (True, True)
        assert api("DELETE", path, element=shown) == (200, {})
        assert enabled() == (False, False)
        api("PUT", path, {"duration": 1440}, element=shown)
        clock.tick(1440 * 60 - 1)
        assert enabled() == (True, True)
        clock.tick(1)
        assert enabled() == (False, False)


def test_what_cannot_be_switched_is_refused(stack: Stack, api: Api) -> None:
    stack.connect()

    for method in ("PUT", "DELETE"):
        assert api(method, "/elements/api-v2/instances/trace-logging", element="wrong")[0] == 401
        assert api(method, "/api/integrations/7/trace-logging")[0] == 404
    assert api("GET", "/api/integrations/7/trace")[0] == 404
    for path in (SWITCH, ELEMENTS_SWITCH):
        for body in ({"duration": 0}, {"duration": "60"}, [5], "{"):
            assert api("PUT", path, body)[0] == 400
    status, body = api("PUT", SWITCH, {"duration": 1441})
    assert (status, body["code"]) == (400, "invalid_trace_request")
    assert "1 to 1440" in body["message"]
    assert api("GET", INSTANCE)[1]["traceLoggingEnabled"] is False


def test_a_sync_names_its_run_and_the_connection_test_its_request(
    *, stack: Stack, start: Start, api: Api, provider: FakeTransport, clock: FrozenDateTimeFactory
) -> None:
    stack.connect()
    api("PUT", SWITCH)
    provider.on("GET", TICKETS, PagedList([{"id": 1, "updated_at": "2026-03-03T11:00:00Z"}]))
    provider.on("GET", "/api/v2/agents/me", json_reply({"id": 55}))
    provider.on("GET", "/api/v2/agents", empty_reply(403))

    stack.begin_sync()
    stack.deliver("SyncQueue", start("SyncWorker").handler, builders.Context(300_000))
    clock.tick(1)
    assert api("POST", f"/api/integrations/{builders.INSTANCE_ID}/test")[0] == 200

    entries = api.entries()
    *tests, sync = entries
    assert (sync["function"], sync["run_id"], sync["path"]) == ("sync_worker", "run_0001", TICKETS)
    assert sync["correlation_id"] == "run_0001"
    assert {(t["function"], t["path"], t["status"]) for t in tests} == {
        ("connector_api", "/api/v2/agents/me", 200),
        ("connector_api", "/api/v2/agents", 403),
    }
    assert {t["correlation_id"] for t in tests} == {builders.Context().aws_request_id}


def test_new_credentials_that_the_provider_refuses_are_in_the_trace(
    stack: Stack, api: Api, provider: FakeTransport
) -> None:
    stack.connect()
    api("PUT", SWITCH)
    provider.on("GET", "/api/v2/agents/me", empty_reply(401))

    change = {"credentials": {"api_key": "another-made-up-key"}}
    status, _ = api("PATCH", f"/api/integrations/{builders.INSTANCE_ID}", change)

    assert status == 401
    [entry] = api.entries()
    assert (entry["path"], entry["status"]) == ("/api/v2/agents/me", 401)


def test_a_call_that_got_no_reply_is_listed_and_tried_again(
    stack: Stack, start: Start, api: Api, provider: FakeTransport
) -> None:
    stack.connect()
    api("PUT", SWITCH)
    provider.on("POST", NOTES, Unreachable("No reply within the read time-out"))

    assert len(run_action(stack, start, "dropped")) == 1

    [entry] = api.entries()
    assert (entry["status"], entry["error"], entry["reply_bytes"]) == (None, "unreachable", None)


@pytest.mark.parametrize("error", [client_error("PutItem"), RuntimeError(builders.API_KEY)])
def test_a_table_that_fails_stops_no_action(
    *,
    stack: Stack,
    start: Start,
    api: Api,
    provider: FakeTransport,
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    stack.connect()
    api("PUT", SWITCH)
    provider.on("POST", NOTES, json_reply({"id": 31}, 201), json_reply({"id": 32}, 201))
    broken = Failing(aws.dynamodb(), put_item=raising(error))
    monkeypatch.setattr(aws, "dynamodb_briefly", lambda: broken)

    assert run_action(stack, start, "one") == []
    assert run_action(stack, start, "two") == []

    assert len(provider.requests) == 2
    assert stack.messages("ActionDeadLetterQueue") == []
    assert broken.calls.count("put_item") == 1
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [told] = [line for line in lines if line["message"] == "trace not written"]
    assert told["level"] == "WARNING"
    assert told["error"] in ("InternalError", "RuntimeError")
    assert builders.API_KEY not in log.getvalue()


def test_nothing_private_is_in_the_table(
    stack: Stack, start: Start, api: Api, provider: FakeTransport
) -> None:
    stack.connect()
    api("PUT", SWITCH)
    echo = json_reply({"echo": builders.SUBJECT}, 400, {"X-Echo": builders.EMAIL})
    provider.on("POST", NOTES, echo)
    provider.on("GET", TICKETS, PagedList([{"id": 1, "subject": builders.SUBJECT}]))

    words = {"ticket_id": 1042, "body": f"{builders.DESCRIPTION} {builders.EMAIL}"}
    run_action(stack, start, "1", parameters=words, origin={"event_id": builders.EMAIL})
    stack.begin_sync()
    stack.deliver("SyncQueue", start("SyncWorker").handler, builders.Context(300_000))

    kept = json.dumps(stack.items("TraceTable"))
    assert kept.count(TICKETS) == 2
    assert [word for word in (*builders.PRIVATE_WORDS, "updated_since") if word in kept] == []


def test_the_list_is_paged_newest_first(
    *, stack: Stack, start: Start, api: Api, provider: FakeTransport, clock: FrozenDateTimeFactory
) -> None:
    # Given seven calls, two of them in one instant
    stack.connect()
    api("PUT", SWITCH)
    provider.on("POST", NOTES, *(json_reply({"id": 31 + one}, 201) for one in range(7)))
    for number in range(7):
        clock.tick(0 if number == 3 else 10)
        run_action(stack, start, str(number), action_id=f"act_{number}")

    # When all pages of two are read
    pages, before = [], None
    while True:
        query = {"limit": "2"} | ({"before": before} if before else {})
        data = api("GET", TRACE, query=query)[1]["data"]
        pages.append([entry["action_id"] for entry in data["entries"]])
        if (before := data["before"]) is None:
            break

    # Then each call is on one page, newest first, and the last page says so
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    listed = [entry for page in pages for entry in page]
    assert listed[:3] == ["act_6", "act_5", "act_4"]
    assert set(listed[3:5]) == {"act_2", "act_3"}
    assert listed[5:] == ["act_1", "act_0"]
    # and an exact page has no next one
    assert api("GET", TRACE, query={"limit": "7"})[1]["data"]["before"] is None

    # and a time is a position too
    older = api("GET", TRACE, query={"before": "2026-03-03T12:00:20Z"})[1]["data"]["entries"]
    assert [entry["action_id"] for entry in older] == ["act_0"]
    status, refused = api("GET", TRACE, query={"limit": "0", "before": "x"})
    assert status == 400
    assert [field["field"] for field in refused["details"]["fields"]] == ["limit", "before"]


def test_an_entry_is_gone_after_a_week_even_if_the_table_still_has_it(
    *, stack: Stack, start: Start, api: Api, provider: FakeTransport, clock: FrozenDateTimeFactory
) -> None:
    stack.connect()
    api("PUT", SWITCH, {"duration": 1440})
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    run_action(stack, start, "1")
    clock.tick(timedelta(hours=12))
    run_action(stack, start, "2")

    clock.tick(timedelta(days=6, hours=12, seconds=-1))
    assert len(api.entries()) == 2
    clock.tick(1)
    assert len(api.entries()) == 1
    assert len(stack.items("TraceTable")) == 2
    (first, _) = sorted(stack.items("TraceTable"), key=lambda item: str(item["sk"]["S"]))
    assert int(first["expires_at"]["N"]) == BEGIN.timestamp() + 7 * 86_400


def test_an_instance_stored_before_there_was_tracing_still_reads(stack: Stack) -> None:
    stored = stack.connect()
    table = stack.names["InstanceTable"]
    (item,) = stack.items("InstanceTable")
    body = json.loads(item["body"]["S"])
    del body["trace_until"]
    aws.dynamodb().put_item(TableName=table, Item=item | {"body": {"S": json.dumps(body)}})

    assert Registry(table).get(stored.instance_id) == stored
