"""http.request: what is sent, what is kept, and what is never sent twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge.actions.action import Outcome
from freshbridge.actions.attempt_marks import Unsure
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.errors import InvalidRequest, NotFound, ProviderDown, Reject, Unreachable
from freshbridge.events.signature import signed_at
from freshbridge.http_api.client import HttpCall, HttpClient
from freshbridge.http_api.target import InvalidPath
from freshbridge.http_message import ProviderReply, Timeouts
from tests import builders
from tests.fakes.actions import NOW, earlier_attempt, run_action
from tests.fakes.provider import FakeTransport, empty_reply, json_reply

BASE = "https://api.acme.example/v2"
SECRETS = {"authorization": "Bearer made-up", "signing.key": "signing-made-up"}
OK = json_reply({"id": 7}, 201)


def call(
    transport: FakeTransport,
    parameters: dict[str, Any],
    *,
    secrets: dict[str, str] | None = None,
    allowed: tuple[str, ...] = ("https://api.acme.example",),
    unsure: Unsure | None = None,
    timeouts: Timeouts | None = None,
) -> Outcome:
    client = HttpClient(transport, BASE, secrets or {}, allowed_origins=allowed, timeouts=timeouts)
    return run_action(
        "request",
        parameters,
        transport,
        platform="http",
        instance=builders.instance(platform="http", element="http"),
        client=client,
        unsure=unsure,
    )


def test_a_request_carries_what_the_rule_says_and_what_the_vault_has() -> None:
    transport = FakeTransport().on("POST", "/v2/orders", OK)

    outcome = call(
        transport,
        {
            "path": "/orders",
            "query": {"dry": True, "tag": ["a", "b c"], "none": None, "n": 1.5},
            "headers": {"X-Team": "support"},
            "json": {"text": "ü", "n": 1},
        },
        secrets=SECRETS,
    )

    [request] = transport.requests
    assert request.full_url == f"{BASE}/orders?dry=true&tag=a&tag=b%20c&none=&n=1.5"
    assert request.body == b'{"text":"\\u00fc","n":1}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer made-up"
    assert request.headers["x-team"] == "support"
    assert request.headers["idempotency-key"] == builders.action_request().idempotency_key
    shown = request.headers["x-freshbridge-signature"]
    assert signed_at(shown, request.body, ["signing-made-up"]) == int(NOW.timestamp())
    assert outcome.message == "The API answered 201"
    assert (outcome.data["status"], outcome.data["json"]) == (201, {"id": 7})


@pytest.mark.parametrize(
    ("given", "body", "kind"),
    [
        ({"form": {"a": [1, "ü"], "b": False}}, b"a=1&a=%C3%BC&b=false",
         "application/x-www-form-urlencoded"),
        ({"text": "ü"}, "ü".encode(), "text/plain; charset=utf-8"),
        ({"text": "<a/>", "content_type": "text/xml"}, b"<a/>", "text/xml"),
        ({"json": 0}, b"0", "application/json"),
        ({"json": {}, "headers": {"content-TYPE": "application/vnd.api+json"}}, b"{}",
         "application/vnd.api+json"),
        ({}, None, None),
    ],
)  # fmt: skip
def test_a_body_is_json_a_form_or_a_text(
    given: dict[str, Any], body: bytes | None, kind: str | None
) -> None:
    transport = FakeTransport().on("PUT", "/v2", OK)

    call(transport, {"method": "PUT", **given})

    [request] = transport.requests
    assert (request.body, request.headers.get("content-type")) == (body, kind)
    assert "idempotency-key" not in request.headers
    assert "x-freshbridge-signature" not in request.headers
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"method": "TRACE"}, "method"),
        ({"headers": {"Authorization": "x"}}, "headers"),
        ({"headers": {"HOST": "x"}}, "headers"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers"),
        ({"headers": {"X-Freshbridge-Signature": "x"}}, "headers"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers"),
        ({"headers": {"X Y": "a"}}, "headers"),
        ({"text": "x", "content_type": "a\nb"}, "content_type"),
        ({"json": {}, "text": "x"}, ""),
        ({"expected_statuses": [302]}, "expected_statuses"),
        ({"expected_statuses": [200, 401]}, "expected_statuses"),
        ({"timeout_s": 60}, "timeout_s"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"url": "https://evil.example"}, "url"),
    ],
)
def test_what_no_request_may_hold_is_refused(parameters: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("http", "request"), parameters)

    assert [field.field for field in raised.value.fields] == [named]


@pytest.mark.parametrize("path", ["https://evil.example/", "../admin", "//evil.example"])
def test_a_path_that_leads_elsewhere_is_not_called(path: str) -> None:
    transport = FakeTransport()

    with pytest.raises(InvalidPath):
        call(transport, {"path": path}, secrets=SECRETS)

    assert transport.requests == []


def test_a_body_that_is_too_large_is_not_sent() -> None:
    with pytest.raises(InvalidRequest, match="too large"):
        call(FakeTransport(), {"text": "x" * 1_000_000, "json": None} | {"text": "ü" * 600_000})


def test_an_address_nobody_named_has_to_be_public() -> None:
    transport = FakeTransport().on("GET", "/v2", OK)

    call(transport, {"method": "GET"})
    call(transport, {"method": "GET"}, allowed=("https://*.acme.example",))

    assert [request.public_only for request in transport.requests] == [False, True]


@pytest.mark.parametrize("path", ["?state=open", "https://api.acme.example?state=open", "?a=b/c"])
def test_a_query_right_behind_the_host_is_no_part_of_what_was_named(path: str) -> None:
    transport = FakeTransport().on("GET", "", OK).on("GET", "/", OK)
    client = HttpClient(
        transport, "https://api.acme.example", {}, allowed_origins=("https://api.acme.example",)
    )

    client.send(HttpCall("GET", path), at=0)

    assert [request.public_only for request in transport.requests] == [False]


def test_a_time_out_is_the_shorter_of_the_rule_s_and_the_caller_s() -> None:
    transport = FakeTransport().on("GET", "/v2", OK)

    call(transport, {"method": "GET", "timeout_s": 2})
    call(transport, {"method": "GET", "timeout_s": 20}, timeouts=Timeouts(3, 12, 15))

    assert [request.timeouts for request in transport.requests] == [
        Timeouts(2, 2, 2), Timeouts(3, 12, 15),
    ]  # fmt: skip


def test_where_a_request_went_is_told_without_a_customer_s_words() -> None:
    path = "/orders/asha@customer.example/Refund, please!"
    transport = FakeTransport().on("GET", f"/v2{path.replace(' ', '%20')}", empty_reply(404))

    with pytest.raises(NotFound) as raised:
        call(transport, {"method": "GET", "path": path})

    assert raised.value.where == "GET /*/orders/*/*" or raised.value.where.endswith("/orders/*/*")
    assert "Refund" not in str(raised.value)


@pytest.mark.parametrize(
    ("expected", "status", "fine"),
    [
        ([], 204, True),
        ([], 404, False),
        ([404], 404, True),
        ([404], 200, False),
        ([200], 201, False),
    ],
)
def test_success_is_what_is_expected(expected: list[int], status: int, fine: bool) -> None:
    transport = FakeTransport().on("GET", "/v2", ProviderReply(status, {}, b"x"))
    parameters = {"method": "GET", "expected_statuses": expected}

    if fine:
        assert call(transport, parameters).data["status"] == status
    else:
        with pytest.raises(Reject):
            call(transport, parameters)


# --- an answer that was lost


@pytest.mark.parametrize(
    ("parameters", "again"),
    [
        ({"method": "POST"}, False),
        ({"method": "PATCH"}, False),
        ({"method": "POST", "repeat": True}, True),
        ({"method": "PATCH", "repeat": True}, True),
        ({"method": "GET"}, True),
        ({"method": "PUT"}, True),
        ({"method": "DELETE"}, True),
    ],
)
def test_only_what_may_be_repeated_is_sent_again(parameters: dict[str, Any], again: bool) -> None:
    transport = FakeTransport().on(parameters["method"], "/v2", OK)

    if again:
        call(transport, parameters, unsure=earlier_attempt())
    else:
        with pytest.raises(OutcomeUnknown, match="Nobody but the API knows"):
            call(transport, parameters, unsure=earlier_attempt())

    assert len(transport.requests) == again


@pytest.mark.parametrize(("repeat", "unknown"), [(False, True), (True, False)])
def test_a_failure_of_a_post_is_in_doubt_unless_it_may_be_repeated(
    repeat: bool, unknown: bool
) -> None:
    transport = FakeTransport().on("POST", "/v2", empty_reply(500))

    with pytest.raises(ProviderDown) as raised:
        call(transport, {"repeat": repeat})

    assert raised.value.outcome_unknown is unknown


def test_a_repeated_request_is_the_same_one() -> None:
    lost = Unreachable("No reply", outcome_unknown=True)
    transport = FakeTransport().on("POST", "/v2", lost, OK)
    parameters = {"repeat": True, "json": {"a": 1}}

    with pytest.raises(Unreachable):
        call(transport, parameters)
    call(transport, parameters, unsure=earlier_attempt())

    first, second = transport.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert json.loads(first.body or b"") == json.loads(second.body or b"")
