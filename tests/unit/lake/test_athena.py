"""What stands for Athena where the lake's SQL is tested: as strict as Athena, and no stricter."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge import timestamps
from tests.fakes.athena import Athena
from tests.fakes.glue_tables import ConstraintViolation, tables_of
from tests.fakes.openx_json import BadData, decoded

NOW = timestamps.from_text("2026-03-05T12:00:00Z")
COLUMNS = {"name": "string", "count": "bigint", "share": "double", "open": "boolean"}
EXACT = {"case.insensitive": "FALSE"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def row(record: object, parameters: Mapping[str, str] = EXACT) -> tuple[Any, ...]:
    return decoded(json.dumps(record).encode(), COLUMNS, parameters)


@given(JSON)
def test_a_text_column_takes_anything_and_gives_what_is_nested_as_json(value: object) -> None:
    (text, *others) = row({"name": value})

    assert others == [None, None, None]
    if value is None or isinstance(value, str):
        assert text == value
    else:
        assert json.loads(text) == value


def test_values_fit_their_columns() -> None:
    assert row({"name": "x", "count": "12", "share": 1, "open": False}) == ("x", 12, 1.0, False)
    assert row({"count": 1 << 60, "share": 0.25, "more": 1}) == (None, 1 << 60, 0.25, None)


@pytest.mark.parametrize(
    "record",
    [
        {"count": "a dozen"}, {"count": 1.5}, {"count": True}, {"count": {}}, {"count": 1 << 63},
        {"share": "half"}, {"share": []}, {"open": "true"}, {"open": 1}, [], "text",
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_fails_the_query(record: object) -> None:
    with pytest.raises(BadData):
        row(record)


def test_a_line_that_is_no_json_fails_the_query() -> None:
    with pytest.raises(BadData, match="no valid JSON"):
        decoded(b'{"name": ', COLUMNS, EXACT)


def test_without_regard_to_case_names_are_folded_and_may_clash_on_every_level() -> None:
    nested = {"name": {"Low": 1, "low": 2}}

    assert json.loads(row(nested)[0]) == nested["name"]
    assert row({"NAME": {"Low": 1}}, {})[0] == '{"low":1}'
    assert row({"NAME": "x"})[0] is None
    with pytest.raises(BadData, match="duplicate key 'low'"):
        row(nested, {})


def athena(lines: Mapping[str, list[dict[str, Any]]]) -> Athena:
    """One table by instance and day over these files."""
    table = {
        "Name": "seen", "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "instance"}, {"Name": "date"}],
        "Parameters": {
            "projection.enabled": "true", "projection.instance.type": "injected",
            "projection.date.type": "date", "projection.date.format": "yyyy-MM-dd",
            "projection.date.range": "2026-03-01,NOW",
            "storage.location.template": {"Fn::Sub": "s3://${Bucket}/${!instance}/${!date}/"},
        },
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in COLUMNS.items()],
            "SerdeInfo": {
                "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe", "Parameters": EXACT,
            },
        },
    }  # fmt: skip
    template = {"Resources": {"Seen": {"Type": "AWS::Glue::Table",
                                       "Properties": {"TableInput": table}}}}  # fmt: skip
    files = {
        f"lake/{key}": gzip.compress(b"".join(json.dumps(one).encode() + b"\n" for one in records))
        for key, records in lines.items()
    }
    return Athena(tables_of(template, {"Bucket": "lake"}), files, NOW)


DAYS = {
    f"a/2026-{day}/run/part.gz": [{"name": day}]
    for day in ("02-28", "03-01", "03-04", "03-05", "03-06")
}


@pytest.mark.parametrize(
    ("condition", "days"),
    [
        ("", ["03-01", "03-04", "03-05"]),
        ("AND \"date\" >= '2026-03-04'", ["03-04", "03-05"]),
        ("AND \"date\" = '2026-03-01' AND name <> 'x'", ["03-01"]),
        ("AND \"date\" BETWEEN '2026-02-01' AND '2026-03-01'", ["03-01"]),
        ("AND \"date\" IN ('2026-03-05', '2026-03-06')", ["03-05"]),
    ],
    ids=["all", "since", "one", "between", "some"],
)
def test_only_the_days_that_are_asked_for_are_read(condition: str, days: list[str]) -> None:
    lake = athena(DAYS)

    found = lake.query(f"SELECT name FROM seen WHERE instance = 'a' {condition} ORDER BY name")  # noqa: S608 - the cases above

    assert [one["name"] for one in found] == days
    assert lake.read == [f"lake/a/2026-{day}/run/part.gz" for day in days]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM seen",
        "SELECT name FROM seen WHERE instance <> 'b'",
        "SELECT name FROM seen WHERE instance = name",
        "SELECT s.name FROM seen s JOIN seen t ON t.name = s.name WHERE s.instance = 'a'",
    ],
)
def test_a_query_that_names_no_instance_is_refused(sql: str) -> None:
    with pytest.raises(ConstraintViolation):
        athena(DAYS).query(sql)


def test_hidden_files_and_those_of_others_are_not_read() -> None:
    lake = athena({"a/2026-03-05/_part.gz": [{"name": "hidden"}], "a/2026-03-05/.part.gz": [{}],
                   "a/2026-03-05x/part.gz": [{}], "b/2026-03-05/part.gz": [{}]})  # fmt: skip

    assert lake.query("SELECT * FROM seen WHERE instance = 'a'") == []


def test_functions_answer_as_athena_s_do() -> None:
    lake = athena({"a/2026-03-05/p.gz": [{"count": one} for one in (1, 5, 90)]})
    times = "from_iso8601_timestamp('2026-03-04T10:00:59Z')", "current_timestamp"

    (found,) = lake.query(
        f"SELECT approx_percentile(count, 0.5) AS middle, "  # noqa: S608 - written here
        f"date_diff('minute', {', '.join(times)}) AS minutes, "
        "date_trunc('week', current_timestamp) AS week, "
        "json_extract_scalar('{\"a\": null, \"b\": 2}', '$.a') AS nothing "
        "FROM seen WHERE instance = 'a'"
    )

    # Whole minutes that passed, of which the last is one second short; weeks begin on Monday.
    assert found == {
        "middle": 5, "minutes": 26 * 60 - 1, "week": "2026-03-02T00:00:00Z", "nothing": None,
    }  # fmt: skip
