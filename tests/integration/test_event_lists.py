"""Pages of a list, put together, are the list: nothing twice, nothing left out, in its order."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freshbridge.event_log.entry import Entry, Outcome, State
from freshbridge.event_log.filters import Filter
from freshbridge.event_log.lists import EventLists
from freshbridge.event_log.store import EventStore
from freshbridge.queues.payload import PayloadStore
from tests.integration.conftest import Stack
from tests.integration.event_world import EVENTS, World, came

TIMES = [f"2026-03-03T12:00:0{number}Z" for number in range(4)]
TYPES = ["ticket_created", "ticket_closed"]
SUBJECTS = ["ticket 1", "ticket 2"]
KEPT = st.lists(
    st.tuples(
        st.sampled_from(TIMES),
        st.sampled_from(TYPES),
        st.sampled_from(SUBJECTS),
        st.sampled_from([State.ROUTED, State.PARKED, State.DUPLICATE]),
        st.sampled_from(["", *Outcome]),
    ),
    max_size=12,
)
FILTERS = st.builds(
    Filter,
    type=st.sampled_from(["", *TYPES]),
    subject=st.sampled_from(["", *SUBJECTS]),
    state=st.sampled_from(["", "routed", "parked"]),
    outcome=st.sampled_from(["", "acted"]),
    since=st.sampled_from(["", *TIMES]),
    until=st.sampled_from(["", *TIMES]),
)
INSTANCES = count(1)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kept=KEPT,
    chosen=FILTERS,
    limit=st.integers(1, 5),
    reads=st.integers(1, 6),
    oldest_first=st.booleans(),
)
def test_pages_put_together_are_the_list(
    stack: Stack,
    *,
    kept: list[tuple[str, str, str, State, str]],
    chosen: Filter,
    limit: int,
    reads: int,
    oldest_first: bool,
) -> None:
    # Given an instance of its own with these events
    instance_id = str(next(INSTANCES))
    store = EventStore(
        stack.names["EventTable"], PayloadStore(stack.names["PayloadBucket"]), days=30
    )
    entries = [
        Entry(
            f"evt_{instance_id}_{number}",
            instance_id,
            "freshdesk",
            at,
            state,
            type=kind,
            subject=subject,
            outcome=outcome,
        )
        for number, (at, kind, subject, state, outcome) in enumerate(kept)
    ]
    for entry in entries:
        assert store.add(entry)

    # When its list is read page by page
    lists = EventLists(stack.names["EventTable"])
    found: list[str] = []
    after = None
    for _page in range(100):
        page = lists.page(
            instance_id, chosen, limit=limit, after=after, reads=reads, oldest_first=oldest_first
        )
        assert len(page.entries) <= limit
        found += [entry.listed for entry in page.entries]
        if (after := page.after) is None:
            break

    # Then it is what fits, in order
    expected = [entry.listed for entry in entries if chosen.matches(entry)]
    assert found == sorted(expected, reverse=not oldest_first)
    assert after is None


def test_a_page_of_the_api_goes_on_where_the_one_before_ended(stack: Stack, start: Any) -> None:
    world = World(stack, start)
    world.route(*(came(number) for number in range(1, 6)))
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        _status, body, _headers = world.call("GET", EVENTS, limit="2", **after)
        found += [event["id"] for event in body["data"]["events"]]
        if body["data"]["after"] is None:
            break
        # What comes meanwhile is at the front, and moves nothing.
        world.route(came(100 + len(found), at="2026-03-03T13:00:00Z"))
        after = {"after": body["data"]["after"]}

    assert found == [f"evt_000{number}" for number in (5, 4, 3, 2, 1)]


@pytest.mark.parametrize("after", ["x", "e30", "bm8"])
def test_a_token_that_no_page_gave_is_refused(stack: Stack, start: Any, after: str) -> None:
    world = World(stack, start)

    status, body, _headers = world.call("GET", EVENTS, after=after)

    assert (status, body["code"]) == (400, "invalid_request")
