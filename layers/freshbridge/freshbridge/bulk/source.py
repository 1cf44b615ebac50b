"""Files of rows in the stack's own PayloadBucket, read in pieces.

No other bucket is read: the functions have no permission for one, and a request could name any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws
from freshbridge.bucket_store import BucketStore
from freshbridge.errors import InvalidRequest, NotFound, PayloadTooLarge, Retry

PIECE = 256 * 1024
LARGEST_FILE = 100 * 1024 * 1024
"""Bytes; ten thousand rows of ten kilobytes each."""


class RowFileMissing(NotFound):
    """There is no such file, or it has expired."""

    code = "row_file_missing"
    default_advice = "Upload the file and name its upload_id, or its key in the PayloadBucket."


class RowFileChanged(InvalidRequest):
    """The file was replaced while its rows were being read."""

    code = "row_file_changed"
    default_advice = "Start the bulk action again, and leave the file as it is meanwhile."


class RowFileUnavailable(Retry):
    """The file could not be read to its end."""

    code = "row_file_unavailable"


class Readable(Protocol):
    """What an open file does."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...  # pragma: no cover  # a protocol has no body

    def close(self) -> None:
        """Give the connection back."""
        ...  # pragma: no cover  # as above


class RowFiles(BucketStore):
    """Opens files of the PayloadBucket."""

    @property
    def bucket(self) -> str:
        """Its name."""
        return self._bucket

    def tag(self, key: str) -> str:
        """What tells this version of the file from a later one.

        Raises:
            RowFileMissing, PayloadTooLarge: it cannot be used.
            RowFileUnavailable: S3 did not answer.
        """
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise _unusable(error) from error
        if found["ContentLength"] > LARGEST_FILE:
            raise PayloadTooLarge(
                f"the file has {found['ContentLength']} bytes, {LARGEST_FILE} are read at most",
                advice="Split the file.",
            )
        return found["ETag"]

    def pieces(self, key: str, tag: str) -> Iterator[bytes]:
        """Yield the file's bytes, as long as it is the version that `tag` names.

        Raises:
            RowFileMissing, RowFileChanged: it is gone or another.
            RowFileUnavailable: S3 did not answer.
        """
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=key, IfMatch=tag)["Body"]
        except (ClientError, BotoCoreError) as error:
            raise _unusable(error) from error
        yield from in_pieces(body)


def in_pieces(body: Readable) -> Iterator[bytes]:
    """Yield what is read from an open file, and close it whatever happens.

    Raises:
        RowFileUnavailable: the connection broke.
    """
    try:
        while piece := body.read(PIECE):
            yield piece
    except (BotoCoreError, OSError) as error:
        raise RowFileUnavailable("the file could not be read to its end") from error
    finally:
        body.close()


def _unusable(error: Exception) -> RowFileMissing | RowFileChanged | RowFileUnavailable:
    code = aws.error_name(error)
    # S3 answers 403 for a missing object to whoever may not list the bucket.
    if code in {"NoSuchKey", "404", "403", "AccessDenied"}:
        return RowFileMissing("the PayloadBucket has no such file")
    if code in {"PreconditionFailed", "412"}:
        return RowFileChanged("the file was replaced while its rows were being read")
    return RowFileUnavailable(f"the file of rows could not be read: {code}")
