"""Write pages of records to S3 as gzip JSON Lines.

`<instance>/<object>/history/run=<run>/since=<updated_since>-page-<n>.jsonl.gz`: the name is the
run and the cursor that asked for the page, so a page pulled again overwrites itself, and a later
run never overwrites what an earlier one saw.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from freshbridge import aws

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from freshbridge.queues.envelope import SyncWork
    from freshbridge.sync.cursor import Cursor


def object_key(work: SyncWork, cursor: Cursor) -> str:
    """Where the page that `cursor` asks for is kept."""
    since = cursor.since.replace(":", "").replace("-", "")
    folder = f"{work.instance_id}/{work.object}/history/run={work.run_id}"
    # A page read again may hold other records than the first time, so it is kept beside it.
    again = "-again" if cursor.again else ""
    return f"{folder}/since={since}-page-{cursor.page:05d}{again}.jsonl.gz"


def encode(records: list[dict[str, Any]]) -> bytes:
    """One JSON object a line, gzipped; the same records always give the same bytes."""
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    # Half an emoji, as a text cut at a fixed length ends, becomes "?": no UTF-8 can hold it.
    return gzip.compress(lines.encode(errors="replace"), compresslevel=6, mtime=0)


class Lake:
    """One bucket of synced records."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        """`bucket`: the stack's LakeBucket."""
        self._bucket = bucket
        self._injected = client

    def write(self, key: str, records: list[dict[str, Any]]) -> None:
        """Store one page."""
        (self._injected or aws.s3()).put_object(
            Bucket=self._bucket,
            Key=key,
            Body=encode(records),
            ContentType="application/x-ndjson",
            ContentEncoding="gzip",
        )
