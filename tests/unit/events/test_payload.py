"""A webhook's body becomes an object, or the reason why not is told without quoting it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.payload import (
    LARGEST_BODY,
    BodyTooLarge,
    UnreadableBody,
    check_size,
    read_json,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)


def test_the_largest_body_passes_and_one_byte_more_does_not() -> None:
    check_size(b" " * LARGEST_BODY)

    with pytest.raises(BodyTooLarge, match=str(LARGEST_BODY)):
        check_size(b" " * (LARGEST_BODY + 1))


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON))
def test_any_object_reads_back(value: dict[str, object]) -> None:
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "", "text/json"],
)
def test_json_is_read_under_its_media_types(content_type: str) -> None:
    assert read_json(b'\xef\xbb\xbf{"a": 1}', content_type) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"a": 1', "line 1, column 8"),
        (b'{"subject": Printer on fire}', "line 1, column 13"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"[1]", "a JSON list, not an object"),
        (b"null", "NoneType"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": -Infinity}', "not JSON"),
        (b'{"a":' * 100_000, "RecursionError"),
        (b'{"a":' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_what_is_no_object_is_refused_saying_why(body: bytes, words: str) -> None:
    with pytest.raises(UnreadableBody) as raised:
        read_json(body)
    assert words in str(raised.value)
    assert "Printer" not in str(raised.value)


def test_another_media_type_is_refused() -> None:
    with pytest.raises(UnreadableBody, match="is not read"):
        read_json(b"ticket_id=7", "application/x-www-form-urlencoded")


def test_half_an_emoji_does_not_make_a_text_that_nothing_can_send() -> None:
    body = rb'{"whole": "\ud83d\ude00", "cut": "late \ud83d"}'

    value = read_json(body)

    assert value["whole"] == "😀"
    assert value["cut"].startswith("late ")
    assert json.dumps(value, ensure_ascii=False).encode()


@given(st.binary())
def test_no_body_whatever_raises_anything_else(body: bytes) -> None:
    try:
        assert isinstance(read_json(body), dict)
    except UnreadableBody as error:
        assert error.what
