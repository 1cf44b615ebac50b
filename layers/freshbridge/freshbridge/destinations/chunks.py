"""Many records at once: bulk upserts a hundred at a time, requests of several records, dry runs.

Jobs run side by side; each is looked at when it is likely to be over. What a job did not do, or is
not shown to have done, is left to be sent singly, which tells why. A request whose answer got lost
is not sent again before its records were looked for: a bulk upsert is matched by its key, so what
it may have made is found and not made twice.
Source: https://developers.freshworks.com/crm/api/#bulk_upsert_contact
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge.actions.action import Unfinished
from freshbridge.actions.earlier import ALLOWANCE, created_at
from freshbridge.bulk.inputs import piece_of
from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.reader import TURN_S, begin_round
from freshbridge.bulk.row_item import RowItem
from freshbridge.destinations import finding
from freshbridge.destinations.chunk_state import LETTERS, ChunkState, RunningJob
from freshbridge.destinations.decision import Decision, decided
from freshbridge.destinations.exchange import shown_reply, shown_request
from freshbridge.destinations.model import DestinationSettings, Template
from freshbridge.destinations.preparation import InvalidRecord, Prepared, folded_key, key_value
from freshbridge.destinations.record_rows import Prepare
from freshbridge.destinations.sending import SETTLE_S, send_by_hand
from freshbridge.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    Reject,
    Retry,
    Throttled,
    WrongState,
)
from freshbridge.freshsales.bulk import Job, JobState
from freshbridge.timestamps import from_epoch

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshsales.client import FreshsalesClient

MOST_JOBS = 4
"""Side by side: those that meet are refused for a while."""
PATIENCE_S = 1_800
"""A job that takes longer is not waited for."""
MOST_FAILED = 2
"""Jobs that the provider gave up, after which the rest is sent singly."""
LONGEST_WAIT_S = 900
FEW = 5
"""So many records are as well sent singly."""


Track = Callable[[str, str, dict[str, Any]], None]
"""Told of a response: which rows it is of, what came of them, request and response."""


@dataclass
class _Row:
    item: RowItem
    ready: Prepared
    fields: dict[str, Any] = field(repr=False)
    decision: Decision


class Chunks:
    """One turn of a run that sends many records at once."""

    def __init__(
        self,
        context: Context[FreshsalesClient],
        settings: DestinationSettings,
        prepare: Prepare,
        known: finding.KnownIds,
        *,
        dry: bool,
        track: Track = lambda _row, _outcome, _exchange: None,
    ) -> None:
        """`known`: the ids of records that values stand for. `track` is told of responses."""
        self._context = context
        self._client = context.client
        self._settings = settings
        self._prepare = prepare
        self._known = known
        self._dry = dry
        self._track = track
        self._bulk = context.services.bulk
        self._pieces: dict[int, dict[int, dict[str, Any]]] = {}

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
            except Throttled as error:
                # Nothing was carried out: the limit's wait is no attempt of the run's.
                raise Unfinished(_wait(error.after)) from error
            if progress.phase is Phase.RUNNING:
                return progress
        raise Unfinished(1)

    def _step(self, progress: Progress) -> Progress:
        state = ChunkState.read(progress.jobs)
        if state.sending and self._now() < state.sent_at + SETTLE_S:
            raise Unfinished(_wait(state.sent_at + SETTLE_S - self._now()))
        due = [job for job in state.jobs if job.due_at(state.usual_s) <= self._now()]
        if due:
            return self._look(progress, state, due[0])
        stopped = progress.stopping or state.failed >= MOST_FAILED
        if not stopped and len(state.jobs) < MOST_JOBS:
            rows = self._next_rows(progress, state)
            if rows:
                return self._begin(progress, state, rows)
            if state.sending:
                # They were cancelled meanwhile.
                return self._keep(progress, replace(state, sending=[]))
        if state.jobs:
            soonest = min(job.due_at(state.usual_s) for job in state.jobs)
            raise Unfinished(_wait(soonest - self._now()))
        self._let_go(progress, state.sending)
        done = ChunkState(round=progress.round)
        progress = self._keep(progress, done)
        return begin_round(self._bulk, progress, Phase.RUNNING, self._now())

    def _next_rows(self, progress: Progress, state: ChunkState) -> list[RowItem]:
        size = self._settings.batch.size if self._settings.batch.mode else 100
        rows = self._bulk.store.rows(progress.action_id, after=state.following - 1, limit=size * 2)
        busy = state.busy
        free = (row for row in rows if not row.state.settled and row.number not in busy)
        if state.sending:
            # What was under way goes by itself, as it went.
            free = (row for row in free if row.number in state.sending)
        return list(islice(free, size))

    def _begin(self, progress: Progress, state: ChunkState, rows: list[RowItem]) -> Progress:
        made = [self._readied(progress, row) for row in rows]
        if self._settings.template is Template.MANUAL and not self._dry:
            return self._by_hand(progress, state, made)
        self._decide(made, state)
        self._settle(progress, [row for row in made if row.decision.settled or self._dry])
        left = [row for row in made if not row.decision.settled and not self._dry]
        following = rows[-1].number + 1
        items = [(row, self._item(row)) for row in left]
        named = [(row, item) for row, item in items if item is not None]
        self._let_go(progress, [row.item.number for row, item in items if item is None])
        if not named:
            return self._keep(progress, replace(state, following=following, sending=[]))
        return self._start(progress, replace(state, following=following), named)

    def _readied(self, progress: Progress, row: RowItem) -> _Row:
        ready = self._prepare(self._input(progress, row.number)["record"])
        fields, decision = dict(ready.fields), Decision("upserted")
        try:
            ready.refuse()
            fields = self._known.resolved(self._client, fields, now=self._now())
        except InvalidRecord as error:
            said = "; ".join(str(one) for one in error.fields)
            decision = Decision("invalid", True, True, error.code, said, fields=error.fields)
        return _Row(row, ready, fields, decision)

    def _decide(self, rows: list[_Row], state: ChunkState) -> None:
        settings = self._settings
        open_rows = [row for row in rows if not row.decision.settled]
        compares = settings.compare or settings.mode != "upsert" or self._dry or state.sending
        key = settings.key if settings.template.matches else _unique_key(settings)
        found = None
        if compares and key and settings.type.searched and open_rows:
            values = [_key_of(row, key) for row in open_rows]
            wanted = [value for value in values if value not in (None, "")]
            found = finding.by_keys(self._client, settings.type, key, wanted)
        by_resolution = settings.key not in settings.type.bulk_keys
        for row in open_rows:
            records = None
            if found is not None:
                value = _key_of(row, key)
                records = found.get(folded_key(value), []) if value not in (None, "") else []
            elif settings.template is Template.CREATE and not settings.type.unique:
                records = []
            row.decision = decided(settings, row.ready, row.fields, records, compare=bool(compares))
            if state.sending and records and row.decision.outcome == "unchanged":
                row.decision = replace(row.decision, outcome=_made_lately(records[0], state))
            if records is None and by_resolution and not self._dry:
                # Only a search tells whether it is there; singly it is told, too.
                row.item = replace(row.item, code="singly")

    def _item(self, row: _Row) -> dict[str, Any] | None:
        """The record as a bulk upsert takes it; None where that has no identifier for it."""
        if row.item.code == "singly":
            return None
        if row.decision.record_id is not None:
            return {"id": str(row.decision.record_id), "data": row.fields}
        for name in self._settings.type.bulk_keys:
            value = row.ready.key if name == self._settings.key else key_value(name, row.fields)
            if value not in (None, ""):
                return {name: str(value), "data": row.fields}
        return None

    def _start(
        self, progress: Progress, state: ChunkState, named: list[tuple[_Row, dict[str, Any]]]
    ) -> Progress:
        rows = [row.item for row, _item in named]
        before = ChunkState.read(progress.jobs)
        self._move(progress, rows, RowState.RUNNING)
        numbers = [row.number for row in rows]
        marked = replace(before, sending=numbers, sent_at=self._now())
        progress = self._keep(progress, marked)
        calls: Any = getattr(self._client, self._settings.type.name)
        try:
            job_id = calls.bulk_upsert([item for _row, item in named])
        except Retry as error:
            if not error.outcome_unknown:
                self._keep(progress, replace(before, sending=[]))
            raise
        except (Forbidden, NotFound, WrongState):
            # No bulk upserts on this account, or for this key.
            self._let_go(progress, numbers)
            return self._keep(progress, replace(before, sending=[], failed=MOST_FAILED))
        except InvalidRequest:
            self._let_go(progress, numbers)
            return self._keep(progress, replace(state, sending=[]))
        letters = "".join(LETTERS[row.decision.outcome] for row, _item in named)
        job = RunningJob(job_id, numbers, letters, self._now())
        return self._keep(progress, replace(state, jobs=[*state.jobs, job], sending=[]))

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
            self._let_go(progress, job.numbers)
            failed = state.failed + (told.state is JobState.FAILED)
            return self._keep(progress, replace(state, jobs=jobs, failed=failed))
        self._report(progress, job, told)
        self._track(f"job-{job.job_id}", "job", {"request": None, "response": asdict(told)})
        usual = min(max(now - job.since, 1.0), 60.0) if not job.looks else state.usual_s * 1.25
        return self._keep(progress, replace(state, jobs=jobs, usual_s=min(usual, 60.0)))

    def _report(self, progress: Progress, job: RunningJob, told: Job) -> None:
        """Settle a job's rows; where some failed without being named, all others go singly."""
        rows = {row.number: row for row in self._rows(progress, job.numbers)}
        reasons = {_folded(one.identifier): one.reason for one in told.failures}
        failed: dict[int, str] = {}
        if reasons:
            for number in rows:
                if reason := self._reason(progress, number, job, reasons):
                    failed[number] = reason
        unnamed = max(told.failed or 0, len(told.failures)) > len(failed)
        pairs = []
        for number, row in rows.items():
            if number in failed:
                ended = row.ended(RowState.FAILED, "rejected", failed[number], outcome="rejected")
            elif unnamed:
                ended = row.ended(RowState.WAITING)
            else:
                outcome = job.outcome_of(number)
                ended = row.ended(
                    RowState.SUCCEEDED, message="Done by a bulk upsert", outcome=outcome
                )
            pairs.append((row, ended))
        self._bulk.store.move(progress.action_id, pairs)

    def _reason(
        self, progress: Progress, number: int, job: RunningJob, reasons: Mapping[str, str]
    ) -> str:
        ready = self._prepare(self._input(progress, number)["record"])
        names = [
            ready.key if self._settings.key == name else key_value(name, ready.fields)
            for name in self._settings.type.bulk_keys
        ]
        found = next((reasons[_folded(one)] for one in names if _folded(one) in reasons), "")
        if found or job.outcome_of(number) != "updated" or self._settings.key == "id":
            return found
        # It went under the id that was found for its key.
        records = finding.by_keys(
            self._client, self._settings.type, self._settings.key, [ready.key]
        )
        ids = [str(one.get("id")) for one in (records or {}).get(folded_key(ready.key), [])]
        return next((reasons[one] for one in ids if one in reasons), "")

    def _by_hand(self, progress: Progress, state: ChunkState, made: list[_Row]) -> Progress:
        """One request of the manual method for all of them."""
        self._settle(progress, [row for row in made if row.decision.settled])
        rows = [row for row in made if not row.decision.settled]
        following = made[-1].item.number + 1
        after = replace(state, following=following, sending=[])
        if not rows:
            return self._keep(progress, after)
        if state.sending and not self._settings.repeatable:
            said = "Its request was sent, and no answer came: look before you send it again"
            return self._all(progress, after, rows, ("outcome_unknown", said))
        numbers = [row.item.number for row in rows]
        self._move(progress, [row.item for row in rows], RowState.RUNNING)
        progress = self._keep(progress, replace(state, sending=numbers, sent_at=self._now()))
        try:
            send_by_hand(self._context, self._settings, [row.ready for row in rows])
        except Retry as error:
            if not error.outcome_unknown:
                self._keep(progress, replace(state, sending=[]))
            raise
        except Reject as error:
            self._track_rows(numbers, "rejected")
            return self._all(progress, after, rows, (error.code, str(error)))
        self._track_rows(numbers, "delivered")
        return self._all(progress, after, rows, None)

    def _track_rows(self, numbers: list[int], outcome: str) -> None:
        if self._client.last is not None:
            request, reply = self._client.last
            shown = {"request": shown_request(request), "response": shown_reply(reply)}
            self._track(f"{numbers[0]}-{numbers[-1]}", outcome, shown)

    def _all(
        self,
        progress: Progress,
        state: ChunkState,
        rows: list[_Row],
        refusal: tuple[str, str] | None,
    ) -> Progress:
        pairs = []
        for row in rows:
            # It is RUNNING by now, or still was when its function died.
            held = self._bulk.store.row(progress.action_id, row.item.number) or row.item
            if refusal is None:
                ended = held.ended(RowState.SUCCEEDED, message="Sent", outcome="delivered")
            else:
                ended = held.ended(RowState.FAILED, *refusal, outcome="rejected")
            pairs.append((held, ended))
        self._bulk.store.move(progress.action_id, pairs)
        return self._keep(progress, state)

    def _settle(self, progress: Progress, rows: list[_Row]) -> None:
        pairs = []
        for row in rows:
            decision = row.decision
            outcome = decision.outcome
            named = json.dumps([asdict(one) for one in decision.fields]) if decision.fields else ""
            state = RowState.FAILED if decision.failed else RowState.SUCCEEDED
            message = decision.message or (f"Would be {outcome}" if self._dry else "")
            ended = row.item.ended(state, decision.code, message, named, outcome=outcome)
            pairs.append((row.item, ended))
        self._bulk.store.move(progress.action_id, pairs)

    def _let_go(self, progress: Progress, numbers: Sequence[int]) -> None:
        """Leave rows to be sent singly."""
        self._move(progress, list(self._rows(progress, numbers)), RowState.WAITING)

    def _rows(self, progress: Progress, numbers: Sequence[int]) -> Iterator[RowItem]:
        if not numbers:
            return
        wanted, last = set(numbers), max(numbers)
        for row in self._bulk.store.rows(progress.action_id, after=min(numbers) - 1):
            if row.number > last:
                return
            if row.number in wanted and not row.state.settled:
                yield row

    def _move(self, progress: Progress, rows: list[RowItem], state: RowState) -> None:
        pairs = [(row, replace(row, state=state, code="")) for row in rows]
        self._bulk.store.move(progress.action_id, pairs)

    def _keep(self, progress: Progress, state: ChunkState) -> Progress:
        return self._bulk.store.update(progress, jobs=state.text())

    def _input(self, progress: Progress, number: int) -> dict[str, Any]:
        piece = piece_of(number)
        if piece not in self._pieces:
            while len(self._pieces) >= 2 * MOST_JOBS:
                del self._pieces[next(iter(self._pieces))]
            self._pieces[piece] = self._bulk.inputs.read(progress.action_id, piece)
        return self._pieces[piece][number]

    def _now(self) -> float:
        return self._context.clock().timestamp()


def wants_chunks(settings: DestinationSettings, waiting: int, *, dry: bool) -> bool:
    """Whether a run goes many records at once."""
    if dry or (settings.template is Template.MANUAL and settings.batch.mode):
        return True
    return settings.template is Template.BULK and waiting > FEW


def _unique_key(settings: DestinationSettings) -> str:
    """By what the account would know a new record already; "" where it would not."""
    names = settings.type.unique if settings.template is Template.CREATE else ()
    return names[0] if names else ""


def _key_of(row: _Row, key: str) -> Any:
    return row.ready.key if row.ready.key is not None else key_value(key, row.fields)


def _made_lately(record: Mapping[str, Any], state: ChunkState) -> str:
    """What a record that is as it should be owes to a request whose answer got lost."""
    made = created_at(dict(record))
    since = from_epoch(state.sent_at) - ALLOWANCE
    return "created" if made is not None and made >= since else "upserted"


def _folded(value: Any) -> str:
    return folded_key(value) if value not in (None, "") else ""


def _wait(seconds: float | None) -> int:
    return min(max(math.ceil(seconds or 1.0), 1), LONGEST_WAIT_S)
