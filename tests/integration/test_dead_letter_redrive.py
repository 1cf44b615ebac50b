"""dead_letter_redrive moves one queue's dead letters back, or counts them."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.errors import InvalidRequest
from freshbridge.queues.park import DeadLetterQueue
from tests import builders
from tests.integration.conftest import Stack, Start


@pytest.fixture
def letters(stack: Stack) -> None:
    """Two dead letters of each queue."""
    for name in ("Event", "Action", "Sync"):
        for number in range(2):
            DeadLetterQueue(stack.names[f"{name}DeadLetterQueue"], function="tests").park(
                f"{name}{number}", code="throttled", reason="r", attempts=1, parked_at="t"
            )


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize(
    ("queue", "name"), [("events", "Event"), ("actions", "Action"), ("sync", "Sync")]
)
def test_each_queue_s_letters_go_back_to_it_and_no_other(
    stack: Stack, start: Start, queue: str, name: str
) -> None:
    answer = start("DeadLetterRedrive").handler({"queue": queue, "limit": 2}, builders.Context())

    assert answer == {"queue": queue, "moved": 2, "by_code": {"throttled": 2}}
    assert sorted(stack.bodies(f"{name}Queue")) == [f"{name}0", f"{name}1"]
    visible = {n: stack.count(f"{n}DeadLetterQueue")[0] for n in ("Event", "Action", "Sync")}
    assert visible == {n: 0 if n == name else 2 for n in visible}


@pytest.mark.usefixtures("letters")
def test_a_dry_run_moves_nothing(stack: Stack, start: Start) -> None:
    event = {"queue": "actions", "limit": 2, "dry_run": True}

    answer = start("DeadLetterRedrive").handler(event, builders.Context())

    assert answer == {"queue": "actions", "moved": 0, "by_code": {"throttled": 2}}
    assert stack.count("ActionDeadLetterQueue") == (2, 0)
    assert stack.messages("ActionQueue") == []


@pytest.mark.usefixtures("letters")
def test_it_stops_before_its_time_is_up(stack: Stack, start: Start) -> None:
    answer = start("DeadLetterRedrive").handler({"queue": "sync"}, builders.Context(9_000))

    assert answer["moved"] == 0
    assert stack.count("SyncDeadLetterQueue") == (2, 0)


# Powertools warns of an invocation that counted nothing; one that is refused does not.
@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
@pytest.mark.parametrize(
    "event", [{}, {"queue": "all"}, {"queue": "sync", "limit": 0}, {"queue": "sync", "limit": "9"}]
)
def test_a_wrong_request_is_told_what_is_right(
    stack: Stack, start: Start, event: dict[str, Any]
) -> None:
    assert stack.names
    with pytest.raises(InvalidRequest, match="queue"):
        start("DeadLetterRedrive").handler(event, builders.Context())
