"""Who holds a name: written to DynamoDB by the first who asks, until it expires."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def hold(
    client: DynamoDBClient, table: str, name: str, owner: str, *, now: int, seconds: int
) -> bool:
    """Hold `name` from `now`, in seconds since the epoch; False while somebody else does.

    `table`: the stack's IdempotencyTable.

    Raises:
        ClientError, BotoCoreError: the table did not answer.
    """
    try:
        client.put_item(
            TableName=table,
            Item={
                "id": {"S": name},
                "holder": {"S": owner},
                "expiration": {"N": str(now + seconds)},
            },
            # Its own holder: an action comes back, and botocore sends a put again whose first
            # answer was lost.
            ConditionExpression=(
                "attribute_not_exists(id) OR expiration <= :now OR holder = :owner"
            ),
            ExpressionAttributeValues={":now": {"N": str(now)}, ":owner": {"S": owner}},
        )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True
