"""Kept events in DynamoDB, one item an event.

An entry expires by itself. A message too large for an item is kept in S3, where the item points to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from freshbridge.errors import NotFound
from freshbridge.event_log.entry import Entry, State
from freshbridge.event_log.items import from_item, to_item, update_of
from freshbridge.table_store import LargeItemStore

FOLDER = "event-bodies"
INLINE = 16 * 1024
"""Bytes of a message that is kept in the item itself, which is written twice: more is dearer."""
LONGEST_ID = 128
MOST_REPLAYS = 100


class UnknownEvent(NotFound):
    """No event of the instance has this id, or none has yet."""

    code = "unknown_event"


class EventStore(LargeItemStore):
    """The events of one table."""

    def add(self, entry: Entry) -> bool:
        """Keep a new event; False, and nothing written, where it is kept already.

        One whose replay was only asked for is written over.

        Raises:
            ClientError, BotoCoreError: it is not kept.
        """
        key = f"{FOLDER}/{entry.event_id}.json"
        kept = replace(
            entry,
            envelope=self._payloads.pack(entry.envelope, key, limit=INLINE),
            expires_at=self.expiry(),
        )
        there = "attribute_not_exists(pk) OR expires_at <= :now"
        values = {":now": {"N": str(int(self.clock()))}, ":queued": {"S": State.QUEUED.value}}
        if entry.state is State.QUEUED:
            # What the router has written since is not to be unwritten.
            return self._put(kept, there, {":now": values[":now"]})
        return self._put(kept, f"{there} OR #state = :queued", values, {"#state": "state"})

    def find(self, event_id: str) -> Entry | None:
        """The event whole, its message as it travels; None where it is not kept."""
        if not 0 < len(event_id) <= LONGEST_ID:
            return None
        found = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": event_id}}, ConsistentRead=True
        )
        item: Any = found.get("Item")
        if item is None or "listed" not in item:
            return None
        entry = from_item(item)
        return entry if entry.expires_at > self.clock() else None

    def get(self, instance_id: str, event_id: str) -> Entry:
        """One event of an instance.

        Raises:
            UnknownEvent: there is none.
        """
        entry = self.find(event_id)
        if entry is None or entry.instance_id != instance_id:
            raise UnknownEvent(
                f"no event {event_id[:64]} of this instance: not routed yet, "
                f"or older than {self.days} days",
                advice="Try again in a moment; GET …/events lists those that are kept.",
            )
        return entry

    def message(self, entry: Entry) -> str:
        """The message that brought the event, as it was.

        Raises:
            PayloadGone: it was large, and is not kept any more.
        """
        return self._payloads.unpack(entry.envelope)

    def change(
        self, entry: Entry, changes: Mapping[str, str | int | bool], *, unless: State | None = None
    ) -> bool:
        """Write some attributes of an event that is there; "" takes one away.

        With its `state` the lists of what is not done follow. False, and nothing written, where it
        is in the state `unless`, or is not kept any more.

        Raises:
            ClientError, BotoCoreError: nothing was changed.
        """
        update = update_of(entry.instance_id, changes, unless)
        key = {"pk": {"S": entry.event_id}}
        return self._unless_refused(
            lambda: self._client.update_item(TableName=self._table, Key=key, **update)
        )

    def mark_replayed(self, event_id: str, replay_id: str, at: str) -> None:
        """Note on an event under which id it is routed again; the first `MOST_REPLAYS` are named.

        Raises:
            ClientError, BotoCoreError: it is not noted.
        """
        self._unless_refused(
            lambda: self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": event_id}},
                UpdateExpression="ADD replays :ids SET replayed_at = :at",
                ConditionExpression=(
                    "attribute_exists(pk) AND "
                    "(attribute_not_exists(replays) OR size(replays) < :most)"
                ),
                ExpressionAttributeValues={
                    ":ids": {"SS": [replay_id]},
                    ":at": {"S": at},
                    ":most": {"N": str(MOST_REPLAYS)},
                },
            )
        )

    def _put(
        self, entry: Entry, condition: str, values: Any, names: dict[str, str] | None = None
    ) -> bool:
        named: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        return self._unless_refused(
            lambda: self._client.put_item(
                TableName=self._table,
                Item=to_item(entry),
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                **named,
            )
        )

    def _unless_refused(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True
