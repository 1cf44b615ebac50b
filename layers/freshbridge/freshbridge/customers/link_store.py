"""Links in DynamoDB, and which of them an instance belongs to.

All of them lie under `pk` "links": there are as many as pairs of accounts, which are few.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge import aws
from freshbridge.customers.link import Link
from freshbridge.customers.link_reading import read_link, write_link
from freshbridge.errors import Conflict, NotFound

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_PK = "links"


class UnknownLink(NotFound):
    """There is no such link."""

    code = "unknown_customer_link"
    default_advice = "Check the id; GET /api/customer-links lists them."


class LinkedAlready(Conflict):
    """The two instances have a link."""

    code = "linked_already"
    default_advice = "Change that link instead: two of them would work against each other."


class InstanceLinked(Conflict):
    """The instance is a side of a link."""

    code = "instance_linked"
    default_advice = "DELETE /api/customer-links/{link_id} first; the customers stay as they are."


class LinkStore:
    """The links of one stack."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        age_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`age_s`: how long all links may be served from memory; 0 for never."""
        self._table = table
        self._injected = client
        self._age_s = age_s
        self._clock = clock
        self._cache: tuple[float, list[Link]] = (float("-inf"), [])

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def all(self) -> list[Link]:
        """Every link, oldest first, at most `age_s` old."""
        read_at, links = self._cache
        if self._clock() - read_at >= self._age_s:
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": _PK}},
            )
            links = [_link(item["body"]["S"]) for page in pages for item in page["Items"]]
            self._cache = (self._clock(), links)
        return links

    def of(self, instance_id: str) -> list[Link]:
        """The enabled links that an instance is a side of."""
        return [one for one in self.all() if one.enabled and one.side_of(instance_id)]

    def refuse_deletion(self, instance_id: str) -> None:
        """Keep an instance from being deleted under a link, be it enabled or not.

        Raises:
            InstanceLinked: naming the links.
        """
        using = [one for one in self.all() if one.side_of(instance_id)]
        if using:
            named = ", ".join(one.link_id for one in using)
            raise InstanceLinked(f"the instance is a side of customer links: {named}", where=named)

    def get(self, link_id: str) -> Link:
        """One link as it is now.

        Raises:
            UnknownLink: there is none.
        """
        found = self._client.get_item(
            TableName=self._table,
            Key={"pk": {"S": _PK}, "sk": {"S": link_id[:128] or "-"}},
            ConsistentRead=True,
        )
        if "Item" not in found:
            raise UnknownLink("no such customer link", where=link_id[:64])
        return _link(found["Item"]["body"]["S"])

    def put(self, link: Link) -> None:
        """Keep a link, replacing one of the same id.

        Raises:
            LinkedAlready: another one has the same two instances.
        """
        self._cache = (float("-inf"), [])
        for other in self.all():
            same = all(
                getattr(other, name) == getattr(link, name)
                for name in ("freshdesk_instance_id", "freshsales_instance_id")
            )
            if same and other.link_id != link.link_id:
                raise LinkedAlready("these two instances are linked", where=other.link_id)
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": _PK},
                "sk": {"S": link.link_id},
                "body": {"S": json.dumps(write_link(link))},
            },
        )
        self._cache = (float("-inf"), [])

    def delete(self, link_id: str) -> None:
        """Forget a link; what is known of its customers is forgotten by a message."""
        self._client.delete_item(
            TableName=self._table, Key={"pk": {"S": _PK}, "sk": {"S": link_id}}
        )
        self._cache = (float("-inf"), [])


def _link(text: str) -> Link:
    body = json.loads(text)
    return read_link(
        body,
        link_id=body["link_id"],
        created_at=body["created_at"],
        updated_at=body["updated_at"],
    )
