"""Contacts, sales accounts, deals and leads: create, read, update, upsert, clone, delete, forget.

Source: developers.freshworks.com/crm/api and developers.freshsales.io/api. An upsert answers 200
whether it created or updated; a delete answers a bare ``true``.
"""

from collections.abc import Callable, Iterator

from local.freshsales import records
from local.freshsales.account import Account, Record
from local.freshsales.errors import ApiError, Message, missing_wrapper, not_found
from local.freshsales.model import Model
from local.freshsales.models import CONTACT, CRM, DEAL, SALES_ACCOUNT
from local.freshsales.rendering import single_view
from local.freshsales.routing import Handler, Reply, Request, Route, created

# What a copy does not take along.
_NOT_CLONED = frozenset({"emails", "email", "mobile_number", "external_id", "work_email", "name"})


def with_nested_account(account: Account, model: Model, values: Record, user: Record) -> Record:
    """``values`` with a deal's ``sales_account: {"name"}`` found, or made, and put as its id."""
    nested = values.get("sales_account")
    if model is not DEAL or not isinstance(nested, dict):
        return values
    plain = {name: value for name, value in values.items() if name != "sales_account"}
    if nested.get("id") is not None:
        return {**plain, "sales_account_id": nested["id"]}
    known = records.find_by(account, SALES_ACCOUNT, "name", nested.get("name") or "")
    target = known[0] if known else records.create(account, SALES_ACCOUNT, nested, user)
    return {**plain, "sales_account_id": target["id"]}


def found(request: Request, model: Model) -> Record:
    """The live record that the path names. Raises ApiError 404."""
    record = records.live(request.account, model, request.ids["id"])
    if record is None:
        raise not_found()
    return record


def shown(request: Request, model: Model, record: Record) -> object:
    return single_view(request.account, model, record, request.includes)


def create(request: Request, model: Model) -> Reply:
    values = request.attributes(model.singular, flat=model.flat)
    values = with_nested_account(request.account, model, values, request.user)
    record = records.create(request.account, model, values, request.user)
    return created(request, shown(request, model, record))


def view(request: Request, model: Model) -> Reply:
    """A record in the recycle bin can still be read by its id."""
    record = request.account.table(model.table).get(request.ids["id"])
    if record is None:
        raise not_found()
    return Reply(200, shown(request, model, record))


def change(request: Request, model: Model) -> Reply:
    record = found(request, model)
    values = request.attributes(model.singular, flat=model.flat)
    values = with_nested_account(request.account, model, values, request.user)
    records.update(request.account, model, record, values, request.user)
    return Reply(200, shown(request, model, record))


def matching(account: Account, model: Model, identifier: object) -> tuple[list[Record], Record]:
    """The live records that a ``unique_identifier`` names, and it as attributes of a new one.

    Raises ApiError 400 for a key that the model does not match by.
    """
    if not isinstance(identifier, dict) or not identifier:
        raise missing_wrapper("unique_identifier")
    name, value = next(iter(identifier.items()))
    attribute = model.identifiers.get(name)
    if attribute is None or isinstance(value, bool | dict | list) or value in (None, ""):
        raise ApiError(400, Message("invalid", label="Unique identifier"))
    seed = {} if name == "id" else {name: value}
    return records.find_by(account, model, attribute, value), seed


def upserted(
    account: Account, model: Model, identifier: object, values: Record, user: Record
) -> Record:
    """Update the record that ``identifier`` names, or create it. Raises ApiError 400 or 404."""
    known, seed = matching(account, model, identifier)
    values = with_nested_account(account, model, values, user)
    if known:
        return records.update(account, model, known[0], values, user)
    if not seed:
        raise not_found()
    # An address given as text beside the identifier's own is the same attribute twice.
    if "emails" in seed and "email" in values:
        seed = {}
    return records.create(account, model, {**seed, **values}, user)


def upsert(request: Request, model: Model) -> Reply:
    if not isinstance(request.body, dict) or not isinstance(request.body.get(model.singular), dict):
        raise missing_wrapper(model.singular)
    values = request.body[model.singular]
    identifier = request.body.get("unique_identifier")
    record = upserted(request.account, model, identifier, values, request.user)
    return Reply(200, shown(request, model, record))


def clone(request: Request, model: Model) -> Reply:
    """A copy without the attributes that must be unique; overrides may be sent."""
    source = found(request, model)
    overrides = request.attributes(model.singular) if request.body else {}
    names = {field.name for field in model.fields if field.kind != "read_only"}
    kept = names - _NOT_CLONED - {"created_at", "updated_at"}
    if model is DEAL:
        kept.add("name")
    values = {name: value for name, value in source.items() if name in kept and value is not None}
    if model is CONTACT:
        values.setdefault("last_name", source["display_name"])
    if model is DEAL:
        values["contacts_added_list"] = source["contact_ids"]
    record = records.create(request.account, model, {**values, **overrides}, request.user)
    return created(request, shown(request, model, record))


def remove(request: Request, model: Model) -> Reply:
    record = found(request, model)
    if model is SALES_ACCOUNT and request.query.get("delete_associated_contacts_deals") == "true":
        delete_associated(request.account, record)
    records.delete(request.account, model, record)
    return Reply(200, model.deleted)


def delete_associated(account: Account, sales_account: Record) -> None:
    """The contacts and deals of a sales account go with it."""
    for other in (CONTACT, DEAL):
        for one in records.children(account, other.table, "SalesAccount", sales_account["id"]):
            records.delete(account, other, one)


def forget(request: Request, model: Model) -> Reply:
    record = request.account.table(model.table).get(request.ids["id"])
    if record is None:
        raise not_found()
    records.forget(request.account, model, record)
    return Reply(200, model.deleted)


def manage_team_members(request: Request, model: Model) -> Reply:
    record = found(request, model)
    members = request.body.get("team_users") if isinstance(request.body, dict) else None
    if not isinstance(members, list):
        raise missing_wrapper("team_users")
    chosen = dict.fromkeys(record["team_user_ids"] or ())
    for member in members:
        if not isinstance(member, dict) or member.get("user_id") not in request.account.table(
            "users"
        ):
            raise ApiError(400, Message("invalid", label="User"))
        if member.get("_destroy"):
            chosen.pop(member["user_id"], None)
        else:
            chosen[member["user_id"]] = None
    record["team_user_ids"] = list(chosen) or None
    request.account.writes += 1
    return Reply(200, {"team_users": [{"user_id": one} for one in chosen]})


def bound(action: Callable[[Request, Model], Reply], model: Model) -> Handler:
    """``action`` for one model."""

    def handler(request: Request) -> Reply:
        return action(request, model)

    return handler


def _routes(model: Model) -> Iterator[Route]:
    one = f"/{model.table}/{{id}}"
    for method, path, action in (
        ("POST", f"/{model.table}", create),
        ("POST", f"/{model.table}/upsert", upsert),
        ("GET", one, view),
        ("PUT", one, change),
        ("DELETE", one, remove),
        ("POST", f"{one}/clone", clone),
        ("DELETE", f"{one}/forget", forget),
        ("POST", f"{one}/manage_team_members", manage_team_members),
    ):
        yield Route(
            method, path, bound(action, model), resource=model.table, personas=model.personas
        )


ROUTES = tuple(route for model in CRM for route in _routes(model))
