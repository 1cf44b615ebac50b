"""Records as CSV, JSON and JSON Lines, read back by the standard library."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.exports.lines import BOM, RowWriter
from freshbridge.exports.wanted import Format, Wanted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.text(min_size=1, max_size=8)
RECORDS = st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=4)
WHOLE = Wanted("tickets", (Format.CSV,))


def written(wanted: Wanted, kind: Format, columns: list[str], records: list[Any]) -> bytes:
    writer = RowWriter(wanted, kind, columns)
    return writer.head() + b"".join(writer.line(one) for one in records) + writer.tail()


def shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return (
        json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        .encode(errors="replace")
        .decode()
    )


@settings(max_examples=50)
@given(RECORDS)
def test_a_csv_is_read_back_by_the_standard_library(records: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(name for record in records for name in record))
    wanted = Wanted("tickets", (Format.CSV,), raw=True)

    text = written(wanted, Format.CSV, columns, records).decode()

    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not columns:
        assert all(row in ([], [""]) for row in rows)
        return
    assert rows[0] == [shown(name) for name in columns]
    assert rows[1:] == [[shown(record.get(name)) for name in columns] for record in records]
    assert text.endswith("\r\n")


@settings(max_examples=50)
@given(RECORDS)
def test_json_is_read_back_whatever_the_text(records: list[dict[str, Any]]) -> None:
    lines = written(WHOLE, Format.JSON_LINES, [], records)
    array = written(WHOLE, Format.JSON, [], records)
    assert [json.loads(line) for line in lines.split(b"\n")[:-1]] == records
    assert json.loads(array) == records


@settings(max_examples=50)
@given(st.text(max_size=6))
def test_no_text_begins_like_a_formula(text: str) -> None:
    table = written(WHOLE, Format.CSV, ["a"], [{"a": text}]).decode()
    ((_, *_), (cell,)) = csv.reader(io.StringIO(table, newline=""))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (shown(text), f"'{shown(text)}")


@pytest.mark.parametrize(
    ("value", "cell"),
    [(-5, "-5"), (-1.5, "-1.5"), ("-5", "'-5"), ("+49 30", "'+49 30"), ("=A1", "'=A1"),
     ("@x", "'@x"), (True, "true"), (["-1"], '"[""-1""]"'), ("a\r\nb", '"a\r\nb"'), (None, '""')],
)  # fmt: skip
def test_numbers_stay_and_texts_are_guarded(value: Any, cell: str) -> None:
    assert written(WHOLE, Format.CSV, ["a"], [{"a": value}]) == f"a\r\n{cell}\r\n".encode()


def test_named_fields_are_all_there_is_and_in_their_order() -> None:
    wanted = Wanted("tickets", tuple(Format), fields=("stats.at", "id", "gone"), bom=True)
    record = {"id": 1, "stats": {"at": "x", "other": 2}}
    assert written(wanted, Format.CSV, [], [record]) == BOM + b"stats.at,id,gone\r\nx,1,\r\n"
    line = b'{"stats.at":"x","id":1,"gone":null}'
    assert written(wanted, Format.JSON_LINES, [], [record]) == line + b"\n"
    assert written(wanted, Format.JSON, [], [record, record]) == b"[\n%b,\n%b\n]\n" % (line, line)


def test_a_file_that_goes_on_has_its_comma() -> None:
    going_on = RowWriter(WHOLE, Format.JSON, [], begun=True)
    assert going_on.line({}, b'{"id":2}') == b',\n{"id":2}'


def test_half_an_emoji_harms_no_file() -> None:
    record = {"id": 1, "subject": "\ud83d"}
    for kind in (Format.JSON, Format.JSON_LINES):
        assert b'"\\ud83d"' in written(WHOLE, kind, [], [record])
    assert written(WHOLE, Format.CSV, ["id", "subject"], [record]).endswith(b"1,?\r\n")


def test_file_names_tell_what_is_in_them() -> None:
    assert Wanted("tickets", (Format.CSV,), gzip=True).file_name(Format.CSV) == "tickets.csv.gz"
    assert Wanted("roles", (Format.JSON,)).file_name(Format.JSON) == "roles.json"
