"""The notifications' bodies, in S3: what is sent again has to be the same bytes.

One object for each notification under `callbacks/`, as private as the bucket; it expires with the
deliveries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge import aws

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

FOLDER = "callbacks"


class Bodies:
    """The bodies of one bucket. Errors of S3 are raised as they are: the message is put off."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        """`bucket`: the stack's PayloadBucket."""
        self._bucket = bucket
        self._injected = client

    @property
    def _client(self) -> S3Client:
        return self._injected or aws.s3()

    def put(self, notification_id: int, body: bytes) -> None:
        """Keep a body."""
        self._client.put_object(
            Bucket=self._bucket,
            Key=_key(notification_id),
            Body=body,
            ContentType="application/json",
        )

    def get(self, notification_id: int) -> bytes | None:
        """A body as it was kept; None when it has expired."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=_key(notification_id))
        except self._client.exceptions.NoSuchKey:
            return None
        return found["Body"].read()


def _key(notification_id: int) -> str:
    return f"{FOLDER}/notification-{notification_id}.json"
