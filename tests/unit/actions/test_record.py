"""What a record says of an action, also of one whose function was killed."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.record import (
    ActionRecord,
    Attempt,
    State,
    UnknownState,
    read_state,
)

BEFORE, UNTIL, AFTER = "2026-03-03T12:02:40Z", "2026-03-03T12:04:40Z", "2026-03-03T12:04:41Z"


def record(**changed: Any) -> ActionRecord:
    values: dict[str, Any] = {
        "action_id": "act_1",
        "instance_id": "193000001",
        "platform": "freshdesk",
        "action": "add_note",
        "state": State.RUNNING,
        "submitted_at": BEFORE,
        "origin": {"type": "api"},
        "running_until": UNTIL,
    }
    return ActionRecord(**values | changed)


def test_while_the_function_may_live_it_runs() -> None:
    assert record().as_of(BEFORE).state is State.RUNNING


def test_a_killed_function_s_message_comes_back() -> None:
    found = record().as_of(AFTER)

    assert (found.state, found.next_at) == (State.WAITING, UNTIL)
    assert found.summary()["waiting_until"] == UNTIL


def test_without_a_message_nobody_knows_what_a_killed_function_did() -> None:
    found = record(queued=False).as_of(AFTER)

    assert (found.state, found.code) == (State.FAILED, "interrupted")
    assert "Look whether it took effect" in found.message


@pytest.mark.parametrize("state", [s for s in State if s is not State.RUNNING])
def test_only_a_running_one_can_be_killed(state: State) -> None:
    assert record(state=state).as_of(AFTER).state is state


def test_what_there_is_not_is_not_shown() -> None:
    attempt = Attempt(BEFORE, UNTIL, "waiting", "throttled", "Rate limit", AFTER)
    waiting = record(state=State.WAITING, next_at=AFTER, attempts=(attempt,), code="throttled")

    shown = waiting.view()

    assert shown["attempts"] == [
        {
            "started_at": BEFORE,
            "ended_at": UNTIL,
            "status": "waiting",
            "code": "throttled",
            "reason": "Rate limit",
            "next_at": AFTER,
        }
    ]
    assert Attempt(BEFORE, UNTIL, "succeeded").shown() == {
        "started_at": BEFORE,
        "ended_at": UNTIL,
        "status": "succeeded",
    }
    assert {"data", "fields", "finished_at"} & set(shown) == set()
    assert "waiting_until" not in record(state=State.SUCCEEDED, next_at=AFTER).summary()
    assert record(state=State.SUCCEEDED, data={"a": 1}).view()["data"] == {"a": 1}


def test_an_instance_is_a_number_where_it_is_one() -> None:
    assert record().summary()["instance_id"] == 193000001
    assert record(instance_id="none").summary()["instance_id"] == "none"


def test_a_state_is_read_and_an_unknown_one_told() -> None:
    assert read_state("Failed") is State.FAILED
    assert read_state(None) is read_state("") is None
    with pytest.raises(UnknownState, match="no state lost") as raised:
        read_state("lost")
    assert "waiting" in raised.value.advice
    assert [s for s in State if s.final] == [State.SUCCEEDED, State.FAILED, State.DEAD]
