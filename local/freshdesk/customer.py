"""What customers do, for demonstrations: no call of the real API acts as one.

``POST /__sim/customer/tickets`` opens a ticket through the portal, ``POST
/__sim/customer/tickets/{id}/replies`` answers by e-mail. Automation sees the requester acting.
"""

from local.freshdesk.account import Actor, Record
from local.freshdesk.errors import validation_failed
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.ticket_associations import empty_custom_fields
from local.freshdesk.ticket_rules import check_references, take_requester, update_spec
from local.freshdesk.ticket_views import single
from local.freshdesk.ticket_writes import add_conversation, open_ticket
from local.freshdesk.validation import Field, check_body

_ATTRIBUTES = ("name", "priority", "type", "tags", "group_id", "custom_fields")
_REPLY = {"body": Field("string", required=True, nullable=False, blank=False)}
_PORTAL = 2


def _open(request: Request) -> Reply:
    account = request.account
    known = update_spec(account)
    spec = {name: known[name] for name in _ATTRIBUTES} | {
        "email": Field("email", required=True, nullable=False),
        "subject": Field("string", required=True, nullable=False, blank=False),
        "description": Field("string", required=True, nullable=False),
    }
    checked = check_body(spec, request)
    given = {name: value for name, value in checked.items() if value is not None}
    if errors := check_references(account, given):
        raise validation_failed(errors)
    complete: Record = {"source": _PORTAL, **take_requester(account, given)}
    complete["custom_fields"] = empty_custom_fields(account) | given.get("custom_fields", {})
    actor = Actor("requester", complete["requester_id"])
    return Reply(201, single(request, open_ticket(account, complete, actor=actor)))


def _answer(request: Request) -> Reply:
    account = request.account
    ticket = account.tickets.get(request.ids["id"])
    if ticket is None:
        return Reply(404, {"message": f"there is no ticket {request.ids['id']}"})
    said = {"body": check_body(_REPLY, request)["body"]}
    actor = Actor("requester", ticket["requester_id"])
    record = add_conversation(account, ticket, "requester_reply", said, actor=actor)
    return Reply(201, {"id": record["id"], "ticket_id": ticket["id"]})


CONTROL_ROUTES = (
    Route("POST", "/customer/tickets", _open),
    Route("POST", "/customer/tickets/{id}/replies", _answer),
)
