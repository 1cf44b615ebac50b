"""What each row is to run, kept in S3 in pieces of one transaction's rows.

Rows in DynamoDB stay small that way: they are read over and over, their parameters once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from freshbridge.bucket_store import BucketStore
from freshbridge.bulk.store import CHUNK
from freshbridge.queues.payload import PayloadGone


class RowInputs(BucketStore):
    """The parameters of rows, below `actions/batches/` of the stack's PayloadBucket."""

    def keep(self, action_id: str, parameters: Mapping[int, dict[str, Any]], *, first: int) -> None:
        """Keep the parameters of one piece's rows, by row number; `first` is its first row."""
        # ASCII, so that half an emoji, which no UTF-8 can hold, survives as its escape.
        body = json.dumps(parameters, separators=(",", ":")).encode()
        self._client.put_object(
            Bucket=self._bucket,
            Key=_key(action_id, piece_of(first)),
            Body=body,
            ContentType="application/json",
        )

    def read(self, action_id: str, piece: int) -> dict[int, dict[str, Any]]:
        """The parameters of one piece's rows, by row number.

        Raises:
            PayloadGone: they have expired.
        """
        key = _key(action_id, piece)
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key)
        except self._client.exceptions.NoSuchKey as error:
            raise PayloadGone(
                f"the parameters of these rows, s3://{self._bucket}/{key}, are gone; start the "
                "bulk action again"
            ) from error
        return {int(number): held for number, held in json.loads(found["Body"].read()).items()}


def piece_of(number: int) -> int:
    """The piece that row `number` is in, from 0."""
    return (number - 1) // CHUNK


def _key(action_id: str, piece: int) -> str:
    return f"actions/batches/{action_id}/rows-{piece:04d}.json"
