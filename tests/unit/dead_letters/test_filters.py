"""Filters say which letters are meant, or what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.dead_letters.filters import Filter, InvalidFilter, read_filter
from freshbridge.dead_letters.letter import State
from freshbridge.dead_letters.subject import Queue
from tests import builders
from tests.unit.dead_letters.letters import NOW, letter

LETTER = letter()
WORDS = st.text(min_size=1, max_size=20).filter(str.strip)


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({}, True),
        ({"queue": "actions"}, True),
        ({"queue": "sync"}, False),
        ({"state": "parked"}, True),
        ({"state": "discarded"}, False),
        ({"state": "all"}, True),
        ({"code": "not_found"}, True),
        ({"code": "not_foun"}, False),
        ({"instance_id": builders.INSTANCE_ID}, True),
        ({"instance_id": int(builders.INSTANCE_ID)}, True),
        ({"instance_id": "7"}, False),
        ({"action": "add_note"}, True),
        ({"action": "create_ticket"}, False),
        ({"origin": "rule"}, True),
        ({"origin": "api"}, False),
        ({"text": "NO SUCH ticket"}, True),
        ({"text": "other"}, False),
        ({"parked_from": LETTER.parked_at, "parked_to": LETTER.parked_at}, True),
        ({"parked_from": "2026-03-03T12:02:41Z"}, False),
        ({"parked_to": "2026-03-03T12:02:39+00:00"}, False),
        ({"parked_to": "2026-03-03T13:02:40 01:00"}, True),
        ({"code": "not_found", "action": "create_ticket"}, False),
    ],
)
def test_every_name_that_is_given_has_to_fit(asked: dict[str, Any], fits: bool) -> None:
    assert letter(NOW).parked_at == "2026-03-03T12:02:40Z"
    assert read_filter(asked).matches(LETTER) is fits


def test_those_that_wait_are_meant_unless_it_says_otherwise() -> None:
    gone = replace(LETTER, state=State.RESOLVED)

    assert not read_filter({}).matches(gone)
    assert read_filter({"state": "all"}).matches(gone)
    assert read_filter({"queue": "events"}).queues == (Queue.EVENTS,)
    assert read_filter({}).queues == tuple(Queue)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"queue": "all"}, "queue"),
        ({"state": "dead"}, "state"),
        ({"code": 7}, "code"),
        ({"code": "x" * 300}, "code"),
        ({"parked_from": "yesterday"}, "parked_from"),
        ({"parked_to": "9999-99-99"}, "parked_to"),
        ({"code": ""}, "code"),
        ({"text": " "}, "text"),
        ({"queue": None}, "queue"),
        (
            {"parked_from": "2026-03-03T12:00:01Z", "parked_to": "2026-03-03T12:00:00Z"},
            "parked_from",
        ),
    ],
)
def test_what_is_wrong_is_named(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFilter) as raised:
        read_filter(asked)
    assert [entry.field for entry in raised.value.fields] == [field]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidFilter) as raised:
        read_filter({"queue": "q", "state": "s", "nonsense": 1})
    assert {entry.field for entry in raised.value.fields} == {"queue", "state", "nonsense"}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "queue": st.sampled_from(["events", "ACTIONS"]),
            "code": WORDS,
            "text": WORDS,
            "parked_from": st.datetimes().map(lambda moment: moment.isoformat()),
        },
    )
)
def test_a_filter_comes_back_as_it_was_asked(asked: dict[str, str]) -> None:
    chosen = read_filter(asked)

    assert read_filter(chosen.asked()) == chosen
    assert Filter(**chosen.asked()) == chosen
