"""Records become rows, rows lines, and lines rows again."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.lake.encoding import (
    MEMBERS,
    UnreadableFile,
    UnreadableRecord,
    id_in,
    line_of,
    packed,
    parent_in,
    row_in,
    row_of,
    rows_of,
    seen_again,
    seen_at_in,
    time_of,
    unpacked,
)
from freshbridge.lake.rows import Row, State
from freshbridge.sync.objects import OBJECTS

TICKETS, CONVERSATIONS = OBJECTS["tickets"], OBJECTS["conversations"]
SEEN = "2026-11-22T10:00:00.000000Z"
TICKET = {"id": 7, "subject": "Größe", "updated_at": "2026-03-03T12:02:40Z"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def test_a_record_becomes_a_row() -> None:
    row = row_of(TICKETS, TICKET, seen_at=SEEN)

    assert row == Row("7", "2026-03-03T12:02:40Z", SEEN, State.LIVE, row.body)
    assert row.record == TICKET
    assert row.body == '{"id":7,"subject":"Größe","updated_at":"2026-03-03T12:02:40Z"}'.encode()


def test_a_child_knows_its_parent_and_a_tombstone_its_reason() -> None:
    row = row_of(CONVERSATIONS, {"id": 1, "ticket_id": 7}, seen_at=SEEN, state=State.SPAM)

    assert (row.id, row.parent, row.state, row.updated_at) == ("1", "7", State.SPAM, "")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("2026-03-03T12:02:40Z", "2026-03-03T12:02:40Z"),
        ("2026-03-03T17:32:40+05:30", "2026-03-03T12:02:40Z"),
        ("2026-03-03T12:02:40.999Z", "2026-03-03T12:02:40Z"),
        ("2026-03-03T12:02:40", "2026-03-03T12:02:40Z"),
        ("", ""),
        (None, ""),
        ("yesterday", None),
        ("0001-01-01T00:00:00+05:00", None),
        (1772539360, None),
    ],
)
def test_times_are_written_so_that_the_order_of_texts_is_theirs(
    given: Any, found: str | None
) -> None:
    assert time_of(given) == found


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"subject": "x"}, "tickets: a record has no id"),
        ({"id": None}, "tickets: a record has no id"),
        ({"id": ""}, "tickets: id is no id"),
        ({"id": 'a"b'}, "tickets: id is no id"),
        ({"id": "a\ud800"}, "tickets: id is no id"),
        ({"id": True}, "tickets: id is of type bool"),
        ({"id": {}}, "tickets: id is of type dict"),
        ({"id": 7, "updated_at": "soon"}, "tickets 7: updated_at is no time"),
        ("no object", "tickets: a record is no JSON object but of type str"),
    ],
)
def test_what_cannot_be_kept_says_why_and_costs_no_other_its_place(record: Any, told: str) -> None:
    with pytest.raises(UnreadableRecord, match=told):
        row_of(TICKETS, record, seen_at=SEEN)

    found = rows_of(TICKETS, [TICKET, record, {**TICKET, "id": 8}], seen_at=SEEN)

    assert [row.id for row in found.rows] == ["7", "8"]
    assert found.unreadable == [told]


def test_members_named_as_ours_do_not_hide_them() -> None:
    row = row_of(TICKETS, TICKET | {"_state": "odd", "_other": 1}, seen_at=SEEN)

    assert row.record == TICKET | {"_other": 1}


def test_half_an_emoji_becomes_a_question_mark() -> None:
    assert row_of(TICKETS, {"id": 1, "subject": "x\ud83d"}, seen_at=SEEN).record["subject"] == "x?"


@settings(max_examples=50)
@given(record=st.dictionaries(st.text(max_size=5), JSON, max_size=4), state=st.sampled_from(State))
def test_a_line_is_a_flat_record_and_a_row_again(record: dict[str, Any], state: State) -> None:
    row = row_of(
        CONVERSATIONS,
        {**record, "id": 12, "ticket_id": 7, "updated_at": None},
        seen_at=SEEN,
        state=state,
    )
    row = Row(row.id, row.updated_at, row.seen_at, row.state, row.body, row.parent, "run-1")

    line = line_of(row, "inst-1")

    assert row_in(line) == row
    assert (id_in(line), parent_in(line), seen_at_in(line)) == (b"12", "7", SEEN)
    assert b"\n" not in line
    own = ["12", "", SEEN, state.value, "7", "run-1", "inst-1"]
    assert json.loads(line) == dict(zip(MEMBERS, own, strict=True)) | row.record


def test_a_line_of_which_nothing_is_known_is_json_too() -> None:
    line = line_of(Row("1", "", SEEN, State.GONE), "inst-1")

    assert set(json.loads(line)) == set(MEMBERS)
    assert row_in(line).body == b"{}"


def test_a_line_seen_again_differs_in_nothing_else() -> None:
    row = Row("1", "2026-01-01T00:00:00Z", SEEN, State.LIVE, b'{"id":1,"a":"\\""}', "", "r")

    again = row_in(seen_again(line_of(row, "i"), "2026-11-23T00:00:00.000000Z"))

    assert again == Row(
        "1", row.updated_at, "2026-11-23T00:00:00.000000Z", State.LIVE, row.body, "", "r"
    )


@pytest.mark.parametrize("run_id", ['a"b', "a\\b", "a\nb"])
def test_what_would_have_to_be_escaped_is_no_line(run_id: str) -> None:
    with pytest.raises(ValueError, match="quote, a backslash or a line feed"):
        line_of(Row("1", "", SEEN, State.LIVE, b"{}", "", run_id), "i")


@pytest.mark.parametrize("line", [b"{}", b'{"id":7}', b'{"_id":"1","_updated_at":"x"}', b"x" * 90])
def test_a_foreign_line_is_told(line: bytes) -> None:
    with pytest.raises(UnreadableFile):
        row_in(line)


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=30).filter(lambda one: b"\n" not in one), max_size=20))
def test_files_are_gzip_and_equal_for_equal_lines(lines: list[bytes]) -> None:
    data = packed(lines)

    assert gzip.decompress(data) == b"".join(line + b"\n" for line in lines)
    assert unpacked(data) == lines
    assert packed(iter(lines)) == data
    assert data[4:8] == bytes(4), "gzip's frame tells a time"


def test_long_files_are_packed_piece_by_piece() -> None:
    lines = [b"%05d" % number * 100 for number in range(2000)]

    assert unpacked(packed(lines)) == lines


@pytest.mark.parametrize(
    "data", [b"no gzip", packed([b"a" * 99])[:-9], gzip.compress(b"no line feed", mtime=0)]
)
def test_damaged_files_are_told(data: bytes) -> None:
    with pytest.raises(UnreadableFile):
        unpacked(data)
