"""A provider's record as a row. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freshbridge import timestamps
from freshbridge.customers.fields import plain
from freshbridge.customers.link import KindRules, Side
from freshbridge.customers.matching import keys_of
from freshbridge.customers.record import Row


def row_of(rules: KindRules, side: Side, record: Mapping[str, Any], *, gone: bool = False) -> Row:
    """The record's fields in their plain forms, by the rules' names."""
    return Row(
        side,
        str(record["id"]),
        {rule.name: plain(rule, side, record) for rule in rules.fields},
        keys_of(rules, side, record),
        utc(record.get("updated_at")),
        gone,
    )


def utc(stamp: object) -> str:
    """A provider's time in UTC: Freshsales tells its account's own; "" for what is no time."""
    try:
        return timestamps.to_text(timestamps.from_text(str(stamp)))
    except (ValueError, OverflowError):
        return ""
