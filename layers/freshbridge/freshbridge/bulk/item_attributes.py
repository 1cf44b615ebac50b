"""Progress and rows as DynamoDB attributes, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.row_item import RowItem

Attributes = dict[str, Any]
_LONG = 100_000


def item_key(action_id: str, sk: str) -> Attributes:
    """The key of one item."""
    return {"pk": {"S": action_id}, "sk": {"S": sk}}


def numbered(kind: str, number: int) -> str:
    """The sort key of a row's item: `row#00042`, so that they sort as numbers do.

    Those of six digits and more come behind the others: `row#~000100000`.
    """
    return f"{kind}#{number:05d}" if number < _LONG else f"{kind}#~{number:09d}"


def item_number(item: Mapping[str, Any]) -> int:
    """The number in a row's item's key."""
    return int(item["sk"]["S"].partition("#")[2].removeprefix("~"))


def progress_item(progress: Progress) -> Attributes:
    """The whole item, its expiry apart."""
    known = {name: _attribute(value) for name, value in vars(progress).items()}
    del known["action_id"]
    return {**item_key(progress.action_id, "progress"), **known}


def progress_from(item: Mapping[str, Any]) -> Progress:
    """What `progress_item` was given."""
    known = _known(Progress, item) | {
        "action_id": item["pk"]["S"],
        "phase": Phase(item["phase"]["S"]),
    }
    return Progress(**known)


def changes_of(changed: Mapping[str, Any]) -> tuple[Attributes, str, dict[str, str]]:
    """The values, the SET clause and the names of an update expression."""
    values = {f":{name}": _attribute(value) for name, value in changed.items()}
    sets = ", ".join(f"#{name} = :{name}" for name in changed)
    return values, sets, {f"#{name}": name for name in changed}


def row_item(action_id: str, row: RowItem) -> Attributes:
    """The whole item, its expiry apart; what a row does not have is left out."""
    known = {name: _attribute(value) for name, value in vars(row).items() if value}
    del known["number"]
    return {**item_key(action_id, numbered("row", row.number)), **known}


def row_from(item: Mapping[str, Any]) -> RowItem:
    """What `row_item` was given."""
    known = _known(RowItem, item) | {
        "number": item_number(item),
        "state": RowState(item["state"]["S"]),
    }
    return RowItem(**known)


def _known(kind: type[Progress | RowItem], item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field.name: _value(item[field.name], str(field.type))
        for field in fields(kind)
        if field.name in item
    }


def _attribute(value: Any) -> Attributes:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(value)}
    return {"S": str(value)}


def _value(attribute: Mapping[str, Any], kind: str) -> Any:
    ((_type, value),) = attribute.items()
    if kind == "int":
        return int(value)
    return float(value) if kind == "float" else value
