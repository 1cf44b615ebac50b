"""Quarantine files: written to S3 when they are asked for, downloaded through a presigned URL.

Put together on disk, piece by piece, so that a hundred thousand records are never in memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

from freshbridge import aws, timestamps
from freshbridge.bulk.inputs import piece_of
from freshbridge.bulk.progress import Progress, RowState
from freshbridge.bulk.results import ResultFormat
from freshbridge.destinations.quarantine import Refused, columns_of, csv_lines, json_lines

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from freshbridge.bulk.inputs import RowInputs
    from freshbridge.bulk.store import BulkStore

URL_LIFE_S = 900
OUTCOMES = ("invalid", "rejected")


class QuarantineFiles:
    """Files below `actions/batches/` of the stack's PayloadBucket."""

    def __init__(
        self,
        bucket: str,
        store: BulkStore,
        inputs: RowInputs,
        *,
        client: S3Client | None = None,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        """`store`, `inputs`: where rows and their records are. `client`: for tests."""
        self._bucket = bucket
        self._store = store
        self._inputs = inputs
        self._injected = client
        self._clock = clock

    def offer(self, progress: Progress, kind: ResultFormat, only: str | None) -> dict[str, Any]:
        """A URL that downloads the records that were not taken, as they are now.

        Raises:
            PayloadGone: they have expired.
            ClientError, BotoCoreError: DynamoDB or S3 did not answer.
        """
        part = only or "all"
        name = f"quarantine-{progress.round}-{progress.changes}-{part}.{kind}"
        key = f"actions/batches/{progress.action_id}/{name}"
        with tempfile.TemporaryFile() as file:
            count = self.write(progress.action_id, kind, only, file)
            file.seek(0)
            (self._injected or aws.s3()).put_object(
                Bucket=self._bucket, Key=key, Body=file, ContentType=kind.content_type
            )
        url = (self._injected or aws.s3_presigning()).generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="quarantine.{kind}"',
            },
            ExpiresIn=URL_LIFE_S,
        )
        until = timestamps.to_text(self._clock() + timedelta(seconds=URL_LIFE_S))
        return {"records": count, "format": kind.value, "url": url, "expires_at": until}

    def write(
        self,
        run_id: str,
        kind: ResultFormat,
        only: str | None,
        file: IO[bytes],
        *,
        plain: bool = False,
    ) -> int:
        """Write the file; how many records it has. `plain`: the records alone."""
        counted = _Counted(lambda: self._refused(run_id, only))
        if kind is ResultFormat.CSV:
            lines = csv_lines(counted(), columns_of(self._refused(run_id, only)))
        else:
            lines = json_lines(counted(), plain=plain)
        for line in lines:
            file.write(line.encode())
        return counted.count

    def _refused(self, run_id: str, only: str | None) -> Iterator[Refused]:
        piece, held = -1, dict[int, dict[str, Any]]()
        for row in self._store.rows(run_id):
            if row.state is not RowState.FAILED or row.outcome not in OUTCOMES:
                continue
            if only is not None and row.outcome != only:
                continue
            if piece_of(row.number) != piece:
                piece = piece_of(row.number)
                held = self._inputs.read(run_id, piece)
            yield row, held[row.number]["record"]


class _Counted:
    """Counts what it passes on."""

    def __init__(self, source: Callable[[], Iterator[Refused]]) -> None:
        self._source = source
        self.count = 0

    def __call__(self) -> Iterator[Refused]:
        for one in self._source():
            self.count += 1
            yield one
