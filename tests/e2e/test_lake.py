"""The lake on the deployed stack: its tables, and two writers of one bucket at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from freshbridge.lake.encoding import rows_of
from freshbridge.lake.lake import Lake
from freshbridge.lake.rows import State
from freshbridge.sync.objects import OBJECTS
from local.stack import Stack

pytestmark = pytest.mark.e2e

TICKETS = OBJECTS["tickets"]
EACH = 40


def test_the_catalogue_has_three_tables_an_object_below_the_lake(stack: Stack) -> None:
    glue = stack.clients.client("glue")
    database = stack.outputs["LakeDatabaseName"]

    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    found = {table["Name"]: table for page in pages for table in page["TableList"]}

    assert set(found) == {
        f"{name}{suffix}" for name in OBJECTS for suffix in ("", "_removed", "_history")
    }
    place = f"s3://{stack.outputs['LakeBucketName']}/${{instance}}/tickets"
    assert found["tickets"]["Parameters"]["storage.location.template"] == f"{place}/current/"
    history = found["tickets_history"]["Parameters"]["storage.location.template"]
    assert history == f"{place}/history/date=${{date}}/"


def test_writers_of_one_bucket_at_the_same_moment_lose_nothing(stack: Stack) -> None:
    # Given four writers, each with tickets of its own and a tombstone of a neighbour's, one by one
    lake = Lake(stack.outputs["LakeBucketName"], stack.clients.client("s3"))

    def write(writer: int) -> int:
        changes = 0
        for number in range(EACH // 4):
            id_ = 1 + writer * 100 + number
            record = {"id": id_, "updated_at": "2026-11-22T10:00:00Z"}
            live = rows_of(TICKETS, [record], seen_at="2026-11-22T10:00:00.000000Z").rows
            record = {"id": (id_ + 100) % 400, "updated_at": "2026-11-22T11:00:00Z"}
            gone = rows_of(
                TICKETS,
                [record] if number % 2 else [],
                seen_at="2026-11-22T11:00:00.000000Z",
                state=State.DELETED,
            ).rows
            merged = lake.merge("two-writers", TICKETS, live + gone, run_id=f"run-{writer}")
            changes += len(merged.changes)
        return changes

    # When they all write the one bucket that these tickets share
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    # Then each ticket is there once, on its side
    live = [row.id for row in lake.rows("two-writers", TICKETS)]
    gone = [row.id for row in lake.rows("two-writers", TICKETS, removed=True)]
    expected = {1 + writer * 100 + number for writer in range(4) for number in range(EACH // 4)}
    deleted = {n for n in expected if (n - 1) % 2}
    assert sorted(map(int, gone)) == sorted(deleted)
    assert sorted(map(int, live)) == sorted(expected - deleted)
    assert lake.counts("two-writers", TICKETS) == {"live": len(live), "removed": len(gone)}
