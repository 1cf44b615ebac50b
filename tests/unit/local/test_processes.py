"""Children end with their runner, whichever way it ends."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.installer import ROOT
from local.processes import Processes, is_running

PATH = {"PATH": os.defpath}


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Poll until it holds; fail after half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within half a minute"
        time.sleep(0.01)


def pid_from(path: Path) -> int:
    """The process id that a script writes, as soon as it is there."""
    eventually(lambda: path.is_file() and path.read_text().endswith("\n"), f"{path} written")
    return int(path.read_text())


def gone(pid: int) -> Callable[[], bool]:
    """Whether a process has ended; one that nobody waited for yet has."""

    def ended() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return not is_running(pid)

    return ended


def test_leaving_the_block_ends_children_and_what_they_started(tmp_path: Path) -> None:
    script = "sleep 600 & echo $! > inner; wait"

    with Processes(tmp_path / "logs") as processes:
        child = processes.start("outer", ["/bin/sh", "-c", script], PATH, cwd=tmp_path)
        inner = pid_from(tmp_path / "inner")
        assert child.is_alive()

    assert not child.is_alive()
    eventually(gone(inner), "the inner process ended")


def test_children_are_ended_in_reverse(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = "trap 'echo {name} >> said; exit' TERM; echo up; while :; do sleep 0.01; done"
    with Processes(tmp_path / "logs") as processes:
        for name in ("database", "server"):
            command = ["/bin/sh", "-c", script.format(name=name)]
            child = processes.start(name, command, PATH, cwd=tmp_path)
            eventually(lambda log=child.log: "up" in log.read_text(), f"{name} is up")  # type: ignore[misc] # default binds the loop's value

    assert said.read_text().split() == ["server", "database"]


def test_a_process_started_by_someone_else_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "600"]) as other:
        with Processes(tmp_path / "logs") as processes:
            processes.start("mine", ["/bin/sleep", "600"], PATH)

        assert other.poll() is None
        other.kill()


def test_run_returns_the_status_and_keeps_the_output(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        status = processes.run("task", ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"], PATH)

    assert status == 7
    assert (tmp_path / "logs" / "task.log").read_text().split() == ["out", "err"]


def test_a_child_sees_the_given_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")

    with Processes(tmp_path / "logs") as processes:
        processes.run("env", ["/usr/bin/env"], {"ONLY": "this"})

    assert (tmp_path / "logs" / "env.log").read_text() == "ONLY=this\n"


def test_nothing_starts_once_stopping_has_begun(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        pass

    with pytest.raises(InterruptedError, match="late was not started"):
        processes.start("late", ["/bin/true"], PATH)


RUNNER = """
    import signal, sys, time
    from pathlib import Path
    from local.processes import Processes, stop_on_signals
    folder = Path(sys.argv[1])
    # What a shell runs in the background begins with it ignored, and so would this.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with stop_on_signals(), Processes(folder / "logs") as processes:
        script = "sleep 600 & echo $! > inner; echo $$ > outer; wait"
        processes.start("outer", ["/bin/sh", "-c", script], {"PATH": "/usr/bin:/bin"}, cwd=folder)
        processes.remove_at_end(folder / "secrets.json")
        (folder / "secrets.json").write_text("x")
        (folder / "up").write_text("1\\n")
        time.sleep(600)
"""


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_nothing_outlives_a_runner(number: signal.Signals, status: int, tmp_path: Path) -> None:
    # Given a runner with a child that has a child
    command = [sys.executable, "-c", textwrap.dedent(RUNNER), str(tmp_path)]
    with subprocess.Popen(  # noqa: S603 - the script above
        command, cwd=ROOT, stderr=subprocess.DEVNULL
    ) as runner:
        pid_from(tmp_path / "up")
        outer, inner = pid_from(tmp_path / "outer"), pid_from(tmp_path / "inner")

        # When it is ended
        runner.send_signal(number)

        # Then nothing of it is left, whether or not it could clear up by itself
        try:
            assert runner.wait(60) == status
        finally:
            runner.kill()
    eventually(gone(outer), "the child ended")
    eventually(gone(inner), "the child's child ended")
    eventually(lambda: not (tmp_path / "secrets.json").exists(), "the file was removed")
