"""Tickets out of the lake, for a report about a period that the sync has passed.

The lake keeps every version that the sync saw of a ticket; the latest counts. Two passes: the
first notes, for each ticket, its last update and which object holds it (about 150 bytes each), the
second reads again only the objects that hold something the period needs. A ticket finished and
untouched before the period is never looked at again.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from freshbridge import aws
from freshbridge.analytics.period import Period, text_of
from freshbridge.analytics.records import FINISHED

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from freshbridge.sync.cursor_store import CursorStore

Row = dict[str, Any]
_AT_ONCE = 16
_NOTHING = -1
_BARE = "synced tickets carry no stats, which tell first responses and resolutions"


class NotCovered(Exception):
    """The lake cannot answer for the period; the text says why."""


class SyncedTickets:
    """The tickets of one lake."""

    def __init__(self, bucket: str, cursors: CursorStore, client: S3Client | None = None) -> None:
        """`bucket`: the stack's LakeBucket; `cursors`: how far the sync has come."""
        self._bucket = bucket
        self._cursors = cursors
        self._injected = client

    @property
    def _client(self) -> S3Client:
        return self._injected or aws.s3()

    def tickets(
        self, instance_id: str, period: Period, may_go_on: Callable[[], bool]
    ) -> Iterator[Row]:
        """The latest version of every ticket that the period needs, each once.

        Raises:
            NotCovered: before the first ticket, when the lake does not hold the whole period.
        """
        self.check(instance_id, period)
        keys = self._keys(instance_id)
        latest = self._index(keys, period, may_go_on)
        return self._chosen(keys, latest)

    def check(self, instance_id: str, period: Period) -> None:
        """A first look, which saves reading all for nothing.

        Raises:
            NotCovered: the sync has not passed the period, or its latest tickets lack stats.
        """
        self._check_cursor(instance_id, period)
        keys = self._keys(instance_id)
        if not keys:
            raise NotCovered("the lake holds no tickets")
        for row in self._rows(keys[-1]):
            if row["updated_at"] >= text_of(period.start) and "stats" not in row:
                raise NotCovered(_BARE)

    def _check_cursor(self, instance_id: str, period: Period) -> None:
        state = self._cursors.state(instance_id, "tickets")
        if state is None:
            raise NotCovered("tickets are not synced")
        if state["since"] < text_of(period.end):
            raise NotCovered(f"the sync has seen updates until {state['since']} only")

    def _keys(self, instance_id: str) -> list[str]:
        """Every object of the tickets' history, the one written last at the end."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{instance_id}/tickets/history/"
        )
        found = [one for page in pages for one in page.get("Contents", [])]
        return [one["Key"] for one in sorted(found, key=lambda o: (o["LastModified"], o["Key"]))]

    def _index(
        self, keys: Sequence[str], period: Period, may_go_on: Callable[[], bool]
    ) -> dict[int, tuple[str, int]]:
        """For each ticket its last update and the place of its object, -1 for not needed."""
        start = text_of(period.start)
        latest: dict[int, tuple[str, int]] = {}
        bare: set[int] = set()
        for place, rows in self._all(keys, may_go_on):
            for row in rows:
                ticket_id, updated = row["id"], row["updated_at"]
                if ticket_id in latest and latest[ticket_id][0] > updated:
                    continue
                needed = updated >= start or row["status"] not in FINISHED
                latest[ticket_id] = (updated, place if needed else _NOTHING)
                lacks = updated >= start and "stats" not in row
                (bare.add if lacks else bare.discard)(ticket_id)
        if bare:
            raise NotCovered(_BARE)
        return latest

    def _chosen(self, keys: Sequence[str], latest: dict[int, tuple[str, int]]) -> Iterator[Row]:
        places = sorted({place for _, place in latest.values()} - {_NOTHING})
        for number, rows in self._all([keys[place] for place in places], lambda: True):
            # From the end: of two versions with one update time, the first pass took the later.
            for row in reversed(rows):
                if latest.get(row["id"]) == (row["updated_at"], places[number]):
                    del latest[row["id"]]
                    yield row

    def _all(
        self, keys: Sequence[str], may_go_on: Callable[[], bool]
    ) -> Iterator[tuple[int, list[Row]]]:
        """The rows of each object with its place, several objects on their way at once."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for begin in range(0, len(keys), _AT_ONCE):
                if not may_go_on():
                    raise NotCovered("the lake takes longer to read than one run may last")
                some = keys[begin : begin + _AT_ONCE]
                yield from enumerate(pool.map(self._rows, some), start=begin)

    def _rows(self, key: str) -> list[Row]:
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return [json.loads(line) for line in gzip.decompress(body).splitlines()]
