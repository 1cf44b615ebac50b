"""Which action a record at the provider belongs to, so that one record proves one action only.

Two actions may ask for the same thing by right: a rule that fires twice makes two equal tickets.
When the answer to one of them was lost, the other's ticket must not pass for it. So every record
that an action of ours makes is claimed by it, whether its answer came or it was found afterwards;
the first claim stands. The items live beside the idempotency records, whose table removes them when
they have expired.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

from freshbridge.actions.holding import hold
from freshbridge.table_store import TimedStore

KEPT_S = 30 * 86_400
"""Longer than any message waits, in its queue and then among the dead letters: until then an
action may come back and look for what it made."""


class ClaimLedger(TimedStore):
    """Implements `freshbridge.actions.context.Claims` in the stack's IdempotencyTable."""

    def take(self, record: str, owner: str) -> bool:
        """Claim a record; False when another has it.

        Raises:
            ClientError, BotoCoreError: the table did not answer.
        """
        now = int(self.clock())
        name = f"claim#{record}"
        return hold(self._client, self._table, name, owner, now=now, seconds=KEPT_S)

    def holder(self, record: str) -> str | None:
        """Who has claimed a record; None for nobody.

        Raises:
            ClientError, BotoCoreError: the table did not answer.
        """
        found = self._client.get_item(
            TableName=self._table, Key={"id": {"S": f"claim#{record}"}}, ConsistentRead=True
        )
        item = found.get("Item")
        if item is None or int(item["expiration"]["N"]) <= self.clock():
            return None
        return item["holder"]["S"]
