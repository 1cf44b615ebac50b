"""Tickets joined to tickets: parent and child, tracker and related, merge; and watchers.

``association_type``: 1 parent, 2 child, 3 tracker, 4 related. Source:
developers.freshdesk.com/api, Tickets (associated tickets, merge, watchers).
"""

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import (
    FieldError,
    invalid_value,
    no_such_record,
    not_found,
    validation_failed,
)
from local.freshdesk.people import person
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.ticket_access import caller, find_open_ticket, find_ticket
from local.freshdesk.ticket_fields import custom_fields
from local.freshdesk.ticket_views import slim
from local.freshdesk.ticket_writes import CLOSED, add_conversation, change_ticket, set_watchers
from local.freshdesk.validation import Field, check_body

PARENT, CHILD, TRACKER, RELATED = 1, 2, 3, 4


def empty_custom_fields(account: Account) -> Record:
    """Every custom field of the form, unset: tickets carry all keys."""
    return dict.fromkeys(custom_fields(account))


def check_links(account: Account, fields: Record, ticket: Record | None = None) -> list[FieldError]:
    """Offences of ``parent_id`` and ``related_ticket_ids``."""
    errors: list[FieldError] = []
    parent_id = fields.get("parent_id")
    if parent_id is not None:
        parent = account.tickets.get(parent_id)
        if parent is None or parent["deleted"] or parent is ticket:
            errors.append(no_such_record("parent_id", "ticket"))
        elif parent["association_type"] not in {None, PARENT}:
            errors.append(invalid_value("parent_id", "It cannot be the parent of a ticket"))
    related = fields.get("related_ticket_ids") or []
    if any(one not in account.tickets for one in related):
        errors.append(no_such_record("related_ticket_ids", "ticket"))
    return errors


def link(
    account: Account,
    ticket: Record,
    *,
    parent_id: int | None = None,
    related_ticket_ids: list[int] | None = None,
) -> None:
    """Record a checked association on both sides."""
    if parent_id is not None:
        _join(ticket, CHILD, account.tickets[parent_id], PARENT)
    for other_id in related_ticket_ids or []:
        _join(account.tickets[other_id], RELATED, ticket, TRACKER)


def _join(lesser: Record, lesser_type: int, prime: Record, prime_type: int) -> None:
    lesser["association_type"], lesser["associated_tickets"] = lesser_type, [prime["id"]]
    prime["association_type"] = prime_type
    if lesser["id"] not in prime["associated_tickets"]:
        prime["associated_tickets"] = [*prime["associated_tickets"], lesser["id"]]


def _associated(request: Request) -> Reply:
    ticket = find_ticket(request)
    tickets = [request.account.tickets[one] for one in ticket["associated_tickets"]]
    return Reply(200, {"tickets": [slim(one) for one in tickets]})


def _prime(request: Request) -> Reply:
    ticket = find_ticket(request)
    if ticket["association_type"] not in {CHILD, RELATED}:
        raise not_found()
    return Reply(200, slim(request.account.tickets[ticket["associated_tickets"][0]]))


_NOTE = Field(
    "object",
    fields={
        "body": Field("string", required=True, nullable=False, blank=False),
        "private": Field("boolean"),
    },
)
_IDS = Field("array", required=True, nullable=False, items=Field("integer", nullable=False))
_MERGE = {
    "primary_id": Field("integer", required=True, nullable=False),
    "ticket_ids": _IDS,
    "note_in_primary": _NOTE,
    "note_in_secondary": _NOTE,
    "convert_recepients_to_cc": Field("boolean"),
}


def _merge(request: Request) -> Reply:
    """Close the secondaries with a note and tell the primary. It cannot be undone."""
    account, actor = request.account, caller(request)
    fields = check_body(_MERGE, request)
    primary = _open_ticket(account, fields["primary_id"])
    ids = [one for one in dict.fromkeys(fields["ticket_ids"]) if one != fields["primary_id"]]
    found = [_open_ticket(account, one) for one in ids]
    secondaries = [one for one in found if one is not None]
    errors = [] if primary else [no_such_record("primary_id", "ticket")]
    if not ids or len(secondaries) < len(ids):
        errors.append(no_such_record("ticket_ids", "ticket"))
    if errors or primary is None:
        raise validation_failed(errors)
    for ticket in secondaries:
        note = fields.get("note_in_secondary") or {
            "body": f"This ticket is merged into ticket {primary['id']}", "private": True,
        }  # fmt: skip
        add_conversation(account, ticket, "note", note, actor=actor)
        change_ticket(account, ticket, {"status": CLOSED}, actor=actor)
    note = fields.get("note_in_primary") or {
        "body": f"Tickets {', '.join(map(str, ids))} are merged into this ticket", "private": True,
    }  # fmt: skip
    add_conversation(account, primary, "note", note, actor=actor)
    if fields.get("convert_recepients_to_cc"):
        people = (person(account, one["requester_id"]) for one in secondaries)
        emails = [one["email"] for one in people if one and one["email"]]
        cc_emails = list(dict.fromkeys([*primary["cc_emails"], *emails]))
        change_ticket(account, primary, {"cc_emails": cc_emails}, actor=actor)
    return Reply(204)


def _open_ticket(account: Account, ticket_id: int) -> Record | None:
    ticket = account.tickets.get(ticket_id)
    return None if ticket is None or ticket["deleted"] or ticket["spam"] else ticket


def _watchers(request: Request) -> Reply:
    return Reply(200, {"watcher_ids": find_ticket(request)["watcher_ids"]})


def _set_watching(account: Account, ticket: Record, user_id: int, watching: bool) -> None:
    others = [one for one in ticket["watcher_ids"] if one != user_id]
    set_watchers(account, ticket, [*others, user_id] if watching else others)


_USER_ID = Field("integer", required=True, nullable=False)


def _check_agent(account: Account, user_id: int) -> None:
    if user_id not in account.agents:
        raise validation_failed([no_such_record("user_id", "agent")])


def _watch(request: Request) -> Reply:
    ticket = find_open_ticket(request)
    user_id = check_body({"user_id": _USER_ID}, request)["user_id"]
    _check_agent(request.account, user_id)
    _set_watching(request.account, ticket, user_id, True)
    return Reply(204)


def _unwatch(request: Request) -> Reply:
    _set_watching(request.account, find_open_ticket(request), request.agent["id"], False)
    return Reply(204)


def _bulk_watch(request: Request) -> Reply:
    fields = check_body({"ids": _IDS, "user_id": _USER_ID}, request)
    _check_agent(request.account, fields["user_id"])
    return _bulk(request, fields["ids"], fields["user_id"], True)


def _bulk_unwatch(request: Request) -> Reply:
    fields = check_body({"ids": _IDS}, request)
    return _bulk(request, fields["ids"], request.agent["id"], False)


def _bulk(request: Request, ids: list[int], user_id: int, watching: bool) -> Reply:
    for ticket_id in ids:
        if ticket := _open_ticket(request.account, ticket_id):
            _set_watching(request.account, ticket, user_id, watching)
    return Reply(204)


ROUTES = (
    Route("GET", "/tickets/{id}/associated_tickets", _associated),
    Route("GET", "/tickets/{id}/prime_association", _prime),
    Route("PUT", "/tickets/merge", _merge),
    Route("GET", "/tickets/{id}/watchers", _watchers),
    Route("POST", "/tickets/{id}/watch", _watch),
    Route("PUT", "/tickets/{id}/unwatch", _unwatch),
    Route("PUT", "/tickets/bulk_watch", _bulk_watch),
    Route("PUT", "/tickets/bulk_unwatch", _bulk_unwatch),
)
