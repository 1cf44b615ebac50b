"""Jobs in the table of dead letters: few, short-lived, found by id or for being unfinished."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from freshbridge.dead_letters.jobs import Job, UnknownJob, from_text
from freshbridge.table_store import TimedStore

KEPT_S = 14 * 86_400
DUE = "job"


class JobStore(TimedStore):
    """The jobs of one table: that of the letters."""

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            UnknownJob: there is none.
        """
        found: Any = {}
        if job_id.startswith("dlj_") and len(job_id) < 64:
            found = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": job_id}}, ConsistentRead=True
            )
        if "Item" not in found:
            raise UnknownJob(f"no job {job_id[:64]}", advice="Check the id; jobs are kept 14 days.")
        item = found["Item"]
        return from_text(job_id, int(item["version"]["N"]), item["job"]["S"])

    def put(self, job: Job) -> Job | None:
        """Keep what was made of the job that was read; None when somebody else was faster."""
        kept = replace(job, version=job.version + 1)
        item = {
            "pk": {"S": job.job_id},
            "version": {"N": str(kept.version)},
            "job": {"S": kept.to_text()},
            "expires_at": {"N": str(int(self.clock()) + KEPT_S)},
        }
        if not job.finished_at:
            item |= {"due": {"S": DUE}, "return_at": {"S": job.created_at}}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR #version = :read",
                ExpressionAttributeNames={"#version": "version"},
                ExpressionAttributeValues={":read": {"N": str(job.version)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return kept

    def unfinished(self) -> list[str]:
        """The ids of jobs that are to be carried on, the first begun first."""
        found = self._client.query(
            TableName=self._table,
            IndexName="by_due",
            KeyConditionExpression="due = :due",
            ExpressionAttributeValues={":due": {"S": DUE}},
        )
        return [item["pk"]["S"] for item in found["Items"]]
