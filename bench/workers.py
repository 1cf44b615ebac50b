"""The emulator's function processes: which there are, and the sudden end of one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

_PROC = Path("/proc")


def workers_of(emulator: int, function: str) -> list[int]:
    """Process ids of a function's workers, children of the emulator with that process id.

    A worker's program lies in a folder that is named after its function.
    """
    return [
        pid
        for pid, parent, command in _processes()
        if parent == emulator and f"-{function}-" in command
    ]


def kill_one(pids: Sequence[int], chance: random.Random) -> bool:
    """SIGKILL one of them, chosen by lot; False when there is none."""
    if not pids:
        return False
    try:
        os.kill(chance.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _processes() -> Iterator[tuple[int, int, str]]:
    """Process id, parent's id and command line of every process of this machine."""
    if not _PROC.is_dir():  # macOS
        yield from _listed()
        return
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                # The name, in brackets, may hold anything; what follows it does not.
                status = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            yield int(folder.name), int(status[1]), command


def _listed() -> Iterator[tuple[int, int, str]]:
    command = ["ps", "-axo", "pid=,ppid=,command="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a literal
    for line in listed.splitlines():
        pid, parent, command_line = line.split(maxsplit=2)
        yield int(pid), int(parent), command_line
