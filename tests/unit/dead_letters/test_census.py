"""Counts by queue and code, as far as they can be had."""

from __future__ import annotations

from dataclasses import replace

from freshbridge.dead_letters.census import census
from freshbridge.dead_letters.filters import Filter, read_filter
from freshbridge.dead_letters.subject import Queue
from tests.unit.dead_letters.letters import NOW, failure, letter

LETTERS = [
    *(letter(NOW - n) for n in range(3)),
    letter(NOW - 5, failure=failure(code="conflict")),
    replace(letter(NOW - 9), queue=Queue.SYNC),
]


def test_letters_are_counted_by_queue_and_code() -> None:
    counted = census(LETTERS, Filter(), lambda: True, 100)

    assert counted["queues"] == {
        "actions": {"not_found": 3, "conflict": 1},
        "sync": {"not_found": 1},
    }
    assert (counted["total"], counted["complete"]) == (5, True)
    assert counted["oldest_parked_at"] == LETTERS[-1].parked_at


def test_only_those_that_fit_are_counted() -> None:
    assert census(LETTERS, read_filter({"code": "conflict"}), lambda: True, 100)["total"] == 1


def test_what_was_not_looked_at_is_told() -> None:
    assert census(LETTERS, Filter(), lambda: True, 5)["complete"] is True
    bounded = census(LETTERS, Filter(), lambda: True, 4)
    hurried = census(LETTERS, Filter(), lambda: False, 100)

    assert (bounded["total"], bounded["complete"]) == (4, False)
    assert (hurried["total"], hurried["complete"]) == (0, False)


def test_no_more_than_were_asked_for_are_counted() -> None:
    counted = census(LETTERS, Filter(), lambda: True, 100, limit=2)

    assert (counted["total"], counted["complete"]) == (2, True)
    assert counted["oldest_parked_at"] == LETTERS[1].parked_at


def test_none_is_no_error() -> None:
    assert census([], Filter(), lambda: True, 1) == {
        "total": 0,
        "complete": True,
        "queues": {},
        "oldest_parked_at": None,
    }
