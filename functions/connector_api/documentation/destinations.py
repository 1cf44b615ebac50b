"""Documents /api/integrations/{id}/destinations."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector_api.documentation.failures import FieldFailure
from connector_api.documentation.operation import Body, Family, Operation, Parameter
from connector_api.documentation.uploads import NewUpload, UploadUrl
from freshbridge.bulk.source import LARGEST_FILE
from freshbridge.destinations.model import DestinationSettings

_WHEN = "UTC, ISO 8601"


class SavedDestination(DestinationSettings):
    """A destination as it is saved."""

    destination_id: str
    version: int = Field(description="Counts up with every change")
    created_at: str = Field(description=_WHEN)
    updated_at: str = Field(description=_WHEN)


class Destinations(BaseModel):
    """A page of destinations."""

    destinations: list[SavedDestination]
    after: str | None = Field(description="Asks for the next page; null on the last one")


class DeletedDestination(BaseModel):
    """What is gone."""

    destination_id: str


class Sample(BaseModel):
    """One record to try the destination with."""

    model_config = ConfigDict(extra="forbid")

    record: dict[str, Any]
    dry_run: bool = Field(default=False, description="Show the request, and send nothing")


class ShownRequest(BaseModel):
    """A request; what opens the account is masked."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any = None


class ShownResponse(BaseModel):
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: Any = None
    took_ms: int


class Tested(BaseModel):
    """What the sample did, or would do."""

    action_id: str
    outcome: str = Field(
        description="created, updated, unchanged, upserted, deleted, delivered, invalid, rejected"
    )
    dry_run: bool
    request: ShownRequest | None = Field(description="Null where nothing had to be sent")
    response: ShownResponse | None = Field(description="Null where nothing was sent")
    record_id: int | None = None
    resource_type: str = ""
    code: str = Field(default="", description="Why it was not taken")
    provider_message: str | None = Field(default=None, description="The provider's own words")
    advice: str | None = None
    fields: list[FieldFailure] = []


class LaterTested(BaseModel):
    """The sample goes on by itself."""

    success: Literal[True]
    message: str
    data: dict[str, str]


class Records(BaseModel):
    """Records, or an uploaded file of them. A bare list, or one record, will do as well."""

    model_config = ConfigDict(extra="forbid")

    records: list[dict[str, Any]] | None = None
    upload_id: str | None = None
    format: Literal["csv", "jsonl"] | None = Field(
        default=None, description="Of the file; by its name when left out"
    )
    dry_run: bool | None = None


class Begun(BaseModel):
    """A run that was begun."""

    run_id: str
    state: str
    dry_run: bool
    run: str = Field(description="Where to ask how far it is")


class RecordsUpload(NewUpload):
    """A file of records to come."""

    size: int = Field(ge=1, le=LARGEST_FILE, strict=True, description="Its bytes, exactly")


FAIR = {
    "name": "Contacts from the fair",
    "template": "create_resource",
    "resource_type": "contacts",
    "batch.mode": False,
    "mapping": {
        "emails": {"from": "E-mail", "transforms": ["trim", "lower"]},
        "first_name": "First",
        "last_name": "Last",
        "owner_id": {"from": "Seller", "lookup": "owner"},
    },
}
_EXAMPLES = {
    "Create each record": FAIR,
    "Bring in thousands": {
        "name": "Customers from the shop",
        "template": "bulk_upsert",
        "resource_type": "contacts",
        "match_key": "emails",
        "mapping": {"emails": "mail", "last_name": "name", "cf_tier": "tier"},
        "track_responses": True,
    },
    "By hand": {
        "name": "Tag a contact",
        "template": "manual",
        "method": "PUT",
        "url": "https://{domain}/api/contacts/{id}",
        "content_format": "json",
        "exclude": ["id"],
        "body": {"contact": {"tags": ["{tag}"]}},
    },
}
_SAMPLE = {"record": {"E-mail": "ana.ruiz@example.com", "First": "Ana", "Last": "Ruiz",
                      "Seller": "mia@acme.example"}}  # fmt: skip
_PAGE = (
    Parameter("limit", "Destinations on a page", {"type": "integer", "minimum": 1, "maximum": 200}),
    Parameter("after", "The `after` of the page before"),
)
_SEND = (
    Parameter("dry_run", "Send nothing, and tell what would be", {"type": "boolean"}),
    Parameter("Idempotency-Key", "The same key is the same run", place="header"),
)

FAMILY = Family(
    "Destinations",
    "Where records go in a Freshsales account, and how each is made fit for it.",
    {
        "create": Operation(SavedDestination, 201, body=Body(dict[str, Any], _EXAMPLES)),
        "list_all": Operation(Destinations, query=_PAGE),
        "get": Operation(SavedDestination, refusals=(400,)),
        "put": Operation(
            SavedDestination, body=Body(dict[str, Any], {"Anew": FAIR}), refusals=(409,)
        ),
        "change": Operation(
            SavedDestination,
            body=Body(dict[str, Any], {"Pause": {"enabled": False}}),
            refusals=(409,),
        ),
        "delete": Operation(DeletedDestination, refusals=(400,)),
        "test": Operation(
            Tested,
            body=Body(
                Sample, {"One person": _SAMPLE, "Only the request": _SAMPLE | {"dry_run": True}}
            ),
            accepted=LaterTested,
            refusals=(403, 409, 429, 502),
        ),
        "upload": Operation(
            UploadUrl, 201, body=Body(RecordsUpload, {"A list": {"name": "fair.csv", "size": 9216}})
        ),
        "send": Operation(
            Begun,
            202,
            body=Body(
                Records | list[dict[str, Any]] | dict[str, Any],
                {"Two people": {"records": [_SAMPLE["record"], {"E-mail": "leo@example.com"}]}},
            ),
            query=_SEND,
            refusals=(409,),
        ),
    },
)
