"""Companies: create, view, list, update, delete, search and autocomplete.

Source: developers.freshdesk.com/api, Companies. Names are unique; so are domains here, because a
domain decides which company a new contact belongs to.
"""

from collections.abc import Mapping
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.custom_attributes import (
    ACCOUNT_TIERS,
    HEALTH_SCORES,
    INDUSTRIES,
    custom_searchable,
    custom_spec,
    with_custom_names,
)
from local.freshdesk.directory import by_name, completed, renamed, term_of
from local.freshdesk.errors import duplicate_value, not_found
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.search import Searchable, attribute, search_reply
from local.freshdesk.validation import Field, Spec, check_body, check_query, required

_LIST_QUERY = {
    **PAGING,
    "updated_since": Field("datetime", nullable=False),
    "_updated_since": Field("datetime", nullable=False),
}


def company_spec(account: Account) -> Spec:
    """Every attribute that creating and updating take."""
    return {
        "name": Field("string", nullable=False, blank=False, max_length=255),
        "description": Field("string"),
        "note": Field("string"),
        "domains": Field("array", items=Field("string", nullable=False)),
        "health_score": Field("string", choices=HEALTH_SCORES),
        "account_tier": Field("string", choices=ACCOUNT_TIERS),
        "renewal_date": Field("datetime"),
        "industry": Field("string", choices=INDUSTRIES),
        "custom_fields": custom_spec(account, "company_fields"),
        "lookup_parameter": Field("string", choices=("display_id", "primary_field_value")),
    }


def _shown(account: Account, company: Record) -> Record:
    custom = with_custom_names(account, "company_fields", company["custom_fields"])
    return {**company, "custom_fields": custom}


def _create(request: Request) -> Reply:
    account = request.account
    spec = company_spec(account)
    fields = check_body({**spec, "name": required(spec["name"])}, request)
    company = company_from(account, fields)
    return created(request, "companies", _shown(account, company))


def company_from(account: Account, fields: Record) -> Record:
    """A company from a checked body. Raises ApiError 409 for a name or domain that is taken."""
    stored = _stored(fields)
    _check_unique(account, stored)
    return new_company(account, **stored)


def new_company(account: Account, name: str, **attributes: Any) -> Record:
    """A company with ``attributes`` (wire names) over the defaults, stored and indexed."""
    stamp = account.clock.stamp()
    company_id = account.next_id("company")
    company: Record = {
        "id": company_id, "name": name, "description": None, "note": None, "domains": [],
        "created_at": stamp, "updated_at": stamp, "custom_fields": {}, "health_score": None,
        "account_tier": None, "renewal_date": None, "industry": None,
        # Above 2**53, as the vendor's: a client that reads JSON numbers as doubles corrupts it.
        "org_company_id": (1 << 60) + company_id * 7 + 3,
        **attributes,
    }  # fmt: skip
    account.companies[company_id] = company
    _index(account, company)
    return company


def _stored(fields: Record) -> Record:
    """A checked body as it is kept: domains in lower case, the renewal date at midnight."""
    stored = {name: value for name, value in fields.items() if name != "lookup_parameter"}
    if "domains" in stored:
        stored["domains"] = list(dict.fromkeys(one.lower() for one in stored["domains"] or ()))
    if stored.get("renewal_date"):
        stored["renewal_date"] = f"{stored['renewal_date'][:10]}T00:00:00Z"
    if "custom_fields" in stored:
        stored["custom_fields"] = stored["custom_fields"] or {}
    return stored


def _check_unique(account: Account, fields: Mapping[str, Any], of: int | None = None) -> None:
    name = str(fields.get("name") or "").casefold()
    if any(
        one["name"].casefold() == name and one["id"] != of for one in account.companies.values()
    ):
        raise duplicate_value("name")
    owners = (account.company_of_domain.get(one) for one in fields.get("domains") or ())
    if any(owner not in (None, of) for owner in owners):
        raise duplicate_value("domains")


def _index(account: Account, company: Record) -> None:
    for domain in company["domains"]:
        account.company_of_domain[domain] = company["id"]


def _unindex(account: Account, company: Record) -> None:
    for domain in company["domains"]:
        account.company_of_domain.pop(domain, None)


def _find(request: Request) -> Record:
    company = request.account.companies.get(request.ids["id"])
    if company is None:
        raise not_found()
    return company


def _view(request: Request) -> Reply:
    return Reply(200, _shown(request.account, _find(request)))


def _list(request: Request) -> Reply:
    wanted = check_query(_LIST_QUERY, request.query)
    since = wanted.get("updated_since") or wanted.get("_updated_since")
    rows = by_name(request.account, "companies")
    if since is not None:
        rows = [one for one in rows if one["updated_at"] >= since]
    reply = paged(request, rows, page_of(wanted))
    return Reply(200, [_shown(request.account, one) for one in reply.body], reply.headers)


def _update(request: Request) -> Reply:
    account, company = request.account, _find(request)
    change_company(account, company, check_body(company_spec(account), request))
    return Reply(200, _shown(account, company))


def change_company(account: Account, company: Record, fields: Record) -> None:
    """Set a checked body's ``fields``. Raises ApiError 409 for a name or domain that is taken."""
    stored = _stored(fields)
    _check_unique(account, stored, of=company["id"])
    if "custom_fields" in stored:
        stored["custom_fields"] = {**company["custom_fields"], **stored["custom_fields"]}
    _unindex(account, company)
    company.update(stored)
    company["updated_at"] = account.clock.stamp()
    _index(account, company)
    renamed(account, "companies")


def _delete(request: Request) -> Reply:
    """For good: contacts and tickets stay, without their company."""
    account, company = request.account, _find(request)
    company_id = company["id"]
    _unindex(account, company)
    del account.companies[company_id]
    for contact in account.contacts.values():
        if contact["company_id"] == company_id:
            contact["company_id"] = None
        others = [one for one in contact["other_companies"] if one["company_id"] != company_id]
        contact["other_companies"] = others
    for ticket_id in list(account.ticket_index.of_company(company_id)):
        ticket = account.tickets[ticket_id]
        account.ticket_index.before_write(ticket)
        ticket["company_id"] = None
        account.ticket_index.after_write(ticket)
    return Reply(204)


def _autocomplete(request: Request) -> Reply:
    term = term_of(request, "name")
    found = completed(term, by_name(request.account, "companies"), lambda one: [one["name"]])
    return Reply(200, {"companies": [{"id": one["id"], "name": one["name"]} for one in found]})


def _search(request: Request) -> Reply:
    account = request.account
    fields = {**custom_searchable(account, "company_fields"), **_SEARCHABLE}
    records = list(account.companies.values())
    return search_reply(request, fields, records, lambda one: _shown(account, one))


_SEARCHABLE: Final = {
    "domain": Searchable("texts", attribute("domains")),
    "created_at": Searchable("date", attribute("created_at")),
    "updated_at": Searchable("date", attribute("updated_at")),
}

ROUTES = (
    Route("POST", "/companies", _create),
    Route("GET", "/companies", _list),
    Route("GET", "/companies/autocomplete", _autocomplete),
    Route("GET", "/search/companies", _search),
    Route("GET", "/companies/{id}", _view),
    Route("PUT", "/companies/{id}", _update),
    Route("DELETE", "/companies/{id}", _delete),
)
