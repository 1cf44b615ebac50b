"""The lake's files in memory; others may write in between, and the process may die."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from freshbridge.lake.files import HISTORY_TAG, Held, LakeFiles, WrittenSince


class Died(Exception):
    """The process ended here."""


class MemoryFiles(LakeFiles):
    """Files with Amazon S3's conditions, counting what was asked."""

    def __init__(self) -> None:
        super().__init__("lake")
        self.stored: dict[str, tuple[bytes, int]] = {}
        self.tags: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.calls: list[tuple[str, str]] = []
        self.before_write: Callable[[int], None] = lambda _: None
        self.lose_answer_of: set[int] = set()
        self.writes = 0

    def open(self) -> None:
        self.calls.append(("open", ""))

    def etag(self, key: str) -> str:
        """Equal contents have equal ETags, as with S3's own encryption."""
        return hashlib.md5(self.stored[key][0]).hexdigest() if key in self.stored else ""  # noqa: S324 - as S3 does

    def read(self, key: str) -> Held:
        self.calls.append(("read", key))
        return Held(self.stored[key][0], self.etag(key)) if key in self.stored else Held()

    def look(self, key: str) -> tuple[str, dict[str, str]]:
        self.calls.append(("look", key))
        return self.etag(key), {"rows": str(self.stored[key][1])} if key in self.stored else {}

    def listed(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, str]]:
        self.calls.append(("list", prefix))
        for key in sorted(self.stored):
            if key.startswith(prefix) and key > after:
                yield key, self.etag(key)

    def replace(self, key: str, data: bytes, seen: str, rows: int) -> str:
        self.writes += 1
        number = self.writes
        self.before_write(number)
        self.calls.append(("write", key))
        if self.etag(key) != seen:
            raise WrittenSince(key)
        self.stored[key] = (data, rows)
        if number in self.lose_answer_of:
            # The client tries again by itself, and meets what it wrote.
            raise WrittenSince(key)
        return self.etag(key)

    def add(self, key: str, data: bytes, tag: str) -> bool:
        self.calls.append(("add", key))
        if key in self.stored:
            return False
        self.stored[key] = (data, 0)
        self.tags[key] = tag
        return True

    def read_range(self, key: str, begin: int, length: int) -> bytes | None:
        self.calls.append(("range", key))
        return self.stored[key][0][begin : begin + length] if key in self.stored else None

    def write_history(self, key: str, data: bytes, content_type: str = "") -> None:
        self.calls.append(("history", key))
        self.stored[key] = (data, 0)
        self.tags[key] = HISTORY_TAG
        self.types[key] = content_type

    def note(self, key: str, data: bytes) -> None:
        self.stored[key] = (data, 0)

    def asked(self, verb: str) -> list[str]:
        """The keys, or prefixes, that were read, looked at, listed or written."""
        return [key for what, key in self.calls if what == verb]
