"""Contacts: create, view, list, update, the ways to delete, search and autocomplete.

Source: developers.freshdesk.com/api, Contacts. A deleted contact keeps its addresses (a second
contact with one of them still clashes) until it is deleted for good.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from local.freshdesk import attachments
from local.freshdesk.account import Account, Record
from local.freshdesk.contact_rules import (
    avatar_of,
    check_contact,
    contact_spec,
    find_contact,
    find_live_contact,
)
from local.freshdesk.custom_attributes import custom_searchable, with_custom_names
from local.freshdesk.directory import by_name, completed, matching, remembered, renamed, term_of
from local.freshdesk.errors import ApiError, not_found
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.people import (
    company_of_email,
    find_user,
    index_user,
    new_contact,
    unindex_user,
)
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.search import Searchable, attribute, search_reply
from local.freshdesk.validation import Field, check_body, check_query, required

# Bookkeeping that no view shows.
_HIDDEN: Final = frozenset({"blocked"})
_NOT_IN_LIST: Final = frozenset(
    {"tags", "other_emails", "view_all_tickets", "avatar", "deleted", "other_companies", *_HIDDEN}
)
_TEXT = Field("string", nullable=False)
# Pages up to this row are cheaper found anew than remembered with all the rows behind them.
_NEAR: Final = 500
_LIST_QUERY = {
    **PAGING,
    "email": _TEXT,
    "mobile": _TEXT,
    "phone": _TEXT,
    "unique_external_id": _TEXT,
    "company_id": Field("integer", nullable=False),
    "state": Field(
        "string", nullable=False, choices=("blocked", "deleted", "unverified", "verified")
    ),
    "contact_type": Field("string", nullable=False, choices=("contact", "visitor")),
    "updated_since": Field("datetime", nullable=False),
    # The name of older versions of the vendor's page, that many clients still send.
    "_updated_since": Field("datetime", nullable=False),
}


def contact_view(request: Request, contact: Record) -> Record:
    """The single view."""
    shown = {name: value for name, value in contact.items() if name not in _HIDDEN}
    shown["custom_fields"] = with_custom_names(
        request.account, "contact_fields", contact["custom_fields"]
    )
    if contact["avatar"] is not None:
        link = attachments.rendered(request, [contact["avatar"]])[0]
        shown["avatar"] = {"avatar_url": link.pop("attachment_url"), **link}
    return shown


def _list_item(request: Request, contact: Record) -> Record:
    account = request.account
    item = {name: value for name, value in contact.items() if name not in _NOT_IN_LIST}
    item["custom_fields"] = with_custom_names(account, "contact_fields", contact["custom_fields"])
    if account.has_feature("multiple_companies"):
        item["other_companies"] = [one["company_id"] for one in contact["other_companies"]]
    return item


def _create(request: Request) -> Reply:
    account = request.account
    spec = contact_spec(account)
    fields = check_body({**spec, "name": required(spec["name"])}, request)
    check_contact(account, fields, fields)
    fields.pop("lookup_parameter", None)
    if fields.get("company_id") is None:
        fields["company_id"] = company_of_email(account, fields.get("email"))
    fields = {name: value for name, value in fields.items() if value is not None}
    avatar = avatar_of(request)
    contact = new_contact(account, fields.pop("name"), **fields, avatar=avatar)
    return created(request, "contacts", contact_view(request, contact))


def _view(request: Request) -> Reply:
    return Reply(200, contact_view(request, find_contact(request)))


def _list(request: Request) -> Reply:
    wanted = check_query(_LIST_QUERY, request.query)
    page = page_of(wanted)
    wanted = {name: value for name, value in wanted.items() if name not in PAGING}
    reply = paged(request, _rows(request.account, wanted, page.stop), page)
    return Reply(200, [_list_item(request, one) for one in reply.body], reply.headers)


def _rows(account: Account, wanted: dict[str, Any], stop: int) -> list[Record]:
    """What the list holds, at least to one row past ``stop``: it tells whether a page follows."""
    if stop < _NEAR:
        return list(islice(_select(account, dict(wanted)), stop + 1))
    question = ("contacts", *sorted(wanted.items()))
    return remembered(account, question, lambda: _select(account, dict(wanted)))


def _select(account: Account, wanted: dict[str, Any]) -> Iterator[Record]:
    state = wanted.pop("state", None)
    since = wanted.pop("updated_since", None) or wanted.pop("_updated_since", None) or ""
    wanted.pop("_updated_since", None)
    # There are no visitors here: nobody chats with this account.
    visitors = wanted.pop("contact_type", "contact") == "visitor"
    records = [] if visitors else by_name(account, "contacts")
    if "email" in wanted:
        owner = account.contacts.get(find_user(account, "email", wanted["email"]) or 0)
        records = [owner] if owner is not None and not visitors else []
    found = _of_state(records, state)
    if since:
        found = (one for one in found if one["updated_at"] >= since)
    return matching(found, wanted) if wanted else found


def _of_state(records: Iterable[Record], state: str | None) -> Iterator[Record]:
    """The live ones, or those of ``state``. No call per record: a far page skips thousands."""
    if state in {"deleted", "blocked"}:
        return (one for one in records if one[state])
    live = (one for one in records if not (one["deleted"] or one["blocked"]))
    if state is None:
        return live
    active = state == "verified"
    return (one for one in live if one["active"] is active)


def _update(request: Request) -> Reply:
    account = request.account
    contact = find_live_contact(request)
    fields = check_body(contact_spec(account), request)
    fields.pop("lookup_parameter", None)
    check_contact(account, fields, {**contact, **fields}, of=contact["id"])
    if "custom_fields" in fields:
        fields["custom_fields"] = {**contact["custom_fields"], **(fields["custom_fields"] or {})}
    for name in ("tags", "other_emails", "other_companies"):
        if name in fields:
            fields[name] = fields[name] or []
    if (avatar := avatar_of(request)) is not None:
        fields["avatar"] = avatar
    change_contact(account, contact, fields)
    return Reply(200, contact_view(request, contact))


def change_contact(account: Account, contact: Record, fields: Mapping[str, Any]) -> None:
    """Set checked ``fields`` and keep the names, the addresses' index and the stamp right."""
    unindex_user(account, contact["id"], contact)
    contact.update(fields)
    index_user(account, contact["id"], contact)
    if "name" in fields:
        contact["first_name"], _, contact["last_name"] = contact["name"].partition(" ")
        renamed(account, "contacts")
    contact["updated_at"] = account.clock.stamp()


