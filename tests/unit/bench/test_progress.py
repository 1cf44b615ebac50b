"""When a run is over: its queue has been empty twice, or its time is up."""

from collections.abc import Iterator

import pytest

from bench import progress
from bench.progress import Progress, State, until_empty


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "POLL_S", 0.0)


def looks(*waiting: int) -> Iterator[State]:
    """What is seen, look after look; each is the number of messages that wait."""
    return (State(made=1, waiting=count, throttled=0) for count in waiting)


def test_a_message_that_is_nowhere_for_a_moment_is_waited_for() -> None:
    seen = looks(2, 0, 1, 0, 0, 7)

    assert until_empty(lambda: next(seen), Progress("test", 2), lambda: None, 60)

    assert [state.waiting for state in seen] == [7]


def test_a_run_that_does_not_end_is_given_up() -> None:
    assert not until_empty(lambda: State(0, 5, 0), Progress("test", 5), lambda: None, 0)


def test_a_run_that_broke_down_is_not_waited_for() -> None:
    def check() -> None:
        raise RuntimeError("the emulator ended")

    with pytest.raises(RuntimeError, match="the emulator ended"):
        until_empty(lambda: State(0, 5, 0), Progress("test", 5), check, 60)
