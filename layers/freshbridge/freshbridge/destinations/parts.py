"""What destinations stand on, made once per warm function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge.destinations.finding import KnownIds

if TYPE_CHECKING:
    from freshbridge.bulk.source import RowFiles
    from freshbridge.destinations.facts import AccountFacts
    from freshbridge.destinations.responses import ResponseLog
    from freshbridge.destinations.runs import Runs
    from freshbridge.destinations.store import DestinationStore


class CurrentRows(Protocol):
    """The current view of synced objects."""

    def current(self, instance_id: str, object_name: str) -> Iterator[Mapping[str, Any]]:
        """Yield the records, the same ones in the same order as long as nothing is synced anew."""
        ...  # pragma: no cover  # a protocol has no body


@dataclass(frozen=True)
class DestinationParts:
    """`files`: buckets that runs may read, beside the PayloadBucket's uploads, by their name.

    `synced` is None in a function that may not read the lake. `sayings` are words of the provider's
    that this function knows not to mean a duplicate, so that no record need wait for what they say.
    """

    store: DestinationStore
    runs: Runs
    facts: AccountFacts
    responses: ResponseLog
    files: Mapping[str, RowFiles]
    synced: CurrentRows | None = None
    known: KnownIds = field(default_factory=KnownIds)
    sayings: set[str] = field(default_factory=set)
