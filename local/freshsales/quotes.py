"""Products and documents of the quoting module (Suite): ``/cpq/products``, ``/cpq/cpq_documents``.

Source: developers.freshworks.com/crm/api, Products and Documents; shapes of recorded answers. Both
are written wrapped; amounts are numbers here, where a deal's are text.
"""

from typing import Any, Final

from local.freshsales import records
from local.freshsales.account import Account, Record
from local.freshsales.crm import bound
from local.freshsales.deal_model import line_items
from local.freshsales.errors import not_found
from local.freshsales.fields import CHECKS, Changes, Field, Writing, wrong_type
from local.freshsales.includes import PEOPLE
from local.freshsales.model import Model
from local.freshsales.rendering import View
from local.freshsales.routing import Reply, Request, Route, created

_SUITE: Final = ("suite",)


def _product_blank(_: Account, new_id: int) -> Record:
    return {
        "id": new_id, "name": None, "category": None, "product_code": None, "sku_number": None,
        "parent_product": None, "territory_id": None, "valid_till": None, "is_active": True,
        "owner_id": None, "is_deleted": False, "pricing_type": 1, "product_pricings": [],
        "base_currency_amount": None, "description": None, "custom_field": {}, "creater_id": None,
        "updater_id": None, "created_at": None, "updated_at": None, "avatar": None,
    }  # fmt: skip


def _prices(writing: Writing, field: Field, value: Any) -> Changes:
    """Prices by currency; one with an ``id`` is changed, or with ``_destroy`` taken away."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise wrong_type(field)
    kept = {one["id"]: dict(one) for one in writing.before("product_pricings") or ()}
    for one in value:
        # Of another type than an id, it names no price there is.
        price_id = one["id"] if isinstance(one.get("id"), int) else None
        if one.get("_destroy") in (True, "true", 1):
            kept.pop(price_id, None)
            continue
        if price_id not in kept:
            price_id = writing.account.next_id("price")
        kept[price_id] = {**kept.get(price_id, {}), **one, "id": price_id}
    return Changes(product_pricings=list(kept.values()))


def _lines(writing: Writing, field: Field, value: Any) -> Changes:
    found = line_items(writing, field, value)
    total = sum(
        float(one["unit_price"] or 0) * float(one["quantity"] or 0) for one in found["products"]
    )
    return Changes(products=found["products"], amount=total)


CHECKS["prices"] = _prices
CHECKS["document_lines"] = _lines

PRODUCT: Final = Model(
    "products", "product", "Product",
    (
        Field("name", required=True),
        Field("description"),
        Field("category"),
        Field("product_code"),
        Field("sku_number"),
        Field("valid_till", "date"),
        Field("is_active", "boolean"),
        Field("owner_id", "reference", table="users"),
        Field("territory_id", "reference", table="territories"),
        Field("pricing_type", "integer"),
        Field("product_pricings", "prices"),
        Field("custom_field", "custom", listed=False),
    ),
    _product_blank, includes=PEOPLE, deleted={"success": "200"}, flat=False, personas=_SUITE,
)  # fmt: skip


def _document_blank(_: Account, new_id: int) -> Record:
    return {
        "id": new_id, "document_number": f"DOC-{new_id % 10_000_000}", "display_name": None,
        "document_type": None, "deal_id": None, "contact_id": None, "sales_account_id": None,
        "stage": "Draft", "amount": 0.0, "base_currency_amount": 0.0, "currency_code": "USD",
        "valid_till": None, "owner_id": None, "territory_id": None, "products": [],
        "custom_field": {}, "is_deleted": False, "creater_id": None, "updater_id": None,
        "created_at": None, "updated_at": None,
    }  # fmt: skip


def _document_amount(_: Account, record: Record, _before: Record | None) -> None:
    record["base_currency_amount"] = record["amount"]
    record["display_name"] = record["display_name"] or record["document_number"]


DOCUMENT: Final = Model(
    "cpq_documents", "cpq_document", "CpqDocument",
    (
        Field("deal_id", "reference", label="Deal", required=True, table="deals"),
        Field("document_type", required=True),
        Field("display_name"),
        Field("stage"),
        Field("contact_id", "reference", table="contacts"),
        Field("sales_account_id", "reference", table="sales_accounts"),
        Field("owner_id", "reference", table="users"),
        Field("territory_id", "reference", table="territories"),
        Field("valid_till", "date"),
        Field("currency_code"),
        Field("products", "document_lines"),
        Field("custom_field", "custom", listed=False),
    ),
    _document_blank, derive=_document_amount, includes=PEOPLE, flat=False, personas=_SUITE,
)  # fmt: skip


def _shown(request: Request, model: Model, record: Record) -> Record:
    return {model.singular: View(request.account, model, request.includes).show(record)}


def _gone(model: Model, record: Record) -> Reply:
    if model is PRODUCT:
        return Reply(200, model.deleted)
    return Reply(200, {"msg": {"id": record["id"], "code": "success"}})


def _any(request: Request, model: Model) -> Record:
    record = request.account.table(model.table).get(request.ids["id"])
    if record is None:
        raise not_found()
    return record


def _create(request: Request, model: Model) -> Reply:
    values = request.attributes(model.singular, flat=False)
    record = records.create(request.account, model, values, request.user)
    return created(request, _shown(request, model, record))


def _view(request: Request, model: Model) -> Reply:
    return Reply(200, _shown(request, model, _any(request, model)))


def _change(request: Request, model: Model) -> Reply:
    record = _any(request, model)
    values = request.attributes(model.singular, flat=False)
    records.update(request.account, model, record, values, request.user)
    return Reply(200, _shown(request, model, record))


def _delete(request: Request, model: Model) -> Reply:
    record = _any(request, model)
    records.delete(request.account, model, record)
    return _gone(model, record)


def _restore(request: Request, model: Model) -> Reply:
    record = _any(request, model)
    record["is_deleted"] = False
    records.index(request.account, model, record)
    return Reply(200, _shown(request, model, record))


def _forget(request: Request, model: Model) -> Reply:
    record = _any(request, model)
    records.forget(request.account, model, record)
    return _gone(model, record)


def _related_products(request: Request, model: Model) -> Reply:
    return Reply(200, {"products": _any(request, model)["products"]})


ROUTES = (
    *(
        Route(method, f"/cpq/{model.table}{rest}", bound(action, model), personas=_SUITE)
        for model in (PRODUCT, DOCUMENT)
        for method, rest, action in (
            ("POST", "", _create), ("GET", "/{id}", _view), ("PUT", "/{id}", _change),
            ("DELETE", "/{id}", _delete), ("PUT", "/{id}/restore", _restore),
        )
    ),
    Route("DELETE", "/cpq/cpq_documents/{id}/forget", bound(_forget, DOCUMENT), personas=_SUITE),
    Route(
        "GET", "/cpq/cpq_documents/{id}/related_products", bound(_related_products, DOCUMENT),
        personas=_SUITE,
    ),
)  # fmt: skip
