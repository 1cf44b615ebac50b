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
        Bucket=bucket, Prefix=_current(instance_id, name)
    )
    for page in pages:
        for entry in page.get("Contents", ()):
            content = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            for line in gzip.decompress(content).splitlines():
                if line:
                    yield json.loads(line)


def writes_per_file(s3: S3Client, bucket: str, instance_id: str, name: str) -> float:
    """How often a file of `{instance}/{object}/current/` was written, by the versions S3 kept."""
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=_current(instance_id, name)
    )
    written = [one["Key"] for page in pages for one in page.get("Versions", ())]
    return len(written) / max(len(set(written)), 1)


def _current(instance_id: str, name: str) -> str:
    return f"{instance_id}/{name}/current/"
