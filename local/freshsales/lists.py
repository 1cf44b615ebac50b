"""Marketing lists of contacts (Suite): make, rename, fill, empty, move. A list cannot be deleted.

Source: developers.freshworks.com/crm/api, Lists; bodies are flat here.
"""

from local.freshsales import records
from local.freshsales.account import Account, Record
from local.freshsales.errors import ApiError, Message, missing_wrapper, not_found
from local.freshsales.models import CONTACT
from local.freshsales.rendering import list_view
from local.freshsales.routing import Reply, Request, Route, created
from local.freshsales.views import avatar_data, page_of, pages

_SUITE = ("suite",)


def _name(request: Request) -> str:
    name = request.body.get("name") if isinstance(request.body, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise ApiError(400, Message("blank", label="Name"))
    return name


def _found(request: Request, list_id: object = None) -> Record:
    wanted = request.ids["id"] if list_id is None else list_id
    record = request.account.table("lists").get(wanted) if isinstance(wanted, int) else None
    if record is None:
        raise not_found()
    return record


def _create(request: Request) -> Reply:
    record: Record = {"id": request.account.next_id("list"), "name": _name(request)}
    request.account.table("lists")[record["id"]] = record
    request.account.writes += 1
    return created(request, {"list": record})


def _rename(request: Request) -> Reply:
    record = _found(request)
    record["name"] = _name(request)
    return Reply(200, {"list": record})


def _index(request: Request) -> Reply:
    rows = list(request.account.table("lists").values())
    page, size = page_of(request.query)
    meta = {"total_pages": pages(len(rows), size), "total": len(rows)}
    return Reply(200, {"lists": rows[(page - 1) * size : page * size], "meta": meta})


def _members(request: Request) -> Reply:
    rows = records.children(request.account, "contacts", "List", _found(request)["id"])
    page, size = page_of(request.query)
    shown = rows[(page - 1) * size : page * size]
    meta = {
        "total_pages": pages(len(rows), size), "total": len(rows),
        "avatar_data": avatar_data(CONTACT, shown),
    }  # fmt: skip
    return Reply(200, list_view(request.account, CONTACT, shown, request.includes, meta))


def _chosen(request: Request, list_id: int) -> tuple[list[Record], bool]:
    """The contacts that the body names, and whether it said all of the list."""
    body = request.body if isinstance(request.body, dict) else {}
    account = request.account
    if body.get("all") is True or body.get("ids") == "all":
        return records.children(account, "contacts", "List", list_id), True
    ids = body.get("ids")
    if not isinstance(ids, list):
        raise missing_wrapper("ids")
    known = (records.live(account, CONTACT, one) for one in ids if isinstance(one, int))
    return [one for one in known if one is not None], False


def _set(account: Account, contact: Record, list_ids: list[int]) -> None:
    records.unindex(account, CONTACT, contact)
    contact["list_ids"] = list(dict.fromkeys(list_ids))
    records.index(account, CONTACT, contact)
    account.writes += 1


def _message(count: int, *, everything: bool) -> Reply:
    if everything:
        return Reply(200, {"message": "Updating now. This may take a while."})
    return Reply(200, {"message": f"{count} contact{'' if count == 1 else 's'} updated."})


def _add(request: Request) -> Reply:
    list_id = _found(request)["id"]
    chosen, everything = _chosen(request, list_id)
    for contact in chosen:
        _set(request.account, contact, [*contact["list_ids"], list_id])
    return _message(len(chosen), everything=everything)


def _remove(request: Request) -> Reply:
    list_id = _found(request)["id"]
    chosen, everything = _chosen(request, list_id)
    for contact in chosen:
        _set(request.account, contact, [one for one in contact["list_ids"] if one != list_id])
    return _message(len(chosen), everything=everything)


def _move(request: Request) -> Reply:
    list_id = _found(request)["id"]
    source = _found(request, _source(request))["id"]
    chosen, everything = _chosen(request, source)
    for contact in chosen:
        kept = [one for one in contact["list_ids"] if one != source]
        _set(request.account, contact, [*kept, list_id])
    return _message(len(chosen), everything=everything)


def _source(request: Request) -> object:
    found = request.body.get("from_list_id") if isinstance(request.body, dict) else None
    if found is None:
        raise missing_wrapper("from_list_id")
    return found


ROUTES = (
    Route("GET", "/lists", _index, personas=_SUITE),
    Route("POST", "/lists", _create, personas=_SUITE),
    Route("PUT", "/lists/{id}", _rename, personas=_SUITE),
    Route("PUT", "/lists/{id}/add_contacts", _add, personas=_SUITE),
    Route("PUT", "/lists/{id}/remove_contacts", _remove, personas=_SUITE),
    Route("PUT", "/lists/{id}/move_contacts", _move, personas=_SUITE),
    Route("GET", "/contacts/lists/{id}", _members, resource="contacts", personas=_SUITE),
)
