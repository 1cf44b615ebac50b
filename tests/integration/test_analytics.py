"""Reports over the stack: pages in S3, runs through the queue, tickets out of the lake."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time

from freshbridge import aws
from freshbridge.actions.record import ActionRecord, State
from freshbridge.actions.record_store import RecordStore
from freshbridge.analytics.page_store import PageStore
from freshbridge.analytics.period import Period, instant_of
from freshbridge.analytics.synced import NotCovered, SyncedTickets
from freshbridge.lake.current_view import CurrentView
from freshbridge.lake.encoding import rows_of
from freshbridge.lake.lake import Lake
from freshbridge.lake.rows import State as LakeState
from freshbridge.queues.payload import PayloadStore
from freshbridge.sync import run_items
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.run import Standing
from freshbridge.sync.run_store import RunStore
from tests import builders
from tests.fakes import report_rows as rows
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.fakes.report_desk import FakeDesk
from tests.integration.conftest import PassingTime, Stack, Start

Row = dict[str, Any]
TICKETS = OBJECTS["tickets"]
NOW = datetime(2026, 4, 2, tzinfo=UTC)
MARCH = {"from": "2026-03-01", "to": "2026-04-01", "by": ["day"]}
PERIOD = Period(instant_of("2026-03-01"), instant_of("2026-04-01"), ZoneInfo("UTC"))


def resolved(ticket_id: int, day: int, **fields: Any) -> Row:
    """A ticket resolved on a day of March, made two days before."""
    stats = {"resolved_at": f"2026-03-{day:02d}T12:00:00Z"}
    given: Row = {
        "updated_at": f"2026-03-{day:02d}T12:00:00Z",
        "created_at": "2026-03-01T09:00:00Z",
    }
    return rows.ticket(ticket_id, stats=stats, status=4, **given | fields)


def record_of(stack: Stack) -> ActionRecord:
    """What is known of the one report."""
    payloads = PayloadStore(stack.names["PayloadBucket"])
    return RecordStore(stack.names["ActionTable"], payloads, days=30).get("act_0001")


def send(stack: Stack, **parameters: Any) -> None:
    """Ask for ticket metrics."""
    stack.send(
        "ActionQueue",
        builders.action_request(action="ticket_metrics", parameters=MARCH | parameters),
    )


def in_lake(
    stack: Stack, tickets: list[Row], *, seen: int = 0, state: LakeState = LakeState.LIVE
) -> None:
    """Tickets in the lake's current view, seen so many seconds after ten."""
    seen_at = f"2026-04-01T10:00:{seen:02d}.000000Z"
    found = rows_of(TICKETS, tickets, seen_at=seen_at, state=state).rows
    Lake(stack.names["LakeBucket"]).merge(builders.INSTANCE_ID, TICKETS, found, run_id="r")


def synced_until(stack: Stack, since: str) -> None:
    """How far the sync of tickets has come; "" for a first run that is under way."""
    standing = Standing(complete_since=since, last_started_at="2026-03-01T00:00:00Z")
    aws.dynamodb().put_item(
        TableName=stack.names["SyncTable"],
        Item={
            **run_items.standing_key(builders.INSTANCE_ID, "tickets"),
            "run_id": run_items.text(""),
            "lease_until": run_items.number(0),
            "body": run_items.text(run_items.standing_body(standing)),
        },
    )


def synced(stack: Stack) -> SyncedTickets:
    return SyncedTickets(CurrentView(stack.names["LakeBucket"]), RunStore(stack.names["SyncTable"]))


def serve(provider: FakeTransport, desk: FakeDesk) -> None:
    """Let the functions' provider answer from the desk."""
    for path in (
        "/api/v2/tickets",
        "/api/v2/search/tickets",
        "/api/v2/time_entries",
        "/api/v2/surveys/satisfaction_ratings",
    ):
        provider.on("GET", path, desk.send)
    for path in ("/api/v2/agents", "/api/v2/groups", "/api/v2/ticket_fields"):
        provider.on("GET", path, json_reply([]))


# --- through the queue ---------------------------------------------------------------------------


