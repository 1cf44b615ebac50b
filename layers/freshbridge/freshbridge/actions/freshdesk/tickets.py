"""Freshdesk tickets: create, read, update. Source: https://developers.freshdesk.com/api/#tickets"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Reconciliation
from freshbridge.actions.earlier import Period, unknown
from freshbridge.actions.freshdesk.attachments import described, file_parts
from freshbridge.actions.freshdesk.earlier_tickets import earlier_ticket
from freshbridge.actions.freshdesk.fields import EmailAddress, TicketId
from freshbridge.actions.freshdesk.ticket_attributes import (
    Requester,
    Tag,
    TicketAttributes,
    ticket_body,
)
from freshbridge.freshdesk.enums import TicketInclude

if TYPE_CHECKING:
    from collections.abc import Sequence

    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record
    from freshbridge.http_message import FilePart

_LOOKED_UP = "One more to look up custom fields, or a status by its name, where not kept"
_NEVER_EMPTY = ("subject", "status", "priority", "source")


class CreateTicket(TicketAttributes, Requester):
    """Create a ticket; the requester is named by at least one of six identifiers.

    Freshdesk sets due_by and fr_due_by some seconds later, where they were not given.
    """

    subject: str = Field(min_length=1, max_length=255, description="One line of plain text")
    cc_emails: list[EmailAddress] | None = Field(default=None, description="Who gets copies")
    related_ticket_ids: list[TicketId] | None = Field(
        default=None, description="Makes it a tracker of these tickets"
    )

    @model_validator(mode="after")
    def _has_a_requester(self) -> CreateTicket:
        if not self.identified:
            raise ValueError(
                "give at least one of requester_id, email, phone, facebook_id, twitter_id, "
                "unique_external_id"
            )
        return self

    @model_validator(mode="after")
    def _has_both_due_times(self) -> CreateTicket:
        self._needs_both()
        return self


def create_ticket(context: Context, parameters: CreateTicket) -> Outcome:
    """Create one; repeating it makes another, since Freshdesk has no idempotency key."""
    body = ticket_body(context, parameters)
    given = {name: value for name, value in body.items() if value is not None}
    files = file_parts(context, parameters.attachments)
    ticket = context.client.create_ticket(given, files)
    return shown(context, ticket, "Ticket created", files=files)


def _created_before(context: Context, unsure: Unsure, parameters: CreateTicket) -> Outcome | None:
    ticket = earlier_ticket(context, unsure, parameters)
    return None if ticket is None else shown(context, ticket, "Ticket created")


class UpdateTicket(TicketAttributes, Requester):
    """Change the fields given and leave the others as they are; null clears a field.

    Attached files are added to those that are there, so repeating it attaches them again.
    """

    ticket_id: TicketId
    tags: list[Tag] | None = Field(default=None, description="Replaces the ticket's tags")

    @model_validator(mode="after")
    def _changes_something(self) -> UpdateTicket:
        changed = self.model_fields_set - {"ticket_id", "sanitise"}
        if not changed or (changed == {"attachments"} and not self.attachments):
            raise ValueError("give at least one field to change")
        return self

    @model_validator(mode="after")
    def _clears_only_what_may_be_empty(self) -> UpdateTicket:
        cleared = [
            name
            for name in _NEVER_EMPTY
            if name in self.model_fields_set and getattr(self, name) is None
        ]
        if cleared:
            raise ValueError(f"{' and '.join(cleared)} cannot be null; leave out what stays")
        return self


def update_ticket(context: Context, parameters: UpdateTicket) -> Outcome:
    """Update one; safe to repeat, since it sets values."""
    changes = ticket_body(context, parameters)
    files = file_parts(context, parameters.attachments)
    ticket = context.client.update_ticket(parameters.ticket_id, changes, files)
    return shown(context, ticket, "Ticket updated", files=files)


def _updated_before(context: Context, unsure: Unsure, parameters: UpdateTicket) -> Outcome | None:
    """Its files tell, since they came with its values."""
    ticket = context.client.ticket(parameters.ticket_id)
    files = file_parts(context, parameters.attachments)
    period = Period.of(unsure)
    added = Counter(str(one.get("name")) for one in ticket["attachments"] if period.has(one))
    if Counter(file.filename for file in files) <= added:
        return shown(context, ticket, "Ticket updated", files=files)
    if added:
        raise unknown("attachment", "other files were added in that time")
    return None


class GetTicketInfo(Parameters):
    """Read one ticket, with more about it where that is asked for.

    Of the conversations Freshdesk embeds the ten oldest; list_conversations has them all.
    """

    ticket_id: TicketId
    include: list[TicketInclude] = Field(
        default_factory=list, description="Each costs one more credit"
    )


def get_ticket_info(context: Context, parameters: GetTicketInfo) -> Outcome:
    """Read one ticket."""
    include = list(dict.fromkeys(parameters.include))
    return shown(context, context.client.ticket(parameters.ticket_id, include), "Ticket read")


def shown(
    context: Context,
    ticket: Record,
    message: str,
    *,
    files: Sequence[FilePart] = (),
    **more: Any,
) -> Outcome:
    """Return the answer of an action whose result is one ticket; `files` are what it attached."""
    found = {"ticket_id": ticket["id"], "ticket_url": context.ticket_url(ticket["id"])}
    attached = {"attached": described(files)} if files else {}
    return Outcome({**found, **more, **attached, "ticket": ticket}, message)


ACTIONS = (
    Action(
        "freshdesk",
        "create_ticket",
        CreateTicket,
        create_ticket,
        Effect.ADD,
        {
            "subject": "Customer Issue",
            "description": "Detailed description of the issue",
            "email": "customer@example.com",
            "name": "Customer Name",
            "priority": 2,
            "status": 2,
            "type": "Question",
            "group_id": 123,
            "agent_id": 456,
            "tags": ["urgent", "billing"],
            "custom_fields": {"cf_category": "Technical"},
        },
        credits_note=_LOOKED_UP,
        reconcile=Reconciliation(_created_before, makes="ticket_id"),
    ),
    Action(
        "freshdesk",
        "update_ticket",
        UpdateTicket,
        update_ticket,
        Effect.SET,
        {
            "ticket_id": 12345,
            "subject": "Updated Subject",
            "priority": 3,
            "status": 3,
            "tags": ["resolved", "customer-satisfied"],
        },
        credits_note=_LOOKED_UP,
        reconcile=Reconciliation(_updated_before, doubles=lambda asked: bool(asked.attachments)),
    ),
    Action(
        "freshdesk",
        "get_ticket_info",
        GetTicketInfo,
        get_ticket_info,
        Effect.READ,
        {"ticket_id": 12345},
        credits_note="One more for each include",
    ),
)
