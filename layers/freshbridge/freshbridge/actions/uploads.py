"""Files on their way to a provider: uploaded straight to S3, referred to by an upload id.

An upload is two objects, `uploads/<instance>/<upload id>/about.json`, written when the URL is
given out, and `.../content`, which the caller puts there. Both expire with the bucket's rule.
The URL is good for one length only: S3 checks Content-Length against the signature.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/PresignedUrlUploadObject.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, timestamps
from freshbridge.actions.freshdesk.file_names import checked_content_type, safe_name
from freshbridge.bucket_store import BucketStore
from freshbridge.errors import FieldError, InvalidRequest, NotFound, Retry
from freshbridge.identifiers import new_id
from freshbridge.multipart import FileInterrupted

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from freshbridge.http_message import FileSource, Readable

MOST_BYTES = 20 * 1024 * 1024
"""Of all files of one request to Freshdesk, so of one file too."""
UPLOAD_ID_PATTERN = r"^upl_[0-9a-f]{32}$"
URL_LIFE_S = 900
LONGEST_GIVEN_NAME = 1024
# S3 answers 403 for a missing object to whoever may not list the bucket.
_MISSING = {"NoSuchKey", "404", "403", "AccessDenied"}
_CHANGED = {"PreconditionFailed", "412"}


class UploadMissing(NotFound):
    """No such upload of this instance, or nothing was uploaded, or it has expired."""

    code = "upload_missing"
    default_advice = "Ask for an upload URL, put the file there, and give its upload_id."


class InvalidUpload(InvalidRequest):
    """What is to be uploaded cannot be attached."""

    code = "invalid_upload"


class UploadUnavailable(Retry):
    """The store of uploads did not answer."""

    code = "upload_unavailable"


@dataclass(frozen=True)
class UploadRequest:
    """A file to come: the name it will be sent under, its media type or None, its bytes."""

    name: str
    content_type: str | None
    size: int


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file: the name and type it was announced with, and where its bytes are."""

    name: str
    content_type: str | None
    content: FileSource


@dataclass(frozen=True)
class _S3File:
    """Implements FileSource: one object as it was when it was found."""

    client: S3Client
    bucket: str
    key: str
    etag: str
    size: int

    def open(self) -> Readable:
        """Begin to download it.

        Raises:
            UploadMissing: it expired or was replaced since it was found.
            UploadUnavailable: S3 did not answer.
        """
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self.key, IfMatch=self.etag)
        except (ClientError, BotoCoreError) as error:
            if aws.error_name(error) in _CHANGED:
                raise UploadMissing("The uploaded file was replaced while it was used") from error
            raise _unusable(error) from error
        return _Download(found["Body"])


class _Download:
    """A body of S3 whose failures are the package's own."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int, /) -> bytes:
        try:
            content: bytes = self._body.read(size)
        except (BotoCoreError, OSError) as error:
            raise FileInterrupted("The uploaded file could not be read to its end") from error
        return content

    def close(self) -> None:
        self._body.close()


class UploadStore(BucketStore):
    """Gives out URLs to upload to, and finds what was uploaded."""

    def __init__(
        self,
        bucket: str,
        *,
        client: S3Client | None = None,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        """`bucket`: the stack's PayloadBucket. `client`: for tests; made at first use otherwise."""
        super().__init__(bucket, client)
        self._clock = clock

    def offer(
        self, instance_id: str, wanted: UploadRequest, *, most: int = MOST_BYTES
    ) -> dict[str, Any]:
        """A place for one file: `upload_id`, and the request that puts the file there.

        `most` is only told: `read_upload` has kept to it.

        Raises:
            ClientError, BotoCoreError: S3 did not answer.
        """
        client, now = self._signer, self._clock()
        upload_id = new_id("upl", now=now.timestamp)
        client.put_object(
            Bucket=self._bucket,
            Key=_key(instance_id, upload_id, "about.json"),
            Body=json.dumps(asdict(wanted)).encode(),
            ContentType="application/json",
        )
        url = client.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self._bucket,
                "Key": _key(instance_id, upload_id, "content"),
                "ContentLength": wanted.size,
            },
            ExpiresIn=URL_LIFE_S,
        )
        return {
            "upload_id": upload_id,
            "method": "PUT",
            "url": url,
            "headers": {"Content-Length": str(wanted.size)},
            "expires_at": timestamps.to_text(now + timedelta(seconds=URL_LIFE_S)),
            "max_bytes": most,
            "name": wanted.name,
        }

    def keep(
        self, instance_id: str, upload_id: str, wanted: UploadRequest, content: bytes | IO[bytes]
    ) -> None:
        """Keep a file that came otherwise than by its upload URL.

        Raises:
            ClientError, BotoCoreError: S3 did not answer.
        """
        client = self._client
        about = json.dumps(asdict(wanted)).encode()
        for part, body in (("about.json", about), ("content", content)):
            key = _key(instance_id, upload_id, part)
            client.put_object(Bucket=self._bucket, Key=key, Body=body)

    def find(self, instance_id: str, upload_id: str) -> StoredFile:
        """The file that was uploaded under this id of this instance.

        Raises:
            UploadMissing: an upload of another instance is as unknown as one that never was.
            UploadUnavailable: S3 did not answer.
        """
        client, key = self._client, _key(instance_id, upload_id, "content")
        try:
            described = client.get_object(
                Bucket=self._bucket, Key=_key(instance_id, upload_id, "about.json")
            )
            about = json.loads(described["Body"].read())
        except (ClientError, BotoCoreError) as error:
            raise _unusable(error, "This instance has no such upload, or it has expired") from error
        try:
            head = client.head_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise _unusable(error, "Nothing was uploaded under this upload_id yet") from error
        content = _S3File(client, self._bucket, key, head["ETag"], head["ContentLength"])
        return StoredFile(about["name"], about["content_type"], content)


def read_upload(body: dict[str, Any], most: int = MOST_BYTES) -> UploadRequest:
    """The file that `{"name", "content_type"?, "size"}` announces, of `most` bytes at most.

    Raises:
        InvalidUpload: naming everything that is wrong.
    """
    wrong = [
        FieldError(field, "there is no such field", "unknown")
        for field in sorted(set(body) - {"name", "content_type", "size"})
    ]
    name, kind, size = body.get("name"), body.get("content_type"), body.get("size")
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_GIVEN_NAME:
        wrong.append(FieldError("name", "the file's name is required", "invalid_value"))
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        wrong.append(FieldError("size", "must be the file's bytes, 1 at least", "invalid_value"))
    elif size > most:
        message = f"{most} bytes at most can be uploaded here"
        wrong.append(FieldError("size", message, "too_large"))
    if kind is not None:
        try:
            kind = checked_content_type(str(kind))
        except ValueError as error:
            wrong.append(FieldError("content_type", str(error), "invalid_value"))
    if wrong:
        raise InvalidUpload("the file cannot be uploaded", fields=wrong)
    return UploadRequest(safe_name(str(name)), kind, int(str(size)))


def _key(instance_id: str, upload_id: str, part: str) -> str:
    return f"uploads/{instance_id}/{upload_id}/{part}"


def _unusable(
    error: Exception, missing: str = "The uploaded file is gone"
) -> UploadMissing | UploadUnavailable:
    if aws.error_name(error) in _MISSING:
        return UploadMissing(missing, where="attachments")
    return UploadUnavailable("The store of uploads did not answer", where="attachments")
