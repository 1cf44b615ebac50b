"""A result that no answer can carry: told with a URL that downloads it.

AWS Lambda answers with 6 MB at most, in which the body is a JSON text inside JSON.
Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import json
from typing import Any

from freshbridge.bucket_store import BucketStore

LARGEST_ANSWER = 5_000_000
URL_LIFE_S = 900


class LargeResults(BucketStore):
    """Results below `actions/` of the stack's PayloadBucket."""

    def fitting(self, data: dict[str, Any], action_id: str, *, beside: int = 0) -> dict[str, Any]:
        """The data itself, or `{"too_large": true, "url", "expires_in_s"}` in its place.

        `beside`: bytes of what else is in the answer.

        Raises:
            ClientError, BotoCoreError: S3 did not take it.
        """
        text = json.dumps(data)
        if len(json.dumps(text)) + beside <= LARGEST_ANSWER:
            return data
        key = f"actions/downloads/{action_id}.json"
        # Written here, since a read's result may be another one each time.
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=text.encode(), ContentType="application/json"
        )
        url = self._signer.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=URL_LIFE_S
        )
        return {"too_large": True, "url": url, "expires_in_s": URL_LIFE_S}
