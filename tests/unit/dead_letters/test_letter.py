"""What may happen to a dead letter, and that whatever happens it runs once a round."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.dead_letters.letter import (
    LEASE_S,
    LONGEST_HISTORY,
    RESEND_S,
    Discarded,
    Letter,
    NotDiscarded,
    NotParked,
    State,
    text_of,
)
from freshbridge.dead_letters.parking import parked
from tests.unit.dead_letters.letters import NOW, failure, letter, parking


def said(found: Letter) -> list[tuple[str, str]]:
    """What the history tells, and of whom."""
    return [(entry.what, entry.by) for entry in found.history]


def test_a_letter_tells_its_first_parking_and_its_last() -> None:
    first = letter()
    again = parked(parking(failure=failure(code="conflict", attempts=4)), first, NOW + 60)

    assert (first.round, again.round) == (1, 2)
    assert (again.first_parked_at, again.parked_at) == (first.parked_at, text_of(NOW + 60))
    assert again.first_sent_at == "2026-03-03T12:00:00Z"
    assert (again.failure.code, again.failure.attempts) == ("conflict", 4)
    assert said(again) == [("parked", "action_executor"), ("parked again", "action_executor")]
    assert again.history[1].note.startswith("conflict: no such ticket")


def test_a_redrive_claims_runs_and_resolves() -> None:
    sent = letter().sent_back("user 1", NOW)
    taken = sent.claimed("m-9", 1, NOW + 5)
    assert taken is not None
    done = taken.resolved("action_executor", NOW + 6)

    assert [sent.state, taken.state, done.state] == [
        State.RETURNING,
        State.REDRIVEN,
        State.RESOLVED,
    ]
    assert said(done)[1:] == [("redriven", "user 1"), ("resolved", "action_executor")]
    assert (done.return_at, done.claimed_by) == ("", "")


def test_of_two_who_redrive_one_letter_the_second_is_refused() -> None:
    sent = letter().sent_back("user 1", NOW)

    with pytest.raises(NotParked, match="on its way already"):
        sent.sent_back("user 2", NOW)
    taken = sent.claimed("m-9", 1, NOW)
    assert taken is not None
    with pytest.raises(NotParked, match="redriven already"):
        taken.sent_back("user 2", NOW)


def test_a_message_that_comes_again_goes_on_with_the_letter_it_has() -> None:
    taken = letter().sent_back("user 1", NOW).claimed("m-9", 1, NOW)
    assert taken is not None

    assert taken.claimed("m-9", 1, NOW + 100) is not None
    assert taken.claimed("m-other", 1, NOW + 100) is None


def test_a_message_moved_by_a_tool_of_the_queue_takes_a_parked_letter() -> None:
    taken = letter().claimed("m-9", 1, NOW)

    assert taken is not None
    assert said(taken)[-1] == ("redriven", "queue")


@pytest.mark.parametrize("number", [None, 1])
def test_nothing_runs_a_letter_that_was_discarded_or_resolved(number: int | None) -> None:
    gone = letter().discarded("user 1", "the ticket was spam", NOW)
    done = letter().resolved("action_executor", NOW)

    assert gone.claimed("m-9", number, NOW) is None
    assert done.claimed("m-9", number, NOW) is None


def test_a_copy_of_an_earlier_round_does_not_run() -> None:
    again = parked(parking(), letter(), NOW + 60)

    assert again.claimed("m-9", 1, NOW + 61) is None
    assert again.claimed("m-9", 2, NOW + 61) is not None
    # One that does not say which round it is of is taken for one of this.
    assert again.claimed("m-9", None, NOW + 61) is not None


def test_a_message_that_was_never_heard_of_again_gives_way_to_another() -> None:
    taken = letter().sent_back("user 1", NOW).claimed("m-9", 1, NOW)
    assert taken is not None

    assert taken.claimed("m-other", 1, NOW + LEASE_S - 1) is None
    assert taken.claimed("m-other", 1, NOW + LEASE_S + 1) is not None


def test_a_letter_whose_message_was_lost_is_sent_again_ever_more_seldom() -> None:
    sent = letter().sent_back("user 1", NOW)
    assert sent.return_at == text_of(NOW + RESEND_S[0])

    waits = []
    for _ in range(4):
        sent = sent.sent_again(NOW)
        waits.append(sent.return_at)

    assert waits == [text_of(NOW + s) for s in (RESEND_S[1], RESEND_S[2], RESEND_S[2], RESEND_S[2])]


def test_what_the_queue_did_not_take_is_parked_as_before() -> None:
    back = letter().sent_back("user 1", NOW).not_sent(NOW, "Amazon SQS did not take it")

    assert (back.state, back.round, back.return_at) == (State.PARKED, 1, "")
    assert back.history[-1].what == "not sent"


def test_a_discard_can_be_undone_while_the_letter_is_kept() -> None:
    gone = letter().discarded("user 1", "the ticket was spam", NOW)
    back = gone.restored("user 2", NOW + 10)

    assert gone.history[-1].note == "the ticket was spam"
    assert (back.state, back.round, back.carried) == (State.PARKED, 2, False)
    with pytest.raises(Discarded):
        gone.sent_back("user 1", NOW)
    with pytest.raises(NotDiscarded):
        back.restored("user 1", NOW)


def test_a_person_grants_all_automatic_returns_anew() -> None:
    tired = replace(letter(failure=failure(code="exhausted_throttled")), returns=4)

    assert tired.sent_back("user 1", NOW).returns == 0
    assert replace(tired, returns=2).sent_back("automatic", NOW, automatic=True).returns == 3


def test_a_letter_carried_again_is_due_when_it_was() -> None:
    first = letter(failure=failure(code="exhausted_throttled"))
    missing = replace(first, carried=False, return_at=text_of(NOW))

    assert missing.carried_again().return_at == first.return_at
    assert missing.carried_again().carried


def test_a_history_keeps_its_first_line_and_the_latest() -> None:
    found = letter()
    for number in range(3 * LONGEST_HISTORY):
        found = found.noted(str(number), "user 1", NOW)

    assert len(found.history) == LONGEST_HISTORY
    assert found.history[0].what == "parked"
    assert found.history[-1].what == str(3 * LONGEST_HISTORY - 1)


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["redrive", "discard", "restore", "deliver", "fail", "done", "resend"]),
        st.integers(0, 3),
        st.integers(1, 4),
    ),
    max_size=40,
)


class World:
    """A letter and the messages about it, which anybody copies, moves and delivers at any time."""

    def __init__(self) -> None:
        self.now = NOW
        self.letter = letter()
        self.runs: list[tuple[int, str]] = []
        self.ran_discarded = False

    def step(self, what: str, message: int, number: int) -> None:
        """Let one thing happen, if it may."""
        held = self.letter
        steps: dict[str, Callable[[], Letter]] = {
            "redrive": lambda: held.sent_back("user", self.now),
            "discard": lambda: held.discarded("user", "why", self.now),
            "restore": lambda: held.restored("user", self.now),
            "deliver": lambda: self.delivered(f"m-{message}", number),
        }
        if held.state is State.REDRIVEN:
            steps["fail"] = lambda: parked(parking(), held, self.now)
            steps["done"] = lambda: held.resolved("executor", self.now)
        if held.state in (State.RETURNING, State.REDRIVEN):
            steps["resend"] = lambda: held.sent_again(self.now)
        self.now += 60
        with suppress(NotParked, Discarded, NotDiscarded):
            self.letter = steps.get(what, lambda: held)()

    def delivered(self, name: str, number: int) -> Letter:
        """A message of some round comes, perhaps not for the first time."""
        taken = self.letter.claimed(name, min(number, self.letter.round), self.now)
        if taken is None:
            return self.letter
        self.ran_discarded |= self.letter.state in (State.DISCARDED, State.RESOLVED)
        self.runs.append((self.letter.round, name))
        return taken


@given(STEPS)
def test_however_messages_come_one_runs_a_round_and_none_runs_what_was_given_up(
    steps: list[Step],
) -> None:
    world = World()
    for step in steps:
        world.step(*step)

    # Within a lease, one message has a round to itself, however often SQS delivers it.
    owners: dict[int, set[str]] = {}
    for number, name in world.runs:
        owners.setdefault(number, set()).add(name)
    assert all(len(names) == 1 for names in owners.values())
    assert not world.ran_discarded
    # It is always somewhere that it can be found, or sent from.
    assert world.letter.state in State
    assert world.letter.state not in (State.RETURNING, State.REDRIVEN) or world.letter.return_at
