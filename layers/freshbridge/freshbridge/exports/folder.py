"""Where exports lie in the stack's PayloadBucket.

    exports/{instance}/files/{export}/state.json       how far it has come
    exports/{instance}/files/{export}/cancel           somebody wants it to end
    exports/{instance}/files/{export}/{object}.csv     what it is for
    exports/{instance}/files/{export}/rest-…           what did not fill a part
    exports/{instance}/jobs/{job}.json                 a bulk download that was asked for

All of it expires with the bucket's rule after three days, as Open Connectors keeps its files.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from freshbridge.bucket_store import BucketStore
from freshbridge.exports.part_file import PART_BYTES, PartFile
from freshbridge.exports.state import ExportState
from freshbridge.exports.wanted import Format

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KEPT_DAYS = 3
URL_LIFE_S = 3600


class ExportFolder(BucketStore):
    """Exports in one bucket. Errors of S3 are raised as they are."""

    def __init__(
        self, bucket: str, client: S3Client | None = None, *, part_bytes: int = PART_BYTES
    ) -> None:
        """`bucket`: the stack's PayloadBucket. `client`: for tests."""
        super().__init__(bucket, client)
        self._part_bytes = part_bytes

    def state(self, instance_id: str, export_id: str) -> ExportState | None:
        """How far it has come; None when it has not begun."""
        found = self.read(f"{_folder(instance_id, export_id)}/state.json")
        return None if found is None else ExportState.from_json(found)

    def save(self, instance_id: str, export_id: str, state: ExportState) -> None:
        """Keep how far it has come."""
        self.put(f"{_folder(instance_id, export_id)}/state.json", state.to_json())

    def cancel(self, instance_id: str, export_id: str) -> None:
        """Have it end at its next look."""
        self.put(f"{_folder(instance_id, export_id)}/cancel", {})

    def cancelled(self, instance_id: str, export_id: str) -> bool:
        """Whether somebody wants it to end."""
        return self.read(f"{_folder(instance_id, export_id)}/cancel") is not None

    def open(
        self,
        instance_id: str,
        export_id: str,
        name: str,
        kind: Format,
        *,
        gzip: bool,
        kept: dict[str, Any] | None,
    ) -> PartFile:
        """A file to write, or to go on with."""
        return PartFile(
            self._client,
            self._bucket,
            f"{_folder(instance_id, export_id)}/{name}",
            content_type=kind.content_type,
            gzip=gzip,
            kept=kept,
            part_bytes=self._part_bytes,
        )

    def rest_key(self, instance_id: str, export_id: str, kind: Format, run: int) -> str:
        """Where a run keeps what did not fill a part."""
        return f"{_folder(instance_id, export_id)}/rest-{kind}-{run:05d}"

    def content(self, instance_id: str, export_id: str, name: str) -> bytes:
        """A whole file; for small ones."""
        key = f"{_folder(instance_id, export_id)}/{name}"
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def url(
        self, instance_id: str, export_id: str, name: str, *, shown_as: str, content_type: str
    ) -> str:
        """A URL that downloads a file; it needs no other credentials."""
        return self._signer.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": f"{_folder(instance_id, export_id)}/{name}",
                "ResponseContentDisposition": f'attachment; filename="{shown_as}"',
                "ResponseContentType": content_type,
            },
            ExpiresIn=URL_LIFE_S,
        )

    def read(self, key: str) -> dict[str, Any] | None:
        """A JSON object; None for nothing."""
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        found: dict[str, Any] = json.loads(body)
        return found

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Keep a JSON object."""
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=json.dumps(value).encode(),
            ContentType="application/json",
        )

    def keep_upload(self, key: str, content: bytes) -> None:
        """Keep a file of records to create, below uploads/."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content)

    def names(self, prefix: str) -> list[str]:
        """The keys below a prefix, without it, in order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return [
            entry["Key"].removeprefix(prefix)
            for page in pages
            for entry in page.get("Contents", [])
        ]


def _folder(instance_id: str, export_id: str) -> str:
    return f"exports/{instance_id}/files/{export_id}"
