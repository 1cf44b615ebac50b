"""Values on their way into fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.destinations.transforms import (
    Untransformable,
    check_transforms,
    transformed,
)


@pytest.mark.parametrize(
    ("value", "transforms", "expected"),
    [
        ("  Ana ", ["trim", "lower"], "ana"),
        (["A ", " B"], ["trim"], ["A", "B"]),
        ("a  b", ["collapse", "upper"], "A B"),
        ("ana ruiz", ["title"], "Ana Ruiz"),
        ("+51 (1) 5", ["digits"], "5115"),
        ("<p>Hi <b>you</b></p>", ["strip_html"], "Hi you"),
        ("1,200.50", ["number"], 1200.5),
        ("12", ["number"], 12),
        (12.0, ["integer"], 12),
        ("", ["number"], None),
        ("", ["integer"], None),
        ("Yes", ["boolean"], True),
        (0, ["boolean"], False),
        (True, ["text"], "true"),
        ({"a": 1}, ["text"], '{"a": 1}'),
        (None, ["text"], None),
        ("2026-03-31", ["datetime"], "2026-03-31T00:00:00Z"),
        ("2026-03-31 09:00:00+02:00", ["datetime"], "2026-03-31T07:00:00Z"),
        ("1772539360", ["datetime"], "2026-03-03T12:02:40Z"),
        ("", ["datetime"], None),
        ("2026-03-31T09:00:00Z", ["date"], "2026-03-31"),
        ("", ["date"], None),
        ("31.03.2026", [{"date_from": "%d.%m.%Y"}], "2026-03-31"),
        ("", [{"date_from": "%d.%m.%Y"}], None),
        ("ana@Ruiz.example", ["domain"], "ruiz.example"),
        ("https://www.ruiz.example/a", ["domain"], "ruiz.example"),
        ('["a"]', ["json", "first"], "a"),
        ([1], ["json"], [1]),
        ([1, 2], ["last"], 2),
        ([], ["first"], None),
        ("x", ["first"], "x"),
        ("", ["null_if_empty"], None),
        ("a; b;", [{"split": ";"}], ["a", "b"]),
        (None, [{"split": ";"}], []),
        (["a", 1], [{"join": ", "}], "a, 1"),
        ("a", [{"join": ", "}], "a"),
        ("x", [{"prefix": "a-"}, {"suffix": "-z"}], "a-x-z"),
        ("", [{"prefix": "a-"}, {"suffix": "-z"}], ""),
        ("a.b", [{"replace": {"old": ".", "new": "-"}}], "a-b"),
        (None, [{"replace": {"old": "."}}], None),
        ("abcdef", [{"truncate": 3}], "abc"),
        (None, [{"truncate": 3}], None),
        (None, [{"default": 7}], 7),
        ("x", [{"default": 7}], "x"),
        ("GOLD", [{"map": {"gold": "Gold", "*": "None"}}], "Gold"),
        ("tin", [{"map": {"gold": "Gold", "*": "None"}}], "None"),
        ("tin", [{"map": {"gold": "Gold"}}], "tin"),
    ],
)
def test_what_becomes_of_a_value(value: Any, transforms: list[Any], expected: Any) -> None:
    check_transforms(transforms)
    assert transformed(value, transforms) == expected


@pytest.mark.parametrize(
    ("value", "transform"),
    [
        ("twelve-secret", "number"),
        ("1.5", "integer"),
        ("maybe-secret", "boolean"),
        ("yesterday-secret", "datetime"),
        ("soon-secret", "date"),
        ("{secret", "json"),
        ("31/03-secret", {"date_from": "%d.%m.%Y"}),
        ("ab" * 30_000, {"replace": {"old": "a", "new": "xyz"}}),
    ],
)
def test_what_cannot_be_done_is_told_and_the_value_is_not_quoted(
    value: str, transform: Any
) -> None:
    with pytest.raises(Untransformable) as raised:
        transformed(value, [transform])
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "transforms",
    [["shout"], [{"split": 1}], [{"truncate": True}], [{"a": 1, "b": 2}], [{"replace": {}}], [7],
     [{"replace": {"old": "a", "other": 1}}], ["split"]],
)  # fmt: skip
def test_what_is_no_transform_is_refused(transforms: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"transform|takes"):
        check_transforms(transforms)


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1980, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
@settings(max_examples=50)
def test_a_moment_stays_the_same_moment(moment: datetime) -> None:
    found = transformed(moment.isoformat(), ["datetime"])
    assert abs(datetime.fromisoformat(found) - moment).total_seconds() < 1


@given(st.integers(-(10**17), 10**17))
@settings(max_examples=50)
def test_a_number_survives_being_written_with_separators(number: int) -> None:
    assert transformed(f"{number:,}", ["integer"]) == number
