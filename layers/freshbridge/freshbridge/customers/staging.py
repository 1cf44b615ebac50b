"""Freshdesk's rows in S3, from when they are read until the run has written them across.

They hold values, so they are removed once they are used; the bucket's rule removes what a run that
never ended has left.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from freshbridge import aws
from freshbridge.customers.link import Side
from freshbridge.customers.record import Row

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

FOLDER = "customers"


class StagedRows:
    """The rows of one run."""

    def __init__(
        self, bucket: str, link_id: str, run_id: str, client: S3Client | None = None
    ) -> None:
        """`bucket`: the stack's PayloadBucket."""
        self._bucket = bucket
        self._folder = f"{FOLDER}/{link_id}/{run_id}"
        self._injected = client

    @property
    def _client(self) -> S3Client:
        return self._injected or aws.s3()

    def put(self, name: str, rows: Sequence[Row]) -> None:
        """Keep a page; one of the same name is replaced."""
        text = json.dumps([asdict(row) for row in rows], separators=(",", ":"))
        self._client.put_object(
            Bucket=self._bucket,
            Key=f"{self._folder}/{name}.json.gz",
            Body=gzip.compress(text.encode(errors="surrogatepass"), mtime=0),
        )

    def get(self, name: str) -> list[Row]:
        """A page that was kept; none for one that was not."""
        try:
            found = self._client.get_object(
                Bucket=self._bucket, Key=f"{self._folder}/{name}.json.gz"
            )
        except self._client.exceptions.NoSuchKey:
            return []
        rows = json.loads(gzip.decompress(found["Body"].read()))
        return [Row(**{**row, "side": Side(row["side"])}) for row in rows]

    def remove(self, name: str) -> None:
        """Remove a page that was used."""
        self._client.delete_object(Bucket=self._bucket, Key=f"{self._folder}/{name}.json.gz")
