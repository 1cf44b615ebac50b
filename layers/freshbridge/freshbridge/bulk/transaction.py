"""The writes of one DynamoDB transaction over rows and their counts. Pure.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from freshbridge.bulk.item_attributes import item_key
from freshbridge.bulk.progress import OUTCOMES
from freshbridge.bulk.row_item import RowItem

_HARMLESS = {"None", "ConditionalCheckFailed", "TransactionConflict"}


def put(table: str, item: dict[str, Any], *, expected: str = "") -> dict[str, Any]:
    """Write an item; with `expected` only over one in that state."""
    wanted: dict[str, Any] = {"TableName": table, "Item": item}
    if expected:
        wanted |= {
            "ConditionExpression": "#state = :expected",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":expected": {"S": expected}},
        }
    return {"Put": wanted}


def add_to_counts(
    table: str,
    action_id: str,
    counts: Mapping[str, int],
    *,
    now: float,
    rows_held: int | None = None,
) -> dict[str, Any]:
    """Add to the counts of a bulk action; with `rows_held` only while it has so many rows."""
    added = {**counts, "changes": 1}
    condition = "attribute_exists(pk)"
    names = {f"#{name}": name for name in added}
    values = {f":{name}": {"N": str(count)} for name, count in added.items()}
    values[":now"] = {"N": str(now)}
    if rows_held is not None:
        condition = "#rows_held = :held"
        names["#rows_held"] = "rows"
        values[":held"] = {"N": str(rows_held)}
    sums = ", ".join(f"#{name} :{name}" for name in added)
    return {
        "Update": {
            "TableName": table,
            "Key": item_key(action_id, "progress"),
            "UpdateExpression": f"SET changed_at = :now ADD {sums}",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
    }


def changed_counts(pairs: Iterable[tuple[RowItem, RowItem]]) -> dict[str, int]:
    """What rows that go from one state to another add to the counts, and take from them."""
    counts: Counter[str] = Counter()
    for held, new in pairs:
        counts[held.state.value] -= held.state.settled
        counts[new.state.value] += new.state.settled
        if held.outcome in OUTCOMES:
            counts[held.outcome] -= held.state.settled
        if new.outcome in OUTCOMES:
            counts[new.outcome] += new.state.settled
    return {name: count for name, count in counts.items() if count}


def others_were_faster(response: Mapping[str, Any]) -> bool:
    """True for a refusal that says only that an item has changed, or is being changed."""
    if response.get("Error", {}).get("Code") != "TransactionCanceledException":
        return False
    return {
        str(entry.get("Code")) for entry in response.get("CancellationReasons", [])
    } <= _HARMLESS
