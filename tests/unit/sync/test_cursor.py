"""The cursor never skips a record, however the list moves while it is read."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.sync.cursor import BEGINNING, Cursor, NotInOrder, advance

T1, T2, T3 = (f"2026-03-03T12:00:0{n}Z" for n in (1, 2, 3))


def record(number: int, moment: str) -> dict[str, Any]:
    return {"id": number, "updated_at": moment}


def test_it_begins_before_anything_and_goes_on_from_the_last_second_seen() -> None:
    page = [record(1, T1), record(2, T2), record(3, T2)]

    fresh, following = advance(Cursor(), page)

    assert Cursor().since == BEGINNING
    assert fresh == page
    assert following == Cursor(T2, 1, frozenset({2, 3}))


def test_records_of_the_last_second_come_again_and_are_not_new() -> None:
    page = [record(2, T2), record(3, T2), record(4, T2), record(5, T3)]

    fresh, following = advance(Cursor(T2, 1, frozenset({2, 3})), page)

    assert [r["id"] for r in fresh] == [4, 5]
    assert following == Cursor(T3, 1, frozenset({5}))


def test_the_page_grows_only_within_one_second() -> None:
    fresh, following = advance(Cursor(T2, 1, frozenset({2})), [record(2, T2), record(3, T2)])

    assert [r["id"] for r in fresh] == [3]
    assert following == Cursor(T2, 2, frozenset({2, 3}))


def test_once_a_second_s_last_page_is_known_its_pages_are_read_again_downwards() -> None:
    fresh, down = advance(Cursor(T2, 3, frozenset({2})), [record(7, T2), record(9, T3)])
    again, lower = advance(down, [record(5, T2), record(7, T2)])
    first, onwards = advance(lower, [record(2, T2), record(4, T2), record(9, T3)])

    assert [r["id"] for r in fresh] == [7]
    assert down == Cursor(T2, 2, again=True)
    assert [r["id"] for r in again] == [5, 7]
    assert lower == Cursor(T2, 1, again=True)
    assert [r["id"] for r in first] == [2, 4]
    assert onwards == Cursor(T3)


def test_an_empty_page_moves_nothing_and_forgets_nothing() -> None:
    assert advance(Cursor(T2, 3, frozenset({2})), []) == ([], Cursor(T2, 1, frozenset({2})))


def test_a_page_out_of_order_is_refused() -> None:
    with pytest.raises(NotInOrder):
        advance(Cursor(), [record(1, T2), record(2, T1)])
