"""Read many items of a table at once.

Amazon DynamoDB gives up to 100 items and 16 MB an answer, and may leave some out when it is busy:
those are asked for again.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Retry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MOST_KEYS = 100
_ROUNDS = 20


class ReadIncomplete(Retry):
    """DynamoDB left items out each time that it was asked."""

    code = "read_incomplete"


def batch_get(
    client: DynamoDBClient, table: str, keys: Iterable[str], attributes: Iterable[str] = ()
) -> dict[str, Any]:
    """The items that there are, by their `pk`; whole, or only the `attributes` that are named.

    Raises:
        ReadIncomplete: it did not give all of them.
        ClientError, BotoCoreError: it did not answer.
    """
    found: dict[str, Any] = {}
    wanted = list(dict.fromkeys(keys))
    for start in range(0, len(wanted), MOST_KEYS):
        left: Any = {
            table: {
                "Keys": [{"pk": {"S": key}} for key in wanted[start : start + MOST_KEYS]],
                **_projection(attributes),
            }
        }
        for _ in range(_ROUNDS):
            answer = client.batch_get_item(RequestItems=left)
            for item in answer["Responses"].get(table, []):
                found[item["pk"]["S"]] = item
            left = answer.get("UnprocessedKeys")
            if not left:
                break
        else:
            raise ReadIncomplete("DynamoDB left out items each time", after=1.0)
    return found


def _projection(attributes: Iterable[str]) -> dict[str, Any]:
    names = {f"#{number}": name for number, name in enumerate(attributes)}
    if not names:
        return {}
    return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
