"""A file in S3 that is written over several invocations, eight megabytes in memory at a time.

It is a multipart upload. What does not fill a part when an invocation ends is kept beside it, under
a name that no earlier state points to, so that a crash at any moment repeats from the last state:
a part that is written again replaces itself, and one that no state lists is left out of the file.
A gzip file is then of several members, which every reader takes as one.
Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html,
https://www.rfc-editor.org/rfc/rfc1952
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from freshbridge import aws

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PART_BYTES = 8 * 1024 * 1024
_GZIP = 31
_MISSING = {"404", "NoSuchKey", "NotFound"}


class PartFile:
    """One file while it is written. Errors of S3 are raised as they are."""

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        key: str,
        *,
        content_type: str,
        gzip: bool,
        kept: dict[str, Any] | None = None,
        part_bytes: int = PART_BYTES,
    ) -> None:
        """`kept` is what `pause` answered before; None for a new file."""
        self._client = client
        self._place: Any = {"Bucket": bucket, "Key": key}
        self._content_type = "application/gzip" if gzip else content_type
        self._gzip = gzip
        self._part_bytes = part_bytes
        state = kept or {"upload": "", "parts": [], "bytes": 0, "rest": ""}
        self._upload: str = state["upload"]
        self._parts: list[str] = list(state["parts"])
        self._bytes: int = state["bytes"]
        self._buffer = bytearray()
        self._member: Any = None
        if state["rest"]:
            found = client.get_object(Bucket=bucket, Key=state["rest"])
            self._buffer += found["Body"].read()

    @property
    def begun(self) -> bool:
        """Whether anything was written, now or in an earlier invocation."""
        return bool(self._buffer or self._parts or self._member)

    def write(self, data: bytes) -> None:
        """Take some bytes; S3 is told of them by the part."""
        if self._gzip:
            if self._member is None:
                self._member = zlib.compressobj(wbits=_GZIP)
            data = self._member.compress(data)
        self._buffer += data
        while len(self._buffer) >= self._part_bytes:
            self._send(bytes(self._buffer[: self._part_bytes]))
            del self._buffer[: self._part_bytes]

    def pause(self, rest_key: str) -> dict[str, Any]:
        """Keep what there is; the answer is plain JSON. `rest_key` must be new."""
        self._end_member()
        if self._buffer:
            self._client.put_object(
                Bucket=self._place["Bucket"], Key=rest_key, Body=bytes(self._buffer)
            )
        return {
            "upload": self._upload,
            "parts": self._parts,
            "bytes": self._bytes,
            "rest": rest_key if self._buffer else "",
        }

    def seal(self) -> dict[str, Any]:
        """Send what is left; the answer is what `complete` needs, plain JSON."""
        if self._gzip and not self.begun:
            self._member = zlib.compressobj(wbits=_GZIP)
        self._end_member()
        if self._upload and self._buffer:
            self._send(bytes(self._buffer))
        elif not self._upload:
            self._client.put_object(
                **self._place, Body=bytes(self._buffer), ContentType=self._content_type
            )
            self._bytes = len(self._buffer)
        self._buffer.clear()
        return {"upload": self._upload, "parts": self._parts, "bytes": self._bytes, "rest": ""}

    def complete(self) -> int:
        """Put a sealed file together, if that was not done; how many bytes it has."""
        if self._upload and not self._exists():
            parts: Any = [
                {"PartNumber": number, "ETag": tag} for number, tag in enumerate(self._parts, 1)
            ]
            self._client.complete_multipart_upload(
                **self._place, UploadId=self._upload, MultipartUpload={"Parts": parts}
            )
        return self._bytes

    def abandon(self) -> None:
        """Let S3 forget what was sent."""
        if self._upload:
            self._client.abort_multipart_upload(**self._place, UploadId=self._upload)

    def _exists(self) -> bool:
        try:
            self._client.head_object(**self._place)
        except ClientError as error:
            if aws.error_name(error) in _MISSING:
                return False
            raise
        return True

    def _end_member(self) -> None:
        if self._member is not None:
            self._buffer += self._member.flush()
            self._member = None

    def _send(self, part: bytes) -> None:
        if not self._upload:
            self._upload = self._client.create_multipart_upload(
                **self._place, ContentType=self._content_type
            )["UploadId"]
        sent = self._client.upload_part(
            **self._place, UploadId=self._upload, PartNumber=len(self._parts) + 1, Body=part
        )
        self._parts.append(sent["ETag"])
        self._bytes += len(part)
