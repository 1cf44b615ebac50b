"""How much memory a process takes at its worst, as the kernel counts it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")
_LOOK_S = 0.25
_PEAK = "VmHWM:"
_KIB = 1024


def peak_in(status: str) -> int:
    """Bytes at its worst out of a process's /proc/PID/status; 0 for one that has ended.

    https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    """
    for line in status.splitlines():
        if line.startswith(_PEAK):
            return int(line.split()[1]) * _KIB
    return 0


class PeakMemory:
    """The largest peak of any process that `pids` names while the block runs."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        """Nothing is asked before the block."""
        self._pids = pids
        self.bytes = 0

    @contextlib.contextmanager
    def watched(self) -> Iterator[PeakMemory]:
        """Begin anew for the processes there are, and look every moment for those that come."""
        for pid in self._pids():
            _forget_peak(pid)
        over = threading.Event()

        def look() -> None:
            while not over.wait(_LOOK_S):
                self._look()

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()
            self._look()

    def _look(self) -> None:
        self.bytes = max([self.bytes, *(_peak_of(pid) for pid in self._pids())])


def _peak_of(pid: int) -> int:
    if not _PROC.is_dir():  # macOS: what it takes now
        command = ["ps", "-o", "rss=", "-p", str(pid)]
        shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a literal and a number
        return int(shown.strip() or 0) * _KIB
    try:
        return peak_in((_PROC / str(pid) / "status").read_text())
    except (OSError, UnicodeDecodeError):
        return 0


def _forget_peak(pid: int) -> None:
    """Have the kernel count a process's peak from what it takes now."""
    with contextlib.suppress(OSError):
        (_PROC / str(pid) / "clear_refs").write_text("5")


def group_of(leader: int) -> list[int]:
    """The processes of a process group; its leader alone where the system does not say."""
    if not _PROC.is_dir():
        return [leader]
    found = []
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if os.getpgid(int(folder.name)) == leader:
                    found.append(int(folder.name))
    return found
