"""What is kept of a provider call, for how long, and that keeping it never gets in the way."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import Redirected, Unreachable
from freshbridge.http_message import FilePart, ProviderReply, ProviderRequest
from freshbridge.instances.trace import (
    Cause,
    InvalidTraceRequest,
    TraceEntry,
    entry_of,
    expires_at,
    is_on,
    read_minutes,
    read_page,
    shown_path,
)
from freshbridge.instances.traced_transport import PAUSE_S, Tracer
from tests import builders
from tests.fakes.provider import FakeTransport, json_reply

NOW = 1_772_539_360.25
NOTES = "/api/v2/tickets/1042/notes"
MARKER = "zq7private"
CAUSE = Cause("evt_0001", action_id="act_0001")


def note(**changed: Any) -> ProviderRequest:
    values: dict[str, Any] = {
        "method": "POST",
        "url": "https://acme.freshdesk.com" + NOTES,
        "json": {"body": "Seen"},
    }
    return ProviderRequest(**values | changed)


def kept(
    request: ProviderRequest, outcome: ProviderReply | Exception, platform: str = "freshdesk"
) -> dict[str, Any]:
    return entry_of(
        request,
        outcome,
        at=NOW,
        duration_s=0.1234,
        platform=platform,
        function="action_executor",
        cause=CAUSE,
    ).shown()


LIMIT = {"X-RateLimit-Total": "200", "X-RateLimit-Remaining": "183"}


def test_an_entry_says_what_a_call_was_and_how_it_went() -> None:
    reply = json_reply({"id": 31}, 201, LIMIT)

    assert kept(note(), reply) == {
        "time": "2026-03-03T12:02:40.250000Z",
        "method": "POST",
        "path": NOTES,
        "status": 201,
        "error": None,
        "duration_ms": 123,
        "rate_limit": {"total": 200, "remaining": 183, "bucket": "total"},
        "request_bytes": len(b'{"body":"Seen"}'),
        "reply_bytes": len(b'{"id": 31}'),
        "function": "action_executor",
        "correlation_id": "evt_0001",
        "action_id": "act_0001",
        "run_id": None,
    }


def test_the_limit_names_the_bucket_that_the_call_is_counted_in() -> None:
    create = note(url="https://acme.freshdesk.com/api/v2/tickets")

    assert kept(create, json_reply({}, 201, LIMIT))["rate_limit"]["bucket"] == "ticket_create"
    assert kept(create, json_reply({}, 201))["rate_limit"] is None
    assert kept(create, json_reply({}, 201, LIMIT), platform="freshsales")["rate_limit"] is None


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unreachable("No reply"), None, "unreachable"),
        (Redirected("Elsewhere", status=302), 302, "redirected"),
        (KeyError(MARKER), None, "KeyError"),
    ],
)
def test_a_call_without_a_complete_reply_has_its_errors_code(
    error: Exception, status: int | None, code: str
) -> None:
    shown = kept(note(), error)

    assert (shown["status"], shown["error"]) == (status, code)
    assert shown["reply_bytes"] is None
    assert shown["rate_limit"] is None
    assert MARKER not in json.dumps(shown)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"json": None}, 0),
        ({"json": {"at": float("nan")}}, 0),
        ({"json": None, "body": b"12345"}, 5),
        ({"json": None, "form": (("a", "ü"),), "files": (FilePart("f", "n", b"1234"),)}, 7),
    ],
)
def test_the_size_of_a_request_is_its_bodys(fields: dict[str, Any], size: int) -> None:
    assert kept(note(**fields), ProviderReply(200))["request_bytes"] == size


private_texts = st.text(max_size=20).map(lambda text: f"{text}{MARKER}")


@given(private_texts, private_texts, private_texts, st.integers(100, 599))
def test_nothing_of_headers_query_or_bodies_is_kept(
    header: str, query: str, body: str, status: int
) -> None:
    request = note(
        headers={"Authorization": header, header: "x"},
        params=((query, "1"), ("email", query)),
        json={body: body},
    )
    reply = ProviderReply(status, {"X-Echo": header, header: "1"}, body.encode())

    assert MARKER not in json.dumps(kept(request, reply))


@given(
    st.lists(
        st.one_of(
            st.emails(),
            st.emails().map(lambda address: address.replace("@", "%40")),
            st.text("0123456789abcdefXYZ_-", min_size=12, max_size=40).filter(
                lambda text: not text.isdigit() and any(c.isdigit() for c in text[:-2])
            ),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_addresses_and_keys_in_a_path_are_not_shown(parts: list[str]) -> None:
    shown = shown_path("/api/" + "/".join(part.replace("/", "") for part in parts) + "/7")

    assert set(shown.removeprefix("/api/").removesuffix("/7")) <= {"*", "/"}
    assert shown.endswith("/7")


@pytest.mark.parametrize(
    "path",
    [
        NOTES,
        "/api/v2/ticket_fields",
        "/crm/sales/api/contacts/view/402000123",
        "/api/auth.test",
        "/api/v2/agents/me",
        "/",
        "",
    ],
)
def test_the_paths_of_the_providers_apis_are_shown_as_they_are(path: str) -> None:
    assert shown_path(path) == path


def test_ids_that_hold_an_address_are_masked_and_long_ones_cut() -> None:
    cause = Cause(f"x {builders.EMAIL}", action_id="a" * 1000)
    entry = entry_of(
        note(),
        ProviderReply(200),
        at=NOW,
        duration_s=0,
        platform="freshdesk",
        function="f",
        cause=cause,
    )

    assert entry.cause == Cause("x [e-mail]", action_id="a" * 128)


@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_tracing_is_on_until_its_time_and_not_after(now: float, until: float) -> None:
    assert is_on(builders.instance(trace_until=until), now) is (now < until)
    assert not is_on(builders.instance(), now)


@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_times_sort_as_text_and_entries_live_a_week(one: float, other: float) -> None:
    first, second = (
        entry_of(
            note(),
            ProviderReply(200),
            at=at,
            duration_s=0,
            platform="freshdesk",
            function="f",
            cause=Cause(),
        )
        for at in sorted((one, other))
    )

    assert first.time <= second.time
    assert 0 <= expires_at(first) - first.at - 7 * 86_400 <= 1


@given(st.integers(1, 1440))
def test_a_duration_is_minutes(minutes: int) -> None:
    assert read_minutes({"duration": minutes}) == minutes


def test_a_duration_that_is_left_out_is_an_hour() -> None:
    assert read_minutes({}) == 60


@pytest.mark.parametrize(
    "body",
    [
        {"duration": value}
        for value in (0, 1441, -1, True, 1.5, 60.0, "60", None, [60], float("nan"))
    ]
    + [{"durations": 5}],
)
def test_a_duration_that_cannot_be_is_refused_by_name(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidTraceRequest) as raised:
        read_minutes(body)

    assert [error.field for error in raised.value.fields] == list(body)


def test_a_page_is_asked_for_by_size_and_position() -> None:
    assert read_page(None, None) == (50, None)
    assert read_page("200", None) == (200, None)
    cursor = "2026-03-03T12:02:40.250000Z#0a1b2c3d"
    assert read_page("1", cursor) == (1, cursor)


@given(st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_a_time_is_a_position_too(moment: datetime) -> None:
    expected = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    assert read_page(None, moment.isoformat()) == (50, expected)
    assert read_page(None, moment.replace(tzinfo=None).isoformat()) == (50, expected)


@pytest.mark.parametrize(
    ("limit", "before", "wrong"),
    [
        ("0", None, ["limit"]),
        ("201", None, ["limit"]),
        ("", None, ["limit"]),
        ("٣", None, ["limit"]),
        ("9" * 5000, None, ["limit"]),
        (None, "", ["before"]),
        (None, "yesterday", ["before"]),
        (None, "0001-01-01T00:00:00+14:00", ["before"]),
        ("x", "2026-03-03T12:02:40.250000Z#", ["limit", "before"]),
    ],
)
def test_a_page_that_cannot_be_given_names_what_is_wrong(
    limit: str | None, before: str | None, wrong: list[str]
) -> None:
    with pytest.raises(InvalidTraceRequest) as raised:
        read_page(limit, before)

    assert [error.field for error in raised.value.fields] == wrong


class Clock:
    """Seconds that move only when told to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class MemoryStore:
    """Keeps entries in memory, and breaks when told to."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, TraceEntry]] = []
        self.tries = 0
        self.error: Exception | None = None

    def append(self, instance_id: str, entry: TraceEntry) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error
        self.entries.append((instance_id, entry))


class Log:
    """Remembers warnings."""

    def __init__(self) -> None:
        self.warnings: list[dict[str, Any]] = []

    def warning(self, message: str, *, extra: dict[str, Any]) -> None:
        self.warnings.append({"message": message, **extra})


class Traced:
    """A tracer, what it stands on, and a provider that takes a quarter of a second."""

    def __init__(self) -> None:
        self.clock = Clock(NOW)
        self.monotonic = Clock(5000.0)
        self.store = MemoryStore()
        self.log = Log()
        self.provider = FakeTransport()
        self.tracer = Tracer(
            cast("Any", self.store),
            function="action_executor",
            logger=cast("Any", self.log),
            clock=self.clock,
            monotonic=self.monotonic,
        )

    def slow(self, _request: ProviderRequest) -> ProviderReply:
        self.clock.now += 0.25
        self.monotonic.now += 0.25
        return json_reply({"id": 31}, 201)

    def around(self, until: float | None) -> Any:
        return self.tracer.around(self.provider, builders.instance(trace_until=until), CAUSE)


@pytest.fixture
def traced() -> Traced:
    return Traced()


def test_while_on_each_call_is_kept_with_when_it_began_and_how_long_it_took(
    traced: Traced,
) -> None:
    traced.provider.on("POST", NOTES, traced.slow)

    transport = traced.around(until=NOW + 60)
    reply = transport.send(note())

    assert reply.status == 201
    [(instance_id, entry)] = traced.store.entries
    assert instance_id == builders.INSTANCE_ID
    assert (entry.at, entry.duration_ms, entry.status) == (NOW, 250, 201)
    assert entry.cause == CAUSE


def test_a_call_without_a_reply_is_kept_and_its_error_raised(traced: Traced) -> None:
    traced.provider.on("POST", NOTES, Unreachable("No reply"))

    with pytest.raises(Unreachable):
        traced.around(until=NOW + 60).send(note())

    [(_, entry)] = traced.store.entries
    assert (entry.status, entry.error) == (None, "unreachable")


@pytest.mark.parametrize("until", [None, 0.0, NOW - 1, NOW])
def test_while_off_or_over_the_transport_is_the_plain_one(
    traced: Traced, until: float | None
) -> None:
    assert traced.around(until) is traced.provider


def test_it_goes_off_in_the_middle_of_a_long_run(traced: Traced) -> None:
    traced.provider.on("POST", NOTES, traced.slow)
    transport = traced.around(until=NOW + 0.5)

    for _ in range(5):
        transport.send(note())

    assert [entry.at for _, entry in traced.store.entries] == [NOW, NOW + 0.25]
    assert len(traced.provider.requests) == 5


def test_a_store_that_fails_is_told_of_once_and_left_alone_for_a_while(traced: Traced) -> None:
    # Given a table that does not answer
    traced.provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    traced.store.error = RuntimeError(MARKER)
    transport = traced.around(until=NOW + 600)

    # When calls are made, none of them notices, and the table is asked once
    for _ in range(3):
        assert transport.send(note()).status == 201
    assert traced.store.tries == 1
    assert traced.log.warnings == [
        {
            "message": "trace not written",
            "instance_id": builders.INSTANCE_ID,
            "error": "RuntimeError",
        }
    ]

    # Then it is asked again after the pause
    traced.store.error = None
    traced.monotonic.now += PAUSE_S
    transport.send(note())
    assert len(traced.store.entries) == 1


def test_a_failing_store_does_not_hide_the_calls_own_error(traced: Traced) -> None:
    traced.provider.on("POST", NOTES, Unreachable("No reply"))
    traced.store.error = RuntimeError("down")

    with pytest.raises(Unreachable):
        traced.around(until=NOW + 600).send(note())

    assert traced.store.tries == 1


def test_a_path_that_is_told_otherwise_is_traced_as_it_is_told() -> None:
    request = ProviderRequest(
        method="POST", url="https://hooks.slack.com/services/T0/B0/secret", told_path="/services/…"
    )

    entry = entry_of(
        request, ProviderReply(200), at=0, duration_s=0, platform="slack", function="f",
        cause=Cause(),
    )  # fmt: skip

    assert entry.path == "/services/*"
    assert request.where == "POST /services/…"
