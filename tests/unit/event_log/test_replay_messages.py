"""What asks for a replay travels through the queue of events and is told from events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.queues.envelope import (
    Replay,
    ReplayWork,
    UnreadableMessage,
    replay_order,
    to_text,
)
from tests import builders


@given(st.lists(st.text(max_size=20), min_size=6, max_size=6))
def test_an_order_comes_out_as_it_went_in(parts: list[str]) -> None:
    assert replay_order(to_text(Replay(*parts))) == Replay(*parts)
    assert replay_order(to_text(ReplayWork(*parts[:2]))) == ReplayWork(*parts[:2])


@pytest.mark.parametrize("body", ["{}", '{"replay_of": "evt_1"}', '"replay_job"', "{"])
def test_an_event_is_none_whatever_its_body_says(body: str) -> None:
    assert replay_order(to_text(builders.received_event(body=body))) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"replay_of": "evt_1"}',
        '{"replay_job": 7, "instance_id": "1"}',
        '{"replay_job": "a", "instance_id": "1", "more": "x"}',
        '["replay_of", "replay_job"]',
        '{"replay_of": ',
    ],
)
def test_a_broken_order_is_refused(text: str) -> None:
    with pytest.raises(UnreadableMessage):
        replay_order(text)


def test_replays_wait_behind_each_other_and_not_before_what_comes_in() -> None:
    order = Replay("e", "o", builders.INSTANCE_ID, builders.RECEIVED_AT, "rul_1,rul_2")
    work = ReplayWork("rpl_1", builders.INSTANCE_ID)

    assert order.group == work.group == f"{builders.INSTANCE_ID}.replay"
    assert order.group != builders.received_event().group
    assert (order.correlation_id, work.correlation_id) == ("e", "rpl_1")
    assert order.rules == ("rul_1", "rul_2")
    assert Replay("e", "o", "1", "t").rules == ()
