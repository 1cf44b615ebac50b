"""The ticket search's language is read, checked and written without a call."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.freshdesk.ticket_query import Condition, Kind, QueryFault, check, parse
from freshbridge.actions.freshdesk.ticket_query_text import Value, all_of, any_of, unwritable, write


def named(query: str) -> list[tuple[str, str, Value]]:
    """The conditions without their places."""
    return [(one.field, one.comparison, one.value) for one in parse(query)]


@pytest.mark.parametrize(
    ("query", "conditions"),
    [
        ("status:2", [("status", "", 2)]),
        ('"status:2"', [("status", "", 2)]),
        (' "status:2 " ', [("status", "", 2)]),
        ("priority:>3", [("priority", ">", 3)]),
        ("created_at:<'2026-03-03'", [("created_at", "<", "2026-03-03")]),
        ("agent_id:null", [("agent_id", "", None)]),
        ("cf_vip:true AND cf_old:false", [("cf_vip", "", True), ("cf_old", "", False)]),
        ("cf_level:-4", [("cf_level", "", -4)]),
        ("type:'Feature Request'", [("type", "", "Feature Request")]),
        ("tag:'a) OR status:2'", [("tag", "", "a) OR status:2")]),
        ("tag:''", [("tag", "", "")]),
        (
            "(status:2 OR status:3) AND ( priority:4 )",
            [("status", "", 2), ("status", "", 3), ("priority", "", 4)],
        ),
        ("((status:2))AND(status:3)", [("status", "", 2), ("status", "", 3)]),
        ("status:2\n  OR\tstatus:3", [("status", "", 2), ("status", "", 3)]),
        ("tag:'مرحبا 👩‍👧 ok'", [("tag", "", "مرحبا 👩‍👧 ok")]),
    ],
)
def test_a_query_is_read(query: str, conditions: list[tuple[str, str, Value]]) -> None:
    assert named(query) == conditions


@pytest.mark.parametrize(
    ("query", "position", "words"),
    [
        ("", 1, "is missing"),
        ('""', 2, "is missing"),
        ("status", 7, "colon"),
        ("status = 2", 7, "colon"),
        ("status:", 8, "value"),
        ("status: 2", 8, "value"),
        ("status:open", 8, "value"),
        ("status:2.5", 8, "value"),
        ("status:!2", 8, "value"),
        ("status:>=2", 9, "value"),
        ("status:2 status:3", 10, "AND or OR"),
        ("status:2 and status:3", 10, "AND or OR"),
        ("status:2 AND", 13, "is missing"),
        ("status:2 AND AND status:3", 17, "colon"),
        ("(status:2", 1, "not closed"),
        ("status:2 OR ((status:3)", 13, "not closed"),
        ("status:2)", 9, "never opened"),
        ("()", 2, "field's name"),
        ("tag:'billing", 5, "not closed"),
        ("tag:'it's'", 9, "blank"),
        ('tag:"billing"', 5, "value"),
        ("tag:'a\"b'", 7, "character"),
        ("tag:'a\nb'", 7, "character"),
        ("'billing'", 1, "field's name"),
        ("status:2AND status:3", 8, "value"),
        ("tag:'a'AND status:3", 8, "blank"),
        ('"status:2 AND tag"', 18, "colon"),
        ('  "status:x"', 11, "value"),
    ],
)
def test_a_query_that_cannot_be_read_says_where(query: str, position: int, words: str) -> None:
    with pytest.raises(QueryFault, match=words) as raised:
        parse(query)
    assert raised.value.position == position
    assert str(raised.value).endswith(f"at character {position}")


@pytest.mark.parametrize(
    ("query", "position", "words"),
    [
        ("responder_id:7", 1, "did you mean agent_id"),
        ("status:2 AND tags:'a'", 14, "did you mean tag"),
        ("subject:'invoice'", 1, "knows no subject; it knows agent_id"),
        ("Status:2", 1, "did you mean status"),
        ("status:'2'", 1, "status takes a whole number"),
        ("status:true", 1, "status takes a whole number"),
        ("priority:>null", 1, "priority takes a whole number"),
        ("tag:5", 1, "tag takes text in single quotes"),
        ("type:>'Incident'", 1, "cannot be compared"),
        ("created_at:'2026-02-30'", 1, "created_at takes a day"),
        ("created_at:'2026-03-03T10:00:00Z'", 1, "created_at takes a day"),
        ("due_by:20260303", 1, "due_by takes a day"),
        ("created_at:'20260303'", 1, "created_at takes a day"),
    ],
)
def test_a_wrong_name_or_value_says_where(query: str, position: int, words: str) -> None:
    with pytest.raises(QueryFault, match=words) as raised:
        check(parse(query))
    assert raised.value.position == position


def test_custom_fields_pass_until_the_account_is_known() -> None:
    conditions = parse("cf_region:'EMEA' AND cf_vip:true AND cf_size:>5 AND cf_day:<'2026-01-01'")
    known = {
        "cf_region": Kind.TEXT,
        "cf_vip": Kind.CHECKBOX,
        "cf_size": Kind.NUMBER,
        "cf_day": Kind.DAY,
    }

    check(conditions)
    check(conditions, known)
    with pytest.raises(QueryFault, match="did you mean cf_region"):
        check(parse("cf_regio:'EMEA'"), known)
    with pytest.raises(QueryFault, match="cf_vip takes true or false"):
        check(parse("cf_vip:'true'"), known)
    with pytest.raises(QueryFault, match="cannot be compared"):
        check(parse("cf_vip:>true"), known)


def test_no_depth_of_brackets_is_too_deep() -> None:
    depth = 250
    assert named("(" * depth + "status:2" + ")" * depth) == [("status", "", 2)]


def test_what_is_written() -> None:
    assert any_of("status", [2]) == "status:2"
    assert any_of("status", [2, 3, 2]) == "(status:2 OR status:3)"
    assert any_of("cf_x", [1, True]) == "(cf_x:1 OR cf_x:true)"
    assert write("created_at", date(2026, 3, 3), ">") == "created_at:>'2026-03-03'"
    assert write("agent_id", None) == "agent_id:null"
    assert all_of(["status:2", "", "tag:'a'"]) == "status:2 AND tag:'a'"


@pytest.mark.parametrize("text", ["it's", 'the "best"', "two\nlines", "a\u2028b", "\ud83d"])
def test_a_text_that_cannot_be_written_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be searched for"):
        write("tag", text)


@pytest.mark.parametrize("name", ["", "a b", "a:1 OR b", "5a", "é", "a" * 256])
def test_a_name_that_cannot_be_written_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="consists of"):
        write(name, 1)


TEXTS = st.text(max_size=30).filter(lambda text: unwritable(text) is None)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), TEXTS)


@given(st.lists(st.tuples(st.sampled_from(["cf_a", "tag", "status"]), VALUES), min_size=1))
def test_what_is_written_reads_the_same(pairs: list[tuple[str, Value]]) -> None:
    query = all_of(write(field, value) for field, value in pairs)

    assert named(query) == [(field, "", value) for field, value in pairs]
    assert [one.quoted for one in parse(query)] == [isinstance(v, str) for _f, v in pairs]


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_at_a_place_in_it(text: str) -> None:
    try:
        found = parse(text)
    except QueryFault as fault:
        assert 1 <= fault.position <= len(text) + 1
    else:
        assert all(isinstance(one, Condition) for one in found)
        assert found


@given(st.text(alphabet="()AND OR:'<>statu2\"-", max_size=40))
def test_near_misses_are_read_or_refused_too(text: str) -> None:
    try:
        parse(text)
    except QueryFault as fault:
        assert 1 <= fault.position <= len(text) + 1
