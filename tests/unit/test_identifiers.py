"""Ids sort by time, and derived ones are the same for the same parts only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from freshbridge import identifiers, timestamps

SECONDS = st.floats(min_value=0, max_value=4e9)
# The separator itself cannot occur in an id or a field's name.
PARTS = st.lists(st.text(st.characters(exclude_characters="\x1f")), min_size=1, max_size=4)


def test_an_id_holds_its_prefix_its_millisecond_and_random_digits() -> None:
    made = identifiers.new_id("evt", now=lambda: 1.0, random_hex=lambda n: "ab" * n)

    assert made == "evt_0000000003e8" + "ab" * 10


@given(SECONDS, SECONDS)
def test_ids_sort_as_their_times_do(one: float, other: float) -> None:
    earlier, later = sorted([one, other])
    first = identifiers.new_id("evt", now=lambda: earlier, random_hex=lambda _: "")
    second = identifiers.new_id("evt", now=lambda: later, random_hex=lambda _: "")

    assert first <= second


def test_two_ids_of_one_moment_differ() -> None:
    made = {identifiers.new_id("evt", now=lambda: 1.0) for _ in range(100)}

    assert len(made) == 100


@given(PARTS, PARTS)
@example([""], ["\ud800"])
def test_derived_ids_are_equal_exactly_when_their_parts_are(
    one: list[str], other: list[str]
) -> None:
    same = identifiers.derived_id("act", *one) == identifiers.derived_id("act", *other)

    assert same == (one == other)


def test_a_derived_id_is_short_enough_for_any_queue_attribute() -> None:
    assert re.fullmatch(r"act_[0-9a-f]{32}", identifiers.derived_id("act", "x" * 10_000))


def test_parts_do_not_run_into_one_another() -> None:
    assert identifiers.derived_id("act", "ab", "c") != identifiers.derived_id("act", "a", "bc")


def test_a_time_is_written_in_utc_with_whole_seconds() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 3, 3, 17, 32, 40, 999_999, tzinfo=india)

    assert timestamps.to_text(moment) == "2026-03-03T12:02:40Z"


def test_a_time_without_a_zone_is_not_written_but_read_as_utc() -> None:
    with pytest.raises(ValueError, match="zone"):
        timestamps.to_text(datetime(2026, 3, 3))  # noqa: DTZ001 - the case under test
    assert timestamps.from_text("2026-03-03T12:02:40") == datetime(
        2026, 3, 3, 12, 2, 40, tzinfo=UTC
    )


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - zone added below
def test_what_is_written_reads_back(naive: datetime) -> None:
    moment = naive.replace(microsecond=0, tzinfo=UTC)

    assert timestamps.from_text(timestamps.to_text(moment)) == moment
    assert timestamps.now().tzinfo is not None
