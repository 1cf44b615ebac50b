"""Single changes to a ticket: who has it, its status, priority, tags, and whether it is deleted.

Source: https://developers.freshdesk.com/api/#update_ticket
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters
from freshbridge.actions.assignment import choose_agent
from freshbridge.actions.freshdesk.fields import PriorityValue, TicketId
from freshbridge.actions.freshdesk.statuses import StatusChoice, resolve_status
from freshbridge.actions.freshdesk.ticket_attributes import Assignment, ticket_body
from freshbridge.actions.freshdesk.tickets import shown
from freshbridge.errors import NotFound, WrongState

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record


class AssignTicket(Assignment):
    """Give a ticket to an agent, to a group, or to both; null takes it away from them."""

    ticket_id: TicketId
    auto: bool = Field(
        default=False,
        description="Give it to an available agent of group_id, or of the ticket's group, in turns "
        "or as the instance's auto_assign says",
    )

    @model_validator(mode="after")
    def _names_someone(self) -> AssignTicket:
        if not self.auto and self.model_fields_set <= {"ticket_id", "auto"}:
            raise ValueError("give agent_id, group_id, or both, or auto")
        if self.auto and {"agent_id", "responder_id"} & self.model_fields_set:
            raise ValueError("auto chooses the agent; leave out agent_id")
        if self.auto and "group_id" in self.model_fields_set and self.group_id is None:
            raise ValueError("auto chooses an agent of a group; leave out group_id, or name one")
        return self


def assign_ticket(context: Context, parameters: AssignTicket) -> Outcome:
    """Set the agent or the group."""
    changes = ticket_body(context, parameters)
    if changes.pop("auto", False):
        return _assign_to_available(context, parameters, changes)
    ticket = context.client.update_ticket(parameters.ticket_id, changes)
    return shown(context, ticket, "Ticket assigned")


def _assign_to_available(
    context: Context, parameters: AssignTicket, changes: dict[str, Any]
) -> Outcome:
    """Choose the agent; with none to choose, only the group is set, or nothing."""
    ticket: Record = {}
    group_id = parameters.group_id
    if group_id is None:
        ticket = context.client.ticket(parameters.ticket_id)
        group_id = ticket.get("group_id")
    chosen = choose_agent(context, group_id, purpose=f"ticket {parameters.ticket_id}")
    if chosen.agent_id is not None:
        changes["responder_id"] = chosen.agent_id
    if changes:
        ticket = context.client.update_ticket(parameters.ticket_id, changes)
    message = "Ticket assigned" if chosen.agent_id else f"Ticket not assigned: {chosen.reason}"
    return shown(context, ticket, message, assignment=chosen.shown())


class ChangeStatus(Parameters):
    """Set a ticket's status, one of the account's own included.

    Fields that the account demands for resolving or closing go along with update_ticket.
    """

    ticket_id: TicketId
    status: StatusChoice


def change_status(context: Context, parameters: ChangeStatus) -> Outcome:
    """Set the status."""
    status = resolve_status(context, parameters.status)
    ticket = context.client.update_ticket(parameters.ticket_id, {"status": status})
    return shown(context, ticket, "Status changed", status=status)


class SetPriority(Parameters):
    """Set a ticket's priority."""

    ticket_id: TicketId
    priority: PriorityValue


def set_priority(context: Context, parameters: SetPriority) -> Outcome:
    """Set the priority."""
    priority = parameters.priority
    ticket = context.client.update_ticket(parameters.ticket_id, {"priority": priority})
    return shown(context, ticket, "Priority set", priority=priority)


class DeleteTicket(Parameters):
    """Move a ticket to the trash, from where restore_ticket brings it back for 30 days."""

    ticket_id: TicketId


def delete_ticket(context: Context, parameters: DeleteTicket) -> Outcome:
    """Delete one; one that is in the trash already counts as done."""
    changed = True
    try:
        context.client.delete_ticket(parameters.ticket_id)
    except WrongState:
        if not context.client.ticket(parameters.ticket_id).get("deleted"):
            raise  # spam, for instance
        changed = False
    return _moved(context, parameters.ticket_id, "Ticket deleted", changed=changed)


class RestoreTicket(Parameters):
    """Bring a ticket back from the trash."""

    ticket_id: TicketId


def restore_ticket(context: Context, parameters: RestoreTicket) -> Outcome:
    """Restore one; one that is not in the trash counts as done."""
    changed = True
    try:
        context.client.restore_ticket(parameters.ticket_id)
    except (NotFound, WrongState):
        ticket = context.client.ticket(parameters.ticket_id)
        if ticket.get("deleted") or ticket.get("spam"):
            raise
        changed = False
    return _moved(context, parameters.ticket_id, "Ticket restored", changed=changed)


def _moved(context: Context, ticket_id: int, message: str, *, changed: bool) -> Outcome:
    data = {
        "ticket_id": ticket_id,
        "ticket_url": context.ticket_url(ticket_id),
        "changed": changed,
    }
    return Outcome(data, message if changed else f"{message} already")


_REPEATED = "One more when it was so already"

ACTIONS = (
    Action(
        "freshdesk",
        "assign_ticket",
        AssignTicket,
        assign_ticket,
        Effect.SET,
        {"ticket_id": 12345, "agent_id": 456, "group_id": 123},
        credits_note="With auto one more each for the ticket, its group and the agents, where they "
        "are not kept; least_loaded counts each agent's tickets every few minutes",
    ),
    Action(
        "freshdesk",
        "change_status",
        ChangeStatus,
        change_status,
        Effect.SET,
        {"ticket_id": 12345, "status": 4},
        credits_note="One more to look up a status given by name, where it is not kept",
    ),
    Action(
        "freshdesk",
        "set_priority",
        SetPriority,
        set_priority,
        Effect.SET,
        {"ticket_id": 12345, "priority": "urgent"},
    ),
    Action(
        "freshdesk",
        "delete_ticket",
        DeleteTicket,
        delete_ticket,
        Effect.SET,
        {"ticket_id": 12345},
        credits_note=_REPEATED,
    ),
    Action(
        "freshdesk",
        "restore_ticket",
        RestoreTicket,
        restore_ticket,
        Effect.SET,
        {"ticket_id": 12345},
        credits_note=_REPEATED,
    ),
)
