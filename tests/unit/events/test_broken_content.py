"""Content that pasted-in values broke is read as far as it can be, and said to be so."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.broken_json import mended
from freshbridge.events.payload import Content, UnreadableBody, read_body
from freshbridge.events.subject import subject_of

TEMPLATE = '{{"ticket_id": {id}, "comment": "{comment}", "group_id": {group}, "last": "{last}"}}'
# What people write: quotes, line breaks, markup, paths; but no JSON of their own.
COMMENTS = st.text(st.sampled_from("ab \"'\n\t<>/:.{}[]é"), max_size=40)


def pasted(comment: str, *, group: str = "5", last: str = "end") -> str:
    return TEMPLATE.format(id=1042, comment=comment, group=group, last=last)


@pytest.mark.parametrize(
    "comment",
    [
        'He said "hi" to me',
        '"quoted"',
        'ends with a quote"',
        "two\nlines\r\nand a\ttab",
        '<a href="https://x.example/?a=1,b">link</a>',
        'a list: "a", "b" and {"c"}',
        'closing "} and "] inside',
        "back\\ slash",
    ],
)
def test_a_comment_is_read_back_from_between_its_quotes(comment: str) -> None:
    content = read_body(pasted(comment).encode(), "application/json")

    assert content.recovered
    assert content.text == pasted(comment)
    assert content.value == {"ticket_id": 1042, "comment": comment, "group_id": 5, "last": "end"}


def test_a_value_that_ends_in_a_backslash_does_not_hide_its_closing_quote() -> None:
    value = mended(pasted("C:\\new\\", last='a "b'))

    assert value is not None
    assert value["last"] == 'a "b'


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("", None),
        (" ", None),
        ("Support and sales", "Support and sales"),
        ("Billing, EU", "Billing, EU"),
        ("1.5", 1.5),
        ("true", True),
        ("NaN", "NaN"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_placeholder_without_quotes_may_be_empty_or_a_word(group: str, expected: object) -> None:
    value = mended(pasted('a "b"', group=group))

    assert value == {"ticket_id": 1042, "comment": 'a "b"', "group_id": expected, "last": "end"}


@given(COMMENTS, COMMENTS)
def test_whatever_is_pasted_the_ticket_and_what_stands_before_are_found(
    comment: str, last: str
) -> None:
    text = pasted(comment, last=last)
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None

    content = read_body(text.encode(), "application/json")

    assert content.value["ticket_id"] == 1042
    if expected is None:
        assert content.recovered
    else:
        assert content == Content(expected, text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("abc 1é", max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("abcdef", min_size=1, max_size=5), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_what_is_not_broken_is_read_as_json_reads_it(value: Any) -> None:
    body = {"ticket_id": 7, "value": value}

    assert mended(json.dumps(body)) == body


@pytest.mark.parametrize(
    "text",
    [
        '{"ticket": {"id": 7, "tags": ["a", "b "c""], "note": "cut in the mid',
        '{"ticket": {"id": 7, "tags": ["a", "b "c""], "note": "cut in the mid"',
        '{"ticket": {"id": 7, "tags": ["a", "b "c""], "note": "cut in the mid"}',
        '{"ticket": {"id": 7, "tags": ["a",, "b "c"",], "note": "cut in the mid",}}',
    ],
)
def test_what_was_cut_off_or_left_empty_is_closed(text: str) -> None:
    assert mended(text) == {"ticket": {"id": 7, "tags": ["a", 'b "c"'], "note": "cut in the mid"}}


def test_escapes_that_are_there_keep_their_meaning() -> None:
    text = r'{"ticket_id": 7, "a": "x \"y\" \u00e9 \ud83d\ude00 \ud83d \q", "b": "c "d" e"}'

    assert mended(text) == {"ticket_id": 7, "a": 'x "y" é 😀 \ufffd \\q', "b": 'c "d" e'}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"freshdesk_webhook": {"ticket_id": }}', "line 1, column 37"),
        ('{"subject": "no "id""}', "line 1, column 18"),
        ('{"ticket_id": 7}}', "line 1, column 17"),
        ('{"ticket_id": 7} and more', "line 1, column 18"),
        ('{7: "ticket_id"}', "line 1, column 2"),
        ('["ticket_id": 7]', "line 1, column 13"),
        ("ticket_id: 7", "line 1, column 1"),
    ],
)
def test_without_a_record_or_a_shape_it_is_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(UnreadableBody) as raised:
        read_body(text.encode(), "application/json")
    assert place in str(raised.value)


def test_nesting_without_an_end_is_refused() -> None:
    for text in ('{"ticket_id":1,"a":' * 100, '{"ticket_id":1,"a":' + "[" * 100_000):
        assert mended(text) is None


@given(st.text('{}[]":,\\ \nab1', max_size=200))
def test_no_text_whatever_raises(text: str) -> None:
    value = mended(text)

    assert value is None or subject_of(value) is not None


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("Tom & Jerry", "Tom & Jerry"),
        ("2 < 3 > 1", "2 < 3 > 1"),
        ("<div>bold <br> text</div>", "<div>bold <br> text</div>"),
        ("a &amp; b & c &#233; &#x1F600;", "a & b & c é 😀"),
        ("&#xD800; &nbsp;", " &nbsp;"),
        ("<![CDATA[<b>]]>", "<b>"),
        ("control \x0b here", "control  here"),
    ],
)
def test_xml_with_bare_marks_in_it_is_read(inner: str, expected: str) -> None:
    text = f"<w><ticket-id>7</ticket-id><a>{inner}</a><b>x & y</b></w>"

    content = read_body(text.encode(), "application/xml")

    assert content == Content(
        {"w": {"ticket_id": "7", "a": expected, "b": "x & y"}}, text, recovered=True
    )


@given(COMMENTS)
def test_whatever_is_pasted_into_xml_the_ticket_is_found(comment: str) -> None:
    text = f"<w><ticket_id>7</ticket_id><a>{comment}</a></w>"

    content = read_body(text.encode(), "application/xml")

    assert content.value["w"]["ticket_id"] == "7"
    if content.recovered or comment == escape(comment):
        assert content.value["w"]["a"] is not None


def test_xml_of_tags_without_an_end_is_refused_soon() -> None:
    with pytest.raises(UnreadableBody):
        read_body(b"<w>&" + b"".join(b"<t%d>" % n for n in range(2000)), "text/xml")
    with pytest.raises(UnreadableBody):
        read_body(b"<w>&" + b"".join(b"<t%d></t%d>" % (n, n) for n in range(6000)), "text/xml")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"ticket_id": 7}, ("ticket", 7)),
        ({"freshdesk_webhook": {"ticket_id": " 7 "}}, ("ticket", 7)),
        ({"requester": {"contact_id": 1}, "ticket": {"id": 7}}, ("ticket", 7)),
        ({"data": {"deal": {"id": 9}}}, ("deal", 9)),
        ({"id": 3, "subject": ""}, ("ticket", 3)),
        ({"id": 3}, ("", 3)),
        ({"ticket_id": True}, None),
        ({"ticket_id": "x"}, None),
        ({"ticket_id": -1}, None),
        ({"ticket_id": "9" * 30}, None),
        ({"a": {"b": {"c": {"d": {"ticket_id": 1}}}}}, None),
        ({}, None),
    ],
)
def test_the_record_is_found_wherever_its_id_stands(body: dict[str, Any], expected: object) -> None:
    assert subject_of(body) == expected
