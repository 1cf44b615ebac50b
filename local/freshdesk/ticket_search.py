"""``GET /search/tickets``. Source: developers.freshdesk.com/api, Filter Tickets.

Names differ from the ticket's own: ``agent_id`` is its ``responder_id``, ``tag`` one of ``tags``.
Deleted and spam tickets are not found, and a write is found ``search_index_lag_s``
after it was made.
"""

from local.freshdesk.account import Account, Record
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.search import Kind, Searchable, attribute, custom_attribute, search_reply
from local.freshdesk.ticket_access import in_scope
from local.freshdesk.ticket_fields import custom_fields
from local.freshdesk.ticket_index import state_of
from local.freshdesk.ticket_views import search_item

_CUSTOM_KINDS: dict[str, Kind] = {
    "custom_text": "text", "custom_dropdown": "text", "custom_number": "integer",
    "custom_checkbox": "boolean", "custom_date": "date",
}  # fmt: skip


def searchable_fields(account: Account) -> dict[str, Searchable]:
    """The names the language knows in this account."""
    fields = {
        "agent_id": Searchable("integer", attribute("responder_id")),
        "tag": Searchable("texts", attribute("tags")),
        "type": Searchable("text", attribute("type")),
    }
    for name in ("group_id", "priority", "status"):
        fields[name] = Searchable("integer", attribute(name))
    for name in ("due_by", "fr_due_by", "created_at", "updated_at"):
        fields[name] = Searchable("date", attribute(name))
    definitions = custom_fields(account)
    for name, definition in definitions.items():
        if kind := _CUSTOM_KINDS.get(definition["type"]):
            fields[name] = Searchable(kind, custom_attribute(name))
    texts = [name for name, one in definitions.items() if one["type"] == "custom_text"]
    fields["custom_string"] = Searchable(
        "texts", lambda ticket: [ticket["custom_fields"].get(name) for name in texts]
    )
    return fields


def _search(request: Request) -> Reply:
    account, agent = request.account, request.agent

    def visible(ticket: Record) -> bool:
        return state_of(ticket) == "live" and in_scope(agent, ticket)

    newest_first = reversed(account.ticket_index.searchable.values())
    candidates = (ticket for ticket in newest_first if visible(ticket))
    return search_reply(request, searchable_fields(account), candidates, search_item)


ROUTES = (Route("GET", "/search/tickets", _search),)
