"""The notifications' bodies, in S3: what is sent again has to be the same bytes.

One object for each notification under `callbacks/`, as private as the bucket; it expires with the
deliveries.
"""

from __future__ import annotations

from freshbridge.bucket_store import BucketStore

FOLDER = "callbacks"


class Bodies(BucketStore):
    """The bodies of one bucket. Errors of S3 are raised as they are: the message is put off."""

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
