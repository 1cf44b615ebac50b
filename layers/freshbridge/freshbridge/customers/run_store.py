"""Runs, their leases and their reports, in DynamoDB beside the links.

`pk` is the link's id: `sk` "state" is the run that goes on, or the last one, with the marks that
the next one begins at; "lease" says which function works on the link, until when. A report's lines
are under `pk` "<link>#report#<run>" and expire.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from freshbridge import aws, timestamps
from freshbridge.customers.ports import Told
from freshbridge.customers.run_state import RunState
from freshbridge.errors import NotFound, Retry
from freshbridge.query_page import ItemPage, query_page

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

REPORT_DAYS = 30
OUTCOMES = (
    "matched", "created", "updated", "conflicting", "skipped", "failed", "deleted", "unlinked",
)  # fmt: skip
"""The parts of a report."""
AGAIN_S = 20.0
_READ_AT_ONCE, _WRITTEN_AT_ONCE = 100, 25


class LinkBusy(Retry):
    """Another function works on the link."""

    code = "customer_link_busy"
    costs_no_attempt = True


class UnknownRun(NotFound):
    """No run of this id has told anything."""

    code = "unknown_customer_run"
    default_advice = (
        "A run that was just queued has not begun; a report is kept for "
        f"{REPORT_DAYS} days. GET the link for its last runs."
    )


class RunStore:
    """The runs of one table's links."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`clock`: seconds since the epoch."""
        self._table = table
        self._injected = client
        self._clock = clock

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def take(self, link_id: str, holder: str, for_s: float) -> None:
        """Take the link, to work on it alone.

        Raises:
            LinkBusy: somebody else does.
        """
        now = self._clock()
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    **_key(link_id, "lease"),
                    "holder": {"S": holder},
                    "until": {"N": f"{now + for_s:.3f}"},
                },
                ConditionExpression="attribute_not_exists(pk) OR #until < :now OR holder = :me",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={":now": {"N": f"{now:.3f}"}, ":me": {"S": holder}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise LinkBusy("another function works on this link", after=AGAIN_S) from None

    def taken_until(self, link_id: str) -> float:
        """When whoever works on the link has to have left it, in epoch seconds; 0.0 for nobody."""
        found = self._client.get_item(
            TableName=self._table, Key=_key(link_id, "lease"), ConsistentRead=True
        )
        until = float(found["Item"]["until"]["N"]) if "Item" in found else 0.0
        return until if until >= self._clock() else 0.0

    def leave(self, link_id: str, holder: str) -> None:
        """Let others take it."""
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=_key(link_id, "lease"),
                ConditionExpression="holder = :me",
                ExpressionAttributeValues={":me": {"S": holder}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def load(self, link_id: str, *, name: str = "state") -> RunState | None:
        """The run that goes on, or the last one; None before the first."""
        found = self._client.get_item(
            TableName=self._table, Key=_key(link_id, name), ConsistentRead=True
        )
        return RunState.from_text(found["Item"]["body"]["S"]) if "Item" in found else None

    def save(self, link_id: str, state: RunState, *, name: str = "state") -> None:
        """Keep how far it is."""
        expiry = {} if name == "state" else {"expires_at": self._expiry()}
        self._client.put_item(
            TableName=self._table,
            Item={**_key(link_id, name), "body": {"S": state.to_text()}, **expiry},
        )

    def forget(self, link_id: str) -> None:
        """Forget the link's runs; reports expire by themselves."""
        for name in ("state", "dry"):
            self._client.delete_item(TableName=self._table, Key=_key(link_id, name))

    def tell(self, link_id: str, run_id: str, lines: Iterable[Told]) -> set[str]:
        """Add lines to a run's report, where one that is told twice is once; the new ones' names.

        What is settled in steps, such as tried by both sides' pages, counts as one customer.
        """
        items: dict[str, Any] = {}
        for line in lines:
            name = line.name
            items[name] = {
                "PutRequest": {
                    "Item": {
                        **_key(_report(link_id, run_id), name),
                        "body": {"S": json.dumps(asdict(line), separators=(",", ":"))},
                        "expires_at": self._expiry(),
                    }
                }
            }
        news = set(items) - self._told(_report(link_id, run_id), list(items))
        writes = list(items.values())
        for start in range(0, len(writes), _WRITTEN_AT_ONCE):
            some: Any = writes[start : start + _WRITTEN_AT_ONCE]
            # What is not taken the second time is missing from the report, not from the customers.
            for _ in range(2):
                answer = self._client.batch_write_item(RequestItems={self._table: some})
                some = answer.get("UnprocessedItems", {}).get(self._table, [])
                if not some:
                    break
        return news

    def _told(self, report: str, names: list[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(names), _READ_AT_ONCE):
            keys = [_key(report, name) for name in names[start : start + _READ_AT_ONCE]]
            asked: Any = {
                self._table: {"Keys": keys, "ProjectionExpression": "sk", "ConsistentRead": True}
            }
            # What is not answered the second time is counted as new.
            for _ in range(2):
                answer = self._client.batch_get_item(RequestItems=asked)
                found |= {item["sk"]["S"] for item in answer["Responses"].get(self._table, [])}
                asked = answer.get("UnprocessedKeys")
                if not asked:
                    break
        return found

    def report(
        self, link_id: str, run_id: str, *, outcome: str, limit: int, after: str | None
    ) -> ItemPage:
        """A page of a run's report; `outcome` "" for all."""
        pk = _report(link_id, run_id)
        query = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :outcome)"
            if outcome
            else "pk = :pk",
            "ExpressionAttributeValues": {
                ":pk": {"S": pk},
                **({":outcome": {"S": f"{outcome}#"}} if outcome else {}),
            },
        }
        return query_page(self._client, query, ("pk", pk), ("sk",), limit=limit, after=after)

    def _expiry(self) -> Any:
        return {"N": str(int(self._clock()) + REPORT_DAYS * 86_400)}


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _report(link_id: str, run_id: str) -> str:
    return f"{link_id}#report#{run_id}"
