"""Files of results: written to S3 when they are asked for, downloaded through a presigned URL.

A file is written once for each state of the rows: its name counts their changes. It is put together
on disk, so that ten thousand results are never in memory at once.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from freshbridge import aws, timestamps
from freshbridge.bucket_store import BucketStore
from freshbridge.bulk.progress import Progress, RowState
from freshbridge.bulk.results import ResultFormat, result_lines
from freshbridge.bulk.row_item import RowItem

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from freshbridge.bulk.store import BulkStore

URL_LIFE_S = 900


class ResultFiles(BucketStore):
    """Result files below `actions/batches/` of the stack's PayloadBucket."""

    def __init__(
        self,
        bucket: str,
        store: BulkStore,
        *,
        client: S3Client | None = None,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        """`store`: where the rows are. `client`: for tests; made at first use otherwise."""
        super().__init__(bucket, client)
        self._store = store
        self._clock = clock

    def offer(
        self, progress: Progress, kind: ResultFormat, only: RowState | None = None
    ) -> dict[str, Any]:
        """A URL that downloads the results as they are now; `only` for rows in one state.

        Raises:
            ClientError, BotoCoreError: DynamoDB or S3 did not answer.
        """
        client = self._client
        part = only.value if only else "all"
        key = (
            f"actions/batches/{progress.action_id}/"
            f"results-{progress.round}-{progress.changes}-{part}.{kind}"
        )
        if not self._exists(client, key):
            self._write(client, key, progress.action_id, kind, only)
        name = f"{progress.action_id}-{part}.{kind}"
        url = self._signer.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{_plain(name)}"',
            },
            ExpiresIn=URL_LIFE_S,
        )
        until = self._clock() + timedelta(seconds=URL_LIFE_S)
        return {"format": kind.value, "url": url, "expires_at": timestamps.to_text(until)}

    def _exists(self, client: S3Client, key: str) -> bool:
        try:
            client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if aws.error_name(error) in {"404", "403", "NoSuchKey", "AccessDenied"}:
                return False
            raise
        return True

    def _write(
        self, client: S3Client, key: str, action_id: str, kind: ResultFormat, only: RowState | None
    ) -> None:
        with tempfile.TemporaryFile() as file:
            for line in result_lines(self._results(action_id, only), kind):
                file.write(line.encode())
            file.seek(0)
            client.put_object(
                Bucket=self._bucket, Key=key, Body=file, ContentType=kind.content_type
            )

    def _results(
        self, action_id: str, only: RowState | None
    ) -> Iterator[tuple[RowItem, dict[str, Any] | None]]:
        """The rows with their results, two ordered lists read side by side."""
        results = self._store.results(action_id)
        number, text = next(results, (0, ""))
        for row in self._store.rows(action_id):
            while 0 < number < row.number:
                number, text = next(results, (0, ""))
            if only is None or row.state is only:
                yield row, json.loads(text) if number == row.number else None


def _plain(name: str) -> str:
    """A file name for a header: an action's id may hold anything where a stranger chose it."""
    return "".join(c if (c.isascii() and c.isalnum()) or c in "-_." else "_" for c in name)
