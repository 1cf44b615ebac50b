"""A copy of an account beside the account itself, ticket by ticket. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Version:
    """What a ticket is recognised by: the time of its last update, in epoch seconds, is not
    enough, as two updates may share a second."""

    updated_at: int
    subject: str
    status: int
    priority: int


@dataclass(frozen=True)
class Comparison:
    """`missing`: there, and not held. `stale`: held as it was. `extra`: held, and not there any
    more. `duplicates`: surplus rows of one ticket. `held`: tickets in the copy.
    """

    missing: int
    stale: int
    extra: int
    duplicates: int
    held: int

    @property
    def exact(self) -> bool:
        """Whether the copy is the account."""
        return not (self.missing or self.stale or self.extra or self.duplicates)


def version_of(record: Mapping[str, Any]) -> Version:
    """Of a record with the API's members; numbers may be floats, times any ISO 8601 text."""
    moment = datetime.fromisoformat(str(record["updated_at"]))
    return Version(
        int(moment.timestamp()),
        str(record["subject"]),
        int(record["status"]),
        int(record["priority"]),
    )


def is_live(record: Mapping[str, Any]) -> bool:
    """Whether a record stands for a ticket that is neither in the trash nor spam."""
    return not record.get("deleted") and not record.get("spam")


def live(records: Iterable[Mapping[str, Any]]) -> dict[int, Version]:
    """The account's tickets that a list shows, by id."""
    return {int(one["id"]): version_of(one) for one in records if is_live(one)}


def compare(account: Mapping[int, Version], copy: Iterable[tuple[int, Version]]) -> Comparison:
    """What the copy lacks and has too much; of several rows of a ticket the last one counts."""
    held: dict[int, Version] = {}
    rows = 0
    for ticket_id, version in copy:
        rows += 1
        held[ticket_id] = version
    return Comparison(
        missing=len(account.keys() - held.keys()),
        stale=sum(held[one] != version for one, version in account.items() if one in held),
        extra=len(held.keys() - account.keys()),
        duplicates=rows - len(held),
        held=len(held),
    )
