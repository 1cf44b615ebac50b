"""Groups' standings, and the choices made from them, in DynamoDB.

They are in the idempotency table, whose items expire by themselves: a choice belongs to the action
it was made for, as that action's outcome does. Items: `id` "assignment#<instance>#<group>" with a
standing as JSON in `body` and its `version`; `id` "assigned#<instance>#<hash>" with an `agent_id`.

A choice and the standing that follows from it are one transaction on the standing's version: of two
executors that read the same standing one is refused and has to look again.
Facts: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws
from freshbridge.actions.assignment_turns import Standing, as_json, from_json
from freshbridge.errors import Retry
from freshbridge.table_store import TimedStore

CHOICE_DAYS = 5
"""Longer than the action queue keeps a message, so a late delivery finds its agent."""
STANDING_DAYS = 90
_DAY_S = 86_400
_LOST = (
    "ConditionalCheckFailedException",
    "TransactionCanceledException",
    "TransactionConflictException",
)


class AssignmentUnavailable(Retry):
    """The table did not answer, so choosing now could give two tickets to one agent's turn."""

    code = "assignment_unavailable"


class AssignmentLedger(TimedStore):
    """Implements `freshbridge.actions.context.Assignments` in the IdempotencyTable."""

    def chosen(self, instance_id: str, purpose: str) -> int | None:
        """The agent that was chosen for this purpose before."""
        item = self._item(_choice_id(instance_id, purpose))
        return int(item["agent_id"]["N"]) if item else None

    def standing(self, instance_id: str, group_id: int) -> Standing:
        """A group's standing as it is now."""
        item = self._item(_standing_id(instance_id, group_id))
        if not item:
            return Standing()
        return from_json(json.loads(item["body"]["S"]), int(item["version"]["N"]))

    def choose(
        self, instance_id: str, group_id: int, standing: Standing, *, purpose: str, agent_id: int
    ) -> bool:
        """Keep a choice and the standing that follows; False when another was faster."""
        choice = {
            "id": {"S": _choice_id(instance_id, purpose)},
            "agent_id": {"N": str(agent_id)},
            "expiration": self._expiration(CHOICE_DAYS),
        }
        return self._write(
            lambda: self._client.transact_write_items(
                TransactItems=[
                    {"Put": self._put(instance_id, group_id, standing)},
                    {
                        "Put": {
                            "TableName": self._table,
                            "Item": choice,
                            "ConditionExpression": "attribute_not_exists(id)",
                        }
                    },
                ]
            )
        )

    def keep(self, instance_id: str, group_id: int, standing: Standing) -> bool:
        """Keep a standing that nobody was chosen from; False when another was faster."""
        return self._write(
            lambda: self._client.put_item(**self._put(instance_id, group_id, standing))
        )

    def _put(self, instance_id: str, group_id: int, standing: Standing) -> Any:
        return {
            "TableName": self._table,
            "Item": {
                "id": {"S": _standing_id(instance_id, group_id)},
                "version": {"N": str(standing.version)},
                "body": {"S": json.dumps(as_json(standing), separators=(",", ":"))},
                "expiration": self._expiration(STANDING_DAYS),
            },
            # The one before has to be there still, or there was none.
            "ConditionExpression": "attribute_not_exists(id)"
            if standing.version == 1
            else "version = :before",
            **(
                {}
                if standing.version == 1
                else {"ExpressionAttributeValues": {":before": {"N": str(standing.version - 1)}}}
            ),
        }

    def _expiration(self, days: int) -> Any:
        return {"N": str(int(self.clock()) + days * _DAY_S)}

    def _write(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except ClientError as error:
            if aws.error_name(error) in _LOST:
                return False
            raise AssignmentUnavailable("the choice of an agent was not kept") from error
        except BotoCoreError as error:
            raise AssignmentUnavailable("the choice of an agent was not kept") from error
        return True

    def _item(self, item_id: str) -> dict[str, Any]:
        try:
            found = self._client.get_item(
                TableName=self._table, Key={"id": {"S": item_id}}, ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise AssignmentUnavailable("the choices of agents cannot be read") from error
        item: dict[str, Any] = found.get("Item", {})
        return item


def _standing_id(instance_id: str, group_id: int) -> str:
    return f"assignment#{instance_id}#{group_id}"


def _choice_id(instance_id: str, purpose: str) -> str:
    # A caller's key may be long, or hold what a key may not.
    digest = hashlib.sha256(purpose.encode(errors="surrogatepass")).hexdigest()
    return f"assigned#{instance_id}#{digest[:40]}"
