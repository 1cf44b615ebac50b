"""The small SQL: all that can be written is read as it was meant, all else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.exports.matching import OPERATORS
from freshbridge.exports.select_query import LONGEST, InvalidQuery, Query, read_query
from freshbridge.exports.wanted import Condition

_RESERVED = {
    "select", "from", "where", "and", "limit", "or", "not", "in", "like", "ilike", "is", "between",
    "order", "group", "by", "having", "join", "as", "distinct", "offset", "union", "true", "false",
    "null",
}  # fmt: skip
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}(\.[a-z0-9_]{1,5}){0,2}", fullmatch=True).filter(
    lambda name: name.lower() not in _RESERVED
)
VALUES = st.one_of(
    st.text(max_size=12),
    st.integers(-(10**12), 10**12),
    st.decimals(-1000, 1000, places=2).map(float),
    st.booleans(),
    st.none(),
)
CONDITIONS = st.builds(Condition, NAMES, st.sampled_from(list(OPERATORS)), VALUES)
QUERIES = st.builds(
    Query,
    NAMES,
    st.lists(NAMES, unique=True, max_size=4).map(tuple),
    st.lists(CONDITIONS, max_size=3).map(tuple),
    st.none() | st.integers(1, 10**9),
)


def literal(value: object, quote: str) -> str:
    if isinstance(value, str):
        return f"{quote}{value.replace(quote, quote * 2)}{quote}"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else repr(value)


@settings(max_examples=50)
@given(QUERIES, st.sampled_from("'\""), st.sampled_from([" ", "\n", "\t  "]), st.booleans())
def test_what_is_written_is_read_back(query: Query, quote: str, blank: str, shout: bool) -> None:
    def word(text: str) -> str:
        return text.upper() if shout else text

    parts = [word("select"), ", ".join(query.fields) or "*", word("from"), query.object]
    for number, one in enumerate(query.conditions):
        sign = "<>" if one.operator == "!=" and shout else one.operator
        joint = word("and" if number else "where")
        parts += [joint, f"{one.field}{sign}{literal(one.value, quote)}"]
    if query.limit is not None:
        parts += [word("limit"), str(query.limit)]

    assert read_query(blank.join(parts)) == query


@settings(max_examples=50)
@given(st.text(max_size=60) | st.lists(st.sampled_from(
    ["select", "*", "from", "x", "where", "a", "=", "'b'", "and", "limit", "3", ";", "or", "`", "("]
), max_size=12).map(" ".join))  # fmt: skip
def test_anything_is_read_or_refused_with_a_reason(text: str) -> None:
    try:
        found = read_query(text)
    except InvalidQuery as error:
        assert error.what == "Error parsing query"
        assert error.fields[0].message
        return
    assert found.object


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select * contacts", "from is expected at character 10"),
        ("select", "* or the name of a field is expected at character 7, where the query ends"),
        ("update x", "select is expected at character 1"),
        ("select * from x where a like 'b%'", "like is not known here, at character 25"),
        ("select * from x where a in ('b')", "in is not known here"),
        ("select * from x where a = 'b' or c = 'd'", "or is not known here, at character 31"),
        ("select * from x order by id", "order is not known here"),
        ("select * from x where a = b", "a text between quotes"),
        ("select * from x where a = 'b", "character 27 cannot be read"),
        ("select * from x where (a = 'b')", "character 23 cannot be read"),
        ("select * from x limit 0", "a whole number from 1"),
        ("select * from x limit 1.5", "a whole number from 1"),
        ("select * from x; drop table y", "is expected at character 18"),
        ("select count(*) from x", "character 13 cannot be read"),
        ("select a, from x", "the name of a field is expected at character 11"),
        ("select " + "b" * LONGEST, "longer than"),
    ],
)
def test_a_refusal_says_where_and_what(text: str, said: str) -> None:
    with pytest.raises(InvalidQuery) as raised:
        read_query(text)
    assert said in raised.value.fields[0].message
    assert "select * from" in raised.value.advice


def test_names_with_points_and_blanks_stand_between_back_ticks() -> None:
    found = read_query('select `a b`, c.d from `t` where `x.y z` >= "it\'\'s"""')
    assert found == Query("t", ("a b", "c.d"), (Condition("x.y z", ">=", "it''s\""),))
