"""Documents /api/customer-links."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector_api.documentation.operation import Body, Family, Operation, Parameter
from freshbridge.customers.fields import CONVERSIONS
from freshbridge.customers.run_store import OUTCOMES

SideName = Literal["freshdesk", "freshsales"]
ObjectName = Literal["contacts", "companies"]
DirectionName = Literal["both", "to_freshsales", "to_freshdesk"]
PolicyName = Literal["newest", "freshdesk_wins", "freshsales_wins"]


class FieldPair(BaseModel):
    """Two fields that hold the same thing."""

    model_config = ConfigDict(extra="forbid")
    freshdesk: str = Field(description="A field of Freshdesk's; a custom one as custom_fields.x")
    freshsales: str = Field(description="One of Freshsales'; a custom one as custom_field.cf_x")
    convert: str = Field("text", description=f"How they are compared: {', '.join(CONVERSIONS)}")
    direction: DirectionName = "both"
    conflict: PolicyName | None = Field(None, description="Null: as the link says")
    default_freshdesk: str = Field("", description="Written to Freshdesk in place of nothing")
    default_freshsales: str = Field("", description="Written to Freshsales in place of nothing")
    values: dict[str, str] = Field({}, description="Freshdesk's choices and Freshsales' for them")


class ObjectRules(BaseModel):
    """How one kind of customer is kept the same."""

    model_config = ConfigDict(extra="forbid")
    match: list[Literal["email", "external_id", "name", "domain"]] = Field(
        ["email"],
        description="What two customers are one by, in this order: email, external_id of contacts; "
        "name, domain of companies",
    )
    fields: list[FieldPair] | None = Field(None, description="Null: the usual ones")


class Objects(BaseModel):
    """What is kept the same; companies are accounts in Freshsales."""

    model_config = ConfigDict(extra="forbid")
    contacts: ObjectRules | None = None
    companies: ObjectRules | None = None


class LinkChange(BaseModel):
    """Members to change."""

    model_config = ConfigDict(extra="forbid")
    name: str = ""
    enabled: bool = True
    direction: DirectionName = "both"
    conflict: PolicyName = Field("newest", description="Whose value stays where both changed it")
    deletions: Literal["ignore", "unlink", "delete"] = Field(
        "ignore", description="What a deletion on one side does on the other"
    )
    create: list[SideName] = Field(
        ["freshdesk", "freshsales"], description="Where customers may be created"
    )
    objects: Objects | None = Field(None, description="Null: both kinds, with the usual fields")


class NewLink(LinkChange):
    """A link between two accounts."""

    freshdesk_instance_id: str
    freshsales_instance_id: str


class ShownRules(BaseModel):
    """As ObjectRules, with everything said."""

    match: list[str]
    fields: list[FieldPair]


class CustomerLink(BaseModel):
    """A link as it is kept."""

    link_id: str
    name: str
    freshdesk_instance_id: str
    freshsales_instance_id: str
    enabled: bool
    direction: DirectionName
    conflict: PolicyName
    deletions: Literal["ignore", "unlink", "delete"]
    create: list[SideName]
    objects: dict[ObjectName, ShownRules]
    created_at: str
    updated_at: str


class ChangedLink(CustomerLink):
    """The link, and what of it could not be checked."""

    warnings: list[str] = Field(
        [], description="Fields that could not be held against what an account has, and why"
    )


class CustomerRun(BaseModel):
    """How far a run is, and what it did so far."""

    run_id: str
    state: Literal["running", "done"]
    full: bool
    dry_run: bool
    object: ObjectName | None
    stage: str | None
    pages: int
    counts: dict[str, int] = Field(
        description="read_, created_, updated_ and deleted_ by side; matched, conflicting, "
        "skipped, failed, unlinked"
    )
    started_at: str
    updated_at: str
    finished_at: str | None
    worked_on_until: str | None = Field(
        description="A function works on the link, at most until then; null for none"
    )
    stalled: bool = Field(
        description="It should go on and nobody sees to it: the schedule or a sync goes on with it"
    )


class CustomerLinkState(CustomerLink):
    """A link and its runs."""

    run: CustomerRun | None = Field(description="The run that is under way, or the last one")
    rehearsal: CustomerRun | None = Field(description="The last dry run")


class RunWish(BaseModel):
    """What kind of run."""

    model_config = ConfigDict(extra="forbid")
    dry_run: bool = Field(False, description="Write nothing, and tell what would be done")
    full: bool = Field(False, description="Read every customer, not only what changed")


class QueuedRun(BaseModel):
    """The run that was queued, or goes on."""

    run_id: str
    under_way: bool
    was_stalled: bool = Field(description="Nobody worked on the run under way; now it goes on")
    dry_run: bool


class DeletedLink(BaseModel):
    """It is gone."""

    link_id: str


class ReportRow(BaseModel):
    """What became of one customer; never what it holds."""

    outcome: str
    object: ObjectName
    side: SideName
    freshdesk_id: str | None
    freshsales_id: str | None
    fields: list[str]
    code: str | None
    reason: str | None


class CustomerReport(BaseModel):
    """A page of a run's report."""

    run_id: str | None
    run: CustomerRun | None
    rows: list[ReportRow]
    after: str | None


