"""Read the current view of an object: file by file, each record once, or only what is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from freshbridge.lake.bringing_up import lines_of
from freshbridge.lake.encoding import row_in
from freshbridge.lake.files import LakeFiles
from freshbridge.lake.layout import (
    CURRENT,
    REMOVED,
    bucket_key,
    bucket_named,
    bucket_of,
    folder,
    opposite,
)
from freshbridge.lake.merge import outdated

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from freshbridge.lake.rows import Row
    from freshbridge.sync.objects import SyncObject

AHEAD = 4
MANY = 8
"""From this many buckets on, a listing is asked for what is there, rather than each bucket."""
_K = TypeVar("_K")
_T = TypeVar("_T")


class CurrentView:
    """The live records and the tombstones of one lake."""

    def __init__(
        self, bucket: str, client: S3Client | None = None, *, files: LakeFiles | None = None
    ) -> None:
        """`bucket`: the stack's LakeBucket, unless other `files` are given."""
        self._files = files or LakeFiles(bucket, client)

    def files(
        self, instance_id: str, object_name: str, *, removed: bool = False, after: str = ""
    ) -> list[str]:
        """The keys of an object's live rows, or of its tombstones, in their order.

        `after` leaves out that key and all before it.
        """
        view = REMOVED if removed else CURRENT
        found = self._files.listed(folder(instance_id, object_name, view), after=after)
        return [key for key, _ in found if bucket_named(key) is not None]

    def rows(self, file: str) -> Iterator[Row]:
        """The rows of one file, in the order of their ids.

        Raises:
            DamagedFile: it cannot be read.
        """
        return self._parsed(file, *self._read(file))

    def all_rows(
        self, instance_id: str, object_name: str, *, removed: bool = False
    ) -> Iterator[Row]:
        """The rows of all files, of which the next few are always on their way."""
        # Most buckets have no tombstones: one listing saves asking each of them.
        others = set(self.files(instance_id, object_name, removed=not removed))
        files = self.files(instance_id, object_name, removed=removed)
        for file, (beside, data) in ahead(files, lambda file: self._read(file, others)):
            yield from self._parsed(file, beside, data)

    def removed_among(
        self, instance_id: str, obj: SyncObject, ids: Collection[str]
    ) -> dict[str, Row]:
        """The tombstones of those of these records that are removed, by their ids.

        Raises:
            DamagedFile: a bucket's file cannot be read.
        """
        buckets = {bucket_of(obj, one, "") for one in ids}
        wanted = {one.encode() for one in ids}
        found: dict[str, Row] = {}
        files = self._there(instance_id, obj.name, REMOVED, buckets)
        for file, data in ahead(files, lambda file: self._files.read(file).data):
            lines = lines_of(data, file) if data else {}
            ours = {identity: lines[identity] for identity in wanted & lines.keys()}
            if not ours:
                continue
            # Live rows are many: they are read only where one may have come back to them.
            live = self._files.read(opposite(file)).data
            left = outdated(ours, lines_of(live, opposite(file))) if live else set()
            rows = (row_in(line) for identity, line in ours.items() if identity not in left)
            found |= {row.id: row for row in rows}
        return found

    def live_children(
        self, instance_id: str, obj: SyncObject, parents: Collection[str]
    ) -> Iterator[Row]:
        """The live rows that belong to these parents.

        Raises:
            DamagedFile: a bucket's file cannot be read.
        """
        buckets = {bucket_of(obj, "", parent) for parent in parents}
        for file, read in ahead(self._there(instance_id, obj.name, CURRENT, buckets), self._read):
            yield from (row for row in self._parsed(file, *read) if row.parent in parents)

    def _there(
        self, instance_id: str, object_name: str, view: str, buckets: Collection[str]
    ) -> list[str]:
        """The files of these buckets; of many, those that there are."""
        self._files.open()
        keys = [bucket_key(instance_id, object_name, view, one) for one in sorted(buckets)]
        if len(keys) < MANY:
            return keys
        there = set(self.files(instance_id, object_name, removed=view == REMOVED))
        return [key for key in keys if key in there]

    def _read(self, file: str, others: Collection[str] | None = None) -> tuple[bytes, bytes]:
        other = opposite(file)
        # The other side first: a record that comes over meanwhile is then on both, and one that
        # leaves is rightly on none.
        beside = self._files.read(other).data if others is None or other in others else b""
        return beside, self._files.read(file).data

    def _parsed(self, file: str, beside: bytes, data: bytes) -> Iterator[Row]:
        lines = lines_of(data, file) if data else {}
        left = outdated(lines, lines_of(beside, opposite(file))) if beside else set()
        for identity, line in lines.items():
            if identity not in left:
                yield row_in(line)


def ahead(
    keys: Iterable[_K], read: Callable[[_K], _T], at_once: int = AHEAD
) -> Iterator[tuple[_K, _T]]:
    """What `read` gives for each key in turn, while the next few are on their way."""
    waiting: deque[tuple[_K, Future[_T]]] = deque()
    with ThreadPoolExecutor(at_once) as pool:
        for key in keys:
            waiting.append((key, pool.submit(read, key)))
            if len(waiting) > at_once:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
