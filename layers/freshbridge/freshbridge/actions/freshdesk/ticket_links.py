"""Tickets joined to tickets and to people: merge, forward, watchers.

Source: https://developers.freshdesk.com/api/#merge_tickets
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from freshbridge.actions.action import (
    MAIL_SETTLE_S,
    Action,
    Effect,
    Outcome,
    Parameters,
    Reconciliation,
)
from freshbridge.actions.freshdesk.earlier_entries import FORWARD, earlier_conversation
from freshbridge.actions.freshdesk.fields import EmailAddress, RecordId, TicketId
from freshbridge.actions.freshdesk.html import Sanitise, as_asked

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context

Emails = list[EmailAddress]


class MergeNote(BaseModel):
    """What a merge writes on a ticket."""

    model_config = ConfigDict(extra="forbid")

    body: str = Field(min_length=1, description="HTML")
    private: bool = True


class MergeTickets(Parameters):
    """Merge tickets into a primary one and close them; it cannot be undone."""

    primary_id: TicketId = Field(description="The ticket that stays")
    ticket_ids: list[TicketId] = Field(
        min_length=1, max_length=100, description="The tickets merged into it"
    )
    note_in_primary: MergeNote | None = None
    note_in_secondary: MergeNote | None = None
    convert_recipients_to_cc: bool = Field(
        default=False, description="Makes the others' requesters receive copies"
    )

    @model_validator(mode="after")
    def _merges_another(self) -> MergeTickets:
        if set(self.ticket_ids) <= {self.primary_id}:
            raise ValueError("ticket_ids names no ticket but the primary one")
        return self


def merge_tickets(context: Context, parameters: MergeTickets) -> Outcome:
    """Merge; the primary ticket may stand among the others, as Freshdesk's own sample has it.

    Repeating it merges nothing more, and writes the notes of the merge again.
    """
    others = [one for one in dict.fromkeys(parameters.ticket_ids) if one != parameters.primary_id]
    notes = parameters.model_dump(
        include={"note_in_primary", "note_in_secondary"}, exclude_none=True
    )
    context.client.merge_tickets(
        parameters.primary_id,
        others,
        notes=notes,
        recipients_to_cc=parameters.convert_recipients_to_cc,
    )
    return _about(context, parameters.primary_id, "Tickets merged", merged_ticket_ids=others)


class ForwardTicket(Parameters):
    """Forward a ticket by e-mail, with what was said so far unless told otherwise."""

    ticket_id: TicketId
    body: str = Field(min_length=1, description="HTML")
    to_emails: Emails = Field(min_length=1, description="Whom it is forwarded to")
    cc_emails: Emails = Field(default_factory=list, description="Who gets copies")
    bcc_emails: Emails = Field(default_factory=list, description="Who gets copies unseen")
    from_email: EmailAddress | None = Field(
        default=None, description="One of the account's support addresses"
    )
    agent_id: RecordId | None = Field(default=None, description="Who forwards it")
    include_quoted_text: bool = Field(default=True, description="With what was said before")
    include_original_attachments: bool = Field(default=True, description="With the ticket's files")
    sanitise: Sanitise = False


def forward_ticket(context: Context, parameters: ForwardTicket) -> Outcome:
    """Forward it; repeating it sends another e-mail."""
    message = parameters.model_dump(
        exclude={"ticket_id", "sanitise"}, exclude_unset=True, exclude_none=True
    )
    message["body"] = as_asked(parameters.body, sanitise=parameters.sanitise, field="body")
    entry = context.client.forward_ticket(parameters.ticket_id, message)
    return _about(
        context,
        parameters.ticket_id,
        "Ticket forwarded",
        conversation_id=entry["id"],
        conversation=entry,
    )


def _forwarded_before(
    context: Context, unsure: Unsure, parameters: ForwardTicket
) -> Outcome | None:
    asked = {**parameters.model_dump(), "user_id": parameters.agent_id}
    entry = earlier_conversation(context, unsure, parameters.ticket_id, FORWARD, asked)
    if entry is None:
        return None
    made = {"conversation_id": entry["id"], "conversation": entry}
    return _about(context, parameters.ticket_id, "Ticket forwarded", **made)


class AddWatcher(Parameters):
    """Let an agent watch a ticket and be told of what happens to it."""

    ticket_id: TicketId
    agent_id: RecordId | None = Field(default=None, description="The agent who hears of changes")
    user_id: RecordId | None = Field(
        default=None, description="Freshdesk's own name for agent_id; give one of the two"
    )

    @model_validator(mode="after")
    def _names_one_agent(self) -> AddWatcher:
        if len({self.agent_id, self.user_id} - {None}) != 1:
            raise ValueError("give agent_id")
        return self

    @property
    def watcher_id(self) -> int:
        """The agent, under either name."""
        return self.agent_id or self.user_id or 0


def add_watcher(context: Context, parameters: AddWatcher) -> Outcome:
    """Add one; an agent who watches already stays one."""
    context.client.watch_ticket(parameters.ticket_id, parameters.watcher_id)
    return _about(context, parameters.ticket_id, "Watcher added", watcher_id=parameters.watcher_id)


class RemoveWatcher(Parameters):
    """Stop the agent whose API key is used from watching a ticket; Freshdesk removes no other."""

    ticket_id: TicketId


def remove_watcher(context: Context, parameters: RemoveWatcher) -> Outcome:
    """Remove the key's own agent."""
    context.client.unwatch_ticket(parameters.ticket_id)
    return _about(context, parameters.ticket_id, "Watcher removed")


class ListWatchers(Parameters):
    """List the ids of the agents who watch a ticket."""

    ticket_id: TicketId


def list_watchers(context: Context, parameters: ListWatchers) -> Outcome:
    """Read them."""
    ids = context.client.watchers(parameters.ticket_id)
    return _about(context, parameters.ticket_id, f"{len(ids)} watching", watcher_ids=ids)


def _about(context: Context, ticket_id: int, message: str, **more: Any) -> Outcome:
    found = {"ticket_id": ticket_id, "ticket_url": context.ticket_url(ticket_id)}
    return Outcome({**found, **more}, message)


ACTIONS = (
    Action(
        "freshdesk",
        "merge_tickets",
        MergeTickets,
        merge_tickets,
        Effect.ADD,
        {
            "primary_id": 12345,
            "ticket_ids": [12346, 12347],
            "note_in_primary": {"body": "Same outage as 12346 and 12347", "private": True},
        },
    ),
    Action(
        "freshdesk",
        "forward_ticket",
        ForwardTicket,
        forward_ticket,
        Effect.ADD,
        {
            "ticket_id": 12345,
            "body": "Could you look at this order?",
            "to_emails": ["warehouse@example.com"],
        },
        reconcile=Reconciliation(
            _forwarded_before, makes="conversation_id", settle_s=MAIL_SETTLE_S
        ),
    ),
    Action(
        "freshdesk",
        "add_watcher",
        AddWatcher,
        add_watcher,
        Effect.SET,
        {"ticket_id": 12345, "agent_id": 456},
    ),
    Action(
        "freshdesk",
        "remove_watcher",
        RemoveWatcher,
        remove_watcher,
        Effect.SET,
        {"ticket_id": 12345},
    ),
    Action(
        "freshdesk",
        "list_watchers",
        ListWatchers,
        list_watchers,
        Effect.READ,
        {"ticket_id": 12345},
    ),
)
