"""A filter says which events are meant, or names what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.event_log.entry import Entry, Outcome, State
from freshbridge.event_log.filters import KINDS, Filter, InvalidEventFilter, read_filter
from freshbridge.events.normalised import EVENT_TYPES
from tests import builders

ENTRY = Entry(
    "evt_1",
    builders.INSTANCE_ID,
    "freshdesk",
    builders.RECEIVED_AT,
    State.ROUTED,
    type="ticket_created",
    subject="ticket 7",
    outcome="acted",
)


@pytest.mark.parametrize(
    ("given_as", "read"),
    [
        ("7", "ticket 7"),
        (7, "ticket 7"),
        ("ticket 7", "ticket 7"),
        ("ticket:7", "ticket 7"),
        ("Ticket/7", "ticket 7"),
        ("contact#9", "contact 9"),
        ("ticket+7", "ticket 7"),
        ("deal 12", "deal 12"),
    ],
)
def test_a_record_may_be_named_in_several_ways(given_as: Any, read: str) -> None:
    assert read_filter({"subject": given_as}).subject == read


@pytest.mark.parametrize(
    "given_as", ["", "  ", "a b c", "house 7", "ticket 7 8", "x" * 80, None, True, ["7"]]
)
def test_what_names_no_record_is_refused(given_as: Any) -> None:
    with pytest.raises(InvalidEventFilter) as refused:
        read_filter({"subject": given_as})

    assert [field.field for field in refused.value.fields] == ["subject"]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(InvalidEventFilter) as refused:
        read_filter({"type": "x", "state": "y", "outcome": "z", "from": "noon", "colour": "red"})

    assert {field.field for field in refused.value.fields} == {
        "type", "state", "outcome", "from", "colour",
    }  # fmt: skip


def test_times_are_read_in_any_zone_and_may_be_equal() -> None:
    found = read_filter({"from": "2026-03-03T13:02:40 01:00", "to": "2026-03-03T12:02:40"})

    assert (found.since, found.until) == (builders.RECEIVED_AT, builders.RECEIVED_AT)
    assert found.matches(ENTRY)


@pytest.mark.parametrize(
    ("chosen", "fits"),
    [
        (Filter(), True),
        (Filter(type="ticket_created", subject="ticket 7", state="routed", outcome="acted"), True),
        (Filter(type="ticket_closed"), False),
        (Filter(subject="ticket 8"), False),
        (Filter(state="parked"), False),
        (Filter(outcome="failed"), False),
        (Filter(since="2026-03-03T12:02:41Z"), False),
        (Filter(until="2026-03-03T12:02:39Z"), False),
    ],
)
def test_an_event_fits_when_all_of_it_does(chosen: Filter, fits: bool) -> None:
    assert chosen.matches(ENTRY) is fits


def test_an_event_that_could_not_be_read_fits_no_type() -> None:
    assert not Filter(type="ticket_created").matches(replace(ENTRY, type=""))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(EVENT_TYPES),
            "state": st.sampled_from([state.value for state in State]),
            "outcome": st.sampled_from([outcome.value for outcome in Outcome]),
            "subject": st.builds(
                "{} {}".format, st.sampled_from(KINDS), st.integers(min_value=0).map(str)
            ).filter(lambda text: len(text) < 60),
            "from": st.just("2026-01-01T00:00:00Z"),
            "to": st.just("2026-01-02T00:00:00Z"),
        },
    )
)
def test_what_a_filter_says_reads_as_the_same_filter(asked: dict[str, str]) -> None:
    chosen = read_filter(asked)

    assert chosen.asked() == asked
    assert read_filter(chosen.asked()) == chosen
