"""Large message bodies: kept in S3, with a pointer in the queue.

Amazon SQS takes 1,048,576 bytes a message and bills every 64 KiB; a body over `INLINE_LIMIT`
travels as `{"payload_pointer": {"bucket", "key"}}`. The object outlives the longest a dead-letter
queue can keep its pointer (the bucket's lifecycle rule).
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

from __future__ import annotations

import json

from freshbridge.bucket_store import BucketStore
from freshbridge.errors import Reject

INLINE_LIMIT = 192 * 1024


class PayloadGone(Reject):
    """The body that a message points to is not in the bucket any more."""

    code = "payload_gone"


class PayloadStore(BucketStore):
    """Puts bodies that are too large for a queue into one bucket, and reads them back."""

    def pack(self, text: str, key: str, *, limit: int = INLINE_LIMIT) -> str:
        """The text itself up to `limit` bytes, else a pointer to it under `key`."""
        body = text.encode()
        if len(body) <= limit:
            return text
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=body, ContentType="application/json"
        )
        return json.dumps({"payload_pointer": {"bucket": self._bucket, "key": key}})

    def unpack(self, text: str) -> str:
        """The text that `pack` was given.

        A pointer to any other bucket is taken for an ordinary message: only this stack's own
        bucket is ever read.

        Raises:
            PayloadGone: when the object expired or was deleted.
        """
        key = self._pointed_key(text)
        if key is None:
            return text
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key)
        except self._client.exceptions.NoSuchKey as error:
            raise PayloadGone(
                f"the body of this message, s3://{self._bucket}/{key}, is gone; send it again"
            ) from error
        return found["Body"].read().decode()

    def _pointed_key(self, text: str) -> str | None:
        if not text.startswith('{"payload_pointer"'):
            return None
        try:
            pointer = json.loads(text)["payload_pointer"]
            return str(pointer["key"]) if pointer["bucket"] == self._bucket else None
        except (ValueError, KeyError, TypeError):
            return None
