"""Child processes that end when their runner does, with a log file each.

Every child leads a process group of its own, so that ending it ends what it started in turn, and a
terminal's Ctrl-C reaches the runner alone, which then ends its children in order. A runner that is
killed outright is cleared up after by ``local.guard``.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from local import guard

TERMINATION_S = 10.0


@dataclass(frozen=True)
class Child:
    """A process that was started, and the file its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def last_lines(self, count: int = 12) -> str:
        """The end of its log, indented for a message at a terminal."""
        return last_lines(self.log, count)


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log file, indented; says so when there is nothing in it."""
    try:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except FileNotFoundError:
        lines = []
    return "\n".join(f"    {line}" for line in lines[-count:] or ["(it printed nothing)"])


class Processes:
    """Starts children and ends exactly those, the latest first, when the block is left."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._children: list[Child] = []
        self._files: list[Path] = []
        self._lock = threading.Lock()
        self._stopping = False

    def __enter__(self) -> "Processes":
        self.logs.mkdir(parents=True, exist_ok=True)
        program = [sys.executable, "-S", "-E", guard.__file__]
        self._guard = subprocess.Popen(  # noqa: S603 - the project's own file
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None
    ) -> Child:
        """Start a command with exactly this environment; its output goes to ``NAME.log``.

        Raises FileNotFoundError when the program does not exist.
        """
        log = self.logs / f"{name}.log"
        with self._lock, log.open("wb") as output:
            if self._stopping:
                raise InterruptedError(f"{name} was not started: everything is being stopped")
            process = subprocess.Popen(  # noqa: S603 - commands are the runner's own
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._tell(f"+group {process.pid}")
            child = Child(name, process, log)
            self._children.append(child)
        return child

    def run(
        self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None
    ) -> int:
        """Run a command to its end and return its exit status; may be called from a thread."""
        child = self.start(name, command, env, cwd)
        try:
            return child.process.wait()
        finally:
            self.end(child)

    def end(self, child: Child) -> None:
        """SIGTERM the child's group, SIGKILL what is left of it after ten seconds."""
        group = child.process.pid
        guard.signal_group(group, signal.SIGTERM)
        try:
            child.process.wait(TERMINATION_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # Also after a tidy end: a worker that ignored SIGTERM would outlive its leader.
            guard.signal_group(group, signal.SIGKILL)
            child.process.wait()
        with self._lock:
            if child in self._children:
                self._children.remove(child)
                self._tell(f"-group {group}")

    def remove_at_end(self, path: Path) -> None:
        """Delete the file when the block is left or the runner is killed."""
        with self._lock:
            self._files.append(path)
            self._tell(f"+file {path.absolute()}")

    def stop(self) -> None:
        """End everything that is still up; nothing can be started after it."""
        with self._lock:
            self._stopping = True
            children = list(reversed(self._children))
        for path in self._files:
            path.unlink(missing_ok=True)
        for child in children:
            self.end(child)
        if self._guard.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.close()
        self._guard.wait()

    def _tell(self, line: str) -> None:
        """Keep the guard's list; should the guard be gone, the tidy end is still there."""
        if self._guard.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(f"{line}\n".encode())
                self._guard.stdin.flush()


class Stopped(SystemExit):
    """SIGTERM or SIGHUP came; unwinds like an exit, with the status a shell expects."""


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the block as Ctrl-C does, once.

    Does nothing outside the main thread, where Python allows no handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def unwind(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise Stopped(128 + number)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, unwind) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_running(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
