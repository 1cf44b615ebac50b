"""Search, lookup and filtered search, over an index that may lag behind writes.

Facts (developers.freshworks.com/crm/api, Search, and recorded answers): ``/search`` answers a bare
array with ids as text; ``/lookup`` nests a list per kind; ``/filtered_search`` answers partial rows
without custom fields unless ``detail`` is true, and a ``meta`` with a total alone.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from local.freshsales import records
from local.freshsales.account import Account, Record
from local.freshsales.errors import ApiError, Message, missing_wrapper
from local.freshsales.filters import Rule, rules_of
from local.freshsales.includes import CONTACT_PART
from local.freshsales.model import Model, folded
from local.freshsales.models import BY_SINGULAR, CRM
from local.freshsales.rendering import View, part
from local.freshsales.routing import Reply, Request, Route
from local.freshsales.views import avatar_data, ordered, page_of

_NAMES: Final = ("display_name", "name")
_TEXTS: Final = (*_NAMES, "email", "work_number", "mobile_number", "phone", "website")
# What lookup's ``f`` calls an attribute -> the unique one that finds it at once.
_KEYS: Final = {"email": "emails", "emails": "emails"}


def indexed(account: Account, model: Model) -> Iterator[Record]:
    """Every record as the index has it, those in the recycle bin too."""
    behind = account.unindexed
    for record in account.table(model.table).values():
        if behind and (model.table, record["id"]) in behind:
            continue
        yield record
    for (table, _), (before, _) in list(behind.items()):
        if table == model.table and before is not None:
            yield before


def _live(account: Account, model: Model) -> Iterator[Record]:
    return (record for record in indexed(account, model) if not record["is_deleted"])


def _search(request: Request) -> Reply:
    term = folded(request.query.get("q") or "")
    if not term:
        raise missing_wrapper("q")
    _, most = page_of(request.query)
    hits: list[Record] = []
    for name in request.includes:
        if (model := BY_SINGULAR.get(name)) in CRM:
            hits += [_hit(request.account, model, one) for one in _live(request.account, model)
                     if _mentions(one, term)]  # fmt: skip
        elif name == "user":
            hits += _users(request.account, term)
    return Reply(200, hits[:most])


def _mentions(record: Record, term: str) -> bool:
    if any(term in folded(record[name]) for name in _TEXTS if record.get(name)):
        return True
    return any(term in folded(one["value"]) for one in record.get("emails") or ())


def _hit(account: Account, model: Model, record: Record) -> Record:
    owner = account.table("users").get(record["owner_id"])
    hit = {
        "id": str(record["id"]), "type": model.singular,
        "name": record.get("display_name") or record.get("name"), "email": record.get("email"),
        "avatar": record["avatar"],
        "owner": owner and {"id": owner["id"], "name": owner["display_name"]},
        "mcr_id": record.get("mcr_id"), "updated_at": record["updated_at"],
    }  # fmt: skip
    if model.table == "sales_accounts":
        hit["website"] = record["website"]
    elif model.table == "contacts":
        companies = account.table("sales_accounts")
        primary = next((one["id"] for one in record["sales_accounts"] if one["is_primary"]), None)
        key = "company_name" if account.settings.classic else "primary_sales_account_name"
        hit[key] = companies[primary]["name"] if primary in companies else None
    return hit


def _users(account: Account, term: str) -> list[Record]:
    return [
        {"id": str(one["id"]), "type": "user", "name": one["display_name"], "email": one["email"]}
        for one in account.table("users").values()
        if term in folded(one["display_name"]) or term in folded(one["email"])
    ]


def _lookup(request: Request) -> Reply:
    """``?q=VALUE&f=FIELD&entities=contact,deal``: records whose field is exactly that."""
    account, query = request.account, request.query
    value, attribute = query.get("q") or "", query.get("f") or ""
    wanted = [name.strip() for name in (query.get("entities") or "").split(",") if name.strip()]
    if not value or not attribute or not wanted:
        raise missing_wrapper("q, f and entities")
    body = {}
    for name in wanted:
        model = BY_SINGULAR.get(name)
        if model not in CRM or account.settings.persona not in model.personas:
            raise ApiError(400, Message("invalid", label="Entities"))
        rows = _looked_up(account, model, attribute, value)
        view = View(account, model, request.includes)
        shown = [view.show(one) for one in rows]
        body[model.table] = {
            **view.side_loads(), model.table: shown, "meta": {"total": len(rows)}
        }  # fmt: skip
    return Reply(200, body)


def _looked_up(account: Account, model: Model, attribute: str, value: str) -> list[Record]:
    key = _KEYS.get(attribute, attribute)
    if not account.unindexed and any(one.attribute == key for one in model.unique):
        return records.find_by(account, model, key, value)
    read = _reader(attribute)
    return [one for one in _live(account, model) if folded(value) in read(one)]


def _reader(attribute: str) -> Callable[[Record], list[str]]:
    """The values that lookup compares, of one record."""

    def read(record: Record) -> list[str]:
        if attribute in {"email", "emails"} and "emails" in record and record["emails"]:
            return [folded(one["value"]) for one in record["emails"]]
        if attribute == "name":
            return [folded(record[name]) for name in _NAMES if record.get(name)]
        if attribute.startswith("cf_"):
            value = (record.get("custom_field") or {}).get(attribute)
        else:
            value = record.get(attribute)
        return [] if value is None else [folded(value)]

    return read


def _filtered(request: Request) -> Reply:
    account, body = request.account, request.body
    model = BY_SINGULAR.get(request.texts["entity"])
    if model not in CRM or account.settings.persona not in model.personas:
        raise ApiError(400, Message("invalid", label="Entity"))
    if not isinstance(body, dict) or not isinstance(body.get("filter_rule"), list):
        raise missing_wrapper("filter_rule")
    # These are taken from the body as well as from the query.
    query = {
        **{name: str(body[name]) for name in ("page", "per_page", "sort", "sort_type")
           if body.get(name) is not None},
        **request.query,
    }  # fmt: skip
    rules = rules_of(account, model, body["filter_rule"])
    page, size = page_of(query)
    question = ("filtered", model.table, repr(body["filter_rule"]), query.get("sort"),
                query.get("sort_type"))  # fmt: skip
    rows = account.remembered(
        question, lambda: ordered(_matching(account, model, rules), model, query)
    )
    shown_rows = rows[(page - 1) * size : page * size]
    view = View(account, model, request.includes)
    detail = body.get("detail") in (True, "true")
    shown = [
        view.show(one) if detail else _partial(model, one) | view.included(one)
        for one in shown_rows
    ]
    meta = {"total": len(rows), "avatar_data": avatar_data(model, shown_rows)}
    return Reply(200, {**view.side_loads(), model.table: shown, "meta": meta})


def _matching(account: Account, model: Model, rules: list[Rule]) -> Iterator[Record]:
    about_deleted = any(rule.attribute == "deleted" for rule in rules)
    for record in indexed(account, model) if about_deleted else _live(account, model):
        if all(rule.holds(record) for rule in rules):
            yield record


_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "contacts": CONTACT_PART,
    "leads": CONTACT_PART,
    "sales_accounts": (
        "id", "name", "website", "phone", "open_deals_amount", "avatar", "last_contacted",
        "city", "country", "created_at", "updated_at",
    ),
    "deals": (
        "id", "name", "amount", "expected_close", "closed_date", "probability", "deal_stage_id",
        "deal_pipeline_id", "avatar", "created_at", "updated_at",
    ),
}  # fmt: skip


def _partial(model: Model, record: Record) -> dict[str, Any]:
    return part(record, (name for name in _PARTS[model.table] if name in record))


ROUTES = (
    Route("GET", "/search", _search),
    Route("GET", "/lookup", _lookup),
    Route("POST", "/filtered_search/{entity:text}", _filtered),
)
