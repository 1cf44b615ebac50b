"""Conditions on records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.exports.matching import OPERATORS, matcher, moment
from freshbridge.exports.wanted import Condition, value_at

RECORD: dict[str, Any] = {
    "id": 7,
    "status": 2,
    "score": 1.5,
    "subject": "10 printers",
    "tags": ["vip", "hall"],
    "spam": False,
    "due_by": None,
    "updated_at": "2026-03-03T12:00:00Z",
    "stats": {"resolved_at": "2026-03-04T12:00:00+02:00"},
    "custom_fields": {"cf_x": "a", "cf.dotted": "b"},
    "a.b": 1,
}


@pytest.mark.parametrize(
    ("field", "operator", "value", "holds"),
    [
        ("status", "=", 2, True), ("status", "=", "2", True), ("status", "!=", "2", False),
        ("status", "<", "10", True), ("status", ">=", 2.0, True), ("status", "=", "two", False),
        ("status", "!=", "two", True), ("status", ">", "two", False), ("score", "<=", "1.5", True),
        ("subject", "=", "10 printers", True), ("subject", "<", "9", True),
        ("subject", "=", 10, False), ("subject", "!=", 10, True),
        ("tags", "=", "vip", True), ("tags", "=", "x", False), ("tags", "!=", "x", True),
        ("tags", ">", "a", False), ("spam", "=", "false", True), ("spam", "=", False, True),
        ("spam", "!=", True, True), ("spam", "=", "maybe", False), ("spam", "=", 0, False),
        ("due_by", "=", None, True), ("due_by", "!=", None, False), ("status", "=", None, False),
        ("status", "!=", None, True), ("status", "<", None, False), ("due_by", "=", "x", False),
        ("due_by", "!=", "x", True), ("due_by", "<", "2026-01-01", False),
        ("updated_at", ">=", "2026-03-03", True), ("updated_at", "<", "2026-03-03", False),
        ("updated_at", "=", "2026-03-03T14:00:00+02:00", True),
        ("stats.resolved_at", "=", "2026-03-04T10:00:00Z", True),
        ("stats.gone", "=", None, True), ("nothing.at.all", "=", "x", False),
        ("custom_fields.cf_x", "=", "a", True), ("custom_fields.cf.dotted", "=", "b", True),
        ("a.b", "=", 1, True), ("status", "=", True, False),
    ],
)  # fmt: skip
def test_what_a_record_has_decides_how_it_is_compared(
    field: str, operator: str, value: Any, holds: bool
) -> None:
    assert matcher([Condition(field, operator, value)])(RECORD) is holds


def test_all_conditions_have_to_hold() -> None:
    yes, no = Condition("id", "=", 7), Condition("id", ">", 7)
    assert [matcher(some)(RECORD) for some in ([], [yes], [yes, yes], [yes, no])] == [
        True, True, True, False,
    ]  # fmt: skip


TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001 - a zone is added
    lambda one: one.replace(microsecond=0)
)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(max_examples=50)
@given(TIMES, TIMES, ZONES, ZONES, st.sampled_from(list(OPERATORS)))
def test_times_are_compared_as_moments(
    one: datetime, other: datetime, here: timezone, there: timezone, operator: str
) -> None:
    held, asked = one.replace(tzinfo=UTC), other.replace(tzinfo=UTC)
    record = {"at": held.astimezone(here).isoformat()}
    condition = Condition("at", operator, asked.astimezone(there).isoformat())
    assert matcher([condition])(record) is OPERATORS[operator](held, asked)


@pytest.mark.parametrize("text", ["", "2026", "2026-13-01", "2026-02-30", "soon", "2026-01-01T99"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert moment(text) is None


PLAIN = st.from_regex(r"[ab]{1,2}(\.[ab]){0,1}", fullmatch=True)
TREES = st.recursive(st.integers(), lambda inner: st.dictionaries(PLAIN, inner, max_size=3))


@given(st.dictionaries(PLAIN, TREES, min_size=1, max_size=3))
@settings(max_examples=50)
def test_a_path_finds_something_wherever_there_is_something(tree: dict[str, Any]) -> None:
    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            for name, inner in node.items():
                walk(inner, f"{path}.{name}" if path else name)
        else:
            # Another one where two have one path: a name may hold a dot itself.
            assert value_at(tree, path) is not None

    walk(tree, "")
