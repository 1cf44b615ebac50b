"""Exports without a stack: many runs of a large copy in little memory, and what they answer."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from freshbridge.actions.action import Unfinished
from freshbridge.actions.freshdesk.exports import ExportCancelled
from freshbridge.errors import Misconfigured
from freshbridge.exports.source import Standing
from tests import builders
from tests.fakes.actions import run_action
from tests.fakes.export_desk import MemoryBucket, MemoryCopy, export_desk
from tests.fakes.provider import FakeTransport

PLACE = (builders.INSTANCE_ID, "act_0001")


class Ticking:
    """A clock that moves on by a second each time that it is looked at."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 3, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def run(desk: Any, **parameters: Any) -> dict[str, Any]:
    """The answer, after as many runs as it takes; `runs` counts them."""
    provider, runs = FakeTransport(), 0
    while True:
        runs += 1
        assert runs < 1000
        try:
            outcome = run_action("export_object", parameters, provider, exports=desk)
        except Unfinished:
            continue
        assert provider.requests == []
        return {**outcome.data, "runs": runs, "message": outcome.message}


def test_a_large_object_takes_many_runs_and_little_memory() -> None:
    # Given eight thousand contacts, 24 megabytes that pack well, in files of a hundred
    copy, bucket = MemoryCopy(per_file=100), MemoryBucket()
    record = {"name": "Mira", "address": "x" * 3000, "updated_at": "2026-03-01T00:00:00Z"}
    copy.hold("contacts", ({"id": n, **record} for n in range(8000)))
    desk = export_desk(copy, bucket, clock=Ticking(), part_bytes=200_000)

    # When they are exported, twenty seconds a run
    tracemalloc.start()
    begun = tracemalloc.get_traced_memory()[0]
    answer = run(desk, object="contacts", format="csv", gzip=True)
    peak = tracemalloc.get_traced_memory()[1] - begun
    tracemalloc.stop()

    # Then it took more runs than one, and no more memory than a few parts
    assert (answer["rows"], answer["runs"] > 5) == (8000, True)
    assert bucket.largest_body <= 200_000
    assert peak < 3_000_000
    text = gzip.decompress(bucket.download(answer["url"])).decode()
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == [str(n) for n in range(8000)]


def test_the_answer_says_what_there_is_and_how_old() -> None:
    copy, bucket = MemoryCopy(), MemoryBucket()
    copy.hold("roles", [{"id": 1, "name": "Agent"}])

    answer = run(export_desk(copy, bucket), object="roles", format=["jsonl", "csv", "jsonl"])

    assert (answer["rows"], answer["as_of"], answer["warnings"]) == (1, "2026-03-01T00:00:00Z", [])
    assert [(one["format"], one["bytes"]) for one in answer["files"]] == [
        ("jsonl", 24), ("csv", 18),
    ]  # fmt: skip
    assert answer["url"] == answer["files"][0]["url"]
    assert answer["expires_at"] == "2026-03-03T13:02:40Z"
    assert answer["message"] == "1 roles exported"
    doubtful = export_desk(copy, MemoryBucket(), standing=Standing("", "it is not whole"))
    answer = run(doubtful, object="roles")
    assert (answer["as_of"], answer["warnings"]) == (None, ["it is not whole"])
    assert answer["message"] == "1 roles exported; it is not whole"


def test_objects_without_an_update_time_go_by_when_they_were_seen() -> None:
    copy, bucket = MemoryCopy(), MemoryBucket()
    copy.hold("tickets", [{"id": 1, "updated_at": "2026-03-01T10:00:00Z"}, {"id": 2}])
    for since, rows in (("2026-03-01T12:00:00Z", 1), ("2026-03-01T11:00:00+01:00", 2)):
        desk = export_desk(copy, bucket)
        bucket.objects.clear()
        assert run(desk, object="tickets", updated_since=since)["rows"] == rows


def test_a_cancelled_export_ends_and_stays_ended() -> None:
    copy, bucket = MemoryCopy(per_file=1), MemoryBucket()
    copy.hold("roles", [{"id": n, "name": "x" * 400} for n in range(40)])
    desk = export_desk(copy, bucket, clock=Ticking(), part_bytes=500)
    with pytest.raises(Unfinished):
        run_action("export_object", {"object": "roles", "format": "jsonl"}, FakeTransport(),
                   exports=desk)  # fmt: skip
    assert bucket.uploads != {}
    desk.folder.cancel(*PLACE)
    for _ in range(2):
        with pytest.raises(ExportCancelled):
            run(desk, object="roles", format="jsonl")
    assert bucket.uploads == {}
    assert not any(key.endswith("roles.jsonl") for key in bucket.objects)


def test_where_no_lake_can_be_read_it_is_refused() -> None:
    with pytest.raises(Misconfigured, match="queue's function only"):
        run_action("export_object", {"object": "roles"}, FakeTransport())


def test_json_lines_are_the_very_bytes_that_are_held() -> None:
    copy, bucket = MemoryCopy(), MemoryBucket()
    copy.hold("roles", [{"id": 1, "n": 1.0, "é": "\ud83d"}])
    answer = run(export_desk(copy, bucket), object="roles", format="jsonl")
    assert bucket.download(answer["url"]) == '{"id":1,"n":1.0,"é":"?"}\n'.encode()
    assert json.loads(bucket.download(answer["url"])) == {"id": 1, "n": 1.0, "é": "?"}
