"""What goes on beside a run: how often, and what happens when it fails."""

import random
import threading
from itertools import chain, repeat

import pytest

from bench.disturbances import repeated, sudden_deaths

PATIENCE_S = 30.0


def test_it_is_repeated_until_it_says_no_more() -> None:
    waits = iter([0.0, 0.0, None])
    called = 0
    over = threading.Event()

    def each() -> float | None:
        nonlocal called
        called += 1
        wait = next(waits)
        if wait is None:
            over.set()
        return wait

    with repeated(each, 0.0):
        assert over.wait(PATIENCE_S)

    assert called == 3


def test_what_it_raised_is_raised_where_it_was_asked_for() -> None:
    failed = threading.Event()

    def each() -> float:
        failed.set()
        raise RuntimeError("the queue refused it")

    with pytest.raises(RuntimeError, match="the queue refused it"), repeated(each, 0.0):
        assert failed.wait(PATIENCE_S)


def test_leaving_ends_it_however_long_it_would_have_waited() -> None:
    with repeated(lambda: None, 3600.0):
        pass


def test_deaths_that_found_nobody_are_not_counted_and_they_end_in_time() -> None:
    second = threading.Event()
    found = chain([False], repeat(True))

    def kill(_: random.Random) -> bool:
        died = next(found)
        if died:
            second.set()
        return died

    with sudden_deaths(kill, every_s=0.001, for_s=PATIENCE_S, seed=1) as killed:
        assert second.wait(PATIENCE_S)
    with sudden_deaths(kill, every_s=0.0, for_s=-1.0, seed=1) as none:
        pass

    assert killed
    assert none == []
