"""The runs of a destination: which there were, and the settings that each goes by.

A run is a bulk action; its rows and counts are kept as those of any. Beside them lie its entry in
the destination's list (pk "destination#<id>", sk "run#<time>#<run id>") and, in S3, the settings as
they were when it began: a change of the destination does not reach into it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from freshbridge import aws, timestamps
from freshbridge.destinations.model import DestinationSettings, read_settings, write_settings
from freshbridge.query_page import query_page

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

_WARM = 64
"""Runs whose settings a warm function remembers."""


class Runs:
    """Runs in the stack's BulkTable and PayloadBucket."""

    def __init__(
        self,
        table: str,
        bucket: str,
        *,
        days: int,
        dynamodb: DynamoDBClient | None = None,
        s3: S3Client | None = None,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`days`: how long a run's entry is kept. The clients are for tests."""
        self._table = table
        self._bucket = bucket
        self._days = days
        self._injected = dynamodb
        self._injected_s3 = s3
        self._clock = clock
        self._remembered = lru_cache(maxsize=_WARM)(self._read)

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    @property
    def _s3(self) -> S3Client:
        return self._injected_s3 or aws.s3()

    def settings(self, run_id: str) -> DestinationSettings | None:
        """What the run goes by; None for one that has not begun, or whose settings expired."""
        try:
            return self._remembered(run_id)
        except ClientError as error:
            if aws.error_name(error) in {"NoSuchKey", "404", "403", "AccessDenied"}:
                return None
            raise

    def begin(
        self,
        run_id: str,
        destination_id: str,
        settings: DestinationSettings,
        about: dict[str, Any],
    ) -> DestinationSettings:
        """Note a run and what it goes by; those of an earlier beginning stand.

        `about` is what its list tells: who asked for it, where the records come from.
        """
        # First, for with the settings the run has begun, and is noted no more.
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": f"destination#{destination_id}"},
                "sk": {"S": f"run#{about['submitted_at']}#{run_id}"},
                "body": {"S": json.dumps({"run_id": run_id, **about})},
                "expires_at": {"N": str(int(self._clock()) + self._days * 86_400)},
            },
        )
        held = self.settings(run_id)
        if held is None:
            body = json.dumps(write_settings(settings)).encode()
            self._s3.put_object(Bucket=self._bucket, Key=_key(run_id), Body=body)
        return held or settings

    def page(
        self, destination_id: str, *, limit: int, after: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Up to `limit` runs, newest first, and what asks for the next page.

        Raises:
            InvalidRequest: `after` is not what a page before it gave.
        """
        pk = f"destination#{destination_id}"
        query = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":prefix": {"S": "run#"}},
            "ScanIndexForward": False,
        }
        found = query_page(self._client, query, ("pk", pk), ("sk",), limit=limit, after=after)
        return [json.loads(item["body"]["S"]) for item in found.items], found.after

    def _read(self, run_id: str) -> DestinationSettings:
        found = self._s3.get_object(Bucket=self._bucket, Key=_key(run_id))
        return read_settings(json.loads(found["Body"].read()))


def _key(run_id: str) -> str:
    return f"actions/batches/{run_id}/destination.json"
