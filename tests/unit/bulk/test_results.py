"""Result files say what became of each row, and no spreadsheet runs what is in them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.bulk.progress import RowState
from freshbridge.bulk.results import COLUMNS, ResultFormat, UnknownFormat, read_format, result_lines
from freshbridge.bulk.row_item import RowItem

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
ROW = st.builds(
    RowItem, number=st.integers(1, 10_000), state=st.sampled_from(RowState), message=TEXT
)
DATA = st.fixed_dictionaries({"ticket_url": TEXT, "ticket": st.dictionaries(TEXT, TEXT)})
ROWS = st.lists(st.tuples(ROW, st.none() | DATA), max_size=6)


@given(ROWS)
def test_csv_reads_back_and_holds_no_formula(rows: list[tuple[RowItem, Any]]) -> None:
    text = "".join(result_lines(rows, ResultFormat.CSV))

    found = list(csv.DictReader(io.StringIO(text, newline="")))

    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert len(found) == len(rows)
    for (row, data), line in zip(rows, found, strict=True):
        assert (line["row"], line["state"]) == (str(row.number), row.state.value)
        for name, wanted in (
            ("message", row.message),
            ("ticket_url", (data or {}).get("ticket_url", "")),
        ):
            assert line[name] in (wanted, f"'{wanted}")
            assert not line[name].startswith(("=", "+", "-", "@", "\t", "\r"))


@given(ROWS)
def test_json_lines_have_everything(rows: list[tuple[RowItem, Any]]) -> None:
    lines = [json.loads(line) for line in result_lines(rows, ResultFormat.JSON_LINES)]

    assert [line.get("data") for line in lines] == [data for _row, data in rows]
    assert [line["row"] for line in lines] == [row.number for row, _data in rows]


def test_the_format_is_csv_unless_said_otherwise() -> None:
    assert read_format(None) is ResultFormat.CSV
    assert read_format("JSONL") is ResultFormat.JSON_LINES
    assert ResultFormat.JSON_LINES.content_type == "application/x-ndjson"
    with pytest.raises(UnknownFormat):
        read_format("pdf")
