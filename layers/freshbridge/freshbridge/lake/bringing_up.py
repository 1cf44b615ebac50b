"""Bring buckets in S3 up to new rows, whoever else writes them at the same moment.

A bucket is two files, the live records and the tombstones, and no write covers both. Each file is
written only over the one that was read; after the last write the other one is looked at, and if it
changed meanwhile the bucket is done again: of two workers at least one sees what the other wrote.

Round trips of several buckets overlap in threads, which hold packed files only; buckets are
unpacked, merged and packed one at a time, by the caller's thread.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from freshbridge.errors import Reject, Retry
from freshbridge.lake.encoding import UnreadableFile, packed, unpacked
from freshbridge.lake.files import Held, LakeFiles, WrittenSince
from freshbridge.lake.layout import CURRENT, REMOVED, bucket_key
from freshbridge.lake.merge import Bucket, Lines, by_id
from freshbridge.lake.rows import Change, Merged, Row

TRIES = 12
LONGEST_PAUSE_S = 0.8
AT_ONCE = 8
VIEWS = (CURRENT, REMOVED)
Tell = Callable[[Sequence[Change]], None]


class BucketContended(Retry):
    """Others wrote a bucket's files each time in between."""

    code = "lake_contended"


class DamagedFile(Reject):
    """A file of the lake cannot be read."""

    code = "lake_file_damaged"
    default_advice = (
        "Restore its previous version in S3, or delete it and let the object be synced in full."
    )


@dataclass
class Work:
    """What is to be done to one bucket."""

    rows: list[Row] = field(default_factory=list)
    whole: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """How it is to be done; see `Lake.merge`. `absent` are keys that need not be asked for."""

    run_id: str
    keep_seen: bool = False
    tell: Tell | None = None
    absent: Collection[str] = ()


@dataclass
class _Job:
    """One bucket: its files, packed, on their way in or, once there is a `result`, out."""

    name: str
    work: Work
    attempt: int = 0
    held: dict[str, Held] = field(default_factory=dict)
    writes: list[tuple[str, bytes, int]] = field(default_factory=list)
    changes: dict[str, Change] = field(default_factory=dict)
    result: Merged | None = None


class Buckets:
    """The buckets of one object of one instance."""

    def __init__(
        self,
        files: LakeFiles,
        instance_id: str,
        object_name: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`chance` gives numbers from 0 to 1."""
        self._files = files
        self._instance_id = instance_id
        self._object_name = object_name
        self._sleep = sleep
        self._chance = chance

    def bring_up(self, work: Mapping[str, Work], order: Order) -> Merged:
        """Merge each bucket's rows into it.

        Raises:
            BucketContended: a bucket could not be written in `TRIES` tries; others were.
            DamagedFile: a bucket cannot be read.
        """
        self._files.open()
        total = Merged()
        waiting = deque(_Job(name, work[name]) for name in sorted(work))
        under_way: dict[Future[bool], _Job] = {}
        with ThreadPoolExecutor(min(AT_ONCE, len(work))) as pool:
            while waiting or under_way:
                while waiting and len(under_way) < AT_ONCE:
                    job = waiting.popleft()
                    under_way[pool.submit(self._read, job, order.absent)] = job
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    job, well = under_way.pop(future), future.result()
                    if job.result is None:
                        self._merge(job, order)
                        under_way[pool.submit(self._write, job)] = job
                    elif well:
                        total.add(job.result)
                    else:
                        waiting.append(self._again(job))
        return total

    def _read(self, job: _Job, absent: Collection[str]) -> bool:
        if job.attempt:
            self._sleep(self._chance() * LONGEST_PAUSE_S * min(1.0, job.attempt / 4))
            absent = ()
        for view in VIEWS:
            key = self._key(view, job.name)
            job.held[view] = Held() if key in absent else self._files.read(key)
        return True

    def _merge(self, job: _Job, order: Order) -> None:
        bucket = Bucket(
            self._instance_id,
            order.run_id,
            current=self._lines(CURRENT, job),
            removed=self._lines(REMOVED, job),
        )
        bucket.merge(job.work.rows, whole=job.work.whole, keep_seen=order.keep_seen)
        if order.tell is not None and bucket.changes:
            order.tell(list(bucket.changes.values()))
        # What an earlier attempt wrote is held by now.
        ours = {id_: one for id_, one in job.changes.items() if id_ in bucket.unchanged}
        job.changes = ours | bucket.changes
        job.writes = [(one.view, packed(one.lines), len(one.lines)) for one in bucket.writes()]
        job.result = Merged(
            list(job.changes.values()),
            bucket.result.unchanged - len(ours),
            bucket.result.stale,
            buckets=1 if job.writes or job.attempt else 0,
        )

    def _lines(self, view: str, job: _Job) -> Lines:
        data, etag = job.held[view].data, job.held[view].etag
        job.held[view] = Held(b"", etag)
        return lines_of(data, self._key(view, job.name)) if etag else {}

    def _write(self, job: _Job) -> bool:
        """Whether all is written, and over nothing that somebody else had to say."""
        etags = {view: held.etag for view, held in job.held.items()}
        try:
            for view, data, rows in job.writes:
                key = self._key(view, job.name)
                etags[view] = self._files.replace(key, data, etags[view], rows)
        except WrittenSince:
            return False
        if not job.writes:
            return True
        last, _, _ = job.writes[-1]
        (other,) = {*VIEWS} - {last}
        return self._files.look(self._key(other, job.name))[0] == etags[other]

    def _again(self, job: _Job) -> _Job:
        if job.attempt + 1 == TRIES:
            raise BucketContended(
                f"a bucket of {self._object_name} was written by others {TRIES} times in between",
                after=30,
            )
        return _Job(job.name, job.work, job.attempt + 1, changes=job.changes)

    def _key(self, view: str, name: str) -> str:
        return bucket_key(self._instance_id, self._object_name, view, name)


def lines_of(data: bytes, key: str) -> Lines:
    """The lines of a bucket's file by their ids; raises DamagedFile, which names it."""
    try:
        return by_id(unpacked(data))
    except (UnreadableFile, ValueError) as error:
        raise DamagedFile(f"{key}: {error}") from error


def grouped(
    rows: Iterable[Row], whole: Mapping[str, str], bucket: Callable[[str, str], str]
) -> dict[str, Work]:
    """The work of each bucket; `bucket` tells it by a record's id and parent."""
    work: dict[str, Work] = {}
    for row in rows:
        work.setdefault(bucket(row.id, row.parent), Work()).rows.append(row)
    for parent, asked_at in whole.items():
        work.setdefault(bucket("", parent), Work()).whole[parent] = asked_at
    return work
