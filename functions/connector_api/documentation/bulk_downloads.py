"""Documents bulk downloads, Open Connectors' own and a new URL for an export's files."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from connector_api.documentation.operation import Body, Family, Operation, Parameter
from freshbridge.exports.job_request import CALLBACK_HEADER

Status = Literal[
    "CREATED", "STARTED", "RUNNING", "COMPLETED", "ERROR", "ABORTED", "CANCELLATION_PENDING",
    "CANCELLED",
]  # fmt: skip


class BulkQuery(BaseModel):
    """What to download; `q` may as well be in the query or in a form."""

    q: str = Field(description="select <* or fields> from <object> [where …] [limit N]")
    fileFormat: Literal["CSV", "JSON", "JSONL", ""] = Field(  # noqa: N815 - the wire's name
        default="", description="JSON and CSV where none is named"
    )


class BulkCriteria(BaseModel):
    """What to download, by its parts or as `q`."""

    objectName: str = Field(default="", description="Such as incidents, or tickets")  # noqa: N815 - as above
    fields: list[str] = Field(default=[], description="All where none is named")
    where: str = Field(default="", description="Comparisons joined by and")
    limit: int | None = None
    q: str = Field(default="", description="All of this as a query")
    fileFormat: Literal["CSV", "JSON", "JSONL"] = "JSON"  # noqa: N815 - as above
    notificationUrl: str = Field(default="", description="Told when the job has ended")  # noqa: N815 - as above
    metaData: Any = None  # noqa: N815 - as above


class CreatedJob(BaseModel):
    """A job that was queued."""

    id: str = Field(pattern="^[0-9]+$")
    instanceId: int  # noqa: N815 - as above
    status: Status


class CopyAge(BaseModel):
    """How far the copy can be trusted that the file is made of."""

    asOf: str | None = Field(  # noqa: N815 - as above
        description="It holds every change up to then; null before the job runs"
    )
    warnings: list[str]


class JobStatus(CreatedJob, CopyAge):
    """A job of /bulk/query."""

    objectName: str  # noqa: N815 - as above
    recordsCount: int  # noqa: N815 - as above
    recordsFailedCount: int  # noqa: N815 - as above
    statusMessage: str  # noqa: N815 - as above
    createdDate: str  # noqa: N815 - as above


class CriteriaJobStatus(CopyAge):
    """A job of /bulk/download."""

    id: str = Field(pattern="^[0-9]+$")
    instanceId: int  # noqa: N815 - as above
    recordCount: int  # noqa: N815 - as above
    objectName: str  # noqa: N815 - as above
    metaData: Any  # noqa: N815 - as above
    jobDirection: Literal["DOWNLOAD"]  # noqa: N815 - as above
    jobStatus: Status  # noqa: N815 - as above
    status: Status
    statusMessage: str  # noqa: N815 - as above
    createdDate: int = Field(description="Milliseconds since 1970")  # noqa: N815 - as above
    vendorJobId: str  # noqa: N815 - as above
    errorCount: int  # noqa: N815 - as above
    notificationUrl: str | None  # noqa: N815 - as above
    defaultSelectFields: str | None  # noqa: N815 - as above
    completionTime: int | None  # noqa: N815 - as above
    fileFormat: Literal["CSV", "JSON", "JSONL"]  # noqa: N815 - as above
    jobCriteria: dict[str, Any]  # noqa: N815 - as above
    native: bool


class ListedJob(CreatedJob):
    """A job in a list."""

    jobId: str  # noqa: N815 - as above
    groupName: str = Field(description="The object's name as it was asked for")  # noqa: N815 - as above
    recordsCount: int  # noqa: N815 - as above
    createdDate: str  # noqa: N815 - as above


class JobError(BaseModel):
    """What went wrong."""

    recordNumber: int | None = Field(description="Null for the job as a whole")  # noqa: N815 - as above
    message: str
    line: int | None = Field(description="Where the record begins in its file")


_INSTANCE = {"Elements-Element-Instance-Id": "The instance that the token names"}
_COUNTED = _INSTANCE | {
    "Elements-Returned-Count": "On this page",
    "Elements-Total-Count": "In all",
    "Elements-Next-Page-Token": "Asks for the next page; not there on the last one",
}
_CALLBACK = Parameter(
    CALLBACK_HEADER, "An https URL that is told, signed, when the job has ended", place="header"
)
_PAGE = (
    Parameter("pageSize", "How many on a page", {"type": "integer"}),
    Parameter("nextPage", "The Elements-Next-Page-Token of the page before"),
)
_TOKEN = ("access_with_token",)

FAMILY = Family(
    "Bulk jobs",
    "One synced object as a file, or a file's records created, in Open Connectors' words; also "
    "below /hubs/{hub}.",
    {
        "query": Operation(
            CreatedJob,
            wrapped=False,
            body=Body(
                BulkQuery,
                {"Open tickets": {"q": "select * from incidents where status='2'"}},
                required=False,
            ),
            query=(Parameter("q", "The query, where there is no body"), _CALLBACK),
            refusals=(403,),
            headers=_INSTANCE,
            security=_TOKEN,
        ),
        "download": Operation(
            CriteriaJobStatus,
            wrapped=False,
            body=Body(
                BulkCriteria,
                {
                    "Two columns": {
                        "objectName": "contacts",
                        "fields": ["id", "email"],
                        "where": "updated_since='2026-01-01'",
                        "fileFormat": "CSV",
                    }
                },
            ),
            query=(_CALLBACK,),
            refusals=(403,),
            headers=_INSTANCE,
            security=_TOKEN,
        ),
        "status": Operation(
            JobStatus | CriteriaJobStatus,
            wrapped=False,
            refusals=(403,),
            headers=_INSTANCE,
            security=_TOKEN,
        ),
        "errors": Operation(
            list[JobError],
            wrapped=False,
            query=_PAGE,
            refusals=(403,),
            headers=_COUNTED,
            security=_TOKEN,
        ),
        "result": Operation(
            list[dict[str, Any]],
            wrapped=False,
            query=(
                Parameter(
                    "Accept", "text/csv, application/json or application/x-ndjson", place="header"
                ),
            ),
            refusals=(403,),
            headers=_INSTANCE,
            security=_TOKEN,
        ),
        "upload": Operation(
            CreatedJob,
            wrapped=False,
            query=(_CALLBACK,),
            refusals=(403,),
            headers=_INSTANCE,
            security=_TOKEN,
        ),
        "cancel_job": Operation(
            JobStatus | CriteriaJobStatus,
            wrapped=False,
            refusals=(403,),
            headers=_INSTANCE,
            security=_TOKEN,
        ),
        "jobs": Operation(
            list[ListedJob],
            wrapped=False,
            query=(Parameter("jobId", "Only this one"), *_PAGE),
            refusals=(403,),
            headers=_COUNTED,
            security=_TOKEN,
        ),
    },
)
