"""A replay of many events: what a request says, and how far it has come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import InvalidRequest
from freshbridge.event_log.entry import Entry, State
from freshbridge.event_log.filters import Filter
from freshbridge.event_log.replay_job import (
    ReplayFinished,
    ReplayJob,
    from_text,
    is_replayable,
    read_window,
)
from freshbridge.event_log.replay_request import InvalidReplay, read_key, replay_id
from tests import builders

NOW = "2026-03-04T00:00:00Z"
ENTRY = Entry("evt_1", "1", "freshdesk", builders.RECEIVED_AT, State.ROUTED, type="ticket_created")
JOB = ReplayJob("rpl_1", "1", Filter(since=builders.RECEIVED_AT), "user 1", NOW)


@given(
    st.builds(
        ReplayJob,
        job_id=st.just("rpl_1"),
        instance_id=st.text(max_size=5),
        chosen=st.builds(Filter, type=st.text(max_size=5), since=st.text(max_size=5)),
        by=st.text(max_size=5),
        created_at=st.text(max_size=5),
        rules=st.lists(st.text(max_size=5), max_size=3).map(tuple),
        after=st.text(max_size=5),
        done=st.integers(0, 9),
        skipped=st.integers(0, 9),
        by_type=st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=3),
        finished_at=st.text(max_size=5),
        cancelled=st.booleans(),
        version=st.integers(1, 9),
    )
)
def test_a_job_comes_back_as_it_was(job: ReplayJob) -> None:
    assert from_text(job.job_id, job.version, job.to_text()) == job


def test_a_window_ends_before_now() -> None:
    # What the replay itself routes comes now, and must not be replayed again.
    early, late = "2026-03-03T23:59:58Z", "2026-03-05T00:00:00Z"

    assert read_window({"from": builders.RECEIVED_AT}, NOW).chosen.until == "2026-03-03T23:59:59Z"
    for asked, until in ((late, "2026-03-03T23:59:59Z"), (early, early)):
        found = read_window({"from": builders.RECEIVED_AT, "to": asked}, NOW)
        assert found.chosen.until == until


def test_a_window_takes_filters_and_rules() -> None:
    body: dict[str, Any] = {
        "from": builders.RECEIVED_AT, "type": "ticket_closed", "subject": 7, "rules": ["b", "a"],
    }  # fmt: skip

    found = read_window(body, NOW)

    assert (found.chosen.type, found.chosen.subject) == ("ticket_closed", "ticket 7")
    assert (found.rules, found.dry_run) == (("b", "a"), False)
    assert found.fingerprint == read_window(dict(reversed(body.items())), NOW).fingerprint
    assert found.fingerprint != read_window(body | {"subject": 8}, NOW).fingerprint


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from": NOW},
        {"from": builders.RECEIVED_AT, "dry_run": 1},
        {"from": builders.RECEIVED_AT, "rules": ["x"] * 51},
        {"from": builders.RECEIVED_AT, "rules": ["ü"]},
        {"from": builders.RECEIVED_AT, "colour": "red"},
    ],
)
def test_a_window_that_makes_no_sense_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        read_window(body, NOW)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
def test_a_key_that_cannot_be_used_is_refused(key: str) -> None:
    with pytest.raises(InvalidReplay):
        read_key(key)


@pytest.mark.parametrize(
    ("entry", "taken"),
    [
        (ENTRY, True),
        (replace(ENTRY, state=State.PARKED), True),
        (replace(ENTRY, state=State.DUPLICATE), False),
        (replace(ENTRY, state=State.WAITING), False),
        (replace(ENTRY, state=State.ROUTING), False),
        (replace(ENTRY, replay_of="evt_0"), False),
    ],
)
def test_each_event_is_taken_once_and_when_it_is_done(entry: Entry, taken: bool) -> None:
    assert is_replayable(entry) is taken


def test_the_same_event_of_the_same_job_has_one_id() -> None:
    first, again = JOB.order(ENTRY, NOW), JOB.order(ENTRY, "2026-03-04T00:00:09Z")

    assert first.event_id == again.event_id == replay_id("1", "evt_1", "rpl_1")
    assert first.event_id != replace(JOB, job_id="rpl_2").order(ENTRY, NOW).event_id
    assert (first.replay_of, first.job_id) == ("evt_1", "rpl_1")


def test_a_job_tells_how_far_it_is() -> None:
    job = JOB.advanced([ENTRY, replace(ENTRY, type="")], 5, "2026-03-03T12:02:40Z#evt_1", NOW)

    shown = job.shown()
    assert (shown["state"], shown["done"], shown["skipped"]) == ("running", 2, 3)
    assert shown["by_type"] == {"ticket_created": 1, "unread": 1}
    assert shown["reached"] == "2026-03-03T12:02:40Z"
    over = job.advanced([], 0, None, NOW)
    assert (over.state, over.done, over.after) == ("finished", 2, job.after)
    with pytest.raises(ReplayFinished, match="is finished"):
        over.stopped(NOW)
    assert job.stopped(NOW).state == "cancelled"
