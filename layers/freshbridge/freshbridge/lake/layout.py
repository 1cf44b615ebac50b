"""Where everything lies in the lake: the keys of one object's files. Pure.

    {instance}/{object}/history/date=YYYY-MM-DD/run={run}/{part}-{place}.jsonl.gz
    {instance}/{object}/current/{bucket}.jsonl.gz       live records
    {instance}/{object}/removed/{bucket}.jsonl.gz       tombstones, with what was last known
    {instance}/{object}/staged/run={run}/{part}-{number}    rows that wait to be merged
    {instance}/{object}/runs/{run}.json                 what a run did
    {instance}/{object}/counts.json                     how many rows each bucket holds

A bucket is rewritten as a whole when a record in it changes, so its size is what one change costs,
and their number what a look at all of them costs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from freshbridge.sync.objects import Bucketing, Shape

if TYPE_CHECKING:
    from freshbridge.sync.objects import SyncObject

DENSE = 1000
"""Tickets are numbered from one; two million of them make two thousand buckets."""
PER_PARENT = 250
"""Tickets whose children share a bucket: a ticket's mails are several times as large as itself."""
HASHED = 256
CURRENT, REMOVED = "current", "removed"
_SUFFIX = ".jsonl.gz"
_UNFIT = re.compile(r"[^A-Za-z0-9_.=+-]")


@dataclass(frozen=True)
class Chunk:
    """Some pages of one part of a run; written again under the same name, it replaces itself.

    `date` is the run's first day, YYYY-MM-DD; `part` the part's name; `place` says where in the
    part it begins, and sorts as the part was read. Letters that have no business in a key become
    a hyphen.
    """

    instance_id: str
    object: str
    run_id: str
    date: str
    part: str
    place: str

    @property
    def key(self) -> str:
        """Where it is kept."""
        name = _UNFIT.sub("-", f"{self.part}-{self.place}")
        folder = f"{self.instance_id}/{self.object}/history/date={self.date}"
        return f"{folder}/run={self.run_id}/{name}{_SUFFIX}"


def bucket_of(obj: SyncObject, record_id: str, parent: str) -> str:
    """The bucket of a record: zero-padded, so that a listing has them in order.

    Ids that do not count lie together in "other", children of nobody in "none".
    """
    if obj.bucketing is Bucketing.HASHED:
        # What is read as a whole each time is small, and wants to be written as a whole.
        one = obj.shape is Shape.SNAPSHOT
        return "all" if one else f"{crc32(record_id.encode()) % HASHED:03d}"
    number, size = (parent, PER_PARENT) if obj.bucketing is Bucketing.PARENT else (record_id, DENSE)
    if not number:
        return "none"
    return f"{int(number) // size:09d}" if number.isascii() and number.isdigit() else "other"


def folder(instance_id: str, object_name: str, view: str) -> str:
    """What the keys of a view's buckets begin with."""
    return f"{instance_id}/{object_name}/{view}/"


def bucket_key(instance_id: str, object_name: str, view: str, bucket: str) -> str:
    """Where one bucket of a view is kept."""
    return f"{folder(instance_id, object_name, view)}{bucket}{_SUFFIX}"


def opposite(key: str) -> str:
    """The tombstones of the bucket whose live rows lie at `key`, and the other way round."""
    head, view, name = key.rsplit("/", 2)
    return f"{head}/{REMOVED if view == CURRENT else CURRENT}/{name}"


def bucket_named(key: str) -> str | None:
    """The bucket that a key belongs to; None for a file that is none of ours."""
    name = key.rpartition("/")[2]
    return name.removesuffix(_SUFFIX) if name.endswith(_SUFFIX) else None


def manifest_key(instance_id: str, object_name: str, run_id: str) -> str:
    """Where what a run did is kept."""
    return f"{folder(instance_id, object_name, 'runs')}{run_id}.json"


def staged_key(instance_id: str, object_name: str, run_id: str, part: str, number: int) -> str:
    """Where rows of one part of a run wait to be merged."""
    name = _UNFIT.sub("-", f"{part}-{number:06d}")
    return f"{folder(instance_id, object_name, 'staged')}run={run_id}/{name}"


def counts_key(instance_id: str, object_name: str) -> str:
    """Where it is noted how many rows each bucket holds."""
    return f"{instance_id}/{object_name}/counts.json"
