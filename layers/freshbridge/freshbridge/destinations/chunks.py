"""Many records at once: bulk upserts a hundred at a time, requests of several records, dry runs.

Jobs run side by side; each is looked at when it is likely to be over. What a job did not do, or is
not shown to have done, is left to be sent singly, which tells why. A request whose answer got lost
is not sent again before its records were looked for: a bulk upsert is matched by its key, so what
it may have made is found and not made twice. Other chunks go on meanwhile.
Source: https://developers.freshworks.com/crm/api/#bulk_upsert_contact
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from freshbridge.actions.action import Unfinished
from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.reader import TURN_S, begin_round
from freshbridge.bulk.row_item import RowItem
from freshbridge.destinations.chunk_by_hand import end_alike, refusal_of, shown_exchange
from freshbridge.destinations.chunk_report import ChunkReport
from freshbridge.destinations.chunk_rows import ChunkRow, ChunkRows
from freshbridge.destinations.chunk_state import (
    LETTERS,
    ChunkState,
    LostRequest,
    RunningJob,
    next_usual_s,
)
from freshbridge.destinations.model import MOST_BATCH, DestinationSettings, Template
from freshbridge.destinations.ownership import SETTLE_S
from freshbridge.destinations.sending import send_by_hand
from freshbridge.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    ProviderDown,
    Reject,
    Retry,
    Throttled,
    Unreachable,
    WrongState,
)
from freshbridge.freshsales.bulk import Job, JobState

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.destinations.finding import KnownIds
    from freshbridge.destinations.record_rows import Prepare
    from freshbridge.freshsales.client import FreshsalesClient

MOST_JOBS = 8
"""Side by side, as others have been seen to do; those that meet are refused for a while."""
MOST_LOST = 4
"""Requests without an answer, after which no other is sent before they are looked into."""
PATIENCE_S = 1_800
"""A job that takes longer is not waited for."""
MOST_FAILED = 2
"""Jobs that the provider gave up, after which the rest is sent singly."""
LONGEST_WAIT_S = 900
MOST_TROUBLES = 3
"""Calls in a row that fail for the moment, after which the run waits as any action does."""
SHORT_WAIT_S = 2.0
"""Who asks for a longer one is asked nothing at all until it is over."""
FEW = 5
"""So many records are as well sent singly."""


Track = Callable[[str, str, dict[str, Any]], None]
"""Told of a response: which rows it is of, what came of them, request and response."""


class Chunks:
    """One turn of a run that sends many records at once."""

    def __init__(
        self,
        context: Context[FreshsalesClient],
        settings: DestinationSettings,
        prepare: Prepare,
        known: KnownIds,
        *,
        dry: bool,
        track: Track = lambda _row, _outcome, _exchange: None,
    ) -> None:
        """`known`: the ids of records that values stand for. `track` is told of responses."""
        self._context = context
        self._client = context.client
        self._settings = settings
        self._dry = dry
        self._track = track
        self._bulk = context.services.bulk
        self._rows = ChunkRows(context, settings, prepare, known, dry=dry)
        self._report = ChunkReport(context, settings, self._rows)
        self._troubles = 0
        self._send_from = 0.0

    def run(self, progress: Progress) -> Progress:
        """Go on; the phase of the answer is RUNNING when there is nothing left to do at once.

        Raises:
            Unfinished: more is to be done later.
            Whatever the provider's client raises for the moment: to be run again.
        """
        began = self._now()
        while self._now() - began < TURN_S:
            try:
                progress = self._step(progress)
            except Retry as error:
                if not self._bears(error):
                    if isinstance(error, Throttled) and not error.costs_no_attempt:
                        # Nothing was carried out: the limit's wait is no attempt of the run's.
                        raise Unfinished(_wait(error.after)) from error
                    raise
                progress = self._bulk.store.get(progress.action_id)
                continue
            self._troubles = 0
            if progress.phase is Phase.RUNNING:
                return progress
        raise Unfinished(1)

    def _bears(self, error: Retry) -> bool:
        """Whether one failed call among many is no reason to let the others wait."""
        self._troubles += 1
        passing = isinstance(error, Throttled | ProviderDown | Unreachable)
        return (
            passing
            and not error.costs_no_attempt
            and self._troubles < MOST_TROUBLES
            and (error.after or 0.0) <= SHORT_WAIT_S
        )

    def _step(self, progress: Progress) -> Progress:
        # Who sent what is still on its way has died: it is one of those without an answer.
        state = ChunkState.read(progress.jobs).with_lost()
        now = self._now()
        due = [job for job in state.jobs if job.due_at(state.usual_s) <= now]
        if due:
            return self._look(progress, state, due[0])
        stopped = progress.stopping or state.failed >= MOST_FAILED
        settled = [one for one in state.lost if one.sent_at + SETTLE_S <= now]
        if settled and self._send_from <= now:
            return self._send_again(progress, state, settled[0], stopped=stopped)
        free = len(state.jobs) < MOST_JOBS and len(state.lost) < MOST_LOST
        more = not stopped and free
        if more and self._send_from <= now:
            size = self._settings.batch.size if self._settings.batch.mode else MOST_BATCH
            rows = self._rows.following(progress, state.following, busy=state.busy, size=size)
            if rows:
                return self._begin(progress, state, state, rows)
            more = False
        times = [job.due_at(state.usual_s) for job in state.jobs]
        times += [max(one.sent_at + SETTLE_S, self._send_from) for one in state.lost]
        times += [self._send_from] if more else []
        if times:
            raise Unfinished(_wait(min(times) - now))
        progress = self._keep(progress, ChunkState(round=progress.round))
        return begin_round(self._bulk, progress, Phase.RUNNING, now)

    def _send_again(
        self, progress: Progress, state: ChunkState, lost: LostRequest, *, stopped: bool
    ) -> Progress:
        """Look what became of a request, and send what it has not done."""
        rows = self._rows.held(progress, lost.numbers)
        after = state.without(lost)
        if stopped or not rows:
            # It is over, or they were cancelled meanwhile.
            self._rows.move(progress, rows, RowState.WAITING)
            return self._keep(progress, after)
        return self._begin(progress, state, after, rows, lost.sent_at)

    def _begin(
        self,
        progress: Progress,
        before: ChunkState,
        state: ChunkState,
        rows: list[RowItem],
        since: float | None = None,
    ) -> Progress:
        """Send rows, which were sent once before where `since` says when.

        `before` is what holds where nothing was sent, `state` is without the request they were of.
        """
        made = [self._rows.readied(progress, row) for row in rows]
        after = replace(state, following=max(state.following, rows[-1].number + 1))
        if self._settings.template is Template.MANUAL and not self._dry:
            return self._by_hand(progress, before, after, made, repeated=since is not None)
        self._rows.decide(made, since)
        self._rows.settle(progress, [row for row in made if row.decision.settled or self._dry])
        left = [row for row in made if not row.decision.settled and not self._dry]
        items = [(row, self._rows.bulk_item(row)) for row in left]
        named = [(row, item) for row, item in items if item is not None]
        self._rows.let_go(progress, [row.item.number for row, item in items if item is None])
        if not named:
            return self._keep(progress, after)
        return self._start(progress, before, after, named)

    def _start(
        self,
        progress: Progress,
        before: ChunkState,
        after: ChunkState,
        named: list[tuple[ChunkRow, dict[str, Any]]],
    ) -> Progress:
        rows = [row.item for row, _item in named]
        numbers = [row.number for row in rows]
        progress = self._mark(progress, after, rows)
        calls: Any = getattr(self._client, self._settings.type.name)
        try:
            job_id = calls.bulk_upsert([item for _row, item in named])
        except Retry as error:
            if error.outcome_unknown:
                self._keep(progress, self._having_lost(after, numbers))
                raise
            progress = self._keep(progress, before)
            if not isinstance(error, Throttled) or error.costs_no_attempt:
                raise
            # It met another one: what runs is looked at all the same.
            self._send_from = self._now() + (error.after or 1.0)
            return progress
        except (Forbidden, NotFound, WrongState):
            # No bulk upserts on this account, or for this key.
            self._rows.let_go(progress, numbers)
            return self._keep(progress, replace(after, failed=MOST_FAILED))
        except InvalidRequest:
            self._rows.let_go(progress, numbers)
            return self._keep(progress, after)
        letters = "".join(LETTERS[row.decision.outcome] for row, _item in named)
        job = RunningJob(job_id, numbers, letters, self._now())
        return self._keep(progress, replace(after, jobs=[*after.jobs, job]))

    def _look(self, progress: Progress, state: ChunkState, job: RunningJob) -> Progress:
        try:
            told = self._client.directory.job(job.job_id)
        except NotFound:
            told = Job(JobState.FAILED, "gone", None)
        now = self._now()
        if told.state is JobState.RUNNING and now - job.since < PATIENCE_S:
            looked = replace(job, looks=job.looks + 1, looked_at=now)
            jobs = [looked if one.job_id == job.job_id else one for one in state.jobs]
            return self._keep(progress, replace(state, jobs=jobs))
        jobs = [one for one in state.jobs if one.job_id != job.job_id]
        if told.state is not JobState.DONE:
            self._rows.let_go(progress, job.numbers)
            failed = state.failed + (told.state is JobState.FAILED)
            return self._keep(progress, replace(state, jobs=jobs, failed=failed))
        self._report.settle(progress, job, told)
        self._track(f"job-{job.job_id}", "job", {"request": None, "response": asdict(told)})
        after = replace(state, jobs=jobs, usual_s=next_usual_s(state.usual_s, job.looks))
        return self._keep(progress, after)

    def _by_hand(
        self,
        progress: Progress,
        before: ChunkState,
        after: ChunkState,
        made: list[ChunkRow],
        *,
        repeated: bool,
    ) -> Progress:
        """One request of the manual method for all of them."""
        self._rows.settle(progress, [row for row in made if row.decision.settled])
        rows = [row for row in made if not row.decision.settled]
        if not rows:
            return self._keep(progress, after)
        numbers = [row.item.number for row in rows]
        if repeated and not self._settings.repeatable:
            said = "Its request was sent, and no answer came: look before you send it again"
            end_alike(self._bulk, progress, numbers, ("outcome_unknown", said))
            return self._keep(progress, after)
        progress = self._mark(progress, after, [row.item for row in rows])
        refusal = None
        try:
            send_by_hand(self._context, self._settings, [row.ready for row in rows])
        except Retry as error:
            lost = error.outcome_unknown
            self._keep(progress, self._having_lost(after, numbers) if lost else before)
            raise
        except Reject as error:
            refusal = refusal_of(error)
        if (shown := shown_exchange(self._client)) is not None:
            outcome = "delivered" if refusal is None else "rejected"
            self._track(f"{numbers[0]}-{numbers[-1]}", outcome, shown)
        end_alike(self._bulk, progress, numbers, refusal)
        return self._keep(progress, after)

    def _mark(self, progress: Progress, after: ChunkState, rows: list[RowItem]) -> Progress:
        """Note that a request is on its way, before it is."""
        self._rows.move(progress, rows, RowState.RUNNING)
        numbers = [row.number for row in rows]
        return self._keep(progress, replace(after, sending=numbers, sent_at=self._now()))

    def _having_lost(self, state: ChunkState, numbers: list[int]) -> ChunkState:
        return replace(state, lost=[*state.lost, LostRequest(numbers, self._now())])

    def _keep(self, progress: Progress, state: ChunkState) -> Progress:
        return self._bulk.store.update(progress, jobs=state.text())

    def _now(self) -> float:
        return self._context.clock().timestamp()


def wants_chunks(settings: DestinationSettings, waiting: int, *, dry: bool) -> bool:
    """Whether a run goes many records at once."""
    if dry or (settings.template is Template.MANUAL and settings.batch.mode):
        return True
    return settings.template is Template.BULK and waiting > FEW


def _wait(seconds: float | None) -> int:
    return min(max(math.ceil(seconds or 1.0), 1), LONGEST_WAIT_S)