def test_a_report_is_made_by_the_executor_and_kept_in_its_record(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    stack.connect()
    serve(provider, FakeDesk([resolved(1, 5), resolved(2, 6)], [], []))
    with freeze_time(NOW):
        send(stack)

        assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []

        record = record_of(stack)
    assert record.state is State.SUCCEEDED
    assert record.data is not None
    assert record.data["totals"]["volume_out"] == 2
    assert record.data["coverage"]["lake"] == "not used: tickets are not synced"
    assert record.data["credits"]["used"] == len(provider.requests) + 2


def test_a_report_that_runs_into_the_limit_goes_on_by_a_message_of_its_own(
    stack: Stack, start: Start, provider: FakeTransport, passing_time: PassingTime
) -> None:
    # Given 250 tickets, and a rate limit that is used up after the first hundred
    stack.connect()
    desk = FakeDesk(
        [
            resolved(n, 5, updated_at=f"2026-03-05T12:{n // 60:02d}:{n % 60:02d}Z")
            for n in range(250)
        ],
        [],
        [],
    )
    replies = iter([None, empty_reply(429, {"Retry-After": "40"})])
    desk.before = lambda request: next(replies, None) if request.path == "/api/v2/tickets" else None
    serve(provider, desk)
    with freeze_time(NOW) as clock:
        send(stack)
        handler = start("ActionExecutor").handler

        # When the message is handled, and what follows it once it is due
        assert stack.deliver("ActionQueue", handler) == []
        waiting = record_of(stack)
        clock.tick(39)
        assert stack.poll("ActionQueue") == {"Records": []}
        clock.tick(2)
        passing_time.sleep(120)
        assert stack.deliver("ActionQueue", handler) == []

        # Then it was told as waiting, and nothing is lost or read twice
        record = record_of(stack)
    assert (waiting.state, waiting.code) == (State.WAITING, "in_progress")
    assert record.state is State.SUCCEEDED
    assert record.data is not None
    assert record.data["totals"]["volume_out"] == 250
    assert len(provider.sent("GET", "/api/v2/time_entries")) == 1
    assert len(provider.sent("GET", "/api/v2/tickets")) == 4


def test_too_expensive_a_report_is_refused_for_good(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    stack.connect()
    serve(provider, FakeDesk([resolved(n, 5) for n in range(1, 900)], [], []))
    with freeze_time(NOW):
        send(stack, max_credits=20)

        assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []

        record = record_of(stack)
    assert (record.state, record.code) == (State.FAILED, "too_expensive")
    assert "about 33 credits" in record.message


def test_the_synced_tickets_answer_for_a_period_that_they_cover(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    stack.connect()
    in_lake(stack, [resolved(1, 5), resolved(2, 6)])
    synced_until(stack, "2026-04-01T10:00:00Z")
    serve(provider, FakeDesk([], [], []))
    with freeze_time(NOW):
        send(stack)

        assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []

        record = record_of(stack)
    assert record.data is not None
    assert record.data["source"] == "lake"
    assert record.data["totals"]["volume_out"] == 2
    assert provider.sent("GET", "/api/v2/tickets") == []


# --- pages ---------------------------------------------------------------------------------------


def test_pages_and_state_come_back_as_they_were_put(stack: Stack) -> None:
    store = PageStore(stack.names["PayloadBucket"])
    assert store.load("r1") is None

    store.write("r1", "tickets-00000", [{"id": 1, "type": "Größe \ud800"}, {"id": 2}])
    store.save("r1", {"credits": 3})

    assert store.read("r1", "tickets-00000") == [{"id": 1, "type": "Größe ?"}, {"id": 2}]
    assert store.load("r1") == {"credits": 3}
    assert store.load("r2") is None
    assert all(key.startswith("actions/reports/r1/") for key in stack.objects("PayloadBucket"))


# --- the lake ------------------------------------------------------------------------------------


def covered(stack: Stack) -> list[Row]:
    """What the lake gives for March, by id."""
    found = list(synced(stack).tickets(builders.INSTANCE_ID, PERIOD, lambda: True))
    return sorted(found, key=lambda row: int(row["id"]))


def test_each_ticket_counts_once_in_its_latest_version_and_not_once_it_is_gone(
    stack: Stack,
) -> None:
    # Given versions that came in no order of their updates, and two tickets that were deleted
    synced_until(stack, "2026-04-01T00:00:00Z")
    in_lake(stack, [resolved(1, 9, priority=4), resolved(2, 3), resolved(4, 3), resolved(5, 3)])
    in_lake(stack, [resolved(1, 5, priority=1), resolved(3, 8, priority=2)], seen=5)
    # Updated twice within a second: what was read later is right
    in_lake(stack, [resolved(3, 8, priority=3), resolved(2, 3)], seen=10)
    in_lake(stack, [resolved(4, 3)], seen=15, state=LakeState.DELETED)
    in_lake(stack, [resolved(5, 3)], seen=15, state=LakeState.SPAM)

    assert [(row["id"], row["priority"]) for row in covered(stack)] == [(1, 4), (2, 1), (3, 3)]


def test_tickets_finished_before_the_period_are_not_needed_and_open_ones_are(stack: Stack) -> None:
    # Given old tickets without stats, which no figure of the period asks for
    synced_until(stack, "2026-04-01T00:00:00Z")
    old = [
        resolved(1, 5, updated_at="2026-02-05T12:00:00Z"),
        rows.ticket(2, updated_at="2026-02-05T12:00:00Z"),
    ]
    for row in old:
        del row["stats"]
    in_lake(stack, [*old, resolved(3, 5)])

    assert [row["id"] for row in covered(stack)] == [2, 3]


def test_all_files_are_read(stack: Stack) -> None:
    synced_until(stack, "2026-04-01T00:00:00Z")
    in_lake(stack, [resolved(number, 5) for number in range(500, 12_000, 1000)])

    assert [row["id"] for row in covered(stack)] == list(range(500, 12_000, 1000))


@pytest.mark.parametrize(
    ("since", "tickets", "reason"),
    [
        (None, [resolved(1, 5)], "tickets are not synced"),
        ("", [resolved(1, 5)], "the first sync of tickets is not done"),
        ("2026-03-31T23:59:59Z", [resolved(1, 5)], "until 2026-03-31T23:59:59Z only"),
        ("2026-04-01T00:00:00Z", [], "holds no tickets"),
        ("2026-04-01T00:00:00Z", [{**resolved(1, 5), "stats": ...}], "carry no stats"),
        (
            "2026-04-01T00:00:00Z",
            [{**resolved(1, 5), "stats": ...}, resolved(5000, 5)],
            "carry no stats",
        ),
    ],
)
def test_a_lake_that_cannot_answer_says_why(
    stack: Stack, since: str | None, tickets: list[Row], reason: str
) -> None:
    if since is not None:
        synced_until(stack, since)
    bare = [{k: v for k, v in row.items() if v is not ...} for row in tickets]
    in_lake(stack, bare)

    with pytest.raises(NotCovered, match=reason):
        covered(stack)


def test_a_ticket_without_stats_is_found_before_all_is_read(stack: Stack) -> None:
    synced_until(stack, "2026-04-01T00:00:00Z")
    bare = resolved(9000, 5)
    del bare["stats"]
    in_lake(stack, [resolved(1, 5), bare])

    with pytest.raises(NotCovered, match="carry no stats"):
        synced(stack).check(builders.INSTANCE_ID, PERIOD)


def test_a_ticket_whose_later_version_has_stats_is_no_hindrance(stack: Stack) -> None:
    synced_until(stack, "2026-04-01T00:00:00Z")
    bare = resolved(1, 5)
    del bare["stats"]
    in_lake(stack, [bare])
    in_lake(stack, [resolved(1, 9)], seen=5)

    assert [row["updated_at"] for row in covered(stack)] == ["2026-03-09T12:00:00Z"]


def test_a_lake_too_large_for_one_run_is_not_used(stack: Stack) -> None:
    synced_until(stack, "2026-04-01T00:00:00Z")
    in_lake(stack, [resolved(1, 5)])

    with pytest.raises(NotCovered, match="longer to read"):
        list(synced(stack).tickets(builders.INSTANCE_ID, PERIOD, lambda: False))


def test_pages_are_gzip_json_lines(stack: Stack) -> None:
    PageStore(stack.names["PayloadBucket"]).write("r1", "p", [{"id": 1}])

    (key,) = stack.objects("PayloadBucket")
    body = aws.s3().get_object(Bucket=stack.names["PayloadBucket"], Key=key)["Body"].read()
    assert json.loads(gzip.decompress(body)) == {"id": 1}
