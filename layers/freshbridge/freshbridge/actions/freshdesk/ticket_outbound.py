"""A ticket that begins with an e-mail to the customer.

Source: https://developers.freshdesk.com/api/#create_outbound_email
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from freshbridge.actions.action import (
    MAIL_SETTLE_S,
    Action,
    Effect,
    Outcome,
    Reconciliation,
)
from freshbridge.actions.freshdesk.attachments import file_parts
from freshbridge.actions.freshdesk.earlier_tickets import earlier_ticket
from freshbridge.actions.freshdesk.fields import EmailAddress, PriorityValue, RecordId
from freshbridge.actions.freshdesk.statuses import StatusChoice
from freshbridge.actions.freshdesk.ticket_attributes import Content, DueTimes, Tag, ticket_body
from freshbridge.actions.freshdesk.tickets import shown

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context


class OutboundEmail(DueTimes, Content):
    """Send a customer an e-mail and keep it as a ticket, closed unless a status is given.

    `description` is what it says. The ticket belongs to the agent whose API key is used. The
    account has to allow outbound e-mail.
    """

    email: EmailAddress = Field(description="Who receives it; a contact is made of an unknown one")
    subject: str = Field(min_length=1, max_length=255, description="The e-mail's subject")
    email_config_id: RecordId = Field(description="The mailbox that sends it")
    name: str | None = Field(
        default=None, min_length=1, max_length=255, description="The name of a new contact"
    )
    cc_emails: list[EmailAddress] | None = Field(default=None, description="Who gets copies")
    status: StatusChoice | None = None
    priority: PriorityValue | None = None
    type: str | None = Field(default=None, description="One of the account's ticket types")
    group_id: RecordId | None = Field(default=None, description="The group to work on it")
    tags: list[Tag] | None = Field(default=None, description="The ticket's tags")
    custom_fields: dict[str, Any] | None = Field(
        default=None, description="By the names of the account's ticket fields"
    )

    @model_validator(mode="after")
    def _has_both_due_times(self) -> OutboundEmail:
        self._needs_both()
        return self


def outbound_email(context: Context, parameters: OutboundEmail) -> Outcome:
    """Send one; repeating it sends another."""
    body = ticket_body(context, parameters)
    given = {name: value for name, value in body.items() if value is not None}
    files = file_parts(context, parameters.attachments)
    ticket = context.client.create_outbound_email(given, files)
    return shown(context, ticket, "E-mail sent", files=files)


def _sent_before(context: Context, unsure: Unsure, parameters: OutboundEmail) -> Outcome | None:
    ticket = earlier_ticket(context, unsure, parameters, mailed=True)
    return None if ticket is None else shown(context, ticket, "E-mail sent")


ACTIONS = (
    Action(
        "freshdesk",
        "outbound_email",
        OutboundEmail,
        outbound_email,
        Effect.ADD,
        {
            "email": "customer@example.com",
            "subject": "Your order has left",
            "description": "It arrives on Friday.",
            "email_config_id": 789,
        },
        credits_note="One more to look up custom fields, or a status by its name, where not kept",
        reconcile=Reconciliation(_sent_before, makes="ticket_id", settle_s=MAIL_SETTLE_S),
    ),
)
