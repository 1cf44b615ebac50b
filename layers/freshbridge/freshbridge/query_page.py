"""Pages of a DynamoDB query, whose place a caller passes back as text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge.errors import InvalidRequest
from freshbridge.paging_token import read_token, write_token

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class ItemPage:
    """Items as DynamoDB gives them; `after` asks for the next page and is None on the last one."""

    items: list[dict[str, Any]]
    after: str | None


def newest_first(table: str, index: str, key: str, value: str, *, now: float) -> dict[str, Any]:
    """The query for what an index has under one value of its `key`; what has expired is left out.

    `now`: seconds since the epoch, to compare `expires_at` with.
    """
    return {
        "TableName": table,
        "IndexName": index,
        "KeyConditionExpression": f"{key} = :value",
        "FilterExpression": "expires_at > :now",
        "ExpressionAttributeValues": {":value": {"S": value}, ":now": {"N": str(int(now))}},
        "ScanIndexForward": False,
    }


def query_page(
    client: DynamoDBClient,
    query: Mapping[str, Any],
    list_key: tuple[str, str],
    others: Collection[str],
    *,
    limit: int,
    after: str | None,
) -> ItemPage:
    """Up to `limit` items of a query; fewer, where its filter leaves some out.

    `list_key`: the partition key of the list and its value; `others`: the further keys of a place
    in it. All of them are texts.

    Raises:
        InvalidRequest: `after` is not what a page before it of the same list gave.
        ClientError, BotoCoreError: the table did not answer.
    """
    asked = {**query, "Limit": limit}
    if after is not None:
        key, value = list_key
        position = read_token(after)
        if set(position) != {key, *others} or position[key] != value:
            raise InvalidRequest(
                "`after` belongs to another list", advice="Begin again without it."
            )
        asked["ExclusiveStartKey"] = {name: {"S": text} for name, text in position.items()}
    found: Any = client.query(**asked)
    last = found.get("LastEvaluatedKey")
    place = {name: value["S"] for name, value in last.items()} if last else None
    return ItemPage(found["Items"], write_token(place) if place else None)
