"""Waiting for a run with kills in between, its memory, and reading the lake."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, cast

import pytest

from bench.sync import foot
from bench.sync.kills import Clock, until
from bench.sync.lake import current_rows
from bench.sync.memory import PeakMemory, group_of, peak_in


@dataclass
class Work:
    """Takes so many seconds of a clock that moves by itself while it is waited for."""

    takes_s: float
    passed_s: float = 0.0
    killed_at: list[float] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        def sleep(seconds: float) -> None:
            self.passed_s += seconds

        return Clock(lambda: self.passed_s, sleep)

    def over(self) -> bool:
        return self.passed_s >= self.takes_s

    def kill(self) -> bool:
        self.killed_at.append(round(self.passed_s))
        return True


def test_it_is_killed_again_and_again_until_it_is_over() -> None:
    work = Work(takes_s=10)

    assert until(work.over, 60, work.kill, 3.0, work.clock) == (True, 3)
    assert work.killed_at == [3, 6, 9]


def test_nothing_is_killed_where_no_kill_is_wanted() -> None:
    work = Work(takes_s=10)

    assert until(work.over, 60, work.kill, 0.0, work.clock) == (True, 0)
    assert work.killed_at == []


def test_what_takes_too_long_is_given_up() -> None:
    work = Work(takes_s=100)

    assert until(work.over, 30, lambda: False, 4.0, work.clock) == (False, 0)
    assert work.passed_s == pytest.approx(30, abs=1)


def test_a_process_peak_is_what_the_kernel_says() -> None:
    status = "Name:\tpython3\nVmPeak:\t  400000 kB\nVmHWM:\t   86016 kB\nVmRSS:\t   41000 kB\n"

    assert peak_in(status) == 86_016 * 1024
    assert peak_in("Name:\tgone\n") == 0


def test_the_largest_process_counts() -> None:
    with PeakMemory(lambda: [os.getpid()]).watched() as memory:
        pass

    assert memory.bytes > 10_000_000
    assert os.getpid() in group_of(os.getpgid(0)) or group_of(os.getpgid(0)) == [os.getpgid(0)]


class Bucket:
    """Objects in memory, listed two a page."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def get_paginator(self, operation: str) -> Bucket:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - S3's names
        assert Bucket == "lake"
        keys = sorted(key for key in self._objects if key.startswith(Prefix))
        yield {}
        for at in range(0, len(keys), 2):
            yield {"Contents": [{"Key": key} for key in keys[at : at + 2]]}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002, N803 - the same
        return {"Body": BytesIO(self._objects[Key])}


def lines(*ids: int) -> bytes:
    return gzip.compress(b"".join(json.dumps({"id": one}).encode() + b"\n" for one in ids))


def test_the_current_view_is_read_whole_and_nothing_else_is() -> None:
    objects = {
        "int_1/tickets/current/0.jsonl.gz": lines(1, 2),
        "int_1/tickets/current/1.jsonl.gz": lines(1001),
        "int_1/tickets/current/2.jsonl.gz": lines(2001, 2002),
        "int_1/tickets/removed/0.jsonl.gz": lines(3),
        "int_1/tickets/history/date=2026-03-01/run=r/p.jsonl.gz": lines(1),
        "int_2/tickets/current/0.jsonl.gz": lines(4),
    }

    rows = current_rows(cast("Any", Bucket(objects)), "lake", "int_1", "tickets")

    assert [row["id"] for row in rows] == [1, 2, 1001, 2001, 2002]


@pytest.mark.parametrize(
    ("failures", "said"),
    [
        ([], "none"),
        (["sync 60,000 · dlt, run: MemoryError"], "sync 60,000 · dlt, run: MemoryError"),
    ],
)
def test_the_foot_tells_what_became_of_the_runs_that_failed(failures: list[str], said: str) -> None:
    assert foot.text(failures).splitlines()[-1].strip() == said
