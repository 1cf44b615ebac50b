"""What every store in an S3 bucket stands on: the bucket's name, and the clients that reach it.

A client is looked up at each use: nothing is called, and no session made, before the first one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge import aws

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class BucketStore:
    """A store in one bucket. What S3 raises is raised as it is, where no method says other."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        """`bucket`: its name. `client`: instead of the process's own, for calls and for URLs."""
        self._bucket = bucket
        self._injected = client

    @property
    def _client(self) -> S3Client:
        return self._injected or aws.s3()

    @property
    def _signer(self) -> S3Client:
        """Makes URLs for others to use."""
        return self._injected or aws.s3_presigning()
