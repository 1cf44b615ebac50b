"""Where circuits are kept: one item per instance, swapped only if nobody else did.

Its key is "circuit#<instance>" in the table of the rate budgets, and there is none as long as
nothing has failed; see `compare_and_swap` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from freshbridge import aws, timestamps
from freshbridge.compare_and_swap import Kept, Swap, SwapTable
from freshbridge.errors import Retry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

__all__ = ["EXPIRY_S", "CircuitsUnavailable", "DynamoStore", "Kept", "Store", "Swap"]

EXPIRY_S = 7 * 86_400


class CircuitsUnavailable(Retry):
    """The table did not answer; nobody knows whether a circuit is open."""

    code = "circuits_unavailable"


class Store(Protocol):
    """Keeps one text per instance. Both raise CircuitsUnavailable when it cannot tell."""

    def read(self, instance_id: str) -> Kept | None:
        """What is stored."""
        ...  # pragma: no cover  # a protocol has no body

    def swap(self, instance_id: str, seen: str | None, new: Kept) -> Swap:
        """Store `new` if the stored stamp is still `seen` (None: if nothing is stored)."""
        ...  # pragma: no cover  # as above


class DynamoStore:
    """A Store in a DynamoDB table whose only key is `pk`."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`clock`: seconds since the epoch, for the expiry only."""
        self._kept = SwapTable(
            table,
            # Work goes on without an answer, so it must not wait long for one.
            lambda: client or aws.dynamodb_briefly(),
            prefix="circuit#",
            expiry_s=EXPIRY_S,
            clock=clock,
            unavailable=_unavailable,
        )

    def read(self, instance_id: str) -> Kept | None:
        """As Store says."""
        return self._kept.look(instance_id, newest=False).now

    def swap(self, instance_id: str, seen: str | None, new: Kept) -> Swap:
        """As Store says."""
        return self._kept.swap(instance_id, seen, new)


def _unavailable(error: str) -> CircuitsUnavailable:
    return CircuitsUnavailable(f"The circuits cannot be read ({error})")
