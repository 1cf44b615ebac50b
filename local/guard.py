"""Ends what a runner started, should the runner itself be killed.

The runner holds the only write end of this program's standard input and tells it, a line at a
time, which process groups and files it has on its hands: ``+group 123``, ``-group 123``,
``+file /path``, ``-file /path``. The pipe closes however the runner ends, even by SIGKILL; what is
then still on the list is ended, the latest first, and removed. Runs by path, with the standard
library alone, so that it is up in a few milliseconds.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE = 5.0  # seconds between SIGTERM and SIGKILL
POLL = 0.05


def main() -> None:
    """Listen until the runner is gone, then clear up after it."""
    # A terminal's Ctrl-C and hang-up are for the runner, which clears up by itself.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups, files = read(sys.stdin)
    for path in files:
        with contextlib.suppress(OSError):
            path.unlink()
    end(groups)


def read(lines: Iterable[str]) -> tuple[list[int], list[Path]]:
    """Follow the runner's list to its end; return the groups, latest first, and files left on it.

    A line cut short by the runner's death is left out.
    """
    held: dict[str, None] = {}
    for line in lines:
        if not line.endswith("\n"):
            break
        if line.startswith("+"):
            held[line[1:-1]] = None
        else:
            held.pop(line[1:-1], None)
    entries = [entry.partition(" ") for entry in reversed(held)]
    groups = [int(value) for kind, _, value in entries if kind == "group"]
    return groups, [Path(value) for kind, _, value in entries if kind == "file"]


def end(groups: list[int]) -> None:
    """SIGTERM every group, then SIGKILL what has not gone when the patience is over."""
    left = [group for group in groups if signal_group(group, signal.SIGTERM)]
    deadline = time.monotonic() + PATIENCE
    while left and time.monotonic() < deadline:
        time.sleep(POLL)
        left = [group for group in left if signal_group(group, 0)]
    for group in left:
        signal_group(group, signal.SIGKILL)


def signal_group(group: int, number: int) -> bool:
    """Send a signal; whether anyone was there to get it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
