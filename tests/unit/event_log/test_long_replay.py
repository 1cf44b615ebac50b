"""A replay of a hundred thousand events: each once, in pieces that hold nothing up."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, cast

import pytest

from freshbridge import timestamps
from freshbridge.event_log.entry import Entry, State
from freshbridge.event_log.filters import Filter
from freshbridge.event_log.lists import EventLists
from freshbridge.event_log.replay_job import Window
from freshbridge.event_log.replay_jobs import PIECE, ReplayJobs
from freshbridge.queues.envelope import Replay, ReplayWork
from tests.fakes.aws_failures import client_error

BEGIN = 1_772_539_360
COUNT = 100_000


class Memory(EventLists):
    """Lists of events that are in memory, oldest first."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__("events", clock=lambda: BEGIN + COUNT)
        self._entries = entries
        self._positions = [entry.listed for entry in entries]
        self.looked = 0

    def each(
        self,
        instance_id: str,  # noqa: ARG002 - the interface
        chosen: Filter,  # noqa: ARG002 - the interface
        after: str | None = None,
        *,
        oldest_first: bool,
    ) -> Iterator[Entry]:
        """From behind a position."""
        assert oldest_first
        for entry in self._entries[bisect_right(self._positions, after or "") :]:
            self.looked += 1
            yield entry


class Queue:
    """Remembers what is sent, and which job is to go on."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.pieces: list[int] = []
        self.jobs: list[ReplayWork] = []

    def publish(self, work: ReplayWork, _name: str) -> None:
        """One message of the job."""
        self.jobs.append(work)

    def publish_all(self, orders: Iterable[tuple[str, Replay]]) -> int:
        """One piece."""
        piece = [order.replay_of for _name, order in orders]
        self.sent += piece
        self.pieces.append(len(piece))
        return len(piece)


class Items:
    """The items of jobs, written as DynamoDB writes them."""

    def __init__(self) -> None:
        self._items: dict[str, Any] = {}
        self.writes = 0

    def get_item(self, **wanted: Any) -> dict[str, Any]:
        """One item, if it is there."""
        item = self._items.get(wanted["Key"]["pk"]["S"])
        return {"Item": item} if item else {}

    def put_item(self, **given: Any) -> None:
        """Write an item over the version that was read."""
        self.writes += 1
        there = self._items.get(given["Item"]["pk"]["S"])
        read = given.get("ExpressionAttributeValues", {}).get(":read")
        if (there["version"] if there else None) != read:
            raise client_error("PutItem", "ConditionalCheckFailedException")
        self._items[given["Item"]["pk"]["S"]] = given["Item"]


@pytest.mark.no_cover  # a hundred thousand of the same calls
def test_a_hundred_thousand_events_are_replayed_once_each_in_order_and_in_pieces() -> None:
    # Given a hundred thousand events, every tenth of them a delivery that came twice
    entries = [
        Entry(
            f"evt_{number:06}",
            "1",
            "freshdesk",
            timestamps.to_text(timestamps.from_epoch(BEGIN + number // 7)),
            State.ROUTED if number % 10 else State.DUPLICATE,
            type="ticket_updated",
        )
        for number in range(COUNT)
    ]
    lists, queue, items = Memory(entries), Queue(), Items()
    jobs = ReplayJobs("events", lists, cast("Any", queue), client=cast("Any", items))

    # When all of them are replayed, each message of the job taking a piece
    job, _before = jobs.begin("1", Window(Filter(since="2026-03-03")), by="user 1", key=None)
    while queue.jobs:
        work = queue.jobs.pop()
        job = jobs.carry_on(work.instance_id, work.replay_job)

    # Then
    assert queue.sent == [entry.event_id for entry in entries if entry.state is State.ROUTED]
    assert (job.state, job.done, job.skipped) == ("finished", COUNT * 9 // 10, COUNT // 10)
    assert max(queue.pieces) <= PIECE
    # Each event is looked at once, and each piece costs one write.
    assert lists.looked <= COUNT + len(queue.pieces)
    assert items.writes == len(queue.pieces) + 1
