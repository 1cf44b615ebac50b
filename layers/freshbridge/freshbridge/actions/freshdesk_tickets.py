"""Freshdesk ticket actions. Source: https://developers.freshdesk.com/api/#tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from freshbridge.actions.fields import Parameters, PriorityValue, StatusValue, TicketId

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient


class UpdateTicket(Parameters):
    """Change the fields given and leave the others as they are."""

    ticket_id: TicketId
    subject: str | None = Field(default=None, min_length=1)
    priority: PriorityValue | None = None
    status: StatusValue | None = None
    type: str | None = None
    group_id: int | None = None
    responder_id: int | None = None
    tags: list[str] | None = Field(default=None, description="Replaces the ticket's tags")
    custom_fields: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> UpdateTicket:
        if self.model_fields_set <= {"ticket_id"}:
            raise ValueError("give at least one field to change")
        return self


def update_ticket(client: FreshdeskClient, parameters: UpdateTicket) -> dict[str, Any]:
    """Update one ticket; safe to repeat, since it sets values."""
    changes = parameters.model_dump(exclude={"ticket_id"}, exclude_unset=True)
    ticket = client.update_ticket(parameters.ticket_id, changes)
    return {"ticket_id": ticket["id"], "updated_at": ticket.get("updated_at")}


ACTIONS = {"update_ticket": (UpdateTicket, update_ticket)}
