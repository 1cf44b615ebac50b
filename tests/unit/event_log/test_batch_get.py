"""Items are read a hundred at a time, until all are there."""

from __future__ import annotations

from typing import Any, cast

import pytest

from freshbridge.event_log.batch_get import ReadIncomplete, batch_get


class Table:
    """A table that leaves items out as often as it is told to."""

    def __init__(self, keys: set[str], *, lazy: int = 0) -> None:
        self._keys = keys
        self._lazy = lazy
        self.asked: list[dict[str, Any]] = []

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        """Give what there is, or one item and the rest another time."""
        (wanted,) = RequestItems.values()
        self.asked.append(wanted)
        assert 0 < len(wanted["Keys"]) <= 100
        given = wanted["Keys"]
        left: list[Any] = []
        if self._lazy:
            self._lazy -= 1
            given, left = given[:1], given[1:]
        found = [{"pk": key["pk"]} for key in given if key["pk"]["S"] in self._keys]
        rest = {"t": wanted | {"Keys": left}} if left else {}
        return {"Responses": {"t": found}, "UnprocessedKeys": rest}


def read(table: Table, *keys: str, attributes: tuple[str, ...] = ()) -> set[str]:
    return set(batch_get(cast("Any", table), "t", keys, attributes))


def test_nothing_is_asked_for_nothing() -> None:
    table = Table(set())

    assert read(table) == set()
    assert table.asked == []


def test_more_than_a_hundred_are_read_in_parts_each_once() -> None:
    keys = [f"k{number}" for number in range(250)]
    table = Table(set(keys))

    assert read(table, *keys, *keys, "none") == set(keys)
    assert [len(asked["Keys"]) for asked in table.asked] == [100, 100, 51]


def test_what_is_left_out_is_asked_for_again() -> None:
    keys = {"a", "b", "c"}

    assert read(Table(keys, lazy=2), *keys) == keys
    with pytest.raises(ReadIncomplete):
        read(Table(keys, lazy=10_000), *(f"k{number}" for number in range(100)))


def test_only_the_named_attributes_are_read() -> None:
    table = Table({"a"})

    read(table, "a", attributes=("pk", "state"))

    assert table.asked[0]["ProjectionExpression"] == "#0, #1"
    assert table.asked[0]["ExpressionAttributeNames"] == {"#0": "pk", "#1": "state"}
