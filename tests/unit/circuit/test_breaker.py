"""One circuit as a value: what opens it, what it holds back, what closes it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from freshbridge.circuit.breaker import (
    APART_S,
    LONGEST_ASKED_S,
    LONGEST_OPEN_S,
    LOOK_S,
    MEMORY_S,
    PROBE_S,
    RELAPSE_S,
    WORKS,
    Admission,
    Circuit,
    Reason,
    State,
    from_text,
)

T0 = 1_772_539_400.0
SHORTEST, LONGEST = 0.8, 1.2  # what the jitter makes of an open time


def failing(
    circuit: Circuit, works: list[str], *, begin: float = T0, step: float = 2.0, jitter: float = 0.5
) -> Circuit:
    for number, work in enumerate(works):
        circuit = circuit.failed(work, "HTTP 503", now=begin + number * step, jitter=jitter)
    return circuit


def works(count: int) -> list[str]:
    return [f"act_{number}" for number in range(count)]


def opened(at: float = T0) -> Circuit:
    return failing(Circuit(), works(WORKS), begin=at - (WORKS - 1) * 2.0)


def reopened(circuit: Circuit, *, jitter: float = 0.5) -> Circuit:
    """The circuit after its next probe failed as soon as it could."""
    at = circuit.until
    return circuit.probed("p", at).failed("w", "HTTP 503", now=at, jitter=jitter, probe="p")


def test_several_different_works_in_a_row_open_it() -> None:
    almost = failing(Circuit(), works(WORKS - 1))
    circuit = almost.failed("another", "HTTP 503", now=T0 + 8, jitter=0.5)

    assert (almost.state(T0 + 8), almost.admission(T0 + 8)) == (State.CLOSED, Admission.FREE)
    assert (circuit.state(T0 + 8), circuit.reason) == (State.OPEN, Reason.PROVIDER_DOWN)
    assert (circuit.since, circuit.until, circuit.what) == (T0 + 8, T0 + 23, "HTTP 503")


def test_one_work_that_always_fails_opens_nothing() -> None:
    assert failing(Circuit(), ["poison"] * 100).reason is None


def test_an_answer_in_between_forgets_the_failures_before_it() -> None:
    circuit = failing(Circuit(), works(WORKS - 1)).answered(T0 + 7)

    assert circuit == Circuit()
    assert failing(circuit, ["x", "y"], begin=T0 + 8).reason is None


def test_failures_that_come_at_once_wait_for_what_other_processes_have_to_say() -> None:
    assert APART_S > LOOK_S
    at_once = failing(Circuit(), works(20), step=0.01)

    assert at_once.reason is None
    assert at_once.failed("act_0", "HTTP 503", now=T0 + APART_S, jitter=0.5).reason is not None


def test_failures_that_lie_far_apart_do_not_belong_together() -> None:
    circuit = failing(Circuit(), works(WORKS - 1))

    assert circuit.failed("late", "HTTP 503", now=T0 + MEMORY_S + 1, jitter=0.5).reason is None


def test_a_refused_key_opens_it_at_once_and_for_longer() -> None:
    circuit = Circuit().refused("HTTP 401", now=T0, jitter=0.5)

    assert (circuit.reason, circuit.until) == (Reason.KEY_REFUSED, T0 + 60)
    # What was on its way when it opened changes nothing.
    assert circuit.refused("HTTP 401", now=T0 + 1, jitter=0.5) == circuit
    assert circuit.failed("w", "HTTP 500", now=T0 + 1, jitter=0.5) == circuit
    assert circuit.answered(T0 + 1) == circuit


def test_one_probe_goes_once_the_time_is_over() -> None:
    circuit = opened()
    due = circuit.until

    assert circuit.admission(due - 0.1) is Admission.HELD
    assert (circuit.state(due), circuit.admission(due)) == (State.HALF_OPEN, Admission.PROBE)
    taken = circuit.probed("a", due)
    assert taken.admission(due) is Admission.HELD
    assert taken.probed("b", due + 1) == taken
    assert taken.next_try(due) == due + PROBE_S


def test_a_dead_probe_does_not_block_it() -> None:
    taken = opened().probed("dead", opened().until)
    later = opened().until + PROBE_S

    assert taken.admission(later - 0.1) is Admission.HELD
    second = taken.probed("b", later)
    assert second.probe == "b"
    # The one that was thought dead fails at last: it is not its turn any more.
    assert second.failed("w", "HTTP 500", now=later, jitter=0.5, probe="dead") == second


def test_a_probe_that_called_nobody_is_given_back() -> None:
    due = opened().until
    taken = opened().probed("a", due)

    assert taken.released("b") == taken
    assert taken.released("a").admission(due) is Admission.PROBE


def test_the_probe_s_answer_closes_it() -> None:
    circuit = opened().probed("a", opened().until).answered(T0 + 30, "a")

    assert (circuit.reason, circuit.admission(T0 + 30)) == (None, Admission.FREE)


def test_a_probe_that_fails_opens_it_for_twice_as_long_up_to_a_limit() -> None:
    circuit, lengths = opened(), []
    for _ in range(10):
        before = circuit.until
        circuit = reopened(circuit)
        lengths.append(round(circuit.until - before))

    assert lengths == [30, 60, 120, 240, 480, 900, 900, 900, 900, 900]
    assert circuit.since == T0


def test_a_relapse_goes_on_where_it_was_and_a_late_one_begins_anew() -> None:
    circuit = reopened(reopened(opened()))
    closed = circuit.probed("a", circuit.until).answered(circuit.until, "a")

    soon = opened_after(closed, circuit.until + RELAPSE_S - 20)
    late = opened_after(closed, circuit.until + RELAPSE_S + 20)

    assert (soon.times, late.times) == (circuit.times + 1, 1)


def opened_after(circuit: Circuit, begin: float) -> Circuit:
    return failing(circuit, works(WORKS), begin=begin)


def test_a_refused_key_does_not_go_on_where_a_provider_that_was_down_was() -> None:
    down = reopened(reopened(opened()))
    closed = down.probed("a", down.until).answered(down.until, "a")
    kept = from_text(closed.to_text())

    first = kept.refused("HTTP 401", now=down.until + 10, jitter=0.5)
    answered = first.probed("b", first.until).answered(first.until, "b")
    second = from_text(answered.to_text()).refused("HTTP 401", now=first.until + 10, jitter=0.5)

    assert (first.times, first.until) == (1, down.until + 10 + 60)
    # A relapse for the same reason does.
    assert (second.times, second.until) == (2, first.until + 10 + 120)


def test_a_key_refused_by_the_probe_of_a_provider_that_was_down_is_told_as_such() -> None:
    circuit = reopened(opened())
    after = circuit.probed("a", circuit.until).refused(
        "HTTP 401", now=circuit.until, jitter=0.5, probe="a"
    )

    assert (after.reason, after.times, after.since) == (Reason.KEY_REFUSED, 1, T0)


def test_the_server_s_own_wait_is_a_floor_within_reason() -> None:
    suspected = failing(Circuit(), works(WORKS - 1))

    def after(asked_s: float) -> float:
        at = T0 + 8
        circuit = suspected.failed("w", "HTTP 503", now=at, jitter=0.5, asked_s=asked_s)
        return circuit.until - at

    assert [after(1.0), after(120.0), after(86_400.0)] == [15.0, 120.0, LONGEST_ASKED_S]


@given(jitter=st.floats(0, 1, exclude_max=True), often=st.integers(1, 40))
def test_an_open_time_is_never_far_from_its_length(jitter: float, often: int) -> None:
    circuit = opened()
    for _ in range(often):
        before = circuit.until
        circuit = reopened(circuit, jitter=jitter)
        length = circuit.until - before

    expected = min(15.0 * 2.0**often, LONGEST_OPEN_S)
    assert SHORTEST * expected - 0.01 <= length <= LONGEST * expected + 0.01


MOMENTS = st.floats(T0, T0 + 10_000)
NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f", "g"])
STEPS = st.one_of(
    st.tuples(st.just("failed"), NAMES),
    st.tuples(st.just("answered"), NAMES),
    st.tuples(st.just("refused"), NAMES),
    st.tuples(st.just("probed"), NAMES),
    st.tuples(st.just("released"), NAMES),
)


def stepped(circuit: Circuit, step: str, name: str, now: float, probe: str) -> Circuit:
    if step == "failed":
        return circuit.failed(name, "HTTP 500", now=now, jitter=0.5, probe=probe)
    if step == "refused":
        return circuit.refused("HTTP 401", now=now, jitter=0.5, probe=probe)
    if step == "answered":
        return circuit.answered(now, probe)
    return circuit.probed(name, now) if step == "probed" else circuit.released(name)


@given(st.lists(st.tuples(STEPS, st.floats(0, 100), st.booleans()), max_size=60))
def test_whatever_happens_it_can_be_stored_and_is_always_tried_again(
    history: list[tuple[tuple[str, str], float, bool]],
) -> None:
    circuit, now = Circuit(), T0
    for (step, name), passed, as_probe in history:
        now += passed
        probe = circuit.probe if as_probe else ""
        circuit = stepped(circuit, step, name, now, probe)

        assert from_text(circuit.to_text()) == circuit
        assert len(circuit.suspects) <= WORKS
        # Nobody has to come and mend it: some time later work may go.
        assert circuit.admission(now + LONGEST_ASKED_S + PROBE_S) is not Admission.HELD
        assert (circuit.reason is None) == (circuit.admission(now) is Admission.FREE)


@given(
    st.one_of(st.text(), st.sampled_from(["[]", "1", '{"reason":"of tomorrow"}', '{"until":"x"}']))
)
def test_what_cannot_be_read_is_a_closed_circuit(text: str) -> None:
    assert from_text(text) == Circuit()


def test_a_person_is_shown_since_when_why_and_until_when() -> None:
    circuit = opened()

    assert Circuit().shown(T0) == {"state": "closed"}
    assert failing(Circuit(), works(2)).shown(T0) == {"state": "closed"}
    assert circuit.shown(T0) == {
        "state": "open",
        "since": "2026-03-03T12:03:20Z",
        "reason": "provider_down",
        "message": "HTTP 503",
        "next_try_at": "2026-03-03T12:03:35Z",
    }
    assert circuit.shown(T0 + 100)["state"] == "half_open"
    assert circuit.shown(T0 + 100)["next_try_at"] == "2026-03-03T12:05:00Z"
