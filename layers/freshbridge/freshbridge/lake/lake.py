"""The lake of one stack: pages of history, the current view, manifests."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from freshbridge.lake.bringing_up import AT_ONCE, VIEWS, Buckets, Order, Tell, grouped
from freshbridge.lake.current_view import MANY, CurrentView
from freshbridge.lake.encoding import line_of, packed
from freshbridge.lake.files import LakeFiles
from freshbridge.lake.layout import (
    CURRENT,
    REMOVED,
    Chunk,
    bucket_key,
    bucket_named,
    bucket_of,
    counts_key,
    folder,
    manifest_key,
)
from freshbridge.lake.rows import Merged, Row
from freshbridge.lake.staged_rows import StagedRows

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from freshbridge.sync.objects import SyncObject

__all__ = ["Chunk", "Lake"]


class Lake:
    """One bucket of copied records."""

    def __init__(
        self,
        bucket: str,
        client: S3Client | None = None,
        *,
        files: LakeFiles | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`bucket`: the stack's LakeBucket; `chance` gives numbers from 0 to 1.

        `files` are used in place of those in the bucket.
        """
        self._files = files or LakeFiles(bucket, client)
        self._view = CurrentView(bucket, files=self._files)
        self._sleep = sleep
        self._chance = chance

    def write(self, chunk: Chunk, rows: Sequence[Row]) -> None:
        """Keep some pages in the history, every version as it was read."""
        lines = (line_of(replace(row, run_id=chunk.run_id), chunk.instance_id) for row in rows)
        self._files.write_history(chunk.key, packed(lines))

    def staged(self, instance_id: str, obj: SyncObject, run_id: str) -> StagedRows:
        """The rows of a run that wait to be merged when all are read."""
        return StagedRows(self._files, instance_id, obj, run_id)

    def merge(
        self,
        instance_id: str,
        obj: SyncObject,
        rows: Sequence[Row],
        *,
        run_id: str,
        whole: Mapping[str, str] | None = None,
        keep_seen: bool = False,
        tell: Tell | None = None,
    ) -> Merged:
        """Bring the current view up to these rows.

        `whole`: parents whose children are all among the rows, with the time at which these were
        asked for (as `seen_at`), so that other live children of theirs that were seen earlier
        become tombstones (gone); a parent may have no child left. `keep_seen`: also note for
        unchanged rows that they were seen, which a full run needs (see `not_seen_since`); without
        it a bucket in which nothing changed is not written.

        `tell` is given a bucket's changes before they are written, one bucket at a time, by the
        caller's thread. What is told after the merge is lost if the process dies in between, for
        the rows that come again are unchanged by then; what is told before it is told again, so
        that it needs a name of its own that repetitions share.

        Raises:
            BucketContended: others wrote a bucket each time in between; the same call may be made
                again.
            DamagedFile: a bucket's file cannot be read.
        """
        work = grouped(rows, whole or {}, lambda id_, parent: bucket_of(obj, id_, parent))
        if not work:
            return Merged()
        absent: set[str] = set()
        if len(work) >= MANY:
            wanted = {
                bucket_key(instance_id, obj.name, view, name) for view in VIEWS for name in work
            }
            absent = wanted - {
                key for view in VIEWS for key, _ in self._listed(instance_id, obj, view)
            }
        order = Order(run_id, keep_seen, tell, absent)
        return Buckets(
            self._files, instance_id, obj.name, sleep=self._sleep, chance=self._chance
        ).bring_up(work, order)

    def not_seen_since(self, instance_id: str, obj: SyncObject, moment: str) -> Iterator[Row]:
        """The live rows that were last seen before `moment`, file by file."""
        return (row for row in self.rows(instance_id, obj) if row.seen_at < moment)

    def rows(self, instance_id: str, obj: SyncObject, *, removed: bool = False) -> Iterator[Row]:
        """The current view, file by file; with `removed` the tombstones instead.

        Each record once, in the order of the buckets and of the ids in them. A record that is
        changed meanwhile is there as it was or as it is, or not if it changes its side.

        Raises:
            DamagedFile: a bucket's file cannot be read.
        """
        return self._view.all_rows(instance_id, obj.name, removed=removed)

    def find(self, instance_id: str, obj: SyncObject, record_id: str) -> Row | None:
        """The live row of one record, by one file; None where it is not held.

        Raises:
            DamagedFile: a bucket's file cannot be read.
        """
        file = bucket_key(instance_id, obj.name, CURRENT, bucket_of(obj, record_id, ""))
        return next((row for row in self._view.rows(file) if row.id == record_id), None)

    def removed_among(
        self, instance_id: str, obj: SyncObject, ids: Collection[str]
    ) -> Mapping[str, Row]:
        """The tombstones of those of these records that are removed, by their ids.

        Raises:
            DamagedFile: a bucket's file cannot be read.
        """
        return self._view.removed_among(instance_id, obj, ids)

    def live_children(
        self, instance_id: str, obj: SyncObject, parents: Collection[str]
    ) -> Iterator[Row]:
        """The live rows of `obj` that belong to these parents.

        Raises:
            DamagedFile: a bucket's file cannot be read.
        """
        return self._view.live_children(instance_id, obj, parents)

    def counts(self, instance_id: str, obj: SyncObject) -> Mapping[str, int]:
        """How many rows there are, `live` and `removed`, without reading them.

        Each file carries its number. They are noted beside the ETags they belong to, so that only
        files written since the last count are asked: a few listings, however many buckets there
        are. A record whose bucket's writer died between two writes counts on both sides until that
        bucket is written again.
        """
        place = counts_key(instance_id, obj.name)
        noted = _noted(self._files.read(place).data)
        found: dict[str, list[Any]] = {}
        sums = {CURRENT: 0, REMOVED: 0}
        listed = [
            (view, key, etag)
            for view in VIEWS
            for key, etag in self._listed(instance_id, obj, view)
        ]
        fresh = [key for _, key, etag in listed if noted.get(key, [""])[0] != etag]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = dict(zip(fresh, pool.map(self._files.look, fresh), strict=True))
        for view, key, _ in listed:
            if key in asked:
                etag, meta = asked[key]
                found[key] = [etag, int(meta.get("rows", 0))]
            else:
                found[key] = noted[key]
            sums[view] += found[key][1]
        if found != noted:
            self._files.note(place, json.dumps(found).encode())
        return {"live": sums[CURRENT], "removed": sums[REMOVED]}

    def write_manifest(
        self, instance_id: str, object_name: str, run_id: str, manifest: Mapping[str, Any]
    ) -> str:
        """Keep what a run did and how its completeness was proved; returns the key."""
        key = manifest_key(instance_id, object_name, run_id)
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        self._files.write_history(key, text.encode(errors="replace"), "application/json")
        return key

    def read_manifest(
        self, instance_id: str, object_name: str, run_id: str
    ) -> dict[str, Any] | None:
        """What a run did; None for one that is not known."""
        data = self._files.read(manifest_key(instance_id, object_name, run_id)).data
        found: dict[str, Any] | None = json.loads(data) if data else None
        return found

    def run_ids(self, instance_id: str, object_name: str) -> list[str]:
        """The runs that left a manifest, the one that ended last first."""
        keys = self._files.newest(folder(instance_id, object_name, "runs"))
        return [key.rpartition("/")[2].removesuffix(".json") for key in keys]

    def _listed(self, instance_id: str, obj: SyncObject, view: str) -> Iterator[tuple[str, str]]:
        for key, etag in self._files.listed(folder(instance_id, obj.name, view)):
            if bucket_named(key) is not None:
                yield key, etag


def _noted(data: bytes) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads(data) if data else {}
    return found
