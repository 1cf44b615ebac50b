"""Read the current view of an object: file by file, each record once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from freshbridge.lake.bringing_up import lines_of
from freshbridge.lake.encoding import row_in
from freshbridge.lake.files import LakeFiles
from freshbridge.lake.layout import CURRENT, REMOVED, bucket_named, folder, opposite
from freshbridge.lake.merge import outdated

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from freshbridge.lake.rows import Row

AHEAD = 4
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


def ahead(keys: Iterable[str], read: Callable[[str], _T]) -> Iterator[tuple[str, _T]]:
    """What `read` gives for each key in turn, while the next few are on their way."""
    waiting: deque[tuple[str, Future[_T]]] = deque()
    with ThreadPoolExecutor(AHEAD) as pool:
        for key in keys:
            waiting.append((key, pool.submit(read, key)))
            if len(waiting) > AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
