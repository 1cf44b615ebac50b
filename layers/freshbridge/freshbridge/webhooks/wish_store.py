"""What is to be installed for an instance, kept beside it: without that, a rule that somebody
deleted in Freshdesk could not be missed.

Item of the instance table: `pk` the instance id, `sk` "webhooks", the wish as JSON in `body`.
"""

from __future__ import annotations

import json

from freshbridge.table_store import TableStore
from freshbridge.webhooks.choice import Wish, read_wish

_SORT_KEY = "webhooks"


class WishStore(TableStore):
    """The wishes of one table's instances."""

    def get(self, instance_id: str) -> Wish | None:
        """The wish as it stands now; None where nothing was ever installed."""
        found = self._client.get_item(
            TableName=self._table,
            Key={"pk": {"S": instance_id}, "sk": {"S": _SORT_KEY}},
            ConsistentRead=True,
        )
        return read_wish(json.loads(found["Item"]["body"]["S"])) if "Item" in found else None

    def put(self, instance_id: str, wish: Wish) -> None:
        """Keep it; the one before is written over."""
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": instance_id},
                "sk": {"S": _SORT_KEY},
                "body": {"S": json.dumps(wish.shown())},
            },
        )

    def delete(self, instance_id: str) -> None:
        """Forget it; one that is gone already is no error."""
        self._client.delete_item(
            TableName=self._table, Key={"pk": {"S": instance_id}, "sk": {"S": _SORT_KEY}}
        )
