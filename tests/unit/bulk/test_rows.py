"""Rows come out of lists and files as they went in, and a bad one is told with its place."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.bulk.rows import LARGEST_COUNT, Row, RowFormat, TooManyRows, file_rows, listed_rows
from freshbridge.bulk.text_lines import LONGEST_LINE, UnreadableRows, text_lines

# No lone surrogates, which no UTF-8 has, and no NUL, which no CSV reader takes.
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
WORDS = CELL.filter(lambda text: bool(text.strip()))


def read(text: str | bytes, kind: RowFormat = RowFormat.CSV, size: int = 7) -> list[Row]:
    """The rows of a file that arrives in pieces of `size` bytes."""
    content = text if isinstance(text, bytes) else text.encode()
    pieces = (content[start : start + size] for start in range(0, len(content), size))
    return list(file_rows(pieces, kind))


@given(
    rows=st.lists(st.tuples(WORDS, CELL), max_size=8),
    delimiter=st.sampled_from(",;\t"),
    ending=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    size=st.integers(1, 40),
)
def test_csv_survives_the_round_trip(
    rows: list[tuple[str, str]], delimiter: str, ending: str, mark: bool, size: int
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([("body", "custom_fields.cf_note"), *rows])
    content = buffer.getvalue().encode("utf-8-sig" if mark else "utf-8")

    found = read(content, size=size)

    wanted = [
        {"body": body, **({"custom_fields": {"cf_note": note}} if note.strip() else {})}
        for body, note in rows
    ]
    assert [row.values for row in found] == wanted
    assert [row.number for row in found] == list(range(1, len(rows) + 1))
    assert all(row.texts and not row.problems for row in found)


@given(
    rows=st.lists(
        st.dictionaries(
            st.text(),
            st.recursive(
                st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=5,
            ),
        ),
        max_size=6,
    ),
    size=st.integers(1, 40),
)
def test_json_lines_survive_the_round_trip(rows: list[dict[str, Any]], size: int) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)

    found = read(text, RowFormat.JSON_LINES, size)

    assert [row.values for row in found] == rows
    assert [row.line for row in found] == list(range(1, len(rows) + 1))
    assert not any(row.texts for row in found)


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff")),
    size=st.integers(1, 9),
)
def test_lines_are_those_of_the_text_however_it_arrives(text: str, size: int) -> None:
    content = text.encode()
    pieces = (content[start : start + size] for start in range(0, len(content), size))

    lines = list(text_lines(pieces))

    assert "".join(lines) == text
    assert lines == io.StringIO(text, newline="").readlines()


def test_a_record_of_several_lines_is_named_by_its_first() -> None:
    rows = read('a,b\n1,"x\ny"\n\n,\n2,z\n')

    assert [(row.number, row.line, row.values) for row in rows] == [
        (1, 2, {"a": "1", "b": "x\ny"}),
        (2, 6, {"a": "2", "b": "z"}),
    ]


def test_unicode_from_excel_is_read() -> None:
    assert read("a\tb\n1\tpréférence\n".encode("utf-16"))[0].values == {"a": "1", "b": "préférence"}


def test_a_cell_without_a_column_is_told_with_its_place() -> None:
    (good, bad, blank) = read("a,b,\n1,2,\n3,4,5,6\n7,,,,\n")

    assert good.problems == blank.problems == ()
    assert [problem.message for problem in bad.problems] == [
        "line 3, column 3 has no name",
        "line 3, column 4 has no name",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        (",,\n1,2,3\n", "line 1 names no column"),
        ("a,b,a\n", "line 1, column 1: the name 'a' is there twice"),
        ("a,a.b\n", "line 1, column 1: 'a' is a column and the beginning of another's name"),
        ("a..b\n", "line 1, column 1: 'a..b' is not a column's name"),
        ('a\n1\n"2\n', "line 3: not CSV"),
        ('a\n"1"2\n', "line 2: not CSV"),
        (b"a\n\xff\n", "not UTF-8 at byte 2"),
        (b"a\nb\n\xc3", "not UTF-8 at byte 4"),
        (b"\xff\xfea", "not UTF-16"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_place(text: str | bytes, said: str) -> None:
    with pytest.raises(UnreadableRows) as raised:
        read(text)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": 1', "line 2, column 8: Expecting ',' delimiter"),
        ('{"a": NaN}', "line 2: not JSON"),
        ("[" * 100_000, "line 2: not JSON"),
        ("[1]", "line 2: must be an object of parameters, not a list"),
        ('"x"', "not a text"),
        ("null", "not null"),
    ],
)
def test_a_line_that_is_no_object_is_told_and_the_others_are_read(line: str, said: str) -> None:
    first, bad, last = read(f'{{"a": 1}}\n{line}\n{{"a": 2}}', RowFormat.JSON_LINES, size=9_999)

    assert (first.values, last.values, last.line) == ({"a": 1}, {"a": 2}, 3)
    (problem,) = bad.problems
    assert said in problem.message
    assert bad.values == {}


def test_rows_of_a_request_have_no_line() -> None:
    rows = list(listed_rows([{"a": 1}, 7]))

    assert [(row.number, row.line, row.values) for row in rows] == [(1, 0, {"a": 1}), (2, 0, {})]
    assert rows[1].problems[0].message == "row 2: must be an object of parameters, not a number"


def test_as_many_rows_as_one_action_takes_and_no_more() -> None:
    text = "{}\n" * LARGEST_COUNT

    assert len(read(text, RowFormat.JSON_LINES, 65_536)) == LARGEST_COUNT
    with pytest.raises(TooManyRows):
        read(text + "{}\n", RowFormat.JSON_LINES, 65_536)


def test_a_line_without_an_end_is_not_read_for_ever() -> None:
    served = 0

    def pieces() -> Any:
        nonlocal served
        while True:
            served += 1
            yield b"x" * 65_536

    with pytest.raises(UnreadableRows):
        list(text_lines(pieces()))
    assert served < LONGEST_LINE / 65_536 + 3
