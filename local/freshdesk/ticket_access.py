"""Finding the ticket a call is about, and whether the caller may see it."""

from local.freshdesk.account import Actor, Record
from local.freshdesk.errors import access_denied, method_not_allowed, not_found
from local.freshdesk.routing import Request

GLOBAL_SCOPE, GROUP_SCOPE = 1, 2


def caller(request: Request) -> Actor:
    return Actor("agent", request.agent["id"])


def in_scope(agent: Record, ticket: Record) -> bool:
    """Ticket scope: 1 everything, 2 the agent's groups and own tickets, 3 own tickets only."""
    if agent["ticket_scope"] == GLOBAL_SCOPE or ticket["responder_id"] == agent["id"]:
        return True
    return agent["ticket_scope"] == GROUP_SCOPE and ticket["group_id"] in agent["group_ids"]


def find_ticket(request: Request) -> Record:
    """The ticket of the path, deleted and spam ones too. Raises ApiError 404, or 403 by scope."""
    ticket = request.account.tickets.get(request.ids["id"])
    if ticket is None:
        raise not_found()
    if not in_scope(request.agent, ticket):
        raise access_denied()
    return ticket


def find_open_ticket(request: Request) -> Record:
    """``find_ticket`` for writes: a deleted or spam ticket answers 405."""
    ticket = find_ticket(request)
    if ticket["deleted"] or ticket["spam"]:
        raise method_not_allowed(request.method, ["GET"])
    return ticket
