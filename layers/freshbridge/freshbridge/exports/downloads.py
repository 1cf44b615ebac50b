"""Bulk jobs that were begun: where they stand, their errors and files; cancel one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.record_store import UnknownActionRecord
from freshbridge.errors import InvalidRequest, NotFound
from freshbridge.exports.accept import accepted_format
from freshbridge.exports.folder import ExportFolder
from freshbridge.exports.job import (
    DOWNLOAD,
    OPEN,
    UPLOAD,
    Job,
    Progress,
    errors_of,
    progress_of,
)
from freshbridge.exports.job_begin import check
from freshbridge.exports.job_store import JobStore
from freshbridge.exports.object_names import object_named

if TYPE_CHECKING:
    from freshbridge.actions.record_store import RecordStore
    from freshbridge.exports.uploads import Uploads
    from freshbridge.exports.wanted import Format
    from freshbridge.instances.model import Instance

LARGEST_BODY = 1_000_000
"""Bytes that are answered by the function itself: its answer may have 6 MB, in which a byte may
take six. What is larger is downloaded from where a redirect leads."""


QUEUED_IN_S = 60
"""A job that has no action by then was left behind by a function that died."""


class NotReady(InvalidRequest):
    """The job has no file, or none yet."""

    code = "not_ready"


class NotProduced(InvalidRequest):
    """The job's file is of another format."""

    code = "not_produced"


class UnknownJobObject(NotFound):
    """The job is about another object."""

    code = "unknown_job_object"


@dataclass(frozen=True)
class File:
    """A file: its text where it is small, else a URL."""

    format: Format
    name: str
    text: str | None
    url: str


@dataclass(frozen=True)
class JobPage:
    """Jobs with where they stand; `before` asks for the next page and is "" on the last one."""

    jobs: list[tuple[Job, Progress]]
    total: int
    before: str


class Downloads:
    """The bulk jobs of one stack."""

    def __init__(
        self,
        folder: ExportFolder,
        uploads: Uploads,
        records: RecordStore,
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`clock`: seconds since the epoch."""
        self._folder = folder
        self._jobs = JobStore(folder)
        self._uploads = uploads
        self._records = records
        self._clock = clock

    def find(self, instance: Instance, job_id: str) -> tuple[Job, Progress]:
        """A job and where it stands.

        Raises:
            NotDownloadable, UnknownJob: it is not shown.
        """
        check(instance)
        job = self._jobs.get(instance.instance_id, job_id)
        return job, self._progress(job)

    def page(self, instance: Instance, *, only: str, limit: int, before: str) -> JobPage:
        """An instance's jobs, newest first; `only` the one of this id, "" for all.

        Raises:
            NotDownloadable: see there.
        """
        check(instance)
        ids = self._jobs.ids(instance.instance_id)
        if only:
            ids = [one for one in ids if one == only]
        # Of one length for centuries to come, so that texts are in the order of numbers.
        following = [one for one in ids if not before or one < before]
        shown = following[:limit]
        found = [self.find(instance, one) for one in shown]
        more = len(following) > limit
        return JobPage(found, len(ids), shown[-1] if more else "")

    def cancel(self, instance: Instance, job_id: str) -> tuple[Job, Progress]:
        """End a job that has not ended; where it stands then.

        Raises:
            NotDownloadable, UnknownJob: nothing is cancelled.
        """
        job, found = self.find(instance, job_id)
        if found.status not in OPEN:
            return job, found
        if job.origin == UPLOAD:
            self._uploads.cancel(job)
        else:
            self._folder.cancel(instance.instance_id, job.action_id)
        return job, self._progress(job)

    def errors(
        self, instance: Instance, job_id: str, *, after: int, limit: int
    ) -> tuple[list[dict[str, Any]], int]:
        """What went wrong behind the record of this number, and how much did in all.

        Raises:
            NotDownloadable, UnknownJob: it is not shown.
        """
        job, found = self.find(instance, job_id)
        if job.origin == DOWNLOAD or found.status == "ABORTED":
            whole = errors_of(found)
            return whole[after:], len(whole)
        return self._uploads.errors(job, after=after, limit=limit), found.failed

    def file(self, instance: Instance, job_id: str, object_name: str, accept: str) -> File:
        """What a job has made.

        Raises:
            NotDownloadable, UnknownJob, UnknownJobObject, NotReady, NotProduced: saying why not.
        """
        job, found = self.find(instance, job_id)
        if object_name.lower() != job.asked_as.lower() and object_named(object_name) != job.object:
            raise UnknownJobObject(
                f"job {job_id} has no {object_name[:64]}", advice=f"It has {job.asked_as}."
            )
        if job.origin == UPLOAD:
            raise NotReady(
                f"job {job_id} is an upload, which has no file",
                advice=f"GET /bulk/{job_id}/errors tells what was not created.",
            )
        state = self._folder.state(instance.instance_id, job.action_id)
        if found.status != "COMPLETED" or state is None:
            said = f": {found.message}" if found.message else ""
            raise NotReady(
                f"job {job_id} is {found.status}{said}",
                advice="Its file is there once its status is COMPLETED.",
            )
        kind = accepted_format(accept, job.formats)
        if kind is None:
            types = " or ".join(one.content_type.partition(";")[0] for one in job.formats)
            raise NotProduced(
                f"job {job_id} has not been made in the format asked for",
                advice=f"Accept {types}.",
            )
        name, shown_as = f"{job.object}.{kind}", f"{job.asked_as}.{kind}"
        place = (instance.instance_id, job.action_id, name)
        if state.files[kind]["bytes"] <= LARGEST_BODY:
            return File(kind, shown_as, self._folder.content(*place).decode(), "")
        url = self._folder.url(*place, shown_as=shown_as, content_type=kind.content_type)
        return File(kind, shown_as, None, url)

    def _progress(self, job: Job) -> Progress:
        place = (job.instance_id, job.action_id)
        # The record first: an export that ends in between is then told as done all the same.
        try:
            record = self._records.get(job.action_id)
        except UnknownActionRecord:
            record = None
        state, message = "queued", ""
        if record is not None:
            state, message = record.state.value, record.message
        elif self._clock() - job.created_at > QUEUED_IN_S:
            state, message = "failed", "it was never queued; begin another"
        if job.origin == UPLOAD:
            return self._uploads.progress(job, state, message)
        return progress_of(
            self._folder.state(*place),
            state,
            record.code if record else "",
            message,
            cancelling=self._folder.cancelled(*place),
        )
