"""What a runner that died had on its hands."""

import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import guard

GROUPS = st.lists(st.tuples(st.sampled_from("+-"), st.integers(1, 9)), max_size=30)


@given(GROUPS)
def test_what_was_started_and_not_ended_is_left_latest_first(told: list[tuple[str, int]]) -> None:
    lines = [f"{sign}group {number}\n" for sign, number in told]

    groups, files = guard.read(lines)

    last_sign = {number: sign for sign, number in told}
    assert sorted(groups) == sorted(number for number, sign in last_sign.items() if sign == "+")
    assert files == []


def test_order_and_files() -> None:
    lines = ["+group 5\n", "+file /a b/stack.json\n", "+group 7\n", "+group 6\n", "-group 7\n"]

    assert guard.read(lines) == ([6, 5], [Path("/a b/stack.json")])


def test_a_line_cut_short_is_not_believed() -> None:
    # "+group 1234" could have become "+group 12345".
    assert guard.read(["+group 77\n", "+group 1234"]) == ([77], [])


def test_a_process_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "PATIENCE", 0.1)
    with subprocess.Popen(
        ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 60; done"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()

        guard.end([stubborn.pid])

        assert stubborn.wait(60) == -signal.SIGKILL


def test_a_group_that_is_gone_is_no_error() -> None:
    with subprocess.Popen(["/bin/true"], start_new_session=True) as over:
        over.wait()

        guard.end([over.pid])
