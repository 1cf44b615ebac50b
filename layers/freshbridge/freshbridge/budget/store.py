"""Where a budget's state is kept: one item per account, swapped only if nobody else did.

Its key is "budget#<account>"; see `compare_and_swap` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from freshbridge import aws, timestamps
from freshbridge.compare_and_swap import Kept, Swap, SwapTable
from freshbridge.errors import Retry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

__all__ = ["EXPIRY_S", "BudgetUnavailable", "DynamoStore", "Kept", "Store", "Swap"]

EXPIRY_S = 30 * 86_400
"""An account that nothing was sent to for this long is learned anew."""


class BudgetUnavailable(Retry):
    """The rate budget's table did not answer; nothing was sent, since nobody knows what is left."""

    code = "budget_unavailable"
    default_advice = "Try again later; if it lasts, check the budget table and its permissions."


class Store(Protocol):
    """Keeps one text per account."""

    def look(self, account: str) -> Swap:
        """What is stored, the newest there is; a look never wins.

        Raises BudgetUnavailable when the store cannot tell.
        """
        ...  # pragma: no cover  # a protocol has no body

    def swap(self, account: str, seen: str | None, new: Kept) -> Swap:
        """Store `new` if the stored stamp is still `seen` (None: if nothing is stored).

        Raises BudgetUnavailable when the store cannot tell.
        """
        ...  # pragma: no cover  # a protocol has no body


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
            lambda: client or aws.dynamodb(),
            prefix="budget#",
            expiry_s=EXPIRY_S,
            clock=clock,
            unavailable=_unavailable,
        )

    def look(self, account: str) -> Swap:
        """As Store says; one read, at a fifth of a write's price."""
        return self._kept.look(account, newest=True)

    def swap(self, account: str, seen: str | None, new: Kept) -> Swap:
        """As Store says; one write, no read."""
        return self._kept.swap(account, seen, new)


def _unavailable(error: str) -> BudgetUnavailable:
    return BudgetUnavailable(f"The rate budget cannot be read ({error})")
