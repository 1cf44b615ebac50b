"""Action records in DynamoDB, one item an action, found by id, by instance, or by its state.

The queue decides what happens to an action; the record tells people. An item expires by itself. A
result or parameters too large for an item are kept in S3, where the item points to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from freshbridge import aws, timestamps
from freshbridge.actions.attempt_marks import Unsure
from freshbridge.actions.record import ActionRecord, Attempt, State
from freshbridge.actions.record_item import (
    attribute,
    defects_of_item,
    json_text,
    record_of,
    unsure_of_item,
)
from freshbridge.errors import NotFound
from freshbridge.query_page import newest_first, query_page
from freshbridge.queues.payload import INLINE_LIMIT

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from freshbridge.queues.envelope import ActionRequest
    from freshbridge.queues.payload import PayloadStore

_AS_RUN = ("parameters", "parameters_hash", "instance_id")
"""What an edited dead letter may bring anew under the same id: a record shows those that ran."""
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

    `unsure` tells of earlier attempts that may have had their effect, `defects` how many ended with
    an error that nobody foresaw. `succeeded`: it is done already, and this is a message that came
    twice.
    """

    unsure: Unsure | None = None
    succeeded: bool = False
    defects: int = 0


class RecordStore:
    """The records of one table."""

    def __init__(
        self,
        table: str,
        payloads: PayloadStore,
        *,
        days: int,
        client: DynamoDBClient | None = None,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`days`: how long a record is kept. `clock`: seconds since the epoch."""
        self._table = table
        self._payloads = payloads
        self._days = days
        self._injected = client
        self._clock = clock

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def submit(self, request: ActionRequest, fingerprint: str = "") -> ActionRecord | None:
        """Store a new request as queued; the record that exists already under its id, else None.

        Raises:
            ClientError, BotoCoreError: the table did not take it.
        """
        item = self._new(request) | {
            "state": {"S": State.QUEUED.value},
            "instance_state": {"S": f"{request.instance_id}#{State.QUEUED}"},
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
        if self._large(request):
            # Kept in S3 by whoever made the record: written there again only if nobody has.
            kept = {"parameters_hash": {"S": _hash_of(request)}}
            begun = self._begin({}, request, times, queued=queued, mark=mark, kept=kept)
            if begun is not None:
                return begun
        new = self._new(request)
        del new["pk"]
        return self._begin(new, request, times, queued=queued, mark=mark) or Begun(succeeded=True)

    def _begin(
        self,
        new: dict[str, Any],
        request: ActionRequest,
        times: dict[str, str],
        *,
        queued: bool,
        mark: str,
        kept: Mapping[str, Any] = MappingProxyType({}),
    ) -> Begun | None:
        """Begin with a `new` record, or without one to go on with what is there; None if refused.

        It is refused when there is nothing to go on with, when that is not as it should be `kept`,
        and when it has succeeded.
        """
        if_new = "".join(
            f"#{name} = :{name}, "
            if name in _AS_RUN
            else f"#{name} = if_not_exists(#{name}, :{name}), "
            for name in new
        )
        there = "attribute_not_exists(#state) OR " if new else ""
        as_kept = "".join(f" AND #{name} = :{name}" for name in kept)
        names = {f"#{name}": name for name in (*new, *kept)} | {"#state": "state"}
        values: dict[str, Any] = {f":{name}": v for name, v in (*new.items(), *kept.items())} | {
            ":running": {"S": State.RUNNING.value},
            ":succeeded": {"S": State.SUCCEEDED.value},
            ":in_state": {"S": f"{request.instance_id}#{State.RUNNING}"},
            ":at": {"S": times["at"]},
            ":until": {"S": times["until"]},
            ":queued": {"BOOL": queued},
            ":mark": {"SS": [mark]},
        }
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            found = self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": request.action_id}},
                ReturnValues="ALL_OLD",
                UpdateExpression=(
                    f"SET {if_new}#state = :running, instance_state = :in_state, "
                    "started_at = :at, running_until = :until, queued = :queued "
                    "REMOVE next_at, code, message, finished_at, #fields, #data ADD unsure :mark"
                ),
                ConditionExpression=(
                    f"{there}(attribute_exists(#state) AND #state <> :succeeded{as_kept})"
                ),
                ExpressionAttributeNames=names | {"#fields": "fields", "#data": "data"},
                ExpressionAttributeValues=values,
            )
            item = found.get("Attributes", {})
            return Begun(unsure_of_item(item), defects=defects_of_item(item))
        return None

    def withdraw(self, request: ActionRequest, marks: Collection[str]) -> None:
        """Take back marks of attempts that had no effect, and change nothing else.

        Raises:
            ClientError, BotoCoreError: the table did not take it; they stay in doubt.
        """
        self._client.update_item(
            TableName=self._table,
            Key={"pk": {"S": request.action_id}},
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
        changes = {"state": state.value, **known}
        names = {f"#{name}": name for name in changes}
        values: dict[str, Any] = {f":{name}": attribute(v) for name, v in changes.items()}
        values[":in_state"] = {"S": f"{request.instance_id}#{state}"}
        sets = [f"#{name} = :{name}" for name in changes]
        if attempt is not None:
            sets.append("attempts = list_append(if_not_exists(attempts, :none), :attempt)")
            values[":none"] = {"L": []}
            values[":attempt"] = {"L": [{"M": {k: {"S": v} for k, v in attempt.shown().items()}}]}
        unmarked = ""
        if settled:
            unmarked = " DELETE unsure :settled"
            values[":settled"] = {"SS": sorted(settled)}
        condition: dict[str, Any] = {}
        if state is not State.SUCCEEDED:
            # An execution that came second must not take back what the first one did. A message
            # that was put off before anything began may have no record yet.
            condition = {"ConditionExpression": "attribute_exists(pk) AND #state <> :succeeded"}
            values[":succeeded"] = {"S": State.SUCCEEDED.value}
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": request.action_id}},
                UpdateExpression=f"SET {', '.join(sets)}, instance_state = :in_state{unmarked}",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                **condition,
            )

    def reopen(self, record: ActionRecord) -> None:
        """Note that an action which had come to its end is queued again; its attempts stay.

        Raises:
            ClientError, BotoCoreError: the table did not take it.
        """
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": record.action_id}},
                UpdateExpression=(
                    "SET #state = :queued, instance_state = :in_state "
                    "REMOVE finished_at, next_at, message, code, #data, #fields"
                ),
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeNames={"#state": "state", "#data": "data", "#fields": "fields"},
                ExpressionAttributeValues={
                    ":queued": {"S": State.QUEUED.value},
                    ":in_state": {"S": f"{record.instance_id}#{State.QUEUED}"},
                },
            )

    def get(self, action_id: str) -> ActionRecord:
        """One record, as it must be understood now.

        Raises:
            UnknownActionRecord: there is none.
        """
        found: Any = {}
        if len(action_id) <= LONGEST_ID:
            found = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": action_id}}, ConsistentRead=True
            )
        if "Item" not in found or int(found["Item"]["expires_at"]["N"]) <= self._clock():
            raise UnknownActionRecord(
                f"no action {action_id[:64]}",
                advice=f"Check the id; a record is kept for {self._days} days.",
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
        query = newest_first(self._table, index, key, value, now=self._clock())
        found = query_page(
            self._client, query, (key, value), ("listed", "pk"), limit=limit, after=after
        )
        return RecordPage([self._record(item, whole=False) for item in found.items], found.after)

    def _new(self, request: ActionRequest) -> dict[str, Any]:
        expires_at = int(self._clock()) + self._days * 86_400
        digest = _hash_of(request)
        # Under a name of their own: whoever comes late with others must not replace them.
        packed = self._packed(request.parameters, f"parameters/{request.action_id}/{digest}.json")
        return {
            "pk": {"S": request.action_id},
            "instance_id": {"S": request.instance_id},
            "platform": {"S": request.platform},
            "action": {"S": request.action},
            "submitted_at": {"S": request.submitted_at},
            "idempotency_key": {"S": request.idempotency_key},
            # Ordered by time, and told apart when two share a second.
            "listed": {"S": f"{request.submitted_at}#{request.action_id}"},
            "origin": {"S": json_text(request.origin)},
            "parameters": {"S": packed},
            "parameters_hash": {"S": digest},
            "expires_at": {"N": str(expires_at)},
        }

    def _large(self, request: ActionRequest) -> bool:
        return len(json_text(request.parameters)) > INLINE_LIMIT

    def _packed(self, value: Any, key: str) -> str:
        return self._payloads.pack(json_text(value), f"actions/{key}")

    def _record(self, item: dict[str, Any], *, whole: bool) -> ActionRecord:
        record = record_of(item, self._payloads.unpack if whole else None)
        return record.as_of(timestamps.to_text(timestamps.from_epoch(self._clock())))


def failure_attributes(code: str, message: str, named: tuple[Any, ...] = ()) -> dict[str, Any]:
    """What a record keeps of an error; `named` are its FieldErrors."""
    known: dict[str, Any] = {"code": code, "message": message}
    if named:
        known["fields"] = json_text([asdict(entry) for entry in named])
    return known


def _hash_of(request: ActionRequest) -> str:
    return hashlib.sha256(json_text(request.parameters).encode()).hexdigest()[:32]
