"""The table of customers when DynamoDB takes or gives only a part at a time."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.customers.link import Kind, Side
from freshbridge.customers.ports import Told
from freshbridge.customers.record import Known
from freshbridge.customers.run_store import RunStore
from freshbridge.customers.table import ATTEMPTS, KnownTable, LinksUnavailable


class Busy:
    """Takes and gives one item of each call, the first `parts` times; then everything, or never."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self.items: dict[tuple[str, str], Any] = {}
        self.calls = 0

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - boto3's own name
        self.calls += 1
        ((table, writes),) = RequestItems.items()
        taken, left = (writes[:1], writes[1:]) if self.calls <= self.parts else (writes, [])
        for write in taken:
            item = write["PutRequest"]["Item"]
            self.items[item["pk"]["S"], item["sk"]["S"]] = item
        return {"UnprocessedItems": {table: left} if left else {}}

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - as above
        self.calls += 1
        ((table, asked),) = RequestItems.items()
        keys = asked["Keys"]
        given, left = (keys[:1], keys[1:]) if self.calls <= self.parts else (keys, [])
        found = [self.items.get((key["pk"]["S"], key["sk"]["S"])) for key in given]
        return {
            "Responses": {table: [item for item in found if item]},
            "UnprocessedKeys": {table: {"Keys": left}} if left else {},
        }


def known(count: int) -> list[Known]:
    return [Known(Side.FRESHDESK, str(n), keys=(f"email:{n}",)) for n in range(count)]


def test_what_was_not_taken_or_given_is_asked_for_again() -> None:
    client, pauses = Busy(2), list[float]()
    table = KnownTable("t", "lnk_1", client, sleep=pauses.append)  # type: ignore[arg-type]  # a part of boto3's

    table.save(Kind.CONTACTS, known(3))
    client.calls = 0
    found = table.load(Kind.CONTACTS, Side.FRESHDESK, ["0", "1", "2", "9"])

    assert set(found) == {"0", "1", "2"}
    assert found["1"].keys == found["1"].kept_keys == ("email:1",)
    assert len(client.items) == 6
    assert pauses == [0.05, 0.1, 0.05, 0.1]


def test_a_table_that_stays_busy_is_no_success() -> None:
    table = KnownTable("t", "lnk_1", Busy(99), sleep=lambda _s: None)  # type: ignore[arg-type]  # as above

    with pytest.raises(LinksUnavailable, match="could not be kept"):
        table.save(Kind.CONTACTS, known(ATTEMPTS + 2))
    with pytest.raises(LinksUnavailable, match="could not be looked up"):
        table.load(Kind.CONTACTS, Side.FRESHDESK, [str(n) for n in range(ATTEMPTS + 2)])


def test_a_report_is_tried_twice_and_holds_nothing_up() -> None:
    client = Busy(99)
    lines = [Told("created", Kind.CONTACTS, Side.FRESHDESK, str(n)) for n in range(4)]

    news = RunStore("t", client).tell("lnk_1", "run_1", lines)  # type: ignore[arg-type]  # as above

    # Two readings and two writings.
    assert (client.calls, len(client.items)) == (4, 2)
    assert news == {line.name for line in lines}
