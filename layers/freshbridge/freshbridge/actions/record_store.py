"""Action records in DynamoDB, one item an action, found by id, by instance, or by its state.

The queue decides what happens to an action; the record tells people. An item expires by itself. A
result or parameters too large for an item are kept in S3, where the item points to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.attempt_marks import Unsure
from freshbridge.actions.record import ActionRecord, Attempt, State
from freshbridge.actions.record_item import (
    DEFECT,
    codes_of_item,
    json_text,
    record_of,
    unsure_of_item,
)
from freshbridge.actions.record_writes import (
    beginning,
    ending,
    hash_of,
    in_state,
    new_item,
    reopening,
)
from freshbridge.errors import NotFound
from freshbridge.query_page import newest_first, query_page
from freshbridge.queues.payload import INLINE_LIMIT
from freshbridge.table_store import LargeItemStore

if TYPE_CHECKING:
    from freshbridge.queues.envelope import ActionRequest

LONGEST_ID = 256
"""Characters; DynamoDB would refuse a longer key as an error of this program's."""


class UnknownActionRecord(NotFound):
    """No action has this id, or its record has expired."""

    code = "unknown_action_record"


@dataclass(frozen=True)
class RecordPage:
    """Records, newest first; `after` asks for the next page and is None on the last one."""

    records: list[ActionRecord]
    after: str | None


@dataclass(frozen=True)
class Begun:
    """What the record said when an attempt began.

    `unsure` tells of earlier attempts that may have had their effect, `codes` how many ended with
    each code. `succeeded`: it is done already, and this is a message that came twice.
    """

    unsure: Unsure | None = None
    succeeded: bool = False
    codes: Mapping[str, int] = field(default_factory=dict)

    @property
    def defects(self) -> int:
        """How many ended with an error that nobody foresaw."""
        return self.codes.get(DEFECT, 0)


class RecordStore(LargeItemStore):
    """The records of one table."""

    def submit(self, request: ActionRequest, fingerprint: str = "") -> ActionRecord | None:
        """Store a new request as queued; the record that exists already under its id, else None.

        Raises:
            ClientError, BotoCoreError: the table did not take it.
        """
        item = self._new(request) | {
            "state": {"S": State.QUEUED.value},
            "instance_state": in_state(request.instance_id, State.QUEUED),
            "fingerprint": {"S": fingerprint},
        }
        try:
            self._client.put_item(
                TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)"
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return self.get(request.action_id)
        return None

    def begin(
        self, request: ActionRequest, *, at: str, until: str, queued: bool, mark: str
    ) -> Begun:
        """Note that an attempt begins; a request nobody submitted here gets its record now.

        Its parameters and instance are from then on those of this request. `mark` stays until `end`
        or `withdraw` is told to take it away, so an attempt that does not live to tell of its end
        is in doubt. A record that has succeeded stays as it is.
        """
        times = {"at": at, "until": until}
        write = partial(beginning, request, times, queued=queued, mark=mark)
        if self._large(request):
            # Kept in S3 by whoever made the record: written there again only if nobody has.
            kept = {"parameters_hash": {"S": hash_of(request)}}
            begun = self._begun(request, write(kept=kept))
            if begun is not None:
                return begun
        new = self._new(request)
        del new["pk"]
        return self._begun(request, write(new=new)) or Begun(succeeded=True)

    def _begun(self, request: ActionRequest, write: dict[str, Any]) -> Begun | None:
        """What the record said before the write; None where the write was refused."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            found = self._client.update_item(
                TableName=self._table, Key=_key(request.action_id), ReturnValues="ALL_OLD", **write
            )
            item = found.get("Attributes", {})
            return Begun(unsure_of_item(item), codes=codes_of_item(item))
        return None

    def withdraw(self, request: ActionRequest, marks: Collection[str]) -> None:
        """Take back marks of attempts that had no effect, and change nothing else.

        Raises:
            ClientError, BotoCoreError: the table did not take it; they stay in doubt.
        """
        self._client.update_item(
            TableName=self._table,
            Key=_key(request.action_id),
            UpdateExpression="DELETE unsure :marks",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":marks": {"SS": sorted(marks)}},
        )

    def end(
        self,
        request: ActionRequest,
        state: State,
        attempt: Attempt | None,
        *,
        settled: Collection[str] = (),
        **known: Any,
    ) -> None:
        """Note how an attempt ended. `known` are further attributes of the record.

        `attempt` is None when there was none: the message was only made to wait, or an earlier
        attempt's result was found. `settled` are the marks of attempts whose outcome is certain.
        """
        if "data" in known:
            known["data"] = self._packed(known["data"], f"results/{request.action_id}.json")
        write = ending(request.instance_id, state, attempt, settled=settled, known=known)
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(TableName=self._table, Key=_key(request.action_id), **write)

    def reopen(self, record: ActionRecord) -> None:
        """Note that an action which had come to its end is queued again; its attempts stay.

        Raises:
            ClientError, BotoCoreError: the table did not take it.
        """
        write = reopening(record.instance_id)
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(TableName=self._table, Key=_key(record.action_id), **write)

    def get(self, action_id: str) -> ActionRecord:
        """One record, as it must be understood now.

        Raises:
            UnknownActionRecord: there is none.
        """
        found: Any = {}
        if len(action_id) <= LONGEST_ID:
            found = self._client.get_item(
                TableName=self._table, Key=_key(action_id), ConsistentRead=True
            )
        if "Item" not in found or int(found["Item"]["expires_at"]["N"]) <= self.clock():
            raise UnknownActionRecord(
                f"no action {action_id[:64]}",
                advice=f"Check the id; a record is kept for {self.days} days.",
            )
        return self._record(found["Item"], whole=True)

    def page(
        self, instance_id: str, *, state: State | None, limit: int, after: str | None
    ) -> RecordPage:
        """Up to `limit` of an instance's records, newest first, without parameters and results.

        Raises:
            InvalidRequest: `after` is not what a page before it gave.
        """
        index, key, value = "by_instance", "instance_id", instance_id
        if state is not None:
            index, key, value = "by_state", "instance_state", f"{instance_id}#{state}"
        query = newest_first(self._table, index, key, value, now=self.clock())
        found = query_page(
            self._client, query, (key, value), ("listed", "pk"), limit=limit, after=after
        )
        return RecordPage([self._record(item, whole=False) for item in found.items], found.after)

    def _new(self, request: ActionRequest) -> dict[str, Any]:
        # Under a name of their own: whoever comes late with others must not replace them.
        name = f"parameters/{request.action_id}/{hash_of(request)}.json"
        packed = self._packed(request.parameters, name)
        return new_item(request, packed, expires_at=self.expiry())

    def _large(self, request: ActionRequest) -> bool:
        return len(json_text(request.parameters)) > INLINE_LIMIT

    def _packed(self, value: Any, key: str) -> str:
        return self._payloads.pack(json_text(value), f"actions/{key}")

    def _record(self, item: dict[str, Any], *, whole: bool) -> ActionRecord:
        record = record_of(item, self._payloads.unpack if whole else None)
        return record.as_of(timestamps.to_text(timestamps.from_epoch(self.clock())))


def _key(action_id: str) -> dict[str, Any]:
    return {"pk": {"S": action_id}}
