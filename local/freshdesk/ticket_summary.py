"""The one summary a ticket may have.

Source: developers.freshdesk.com/api, Ticket Summary: viewed, put (made or replaced) and deleted.
"""

from typing import Final

from local.freshdesk.account import Record
from local.freshdesk.errors import not_found
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.ticket_access import find_ticket
from local.freshdesk.ticket_writes import text_of
from local.freshdesk.validation import Field, check_body

_SUMMARY: Final = {"body": Field("string", required=True, nullable=False, blank=False)}


def _find(request: Request) -> Record:
    ticket_id = find_ticket(request)["id"]
    summary: Record | None = request.account.table("ticket_summaries").get(ticket_id)
    if summary is None:
        raise not_found()
    return summary


def _view(request: Request) -> Reply:
    return Reply(200, _find(request))


def _put(request: Request) -> Reply:
    account, ticket_id = request.account, find_ticket(request)["id"]
    body = check_body(_SUMMARY, request)["body"]
    stamp = account.clock.stamp()
    summaries = account.table("ticket_summaries")
    summary = summaries.get(ticket_id)
    if summary is None:
        summary = {"id": account.next_id("ticket_summary"), "created_at": stamp}
    summaries[ticket_id] = {
        **summary, "body": body, "body_text": text_of(body), "ticket_id": ticket_id,
        "user_id": request.agent["id"], "updated_at": stamp,
    }  # fmt: skip
    return Reply(200, summaries[ticket_id])


def _delete(request: Request) -> Reply:
    del request.account.table("ticket_summaries")[_find(request)["ticket_id"]]
    return Reply(204)


ROUTES = (
    Route("GET", "/tickets/{id}/summary", _view),
    Route("PUT", "/tickets/{id}/summary", _put),
    Route("DELETE", "/tickets/{id}/summary", _delete),
)
