"""Where things lie in the lake."""

from __future__ import annotations

import pytest

from freshbridge.lake.layout import (
    HASHED,
    Chunk,
    bucket_key,
    bucket_named,
    bucket_of,
    counts_key,
    manifest_key,
    opposite,
)
from freshbridge.sync.objects import OBJECTS


@pytest.mark.parametrize(
    ("name", "record_id", "parent", "bucket"),
    [
        ("tickets", "1", "", "000000000"),
        ("tickets", "999", "", "000000000"),
        ("tickets", "1000", "", "000000001"),
        ("tickets", "2000000", "", "000002000"),
        ("tickets", "abc", "", "other"),
        ("tickets", "٣", "", "other"),
        ("conversations", "88000000001", "249", "000000000"),
        ("conversations", "88000000001", "250", "000000001"),
        ("conversations", "88000000001", "", "none"),
        ("agents", "48000000001", "", "all"),
    ],
)
def test_records_lie_where_their_ids_say(
    name: str, record_id: str, parent: str, bucket: str
) -> None:
    assert bucket_of(OBJECTS[name], record_id, parent) == bucket


@pytest.mark.parametrize("step", [1, 7, 256, 1000, 4096])
def test_ids_with_gaps_spread_evenly(step: int) -> None:
    counts = [0] * HASHED
    for number in range(4000):
        counts[int(bucket_of(OBJECTS["contacts"], str(17_000_000_000 + number * step), ""))] += 1

    assert sum(one == 0 for one in counts) < HASHED * 0.02
    assert max(counts) < 3 * 4000 / HASHED


def test_the_keys_of_an_object() -> None:
    chunk = Chunk("i1", "tickets", "r1", "2026-11-22", "live 2026/1", "000012")

    assert chunk.key == ("i1/tickets/history/date=2026-11-22/run=r1/live-2026-1-000012.jsonl.gz")
    key = bucket_key("i1", "tickets", "current", "000000001")
    assert key == "i1/tickets/current/000000001.jsonl.gz"
    assert opposite(key) == "i1/tickets/removed/000000001.jsonl.gz"
    assert opposite(opposite(key)) == key
    assert bucket_named(key) == "000000001"
    assert bucket_named("i1/tickets/current/notes.txt") is None
    assert manifest_key("i1", "tickets", "r1") == "i1/tickets/runs/r1.json"
    assert counts_key("i1", "tickets") == "i1/tickets/counts.json"
