"""Puts together what exports stand on, for the functions that run and show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshbridge.exports.downloads import Downloads
from freshbridge.exports.folder import ExportFolder
from freshbridge.exports.job_begin import JobBeginnings
from freshbridge.exports.job_store import JobStore
from freshbridge.exports.run import Desk
from freshbridge.exports.run_standings import RunStandings
from freshbridge.exports.telling import JobTelling
from freshbridge.exports.uploads import Uploads
from freshbridge.lake.current_view import CurrentView
from freshbridge.sync.run_store import RunStore

if TYPE_CHECKING:
    from freshbridge.actions.submit import Submission
    from freshbridge.bulk.parts import Bulk
    from freshbridge.queues.publish import Publisher


def desk(payload_bucket: str, lake_bucket: str, sync_table: str) -> Desk:
    """Where exports are run: by a function that may read the lake."""
    return Desk(
        CurrentView(lake_bucket), RunStandings(RunStore(sync_table)), ExportFolder(payload_bucket)
    )


@dataclass(frozen=True)
class Offered:
    """What the API, which reads no lake, needs of exports and of bulk jobs."""

    folder: ExportFolder
    beginnings: JobBeginnings
    jobs: Downloads


def offered(payload_bucket: str, sync_table: str, bulk: Bulk, submission: Submission) -> Offered:
    """The API's side."""
    folder = ExportFolder(payload_bucket)
    standings = RunStandings(RunStore(sync_table))
    return Offered(
        folder,
        JobBeginnings(folder, standings, submission),
        Downloads(folder, Uploads(bulk), bulk.records),
    )


def telling(folder: ExportFolder, bulk: Bulk, queue: Publisher) -> JobTelling:
    """Who tells of bulk jobs' ends; `queue` is the CallbackQueue."""
    return JobTelling(folder, JobStore(folder), Uploads(bulk), queue)
