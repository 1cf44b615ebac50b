"""What a ticket may be given, as parameters that creating, updating and sending share.

Source: https://developers.freshdesk.com/api/#create_ticket
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from freshbridge import timestamps
from freshbridge.actions.action import Parameters
from freshbridge.actions.freshdesk.attachments import Attachments
from freshbridge.actions.freshdesk.fields import (
    EmailAddress,
    Moment,
    PriorityValue,
    RecordId,
    TicketId,
)
from freshbridge.actions.freshdesk.html import Sanitise, as_asked
from freshbridge.actions.freshdesk.statuses import StatusChoice, with_status_number
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.freshdesk.enums import Source

if TYPE_CHECKING:
    from freshbridge.actions.context import Context

_IDENTIFIERS = (
    "requester_id",
    "email",
    "facebook_id",
    "phone",
    "twitter_id",
    "unique_external_id",
)
_DUE = ("fr_due_by", "due_by")
_NO_ATTRIBUTES = {"ticket_id", "attachments", "sanitise"}


def _source_number(value: Any) -> int:
    """Return a source's number; one beyond the stock ones may be the account's own."""
    text = str(value).strip()
    if not isinstance(value, bool) and text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    return int(Source.parse(value))


SourceValue = Annotated[
    int,
    BeforeValidator(_source_number, json_schema_input_type=int | str),
    Field(description="1 Email, 2 Portal, 3 Phone, 7 Chat, 9 Feedback Widget; number or name"),
]
Tag = Annotated[str, Field(min_length=1)]


class Assignment(Parameters):
    """Who works on a ticket. `agent_id` and `responder_id` are one thing under two names."""

    agent_id: RecordId | None = Field(default=None, description="The agent to work on it")
    responder_id: RecordId | None = Field(
        default=None, description="Freshdesk's own name for agent_id; give one of the two"
    )
    group_id: RecordId | None = Field(default=None, description="The group to work on it")

    @model_validator(mode="after")
    def _names_one_agent(self) -> Assignment:
        both = {"agent_id", "responder_id"} <= self.model_fields_set
        if both and self.agent_id != self.responder_id:
            raise ValueError("agent_id and responder_id differ; give one of the two")
        return self


class Requester(Parameters):
    """Who asks; Freshdesk makes a contact of an unknown one, but not of a facebook_id."""

    requester_id: RecordId | None = Field(default=None, description="The contact's id")
    email: EmailAddress | None = Field(default=None, description="The requester's e-mail address")
    phone: str | None = Field(
        default=None, min_length=1, description="Without an e-mail address it needs a name"
    )
    facebook_id: str | None = Field(default=None, min_length=1, description="Of a known contact")
    twitter_id: str | None = Field(
        default=None, min_length=1, description="The requester's handle or id at Twitter"
    )
    unique_external_id: str | None = Field(
        default=None, min_length=1, description="The requester's id in another system"
    )
    name: str | None = Field(
        default=None, min_length=1, max_length=255, description="The name of a new contact"
    )

    @property
    def identified(self) -> bool:
        """Whether anything says who it is."""
        return any(getattr(self, name) is not None for name in _IDENTIFIERS)

    @model_validator(mode="after")
    def _phone_has_a_name(self) -> Requester:
        known = self.requester_id is not None or self.email is not None
        if self.phone is not None and self.name is None and not known:
            raise ValueError("give name too: Freshdesk wants it for a phone without an email")
        return self


class DueTimes(Parameters):
    """When a ticket has to be answered and resolved, instead of what the account promises."""

    due_by: Moment | None = Field(default=None, description="When it has to be resolved")
    fr_due_by: Moment | None = Field(default=None, description="When it has to be answered first")

    @model_validator(mode="after")
    def _answered_before_resolved(self) -> DueTimes:
        if self.due_by and self.fr_due_by and self.fr_due_by > self.due_by:
            raise ValueError("fr_due_by is later than due_by; the first response comes first")
        return self

    def _needs_both(self) -> None:
        """Raises ValueError when a new ticket is given one of the two."""
        if (self.due_by is None) != (self.fr_due_by is None):
            raise ValueError("due_by and fr_due_by go together; give both or none")


class Content(Parameters):
    """A ticket's text and the files that go with it."""

    description: str | None = Field(default=None, description="HTML")
    attachments: Attachments = Field(default_factory=list)
    sanitise: Sanitise = False


class TicketAttributes(Assignment, DueTimes, Content):
    """Attributes that a ticket can be created and updated with."""

    subject: str | None = Field(
        default=None, min_length=1, max_length=255, description="One line of plain text"
    )
    status: StatusChoice | None = None
    priority: PriorityValue | None = None
    source: SourceValue | None = None
    type: str | None = Field(default=None, description="One of the account's ticket types")
    tags: list[Tag] | None = Field(default=None, description="All of the ticket's tags")
    custom_fields: dict[str, Any] | None = Field(
        default=None, description="By the names of the account's ticket fields"
    )
    product_id: RecordId | None = Field(default=None, description="The product it is about")
    company_id: RecordId | None = Field(
        default=None, description="One of the requester's companies, where they may have several"
    )
    email_config_id: RecordId | None = Field(default=None, description="The mailbox to answer from")
    parent_id: TicketId | None = Field(default=None, description="Makes it a child of this ticket")
    internal_agent_id: RecordId | None = Field(
        default=None, description="Where the account has shared ownership"
    )
    internal_group_id: RecordId | None = Field(
        default=None, description="Where the account has shared ownership"
    )
    lookup_parameter: Literal["display_id", "primary_field_value"] | None = Field(
        default=None, description="What lookup fields in custom_fields are given as"
    )


def ticket_body(context: Context, parameters: Parameters) -> dict[str, Any]:
    """Return what was given of a ticket, nulls included, as Freshdesk takes it.

    Raises:
        InvalidRequest: the status's name is unknown, or a due time has passed already.
    """
    fields = parameters.model_dump(exclude_unset=True, exclude=_NO_ATTRIBUTES)
    if "agent_id" in fields:
        fields["responder_id"] = fields.pop("agent_id")
    _check_future(context.clock(), fields)
    if isinstance(parameters, Content) and parameters.description is not None:
        fields["description"] = as_asked(
            parameters.description, sanitise=parameters.sanitise, field="description"
        )
    written = {
        name: timestamps.to_text(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
    }
    return with_status_number(context, written)


def _check_future(now: datetime, fields: dict[str, Any]) -> None:
    passed = [name for name in _DUE if fields.get(name) is not None and fields[name] <= now]
    if passed:
        raise InvalidRequest(
            "A ticket cannot be due in the past",
            fields=[
                FieldError(name, "It should be a time in the future", "invalid_value")
                for name in passed
            ],
        )
