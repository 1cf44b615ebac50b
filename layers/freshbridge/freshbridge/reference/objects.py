"""Reference data in S3, where every function finds what another one has read.

It only saves calls: whatever fails here is logged, and then left alone for a while, so that a
bucket that does not answer cannot slow each action down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws
from freshbridge.reference.kept import Kept, pack, unpack

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from freshbridge.observability import Logger

PAUSE_S = 30.0
"""How long the bucket is left alone after it failed."""
_MISSING = ("NoSuchKey", "404")


class ReferenceObjects:
    """The objects of one bucket."""

    def __init__(
        self,
        bucket: str,
        *,
        logger: Logger | None = None,
        client: S3Client | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`bucket`: the stack's PayloadBucket. `client`: for tests."""
        self._bucket = bucket
        self._logger = logger
        self._injected = client
        self._monotonic = monotonic
        self._silent_until = float("-inf")

    @property
    def _client(self) -> S3Client:
        return self._injected or aws.s3_briefly()

    def read(self, name: str) -> Kept | None:
        """What is kept under a name; None also when it cannot be read."""
        if self._monotonic() < self._silent_until:
            return None
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=name)
            return unpack(found["Body"].read())
        except (ClientError, BotoCoreError, OSError) as error:
            if aws.error_name(error) not in _MISSING:
                self._failed("reference data not read", error)
            return None

    def write(self, name: str, kept: Kept) -> None:
        """Keep it; two functions that do so at once leave one of two good answers."""
        if self._monotonic() < self._silent_until:
            return
        try:
            self._client.put_object(Bucket=self._bucket, Key=name, Body=pack(kept))
        except (ClientError, BotoCoreError, OSError) as error:
            self._failed("reference data not kept", error)

    def _failed(self, what: str, error: Exception) -> None:
        self._silent_until = self._monotonic() + PAUSE_S
        if self._logger is not None:
            self._logger.warning(what, extra={"error": aws.error_name(error)})