class LinkedCustomer(BaseModel):
    """What is known of a customer: ids and digests."""

    object: ObjectName
    freshdesk_id: str | None
    freshsales_id: str | None
    state: Literal["linked", "alone", "apart"] = Field(
        description="apart: its counterpart was deleted and is not created anew"
    )
    changed: list[str] = Field(description="Fields that are still to be made equal")
    fields: dict[str, str] = Field(description="A digest of each field, empty for nothing")
    found_by: list[str]
    updated_at: str | None


class LinkedCustomers(BaseModel):
    """A page of them."""

    customers: list[LinkedCustomer]
    after: str | None


_LIMIT = Parameter("limit", "1 to 200", {"type": "integer", "default": 100})
_AFTER = Parameter("after", "The `after` of the page before")
_EXAMPLES: dict[str, Any] = {
    "Both ways": {
        "name": "Customers of both",
        "freshdesk_instance_id": "193000031",
        "freshsales_instance_id": "193000032",
    },
    "Contacts to Freshsales": {
        "freshdesk_instance_id": "193000031",
        "freshsales_instance_id": "193000032",
        "direction": "to_freshsales",
        "deletions": "unlink",
        "objects": {
            "contacts": {
                "match": ["email", "external_id"],
                "fields": [
                    {"freshdesk": "name", "freshsales": "name", "convert": "full_name"},
                    {"freshdesk": "email", "freshsales": "email", "convert": "email"},
                    {
                        "freshdesk": "custom_fields.tier",
                        "freshsales": "custom_field.cf_tier",
                        "values": {"gold": "Gold", "silver": "Silver"},
                        "default_freshsales": "Bronze",
                    },
                ],
            }
        },
    },
}
_CHANGES: dict[str, Any] = {
    "Pause": {"enabled": False},
    "Freshdesk is right": {"conflict": "freshdesk_wins"},
}

FAMILY = Family(
    "Customers",
    "Customers that a Freshdesk and a Freshsales account have in common, kept the same in both.",
    {
        "create": Operation(ChangedLink, 201, body=Body(NewLink, _EXAMPLES), refusals=(409,)),
        "list_all": Operation(list[CustomerLink]),
        "get": Operation(CustomerLinkState),
        "change": Operation(ChangedLink, body=Body(LinkChange, _CHANGES)),
        "delete": Operation(DeletedLink, refusals=(503,)),
        "sync": Operation(
            QueuedRun,
            202,
            body=Body(
                RunWish,
                {"Now": {}, "Rehearse": {"dry_run": True}, "Everything": {"full": True}},
                required=False,
            ),
            refusals=(503,),
        ),
        "report": Operation(
            CustomerReport,
            query=(
                Parameter("outcome", "Only these rows", {"type": "string", "enum": list(OUTCOMES)}),
                Parameter("run_id", "Another run than the last one; events-<day> for events"),
                _LIMIT,
                _AFTER,
            ),
        ),
        "links": Operation(
            LinkedCustomers,
            query=(
                Parameter("object", "Which", {"enum": ["contacts", "companies"]}),
                Parameter("side", "Whose ids and keys", {"enum": ["freshdesk", "freshsales"]}),
                Parameter("id", "The customer of this id"),
                Parameter("email", "The contact of this address, compared by its digest"),
                Parameter("external_id", "The contact of this external id"),
                Parameter("name", "The company of this name"),
                Parameter("domain", "The company of this domain"),
                _LIMIT,
                _AFTER,
            ),
        ),
    },
)
