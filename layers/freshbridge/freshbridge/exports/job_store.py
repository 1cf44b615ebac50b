"""Bulk downloads in the stack's PayloadBucket; they expire with their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge.errors import NotFound
from freshbridge.exports.job import Job

if TYPE_CHECKING:
    from freshbridge.exports.folder import ExportFolder


class UnknownJob(NotFound):
    """This instance has no such job, or has it no more: they are kept for three days."""

    code = "unknown_job"
    default_advice = "A job and its files are kept for three days; begin another."


class JobStore:
    """The jobs of one stack. Errors of S3 are raised as they are."""

    def __init__(self, folder: ExportFolder) -> None:
        self._folder = folder

    def put(self, job: Job) -> None:
        """Keep a job."""
        self._folder.put(_key(job.instance_id, job.job_id), job.to_json())

    def get(self, instance_id: str, job_id: str) -> Job:
        """One job of an instance.

        Raises:
            UnknownJob: also for one of another instance.
        """
        found = None
        if job_id.isascii() and job_id.isdigit() and len(job_id) <= 20:
            found = self._folder.read(_key(instance_id, job_id))
        if found is None:
            raise UnknownJob(f"no bulk job {job_id[:32]}")
        return Job.from_json(found)

    def ids(self, instance_id: str) -> list[str]:
        """The ids of an instance's jobs, newest first."""
        names = self._folder.names(f"exports/{instance_id}/jobs/")
        return sorted((name.removesuffix(".json") for name in names), key=int, reverse=True)


def _key(instance_id: str, job_id: str) -> str:
    return f"exports/{instance_id}/jobs/{job_id}.json"
