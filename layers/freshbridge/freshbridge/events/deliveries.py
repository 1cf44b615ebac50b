"""What came about each record, in DynamoDB, so that what comes twice acts once.

Asked by the router, not on the way in: the sender is answered before anyone looks. One item a
record in the table of what ran already: `id` is `deliveries#<instance>#<kind>#<number>`. It costs a
read and a write per event.
"""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, timestamps
from freshbridge.errors import Retry
from freshbridge.events.delivery import (
    DAY_S,
    Delivery,
    Verdict,
    delivery_of,
    from_text,
    judge,
    to_text,
)
from freshbridge.events.normalised import Event
from freshbridge.table_store import TimedStore

ATTEMPTS = 5
_OTHERS = ("company", "agent", "group", "time_entry", "satisfaction_rating")


class NotRecorded(Retry):
    """Whether the event came before cannot be told now."""

    code = "delivery_not_recorded"


class Deliveries(TimedStore):
    """Remembers deliveries in one table."""

    def take(self, event: Event, text: str) -> tuple[Event, Verdict]:
        """Record the event and tell what it is; the event comes back marked.

        `text` is its body as it came. The same event may be taken any number of times: until it is
        done with, the queue may give it again.

        Raises:
            NotRecorded: the table did not answer, or others were faster each time.
        """
        at = timestamps.from_text(event.received_at).timestamp()
        delivery = delivery_of(event, text, at=at)
        try:
            verdict = self._record(_id(event), delivery)
        except (ClientError, BotoCoreError) as error:
            raise NotRecorded(f"DynamoDB: {aws.error_name(error)}") from error
        return _marked(event, verdict), verdict

    def _record(self, name: str, delivery: Delivery) -> Verdict:
        for _ in range(ATTEMPTS):
            found = self._client.get_item(
                TableName=self._table, Key={"id": {"S": name}}, ConsistentRead=True
            ).get("Item", {})
            before = from_text(str(found.get("history", {}).get("S", "")))
            version = int(found.get("version", {}).get("N", "0"))
            verdict, after = judge(before, delivery)
            if after == before or self._write(name, to_text(after), version):
                return verdict
        raise NotRecorded("others kept recording deliveries of the same record")

    def _write(self, name: str, history: str, version: int) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "id": {"S": name},
                    "history": {"S": history},
                    "version": {"N": str(version + 1)},
                    "expiration": {"N": str(int(self.clock() + DAY_S))},
                },
                ConditionExpression="attribute_not_exists(id) OR version = :v",
                ExpressionAttributeValues={":v": {"N": str(version)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _marked(event: Event, verdict: Verdict) -> Event:
    changes = {k: v for k, v in event.changes.items() if k not in verdict.told}
    return replace(event, changes=changes, repeat_of=verdict.repeat_of, late=verdict.late)


def _id(event: Event) -> str:
    for kind in _OTHERS:
        if event.type.startswith(f"{kind}_"):
            return f"deliveries#{event.instance_id}#{kind}#{getattr(event, kind).get('id', '')}"
    for kind in ("ticket", "contact", "deal", "account"):
        record = getattr(event, kind)
        if kind in event.type or (kind == "ticket" and record):
            return f"deliveries#{event.instance_id}#{kind}#{record.get('id', '')}"
    return f"deliveries#{event.instance_id}#{event.type}#"