def _delete(request: Request) -> Reply:
    change_contact(request.account, find_live_contact(request), {"deleted": True})
    return Reply(204)


def _restore(request: Request) -> Reply:
    contact = find_contact(request)
    if not contact["deleted"]:
        raise not_found()
    change_contact(request.account, contact, {"deleted": False})
    return Reply(204)


def _hard_delete(request: Request) -> Reply:
    """For good, and with the contact's tickets."""
    force = check_query({"force": Field("boolean", nullable=False)}, request.query).get("force")
    account, contact = request.account, find_contact(request)
    if not contact["deleted"] and not force:
        raise ApiError(400)
    for ticket_id in sorted(account.ticket_index.of_requester(contact["id"])):
        ticket = account.tickets.pop(ticket_id)
        account.ticket_index.remove(ticket)
        for conversation_id in account.conversations_of.pop(ticket_id, ()):
            account.conversations.pop(conversation_id, None)
    unindex_user(account, contact["id"], contact)
    del account.contacts[contact["id"]]
    renamed(account, "contacts")
    return Reply(204)


def _send_invite(request: Request) -> Reply:
    find_live_contact(request)
    return Reply(204)


def _autocomplete(request: Request) -> Reply:
    term = term_of(request, "term")
    live = _of_state(by_name(request.account, "contacts"), None)
    found = completed(term, live, lambda one: [one["name"]])
    return Reply(200, [{"id": one["id"], "name": one["name"]} for one in found])


def _search(request: Request) -> Reply:
    account = request.account
    live = [one for one in account.contacts.values() if not one["deleted"]]
    fields = {**custom_searchable(account, "contact_fields"), **_SEARCHABLE}
    return search_reply(request, fields, live, lambda one: _list_item(request, one))


_SEARCHABLE: Final = {
    "active": Searchable("boolean", attribute("active")),
    "company_id": Searchable("integer", attribute("company_id")),
    "tag": Searchable("texts", attribute("tags")),
    **{
        name: Searchable("text", attribute(name))
        for name in ("twitter_id", "email", "phone", "mobile", "language", "time_zone")
    },
    **{name: Searchable("date", attribute(name)) for name in ("created_at", "updated_at")},
}

ROUTES = (
    Route("POST", "/contacts", _create, files=True),
    Route("GET", "/contacts", _list, bucket="contact_list"),
    Route("GET", "/contacts/autocomplete", _autocomplete),
    Route("GET", "/search/contacts", _search),
    Route("GET", "/contacts/{id}", _view),
    Route("PUT", "/contacts/{id}", _update, files=True),
    Route("DELETE", "/contacts/{id}", _delete),
    Route("DELETE", "/contacts/{id}/hard_delete", _hard_delete),
    Route("PUT", "/contacts/{id}/restore", _restore),
    Route("PUT", "/contacts/{id}/send_invite", _send_invite),
)
