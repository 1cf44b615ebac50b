"""Locks between processes, as files: the system lets go of one however its holder ends.

Keeps to the syntax of Python 3.6: see ``local.bootstrap``.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


class LockHeldError(Exception):
    """Someone else holds the lock; the message is the note that they left in it."""


@contextlib.contextmanager
def waiting(path: Path, notice: str) -> "Iterator[None]":
    """Hold the lock, after printing the notice and waiting when someone else does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(notice, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def at_once(path: Path, note: str) -> "Iterator[None]":
    """Hold the lock and leave a note in it, or raise LockHeldError with the holder's note."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.seek(0)
            raise LockHeldError(handle.read().strip()) from error
        handle.truncate(0)
        handle.write(note + "\n")
        handle.flush()
        yield
        handle.truncate(0)
