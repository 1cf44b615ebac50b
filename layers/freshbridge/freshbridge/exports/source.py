"""What an export reads, and how far the copy can be trusted. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.lake.rows import Row


@dataclass(frozen=True)
class Standing:
    """How far the sync of one object has come.

    `as_of`: the copy holds every change up to then (UTC, ISO 8601); "" while that can be said of no
    time. `doubt` says what the copy may lack, "" for nothing.
    """

    as_of: str = ""
    doubt: str = ""


class Copy(Protocol):
    """The current view of a lake, file by file."""

    def files(
        self, instance_id: str, object_name: str, *, removed: bool = False, after: str = ""
    ) -> list[str]:
        """The files behind `after`, "" for all of them, in the order of their names."""
        ...  # pragma: no cover  # a protocol has no body

    def rows(self, file: str) -> Iterator[Row]:
        """The rows of one file."""
        ...  # pragma: no cover  # as above


class Standings(Protocol):
    """How far the sync of objects has come."""

    def of(self, instance: Instance, object_name: str) -> Standing | None:
        """Of one object; None for one that was never synced."""
        ...  # pragma: no cover  # as above
