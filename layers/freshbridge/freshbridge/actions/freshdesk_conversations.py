"""Freshdesk conversation actions. Source: https://developers.freshdesk.com/api/#conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from freshbridge.actions.fields import Parameters, TicketId

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient


class AddNote(Parameters):
    """Add a note to a ticket; agents see it, and the customer only when it is not private."""

    ticket_id: TicketId
    body: str = Field(min_length=1, description="HTML")
    private: bool = True


def add_note(client: FreshdeskClient, parameters: AddNote) -> dict[str, Any]:
    """Add one note; repeating it adds another."""
    note = client.add_note(parameters.ticket_id, parameters.body, private=parameters.private)
    return {"ticket_id": parameters.ticket_id, "conversation_id": note["id"]}


ACTIONS = {"add_note": (AddNote, add_note)}
