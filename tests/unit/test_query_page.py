"""Pages of a query are gone through by a text, which fits the list that gave it and no other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import InvalidRequest
from freshbridge.paging_token import write_token
from freshbridge.query_page import ItemPage, newest_first, query_page


class FakeIndex:
    """An index that holds items newest first, and says behind which one a page ended."""

    def __init__(self, count: int) -> None:
        self._items = [
            {"rule": {"S": "r1"}, "at": {"S": f"{count - n:03}"}, "text": {"S": f"number {n}"}}
            for n in range(count)
        ]
        self.asked: list[dict[str, Any]] = []

    def query(self, **asked: Any) -> dict[str, Any]:
        """The items behind `ExclusiveStartKey`."""
        self.asked.append(asked)
        start = asked.get("ExclusiveStartKey")
        behind = [i for i in self._items if start is None or i["at"]["S"] < start["at"]["S"]]
        page = behind[: asked["Limit"]]
        if len(behind) <= asked["Limit"]:
            return {"Items": page}
        return {"Items": page, "LastEvaluatedKey": {k: page[-1][k] for k in ("rule", "at")}}


def page_of(index: Any, *, limit: int = 10, after: str | None = None) -> ItemPage:
    query = newest_first("table", "by_rule", "rule", "r1", now=1_000.9)
    return query_page(index, query, ("rule", "r1"), ("at",), limit=limit, after=after)


@given(count=st.integers(0, 30), limit=st.integers(1, 12))
def test_every_item_is_on_one_page(count: int, limit: int) -> None:
    index = FakeIndex(count)
    found, page = [], page_of(index, limit=limit)
    while True:
        found += page.items
        assert len(page.items) <= limit
        if page.after is None:
            break
        page = page_of(index, limit=limit, after=page.after)

    assert [item["text"]["S"] for item in found] == [f"number {n}" for n in range(count)]


def test_what_has_expired_is_left_out() -> None:
    index = FakeIndex(1)
    page_of(index)

    (asked,) = index.asked
    assert asked["FilterExpression"] == "expires_at > :now"
    assert asked["ExpressionAttributeValues"][":now"] == {"N": "1000"}
    assert (asked["IndexName"], asked["ScanIndexForward"]) == ("by_rule", False)


@pytest.mark.parametrize(
    "position",
    [
        {"rule": "r2", "at": "003"},
        {"rule": "r1"},
        {"rule": "r1", "at": "003", "pk": "more"},
        {"at": "003"},
        {},
    ],
)
def test_a_place_in_another_list_is_refused_before_it_is_asked_for(
    position: dict[str, str],
) -> None:
    index = FakeIndex(5)

    with pytest.raises(InvalidRequest, match="another list"):
        page_of(index, after=write_token(position))

    assert index.asked == []
