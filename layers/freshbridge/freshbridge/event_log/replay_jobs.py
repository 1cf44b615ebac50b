"""Replays of many events: begun by one request, carried on piece by piece through the queue.

Each message of a job queues the events of one piece and then the job's next message, so the queue
brings a job back whose function died. Of two that work on one piece, one writes how far it is and
the other stops; the events that both queued have the same ids, and are routed once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import timestamps
from freshbridge.errors import Retry
from freshbridge.event_log.replay_job import (
    PREFIX,
    ReplayJob,
    UnknownReplayJob,
    Window,
    from_text,
    is_replayable,
    kind_of,
)
from freshbridge.event_log.replay_request import ReplayKeyReused
from freshbridge.event_log.store import LONGEST_ID
from freshbridge.identifiers import derived_id, new_id
from freshbridge.queues.envelope import ReplayWork
from freshbridge.queues.publish import NotQueued
from freshbridge.table_store import TableStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from freshbridge.event_log.lists import EventLists
    from freshbridge.queues.publish import Publisher

PIECE, READS = 250, 1_000
"""Events queued and looked at by one message: it shares its batch with what has just come in."""
KEPT_S = 30 * 86_400
_TRIES = 5


class ReplayContended(Retry):
    """The job went on each time that it was to be stopped."""

    code = "replay_contended"


class ReplayJobs(TableStore):
    """The replays of windows, in the table of events."""

    def __init__(
        self,
        table: str,
        lists: EventLists,
        queue: Publisher,
        *,
        client: DynamoDBClient | None = None,
    ) -> None:
        """`lists`: of the same table. `queue`: the EventQueue."""
        super().__init__(table, client)
        self._lists = lists
        self._queue = queue

    def now(self) -> str:
        """The present, as it is written."""
        return timestamps.to_text(timestamps.from_epoch(self._lists.clock()))

    def counted(
        self, instance_id: str, window: Window, may_go_on: Callable[[], bool]
    ) -> dict[str, Any]:
        """`{"total", "complete", "by_type", "oldest", "newest"}` of what a replay would take.

        `complete` is False where the time was too short to count them all.
        """
        counts: dict[str, int] = {}
        seen: list[str] = []
        complete = True
        entries = self._lists.each(instance_id, window.chosen, oldest_first=True)
        for looked, entry in enumerate(entries):
            # The clock is asked now and then: asking is dearer than counting.
            if looked % 200 == 199 and not may_go_on():
                complete = False
                break
            if window.chosen.matches(entry) and is_replayable(entry):
                counts[kind_of(entry)] = counts.get(kind_of(entry), 0) + 1
                seen = [seen[0] if seen else entry.received_at, entry.received_at]
        return {
            "total": sum(counts.values()),
            "complete": complete,
            "by_type": counts,
            "oldest": seen[0] if seen else None,
            "newest": seen[1] if seen else None,
        }

    def begin(
        self, instance_id: str, window: Window, *, by: str, key: str | None
    ) -> tuple[ReplayJob, bool]:
        """Begin a replay; also whether the same key had begun it before.

        Raises:
            ReplayKeyReused: the key began another one.
            NotQueued: it may not have begun; the same key may be sent again.
        """
        job = ReplayJob(
            job_id=new_id(PREFIX) if key is None else derived_id(PREFIX, instance_id, key),
            instance_id=instance_id,
            chosen=window.chosen,
            by=by,
            created_at=self.now(),
            rules=window.rules,
        )
        kept = self._put(job, fingerprint=window.fingerprint)
        before = kept is None
        if kept is None:
            kept, known = self._read(instance_id, job.job_id)
            if known != window.fingerprint:
                raise ReplayKeyReused(
                    f"this Idempotency-Key was sent with another window, {job.job_id}"
                )
        if not kept.finished_at:
            self._start(kept, stop=key is None)
        return kept, before

    def get(self, instance_id: str, job_id: str) -> ReplayJob:
        """One job of an instance.

        Raises:
            UnknownReplayJob: there is none.
        """
        return self._read(instance_id, job_id)[0]

    def carry_on(self, instance_id: str, job_id: str) -> ReplayJob:
        """Queue one piece more, and the job's next message; the job as it then is.

        Raises:
            UnknownReplayJob: there is none any more.
            NotQueued, ClientError, BotoCoreError: the piece is to be done again.
        """
        job, mark = self._read(instance_id, job_id)
        if job.finished_at:
            return job
        page = self._lists.page(
            instance_id,
            job.chosen,
            limit=PIECE,
            after=job.after or None,
            reads=READS,
            oldest_first=True,
        )
        taken = [entry for entry in page.entries if is_replayable(entry)]
        orders = [job.order(entry, self.now()) for entry in taken]
        self._queue.publish_all((order.event_id, order) for order in orders)
        ahead = job.advanced(taken, len(page.entries), page.after, self.now())
        kept = self._put(ahead, fingerprint=mark)
        if kept is None:
            # Stopped meanwhile, or somebody else has the same piece: they go on.
            return self.get(instance_id, job_id)
        if not kept.finished_at:
            self._queue.publish(ReplayWork(job_id, instance_id), job_id)
        return kept

    def cancel(self, instance_id: str, job_id: str) -> ReplayJob:
        """Queue no more of it.

        Raises:
            UnknownReplayJob, ReplayFinished: there is nothing to stop.
            ReplayContended: it went on each time.
        """
        for _ in range(_TRIES):
            job, mark = self._read(instance_id, job_id)
            if kept := self._put(job.stopped(self.now()), fingerprint=mark):
                return kept
        raise ReplayContended(f"replay {job_id} went on meanwhile", after=1.0)

    def _start(self, job: ReplayJob, *, stop: bool) -> None:
        try:
            self._queue.publish(ReplayWork(job.job_id, job.instance_id), job.job_id)
        except NotQueued:
            if stop:
                # Without a key nobody can ask for it again.
                with suppress(ClientError, BotoCoreError, ReplayContended):
                    self.cancel(job.instance_id, job.job_id)
            raise

    def _read(self, instance_id: str, job_id: str) -> tuple[ReplayJob, str]:
        found: Any = {}
        if job_id.startswith(f"{PREFIX}_") and len(job_id) <= LONGEST_ID:
            found = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": job_id}}, ConsistentRead=True
            )
        if "Item" in found:
            item = found["Item"]
            job = from_text(job_id, int(item["version"]["N"]), item["job"]["S"])
            if job.instance_id == instance_id:
                return job, item["fingerprint"]["S"]
        raise UnknownReplayJob(
            f"no replay {job_id[:64]} of this instance",
            advice="Check the id; replays of windows are kept for 30 days.",
        )

    def _put(self, job: ReplayJob, *, fingerprint: str) -> ReplayJob | None:
        """The job as it is kept; None when somebody else was faster."""
        kept = replace(job, version=job.version + 1)
        condition = "#version = :read" if job.version else "attribute_not_exists(pk)"
        guarded: dict[str, Any] = {"ConditionExpression": condition}
        if job.version:
            guarded["ExpressionAttributeNames"] = {"#version": "version"}
            guarded["ExpressionAttributeValues"] = {":read": {"N": str(job.version)}}
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "pk": {"S": job.job_id},
                    "version": {"N": str(kept.version)},
                    "job": {"S": kept.to_text()},
                    "fingerprint": {"S": fingerprint},
                    "expires_at": {"N": str(int(self._lists.clock()) + KEPT_S)},
                },
                **guarded,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return kept
