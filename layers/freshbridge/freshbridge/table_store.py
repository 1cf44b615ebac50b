"""What every store in a DynamoDB table stands on: the table's name, a client, a clock, an expiry.

The client is looked up at each use: nothing is called, and no session made, before the first one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge import aws, timestamps

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from freshbridge.queues.payload import PayloadStore

DAY_S = 86_400


class TableStore:
    """A store in one table. What DynamoDB raises is raised as it is, where no method says other."""

    def __init__(self, table: str, client: DynamoDBClient | None = None) -> None:
        """`table`: its name. `client`: instead of the process's own."""
        self._table = table
        self._injected = client

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()


class TimedStore(TableStore):
    """A store that looks at the clock."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`clock`: seconds since the epoch."""
        super().__init__(table, client)
        self.clock = clock


class ExpiringStore(TimedStore):
    """A store whose items expire by themselves some days after they were written."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        days: int,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`days`: for how long an item is kept."""
        super().__init__(table, client, clock=clock)
        self.days = days

    def expiry(self) -> int:
        """When an item that is written now expires, in seconds since the epoch."""
        return int(self.clock()) + self.days * DAY_S


class LargeItemStore(ExpiringStore):
    """An expiring store that keeps what is too large for an item beside the table."""

    def __init__(
        self,
        table: str,
        payloads: PayloadStore,
        *,
        days: int,
        client: DynamoDBClient | None = None,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`payloads`: keeps what is too large; the item then points to it."""
        super().__init__(table, client, days=days, clock=clock)
        self._payloads = payloads
