"""One at a time: locks that every execution of every function sees, kept in DynamoDB.

A lock is a lease: whoever dies while holding it blocks the others until it runs out, no longer.
The items live beside the idempotency records, whose table removes them when they have expired.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import timestamps
from freshbridge.actions.holding import hold
from freshbridge.errors import Retry
from freshbridge.table_store import TimedStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

LEASE_S = 60
"""Longer than the few calls that a lock is held for; they are cut off by their own time-outs."""
_TRIES = 6
_BETWEEN_TRIES_S = 0.4


class Busy(Retry):
    """Another execution is changing the same thing; nothing was sent."""

    code = "busy"
    default_advice = "Try again in a moment."


class LeaseLocks(TimedStore):
    """Implements `freshbridge.actions.context.Locks`."""

    def __init__(
        self,
        table: str,
        *,
        client: DynamoDBClient | None = None,
        clock: Callable[[], float] = timestamps.epoch,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`table`: the stack's IdempotencyTable. `clock`: seconds since the epoch."""
        super().__init__(table, client, clock=clock)
        self._sleep = sleep

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold the lock of this name; wait for it about two seconds.

        Raises:
            Busy: another execution has it still.
            ClientError, BotoCoreError: the table did not answer.
        """
        owner = uuid4().hex
        self._take(name, owner)
        try:
            yield
        finally:
            self._release(name, owner)

    def _take(self, name: str, owner: str) -> None:
        for left in reversed(range(_TRIES)):
            now = int(self.clock())
            if hold(self._client, self._table, f"lock#{name}", owner, now=now, seconds=LEASE_S):
                return
            if left:
                self._sleep(_BETWEEN_TRIES_S)
        raise Busy("another execution is changing the same record", after=1.0)

    def _release(self, name: str, owner: str) -> None:
        # What was done under the lock is done; a lease that is not given back ends by itself.
        with suppress(ClientError, BotoCoreError):
            self._client.delete_item(
                TableName=self._table,
                Key={"id": {"S": f"lock#{name}"}},
                ConditionExpression="holder = :owner",
                ExpressionAttributeValues={":owner": {"S": owner}},
            )
