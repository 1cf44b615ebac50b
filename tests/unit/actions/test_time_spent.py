"""Time spent as people write it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.freshdesk.time_spent import MOST_MINUTES, time_spent, written


@pytest.mark.parametrize(
    ("given_value", "sent"),
    [
        ("02:30", "02:30"),
        ("2:30", "02:30"),
        ("100:05", "100:05"),
        (150, "02:30"),
        (0, "00:00"),
        ("2h 30m", "02:30"),
        ("2h30m", "02:30"),
        ("2 hours 30 minutes", "02:30"),
        ("1 hr 5 min", "01:05"),
        ("2.5h", "02:30"),
        ("2.05h", "02:03"),
        ("90m", "01:30"),
        (" 2H ", "02:00"),
        (MOST_MINUTES, "10000:00"),
    ],
)
def test_what_people_write(given_value: Any, sent: str) -> None:
    assert time_spent(given_value) == sent


@pytest.mark.parametrize(
    "value",
    ["", " ", "2:3", "02:60", "02:30:00", "150", "2.5", 2.5, True, None, -1, "-1h", "2d", "h",
     "30m 2h", MOST_MINUTES + 1, "99999:00", [], "1h1h"],
)  # fmt: skip
def test_what_says_nothing_certain_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="02:30"):
        time_spent(value)


@given(st.integers(0, MOST_MINUTES))
def test_every_way_of_writing_means_the_same(minutes: int) -> None:
    hours, rest = divmod(minutes, 60)
    sent = written(minutes)

    assert sent == f"{hours:02d}:{rest:02d}"
    ways: list[Any] = [minutes, sent, f"{hours}:{rest:02d}", f"{hours}h {rest}m", f"{minutes}min"]
    assert {time_spent(way) for way in ways} == {sent}
