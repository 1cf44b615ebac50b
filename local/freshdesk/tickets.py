"""Tickets: create, view, update, delete, restore, outbound e-mail.

Source: developers.freshdesk.com/api, Tickets.
"""

from collections.abc import Mapping

from local.freshdesk import ticket_associations, ticket_views
from local.freshdesk.account import Record
from local.freshdesk.attachments import of_ticket, store
from local.freshdesk.errors import FieldError, not_found, validation_failed
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.ticket_access import caller, find_open_ticket, find_ticket
from local.freshdesk.ticket_rules import (
    check_due_dates,
    check_mandatory,
    check_references,
    create_spec,
    names_requester,
    take_requester,
    update_spec,
)
from local.freshdesk.ticket_writes import (
    CLOSED,
    change_ticket,
    open_ticket,
    set_deleted,
    ticket_defaults,
)
from local.freshdesk.validation import Field, check_body, check_query

OUTBOUND_EMAIL = 10
_VIEW_INCLUDES = ("conversations", "requester", "company", "stats")


def includes_of(text: str | None, known: tuple[str, ...]) -> frozenset[str]:
    """The names in a comma list. Raises ApiError 400 for one that is not ``known``."""
    names = frozenset(part.strip() for part in text.split(",")) if text else frozenset()
    if names - set(known):
        message = f"It should be one of these values: '{','.join(known)}'"
        raise validation_failed([FieldError("include", message, "invalid_value")])
    return names


def _view_cost(query: Mapping[str, str]) -> int:
    """One credit, and one per include."""
    include = query.get("include", "")
    return 1 + len([part for part in include.split(",") if part])


def create_from(request: Request, fields: Record) -> Record:
    """Store a ticket from a checked body. Raises ApiError 400; nothing is stored then."""
    account = request.account
    errors = check_references(account, fields) + check_due_dates(account, fields)
    planned = {**ticket_defaults(account, ""), **fields}
    planned["custom_fields"] = fields.get("custom_fields") or {}
    errors += check_mandatory(account, planned)
    errors += ticket_associations.check_links(account, fields)
    if errors:
        raise validation_failed(errors)
    links = {name: fields.pop(name, None) for name in ("parent_id", "related_ticket_ids")}
    fields.pop("lookup_parameter", None)
    uploads = store(request)
    complete = take_requester(account, fields)
    complete["attachments"] = uploads
    complete["custom_fields"] = {
        **ticket_associations.empty_custom_fields(account),
        **(fields.get("custom_fields") or {}),
    }
    for name in ("cc_emails", "tags"):
        complete[name] = complete.get(name) or []
    ticket = open_ticket(account, complete, actor=caller(request))
    ticket_associations.link(account, ticket, **links)
    return ticket


def _create(request: Request) -> Reply:
    fields = check_body(create_spec(request.account), request)
    ticket = create_from(request, fields)
    return created(request, "tickets", ticket_views.single(request, ticket))


def _outbound_email(request: Request) -> Reply:
    """A ticket that starts with an e-mail from the agent: closed unless told otherwise."""
    spec = dict(create_spec(request.account))
    for name in ("requester_id", "facebook_id", "phone", "twitter_id", "responder_id", "source"):
        del spec[name]
    spec |= {
        "email": Field("email", required=True, nullable=False),
        "subject": Field("string", required=True, nullable=False, blank=False),
        "email_config_id": Field("integer", required=True, nullable=False),
    }
    fields = {"status": CLOSED, "description": "", **check_body(spec, request)}
    fields |= {"source": OUTBOUND_EMAIL, "responder_id": request.agent["id"]}
    # The message itself is the description here, so an empty one is no offence.
    fields["description"] = fields["description"] or "<div></div>"
    ticket = create_from(request, fields)
    return created(request, "tickets", ticket_views.single(request, ticket))


def _view(request: Request) -> Reply:
    checked = check_query({"include": Field("string", nullable=False)}, request.query)
    includes = includes_of(checked.get("include"), _VIEW_INCLUDES)
    return Reply(200, ticket_views.single(request, find_ticket(request), includes))


def _update(request: Request) -> Reply:
    account = request.account
    ticket = find_open_ticket(request)
    fields = check_body(update_spec(account), request)
    change = checked_change(request, ticket, fields)
    uploads = store(request, of_ticket(account, ticket))
    if uploads:
        change["attachments"] = [*ticket["attachments"], *uploads]
    parent_id = change.pop("parent_id", None)
    change_ticket(account, ticket, change, actor=caller(request))
    ticket_associations.link(account, ticket, parent_id=parent_id)
    return Reply(200, ticket_views.single(request, ticket))


def checked_change(request: Request, ticket: Record, fields: Record) -> Record:
    """What a checked update body does to ``ticket``. Raises ApiError 400."""
    account = request.account
    errors = check_references(account, fields) + check_due_dates(account, fields)
    errors += ticket_associations.check_links(account, fields, ticket)
    custom = {**ticket["custom_fields"], **(fields.get("custom_fields") or {})}
    errors += check_mandatory(account, {**ticket, **fields, "custom_fields": custom})
    if ticket["source"] == OUTBOUND_EMAIL:
        errors += [
            FieldError(name, "Cannot be changed on an outbound email ticket", "incompatible_field")
            for name in ("subject", "description")
            if name in fields
        ]
    if errors:
        raise validation_failed(errors)
    change = {name: value for name, value in fields.items() if name != "lookup_parameter"}
    if "tags" in change:
        change["tags"] = change["tags"] or []
    if names_requester(fields):
        given_company = "company_id" in fields
        change = take_requester(account, change)
        if not given_company and change["company_id"] is None:
            del change["company_id"]
    else:
        change.pop("requester_id", None)
    return change


def _delete(request: Request) -> Reply:
    set_deleted(request.account, find_open_ticket(request), True, actor=caller(request))
    return Reply(204)


def _restore(request: Request) -> Reply:
    ticket = find_ticket(request)
    if not ticket["deleted"]:
        raise not_found()
    set_deleted(request.account, ticket, False, actor=caller(request))
    return Reply(204)


ROUTES = (
    Route("POST", "/tickets", _create, bucket="ticket_create", files=True),
    Route("POST", "/tickets/outbound_email", _outbound_email, bucket="ticket_create", files=True),
    Route("GET", "/tickets/{id}", _view, cost=_view_cost),
    Route("PUT", "/tickets/{id}", _update, bucket="ticket_update", files=True),
    Route("DELETE", "/tickets/{id}", _delete),
    Route("PUT", "/tickets/{id}/restore", _restore),
)
