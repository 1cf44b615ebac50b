"""Which batches wait until all are read, and who merges what of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.lake.rows import Row
from freshbridge.lake.staging import SEGMENTS, Place
from freshbridge.sync.batch import MOST_BYTES, MOST_ROWS, Batch
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.run import Counts, Kind, Part, PartState, Stage
from freshbridge.sync.staging import (
    USUAL,
    are_folded,
    are_unfolded,
    fold_parts,
    place_of,
    position_of,
    staged_files,
)
from tests.unit.sync.test_planning import run_of

FULL, LATER = run_of(), run_of(kind=Kind.INCREMENTAL, first=False)
BUCKETS = 2000


def batch(rows: int, buckets: int, **changed: Any) -> Batch:
    """So many tickets, spread over so many buckets."""
    made = [
        Row(str(1000 * (n % buckets) + n // buckets + 1), "", "", body=b"{}") for n in range(rows)
    ]
    return Batch(0.0, made, **changed)


@pytest.mark.parametrize(
    ("case", "run", "made", "read_before", "waits"),
    [
        ("a large account", FULL, batch(MOST_ROWS, BUCKETS), 0, True),
        ("one that is read in the order of its ids", FULL, batch(MOST_ROWS, 11), 0, False),
        ("few buckets", FULL, batch(100, 31), MOST_ROWS, False),
        ("as many as are worth it", FULL, batch(100, 32), MOST_ROWS, True),
        ("just so dense", FULL, batch(8000, 32), MOST_ROWS, False),
        ("and a little less", FULL, batch(7999, 32), MOST_ROWS, True),
        ("the beginning of a list", FULL, batch(1000, 900), MOST_ROWS - 1001, False),
        ("what comes later", FULL, batch(1000, 900), MOST_ROWS - 1000, True),
        ("few changes", LATER, batch(1000, 900), 10 * MOST_ROWS, False),
        ("very many", LATER, batch(MOST_ROWS, BUCKETS), 0, True),
        ("large ones", LATER, batch(1000, 900, bytes=MOST_BYTES), 0, True),
        ("children of whole parents", FULL, batch(MOST_ROWS, BUCKETS, whole={"1": ""}), 0, False),
        ("only told of", replace(FULL, copied=False), batch(MOST_ROWS, BUCKETS), 0, False),
        (
            "what other parts have read counts",
            replace(FULL, counts=Counts(rows=MOST_ROWS)),
            batch(100, 90),
            0,
            True,
        ),
    ],
)
def test_only_a_sparse_batch_of_many_waits(
    case: str, run: Any, made: Batch, read_before: int, waits: bool
) -> None:
    assert USUAL.waits(run, OBJECTS["tickets"], made, read_before) is waits, case


def test_a_small_account_never_waits_however_its_ids_are_spread() -> None:
    # Contacts have 256 buckets from the first day on
    contacts = replace(batch(9_999, 9_999), bytes=MOST_BYTES - 1)

    assert not USUAL.waits(FULL, OBJECTS["contacts"], contacts, 0)
    assert USUAL.waits(FULL, OBJECTS["contacts"], batch(9_999, 9_999), 1)


def test_files_are_read_part_by_part_from_the_first_that_is_not_folded() -> None:
    parts = [
        Part("live-2", "live", staged=2),
        Part("spam", "spam", staged=3, folded=3),
        Part("live", "live", staged=3, folded=1),
        Part("stage-closing", "", stage=Stage.CLOSING),
    ]

    assert staged_files(parts) == [("live", 1), ("live", 2), ("live-2", 0), ("live-2", 1)]
    assert are_unfolded(parts)
    assert not are_unfolded(parts[1:2])


@given(staged=st.lists(st.integers(0, 9), min_size=1, max_size=6), folded=st.integers(0, 9))
def test_the_shares_of_a_folding_cover_all_segments_once(staged: list[int], folded: int) -> None:
    parts = [
        Part(f"live-{place}", "live", staged=files, folded=min(files, folded))
        for place, files in enumerate(staged)
    ]

    folds = fold_parts(parts)

    shares = [place_of(part.position or {}) for part in folds]
    assert len(folds) == min(16, len(staged_files(parts)))
    assert [place.segment for place, _ in shares] == [0, *(end for _, end in shares)][: len(shares)]
    assert not folds or shares[-1][1] == SEGMENTS
    assert {part.stage for part in folds} <= {Stage.FOLDING}


def test_a_share_that_is_folded_is_not_folded_again_unless_more_has_come() -> None:
    live = Part("live", "live", staged=2, state=PartState.DONE)
    first, second = fold_parts([live])
    done = replace(first, state=PartState.DONE, position=None)
    failed = replace(second, state=PartState.FAILED)

    assert fold_parts([live, done, failed]) == [second]
    assert not are_folded([live, done, failed])
    assert are_folded([live, done, replace(failed, state=PartState.DONE)])
    assert not are_folded([replace(live, folded=2)])
    more = fold_parts([replace(live, staged=3), done])
    assert len(more) == 3
    assert done.name not in {part.name for part in more}


def test_a_place_is_kept_as_plain_json() -> None:
    assert position_of(None, 16) is None
    assert place_of(position_of(Place(3, 7), 16) or {}) == (Place(3, 7), 16)
