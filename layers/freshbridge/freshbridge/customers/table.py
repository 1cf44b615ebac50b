"""What is known of a link's customers, in DynamoDB: no value, only digests.

One item a customer and side: `pk` "<link>#<kind>#<side>", `sk` its id, so that either side's is
found without a scan; and one for each key that it is found by: `pk` "<…>#keys", `sk` the key's
digest. A page of a hundred customers costs a read or two and some writes of twenty-five.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from freshbridge import aws
from freshbridge.customers.link import Kind, Side
from freshbridge.customers.record import Known
from freshbridge.errors import Retry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

READ_AT_ONCE, WRITTEN_AT_ONCE = 100, 25
ATTEMPTS = 6
FIRST_PAUSE_S = 0.05
_OWN = ("dropped", "kept_keys", "untaken", "side", "id")


class LinksUnavailable(Retry):
    """The table did not take or give all that is known of customers."""

    code = "customer_table_unavailable"


class KnownTable:
    """The customers of one link."""

    def __init__(
        self,
        table: str,
        namespace: str,
        client: DynamoDBClient | None = None,
        *,
        expires_at: int | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`namespace`: the link's id, or what a dry run keeps its own under until `expires_at`."""
        self._table = table
        self.namespace = namespace
        self._injected = client
        self._expiry = {} if expires_at is None else {"expires_at": {"N": str(expires_at)}}
        self._sleep = sleep

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def load(self, kind: Kind, side: Side, ids: Iterable[str]) -> dict[str, Known]:
        """Those that are known.

        Raises:
            LinksUnavailable, ClientError, BotoCoreError: not all could be read.
        """
        place = self._place(kind, side)
        return {item["sk"]["S"]: _known(side, item) for item in self._read(place, ids)}

    def save(self, kind: Kind, known: Iterable[Known]) -> None:
        """Keep them and their keys; keys that lead to them no more go.

        Raises:
            LinksUnavailable, ClientError, BotoCoreError: some may not be kept.
        """
        writes, stale = {}, []
        for one in known:
            place = self._place(kind, one.side)
            writes[place, one.id] = self._put(place, one.id, {"body": {"S": _body(one)}})
            for key in set(one.keys) - set(one.kept_keys):
                writes[f"{place}#keys", key] = self._put(f"{place}#keys", key, _leads_to(one.id))
            stale += [(place, key, one.id) for key in set(one.kept_keys) - set(one.keys)]
            one.kept_keys = one.keys
        self._write(list(writes.values()))
        for place, key, record_id in stale:
            self._let_go(place, key, record_id)

    def drop(self, kind: Kind, known: Known) -> None:
        """Forget one."""
        place = self._place(kind, known.side)
        self._client.delete_item(TableName=self._table, Key=_key(place, known.id))
        for key in {*known.keys, *known.kept_keys}:
            self._let_go(place, key, known.id)

    def found_by(self, kind: Kind, side: Side, keys: Iterable[str]) -> dict[str, str]:
        """The ids by the keys' digests, as far as they are known."""
        place = f"{self._place(kind, side)}#keys"
        return {item["sk"]["S"]: item["id"]["S"] for item in self._read(place, keys)}

    def page(
        self, kind: Kind, side: Side, *, limit: int, after: str = ""
    ) -> tuple[list[Known], str]:
        """Some of a side's, in the order of ids as texts; "" for the last page's `after`."""
        place = self._place(kind, side)
        start: Any = {"ExclusiveStartKey": _key(place, after)} if after else {}
        found = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": place}},
            Limit=limit,
            **start,
        )
        last = found.get("LastEvaluatedKey")
        return [_known(side, item) for item in found["Items"]], last["sk"]["S"] if last else ""

    def forget_all(self, may_go_on: Callable[[], bool]) -> bool:
        """Forget everything, as far as there is time; whether it is done."""
        for kind in Kind:
            for side in Side:
                for place in (self._place(kind, side), f"{self._place(kind, side)}#keys"):
                    for writes in self._deletions(place):
                        self._write(writes)
                        if not may_go_on():
                            return False
        return True

    def _deletions(self, place: str) -> Iterator[list[Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": place}},
            ProjectionExpression="pk, sk",
            PaginationConfig={"PageSize": READ_AT_ONCE},
        )
        for page in pages:
            if page["Items"]:
                yield [{"DeleteRequest": {"Key": dict(item)}} for item in page["Items"]]

    def _place(self, kind: Kind, side: Side) -> str:
        return f"{self.namespace}#{kind.value}#{side.value}"

    def _put(self, place: str, sk: str, members: dict[str, Any]) -> dict[str, Any]:
        return {"PutRequest": {"Item": {**_key(place, sk), **members, **self._expiry}}}

    def _let_go(self, place: str, key: str, record_id: str) -> None:
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=_key(f"{place}#keys", key),
                # Another customer may have it by now.
                ConditionExpression="id = :id",
                ExpressionAttributeValues={":id": {"S": record_id}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def _read(self, place: str, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        wanted = list(dict.fromkeys(names))
        for start in range(0, len(wanted), READ_AT_ONCE):
            keys: list[Any] = [_key(place, one) for one in wanted[start : start + READ_AT_ONCE]]
            for attempt in range(ATTEMPTS):
                self._pause(attempt)
                answer = self._client.batch_get_item(
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
                )
                yield from answer["Responses"].get(self._table, [])
                left: Any = answer.get("UnprocessedKeys", {}).get(self._table, {})
                keys = left.get("Keys", [])
                if not keys:
                    break
            else:
                raise LinksUnavailable(f"{len(keys)} customers could not be looked up")

    def _write(self, writes: list[Any]) -> None:
        for start in range(0, len(writes), WRITTEN_AT_ONCE):
            some = writes[start : start + WRITTEN_AT_ONCE]
            for attempt in range(ATTEMPTS):
                self._pause(attempt)
                answer = self._client.batch_write_item(RequestItems={self._table: some})
                some = list(answer.get("UnprocessedItems", {}).get(self._table, []))
                if not some:
                    break
            else:
                raise LinksUnavailable(f"{len(some)} customers could not be kept")

    def _pause(self, attempt: int) -> None:
        if attempt:
            self._sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))


class DryTable(KnownTable):
    """What a dry run would keep, over what is kept; it expires by itself."""

    def __init__(self, kept: KnownTable, table: str, run_id: str, *, expires_at: int) -> None:
        """`kept`: the link's own, which is only read."""
        super().__init__(table, f"{kept.namespace}#dry#{run_id}", expires_at=expires_at)
        self._kept = kept

    def load(self, kind: Kind, side: Side, ids: Iterable[str]) -> dict[str, Known]:
        """As the run left them, else as they are kept."""
        wanted = list(ids)
        own = super().load(kind, side, wanted)
        return self._kept.load(kind, side, [one for one in wanted if one not in own]) | own

    def found_by(self, kind: Kind, side: Side, keys: Iterable[str]) -> dict[str, str]:
        """As `load`."""
        wanted = list(keys)
        own = super().found_by(kind, side, wanted)
        return self._kept.found_by(kind, side, [one for one in wanted if one not in own]) | own


def _key(place: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": place}, "sk": {"S": sk}}


def _leads_to(record_id: str) -> dict[str, Any]:
    return {"id": {"S": record_id}}


def _body(one: Known) -> str:
    members = {name: value for name, value in asdict(one).items() if value and name not in _OWN}
    return json.dumps(members, separators=(",", ":"))


def _known(side: Side, item: dict[str, Any]) -> Known:
    members = json.loads(item["body"]["S"])
    keys = tuple(members.pop("keys", ()))
    return Known(side, item["sk"]["S"], keys=keys, kept_keys=keys, **members)
