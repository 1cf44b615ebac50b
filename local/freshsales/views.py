"""Views: the only way to list contacts, accounts, deals and leads.

Facts (developers.freshworks.com/crm/api, "List all"): a view's id is looked up at ``/filters``;
``page`` counts from 1, ``per_page`` is 25 unless told and 100 at most (more is cut to that);
``sort`` and ``sort_type``; ``meta`` has ``total_pages`` and ``total``. There is no view of all
deals; views can be renamed and removed by users.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from local.freshsales.account import Account, Record
from local.freshsales.crm import bound
from local.freshsales.errors import ApiError, Message, not_found
from local.freshsales.model import Model
from local.freshsales.models import CRM
from local.freshsales.rendering import list_view
from local.freshsales.routing import Reply, Request, Route

MOST: Final = 100
USUAL: Final = 25
Test = Callable[[Account, Record, Record], bool]


def _mine(_: Account, record: Record, user: Record) -> bool:
    return bool(record["owner_id"] == user.get("id"))


def _my_territory(_: Account, record: Record, user: Record) -> bool:
    return record["territory_id"] is not None and record["territory_id"] in user["territory_ids"]


def _forecast(word: str) -> Test:
    def test(account: Account, record: Record, _: Record) -> bool:
        stage = account.table("deal_stages").get(record["deal_stage_id"])
        return stage is not None and bool(stage["forecast_type"] == word)

    return test


def _within(attribute: str, days: int) -> Test:
    def test(account: Account, record: Record, _: Record) -> bool:
        return bool((record[attribute] or "") >= account.stamp(-days * 86_400))

    return test


def _never_contacted(_account: Account, record: Record, _user: Record) -> bool:
    return record["last_contacted"] is None


def _none(_account: Account, _record: Record, _user: Record) -> bool:
    return False


_DIGITS: Final = re.compile(r"\d{1,9}")
RECYCLE_BIN: Final = "Recycle Bin"
# Name of a view -> what is in it, None being everything. A view of deleted records is known by its
# name.
_TESTS: Final[Mapping[str, Mapping[str, Test | None]]] = {
    "contacts": {
        "My Contacts": _mine, "My Territory Contacts": _my_territory,
        "New Contacts": _within("created_at", 7), "All Contacts": None,
        "Recently Modified": _within("updated_at", 7), "Recently Imported": _none,
        "Never Contacted": _never_contacted, RECYCLE_BIN: None,
    },
    "sales_accounts": {
        "My Accounts": _mine, "All Accounts": None, "My Territory Accounts": _my_territory,
        "Recently Imported": _none, RECYCLE_BIN: None,
    },
    "deals": {
        "Open Deals": _forecast("Open"), "My Deals": _mine, "My Territory Deals": _my_territory,
        "Recent Deals": _within("created_at", 7), "Recently Imported": _none,
        "Lost Deals": _forecast("Closed Lost"), "Won Deals": _forecast("Closed Won"),
        RECYCLE_BIN: None,
    },
    "leads": {
        "My Leads": _mine, "My Territory Leads": _my_territory,
        "New Leads": _within("created_at", 7), "All Leads": None, "Recently Imported": _none,
        RECYCLE_BIN: None,
    },
}  # fmt: skip


def add_views(account: Account, model: Model) -> None:
    """The views that every account has from the start."""
    for name in _TESTS[model.table]:
        view_id = account.next_id("view")
        account.table("views")[view_id] = {
            "id": view_id, "name": name, "model_class_name": model.class_name, "user_id": 0,
            "is_default": True, "updated_at": account.stamp(), "user_name": None,
            "current_user_permissions": [], "kind": name,
        }  # fmt: skip


def page_of(query: Mapping[str, str], usual: int = USUAL) -> tuple[int, int]:
    """(page, per_page), the latter cut to the most there is.

    Numbers are read as far as they are digits: ``python-freshworks-crm`` sends ``20?page=1`` and
    gets on with the real service.
    """
    page, size = (_leading_digits(query.get(name) or "") for name in ("page", "per_page"))
    return max(1, page), min(size or usual, MOST)


def _leading_digits(text: str) -> int:
    found = _DIGITS.match(text)
    return int(found[0]) if found else 0


def pages(total: int, size: int) -> int:
    return -(-total // size)


def avatar_data(model: Model, rows: Sequence[Record]) -> Record:
    return {model.class_name: {str(row["id"]): row["avatar"] for row in rows}}


def sorting(model: Model, query: Mapping[str, str]) -> tuple[str, str]:
    """``sort`` and ``sort_type``; unsorted lists come in the order of ids. Raises ApiError 400."""
    sort, direction = query.get("sort") or "id", query.get("sort_type") or "asc"
    if sort not in (*model.sorts, "id") or direction not in {"asc", "desc"}:
        raise ApiError(400, Message("invalid", label="Sort"))
    return sort, direction


def ordered(records: Iterator[Record], model: Model, query: Mapping[str, str]) -> list[Record]:
    """As ``sorting`` says. Raises ApiError 400."""
    sort, direction = sorting(model, query)

    def key(record: Record) -> tuple[bool, float | str, int]:
        value = record.get(sort)
        if sort.endswith("amount"):
            value = float(value or 0)
        return (value is not None, 0 if value is None else value, record["id"])

    if (sort, direction) == ("id", "asc"):
        return list(records)
    return sorted(records, key=key, reverse=direction == "desc")


def _filters(request: Request, model: Model) -> Reply:
    every = request.account.table("views").values()
    shown = [
        {name: value for name, value in view.items() if name != "kind"}
        for view in every
        if view["model_class_name"] == model.class_name
    ]
    return Reply(200, {"filters": shown, "meta": {}})


def _list(request: Request, model: Model) -> Reply:
    account, query = request.account, request.query
    view = account.table("views").get(request.ids["id"])
    if view is None or view["model_class_name"] != model.class_name:
        raise not_found()
    page, size = page_of(query)
    start, stop = (page - 1) * size, page * size
    total, shown = _rows(request, model, view, start, stop)
    meta = {
        "total_pages": pages(total, size), "total": total,
        "avatar_data": avatar_data(model, shown),
    }  # fmt: skip
    return Reply(200, list_view(account, model, shown, request.includes, meta))


def _rows(
    request: Request, model: Model, view: Record, start: int, stop: int
) -> tuple[int, list[Record]]:
    """How many records the view has, and those from ``start`` to before ``stop``."""
    account = request.account
    sort, direction = sorting(model, request.query)
    kept = account.in_order.get((model.table, sort))
    if view["kind"] == RECYCLE_BIN or _TESTS[model.table][view["kind"]] is not None or kept is None:
        question = ("view", view["id"], request.user.get("id"), sort, direction)
        rows = account.remembered(
            question,
            lambda: ordered(_members(account, model, view, request.user), model, request.query),
        )
        return len(rows), rows[start:stop]
    total, table = len(kept), account.table(model.table)
    backwards = direction == "desc"
    begin, end = (total - stop, total - start) if backwards else (start, stop)
    entries = kept.islice(max(0, begin), max(0, end), reverse=backwards)
    return total, [table[one] for _, one in entries]


def _members(account: Account, model: Model, view: Record, user: Record) -> Iterator[Record]:
    every = account.table(model.table).values()
    if view["kind"] == RECYCLE_BIN:
        return (one for one in every if one["is_deleted"] and "converted_contact_id" not in one)
    test = _TESTS[model.table][view["kind"]]
    live = (one for one in every if not one["is_deleted"])
    return live if test is None else (one for one in live if test(account, one, user))


ROUTES = tuple(
    Route("GET", path, bound(action, model), resource=model.table, personas=model.personas)
    for model in CRM
    for path, action in (
        (f"/{model.table}/filters", _filters),
        (f"/{model.table}/view/{{id}}", _list),
    )
)
