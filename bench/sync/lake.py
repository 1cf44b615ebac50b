"""Reads the current view of an instance's tickets as a stranger would: keys, gzip, JSON Lines."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def current_rows(
    s3: S3Client, bucket: str, instance_id: str, name: str
) -> Iterator[dict[str, Any]]:
    """Every row of `{instance}/{object}/current/`, file by file."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{instance_id}/{name}/current/"
    )
    for page in pages:
        for entry in page.get("Contents", ()):
            content = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            for line in gzip.decompress(content).splitlines():
                if line:
                    yield json.loads(line)
