"""Many records through a destination: a run, whose rows are records.

A run is a bulk action as those of Freshdesk are: progress, rows, results, cancelling and resuming
are the same routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Unfinished
from freshbridge.actions.freshdesk.bulk_run import begun, seconds, seen_through
from freshbridge.actions.freshsales.send_record import (
    DestinationId,
    DestinationPaused,
    parts_of,
    ready_for,
)
from freshbridge.bulk.progress import Phase, Progress
from freshbridge.bulk.reader import begin_round, give_up_reading, keep_rows
from freshbridge.bulk.rows import LARGEST_COUNT
from freshbridge.destinations.chunk_state import ChunkState
from freshbridge.destinations.chunks import Chunks, Track, wants_chunks
from freshbridge.destinations.preparation import Prepared
from freshbridge.destinations.record_rows import Prepare, RecordChecker
from freshbridge.destinations.sources import RecordSource, rows_of, tag_of

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.destinations.model import DestinationSettings
    from freshbridge.freshsales.client import FreshsalesClient


class SendRecords(Parameters):
    """Send many records through a destination, each checked before the first one is sent."""

    destination_id: DestinationId = Field(description="The destination's id")
    records: list[dict[str, Any]] | None = Field(
        default=None, min_length=1, max_length=LARGEST_COUNT, description="Records as they are"
    )
    source: RecordSource | None = Field(default=None, description="Instead of records")
    dry_run: bool = Field(
        default=False,
        description="Send nothing, and tell how many would be created, updated, left, invalid",
    )

    @model_validator(mode="after")
    def _has_records(self) -> SendRecords:
        if (self.records is None) == (self.source is None):
            raise ValueError("give either records or source")
        return self


def send_records(context: Context[FreshsalesClient], parameters: SendRecords) -> Outcome:
    """Keep the records, send them, and sum up what became of them.

    Raises:
        UnreadableRows, RowFileMissing: nothing was sent.
        Unfinished: it goes on.
        NothingDone: it is over, and no record went well.
    """
    settings = _begun_settings(context, parameters)
    progress = begun(context, stop_on_error=settings.on_error == "stop")
    prepare = _preparing(context, settings)
    if progress.phase is Phase.READING:
        progress = _read(context, parameters, settings, progress, prepare)
    if _goes_in_chunks(settings, progress, dry=parameters.dry_run):
        progress = context.services.bulk.store.update(progress, phase=Phase.JOBS, jobs="")
    if progress.phase is Phase.JOBS:
        known = parts_of(context).known
        track = _tracking(context, settings, parameters)
        chunks = Chunks(context, settings, prepare, known, dry=parameters.dry_run, track=track)
        progress = chunks.run(progress)
    return seen_through(context, progress)


def _begun_settings(
    context: Context[FreshsalesClient], parameters: SendRecords
) -> DestinationSettings:
    """Those that the run began with.

    Raises:
        UnknownDestination, DestinationPaused: it does not begin.
    """
    parts, request = parts_of(context), context.request
    held = parts.runs.settings(request.action_id)
    if held is not None:
        return held
    destination = parts.store.get(context.instance.instance_id, parameters.destination_id)
    if not destination.settings.enabled:
        raise DestinationPaused("the destination is disabled", where=parameters.destination_id)
    about = {
        "submitted_at": request.submitted_at,
        "origin": str(request.origin.get("type", "")),
        "source": parameters.source.told() if parameters.source else "request",
        "dry_run": parameters.dry_run,
        "version": destination.version,
    }
    return parts.runs.begin(
        request.action_id, destination.destination_id, destination.settings, about
    )


def _preparing(context: Context[FreshsalesClient], settings: DestinationSettings) -> Prepare:
    def prepare(record: Mapping[str, Any]) -> Prepared:
        return ready_for(context, settings, dict(record))

    return prepare


def _tracking(
    context: Context[FreshsalesClient], settings: DestinationSettings, parameters: SendRecords
) -> Track:
    def track(row: str, outcome: str, exchange: dict[str, Any]) -> None:
        if settings.track_responses and not parameters.dry_run:
            about = {
                "destination_id": parameters.destination_id,
                "instance_id": context.instance.instance_id,
                "run_id": context.request.action_id,
                "row": row,
                "outcome": outcome,
            }
            parts_of(context).responses.keep({**about, **exchange})

    return track


def _read(
    context: Context[FreshsalesClient],
    parameters: SendRecords,
    settings: DestinationSettings,
    progress: Progress,
    prepare: Prepare,
) -> Progress:
    bulk, parts = context.services.bulk, parts_of(context)
    if progress.cancelling:
        return give_up_reading(bulk, progress, seconds(context))
    if not progress.source_tag:
        tag = tag_of(context, parts, parameters.source)
        progress = bulk.store.update(progress, source_tag=tag)
    checker = RecordChecker(context.request.action_id, parameters.destination_id, settings, prepare)
    source = (context, parts, parameters.records, parameters.source, progress.source_tag)
    if checker.looks_ahead:
        checker.look_ahead(rows_of(*source))
    rows = (checker.check(row) for row in rows_of(*source))
    progress, all_kept = keep_rows(bulk, progress, rows, lambda: seconds(context))
    if not all_kept:
        if progress.cancelling:
            return give_up_reading(bulk, progress, seconds(context))
        raise Unfinished(1)
    progress = bulk.store.update(progress, duplicates=checker.duplicates)
    return begin_round(bulk, progress, Phase.RUNNING, seconds(context))


def _goes_in_chunks(settings: DestinationSettings, progress: Progress, *, dry: bool) -> bool:
    """Whether this round of the run has many records at once before it, and has not begun."""
    if progress.phase is not Phase.RUNNING or progress.sent or progress.stopping:
        return False
    if ChunkState.read(progress.jobs).round >= progress.round:
        return False
    return wants_chunks(settings, progress.waiting, dry=dry)


ACTIONS = (
    Action(
        "freshsales",
        "send_records",
        SendRecords,
        send_records,
        Effect.SET,
        {
            "destination_id": "dst_0193c0ffee",
            "records": [
                {"E-mail": "ana.ruiz@example.com", "First": "Ana", "Last": "Ruiz"},
                {"E-mail": "leo.berg@example.com", "First": "Leo", "Last": "Berg"},
            ],
        },
        credits=0,
        credits_note="What its records cost: one or two each, in bulk three for a hundred",
        in_background=True,
    ),
)
