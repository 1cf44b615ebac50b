"""A file in parts: however it is written, paused and gone on with, its bytes are the same."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.exports.part_file import PartFile
from tests.fakes.export_desk import MemoryBucket

PART = 10


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket()


def opened(bucket: Any, kept: dict[str, Any] | None, *, packed: bool) -> PartFile:
    return PartFile(
        bucket, "b", "file", content_type="text/csv", gzip=packed, kept=kept, part_bytes=PART
    )


# What happens to a file, in order: bytes are written, it is paused, its process dies.
STEPS = st.lists(st.binary(max_size=25) | st.sampled_from(["pause", "die"]), max_size=14)


@settings(max_examples=50)
@given(STEPS, st.booleans())
def test_pauses_and_deaths_leave_no_trace(steps: list[Any], packed: bool) -> None:
    bucket = MemoryBucket()
    bucket.smallest_part = PART
    file, state = opened(bucket, None, packed=packed), None
    safe, fresh = b"", b""
    for number, step in enumerate(steps):
        if step == "pause":
            state = file.pause(f"rest-{number}")
            safe, fresh = safe + fresh, b""
            file = opened(bucket, state, packed=packed)
        elif step == "die":
            file, fresh = opened(bucket, state, packed=packed), b""
        else:
            file.write(step)
            fresh += step
    sealed = file.seal()
    size = opened(bucket, sealed, packed=packed).complete()
    # Once more, by who does not know that it is done.
    assert opened(bucket, sealed, packed=packed).complete() == size

    content = bucket.objects["file"]
    assert len(content) == size
    assert (gzip.decompress(content) if packed else content) == safe + fresh


def test_what_was_sent_of_an_abandoned_file_is_forgotten(bucket: MemoryBucket) -> None:
    file = opened(bucket, None, packed=False)
    file.abandon()
    file.write(b"x" * 25)
    file.abandon()
    assert (bucket.uploads, bucket.objects) == ({}, {})


def test_a_bucket_that_does_not_answer_is_no_missing_file(bucket: MemoryBucket) -> None:
    file = opened(bucket, None, packed=False)
    file.write(b"x" * 25)
    file.seal()
    bucket.refusal = "SlowDown"
    with pytest.raises(ClientError, match="SlowDown"):
        file.complete()
    assert bucket.objects == {}
