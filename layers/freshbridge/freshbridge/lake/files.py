"""The lake's files in S3: read, written only over what was read, listed.

Amazon S3 writes under a condition (`If-Match`, `If-None-Match`) and is strongly consistent, so a
file that two workers rewrite at once keeps what both had to say.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from freshbridge import aws

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# 404: it was removed since it was read. 409: somebody writes it at this moment.
_WRITTEN_SINCE = frozenset(
    {"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey", "404"}
)
_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_TAKEN = frozenset({"PreconditionFailed", "412"})
_PAST_THE_END = frozenset({"InvalidRange", "416"})
HISTORY_TAG = "lake=history"
"""What carries it expires after LakeRetentionDays: keys begin with an instance, so that no rule for
a prefix could tell the history from the current view."""
STAGED_TAG = "lake=staged"
"""What carries it waits for the end of a run, and expires when no run can need it any more."""


class WrittenSince(Exception):
    """The file is not the one that was read any more."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file as it is stored; both are empty for one that is not there."""

    data: bytes = b""
    etag: str = ""


class LakeFiles:
    """The objects of one bucket."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        """`bucket`: the stack's LakeBucket."""
        self._bucket = bucket
        self._injected = client

    @property
    def _client(self) -> S3Client:
        return self._injected or aws.s3()

    def open(self) -> None:
        """Make the client that threads are to share: boto3 cannot make two at the same moment."""
        _ = self._client.meta

    def read(self, key: str) -> Held:
        """A file and its ETag."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _MISSING:
                return Held()
            raise
        return Held(found["Body"].read(), found["ETag"])

    def read_range(self, key: str, begin: int, length: int) -> bytes | None:
        """So many bytes of a file, fewer where it ends before; None for one that is not there."""
        try:
            found = self._client.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes={begin}-{begin + length - 1}"
            )
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            if _code(error) in _PAST_THE_END:
                return b""
            raise
        return found["Body"].read()

    def look(self, key: str) -> tuple[str, dict[str, str]]:
        """A file's ETag, "" for none, and what was noted with it."""
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _MISSING:
                return "", {}
            raise
        return found["ETag"], found["Metadata"]

    def listed(self, prefix: str, *, after: str = "") -> Iterator[tuple[str, str]]:
        """Key and ETag of every file below, in the order of the keys; a call for each thousand.

        `after` leaves out that key and all before it.
        """
        for one in self._entries(prefix, after):
            yield one["Key"], one["ETag"]

    def newest(self, prefix: str) -> list[str]:
        """The keys below, the one written last first."""
        found = sorted(
            self._entries(prefix), key=lambda one: (one["LastModified"], one["Key"]), reverse=True
        )
        return [one["Key"] for one in found]

    def _entries(self, prefix: str, after: str = "") -> Iterator[Any]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after
        )
        for page in pages:
            yield from page.get("Contents", [])

    def replace(self, key: str, data: bytes, seen: str, rows: int) -> str:
        """Write lines over the file whose ETag was `seen`, "" for none; returns the new one.

        Raises:
            WrittenSince: somebody else came first, and nothing was written.
        """
        condition: Any = {"IfMatch": seen} if seen else {"IfNoneMatch": "*"}
        try:
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=data,
                Metadata={"rows": str(rows)},
                **_LINES,
                **condition,
            )
        except ClientError as error:
            if _code(error) in _WRITTEN_SINCE:
                raise WrittenSince(key) from error
            raise
        return answer["ETag"]

    def add(self, key: str, data: bytes, tag: str) -> bool:
        """Write a file that is never written over; False where there is one."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=data, Tagging=tag, IfNoneMatch="*"
            )
        except ClientError as error:
            if _code(error) in _TAKEN:
                return False
            raise
        return True

    def write_history(self, key: str, data: bytes, content_type: str = "") -> None:
        """Write what expires with the history; written again, it replaces itself."""
        form: Any = {"ContentType": content_type} if content_type else _LINES
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=data, Tagging=HISTORY_TAG, **form
        )

    def note(self, key: str, data: bytes) -> None:
        """Keep what can be made again; whoever may only read does without."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=data, ContentType="application/json"
            )
        except ClientError as error:
            if _code(error) not in {"AccessDenied", "403"}:
                raise


_LINES: Any = {"ContentType": "application/x-ndjson", "ContentEncoding": "gzip"}


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
