"""Which processes are a function's, and the end of one of them."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import workers

WAIT = "import sys; sys.stdin.read()"
CHANCE = random.Random(1)  # noqa: S311 - a choice, not a secret


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child of this process whose program lies where the emulator would put it."""
    folder = tmp_path / "ministack-lambda-stack-Executor-1A2B-xyz"
    folder.mkdir()
    program = folder / "_worker.py"
    program.write_text(WAIT)
    command = [sys.executable, str(program)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 - as written above
        yield process
        process.kill()


def test_a_functions_workers_are_found_by_their_folder(worker: subprocess.Popen[bytes]) -> None:
    assert workers.workers_of(os.getpid(), "stack-Executor-1A2B") == [worker.pid]
    assert workers.workers_of(os.getpid(), "stack-Other-1A2B") == []
    assert workers.workers_of(worker.pid, "stack-Executor-1A2B") == []


def test_one_of_them_is_killed_outright(worker: subprocess.Popen[bytes]) -> None:
    assert workers.kill_one([worker.pid], CHANCE)

    assert worker.wait(timeout=30) == -9


def test_nobody_is_killed_where_nobody_runs(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    worker.wait(timeout=30)

    assert not workers.kill_one([], CHANCE)
    assert not workers.kill_one([worker.pid], CHANCE)
