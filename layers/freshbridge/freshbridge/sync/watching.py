"""Who is told of what a sync reads, before it moves on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from freshbridge.lake.rows import Change


class Watcher(Protocol):
    """Is told of each page; a page that it did not get through comes again."""

    def needs_all(self) -> bool:
        """Whether every record has to be read once before this watcher begins."""
        ...  # pragma: no cover  # a protocol has no body

    def begin(self) -> None:
        """Pages follow."""

    def page(self, records: Sequence[dict[str, Any]], seen_at: str, feed: str = "") -> None:
        """Records of the list `feed` that are not copied; `seen_at`: UTC, ISO 8601."""

    def told(self, changes: Sequence[Change]) -> None:
        """What is about to change in the lake: the `before_write` of a merge."""

    def finish(self) -> None:
        """Nothing newer is left."""

    def shown(self) -> dict[str, Any]:
        """What people are shown of it."""
        ...  # pragma: no cover  # as above


class Unwatched:
    """Nobody is told."""

    def needs_all(self) -> bool:
        """Nobody needs anything."""
        return False

    def begin(self) -> None:
        """Nothing."""

    def page(self, records: Sequence[dict[str, Any]], seen_at: str, feed: str = "") -> None:
        """Nothing."""

    def told(self, changes: Sequence[Change]) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""

    def shown(self) -> dict[str, Any]:
        """Nothing to show."""
        return {}
