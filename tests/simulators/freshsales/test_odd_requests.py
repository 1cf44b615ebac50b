"""Requests that no client means to send: each is refused in the usual envelope, never with a 500.

Found by changing single values of the requests that public clients had made.
"""

from typing import Any

import pytest

from tests.simulators.freshsales.conftest import RunningSimulator


@pytest.mark.parametrize("kind", [{"a": 1}, ["Contact"], 7, "Ticket"], ids=str)
@pytest.mark.parametrize("table", ["tasks", "notes", "appointments"])
async def test_what_a_record_is_about_is_named(
    suite: RunningSimulator, table: str, kind: object
) -> None:
    body = {
        "title": "T", "description": "D", "due_date": "2030-01-01T10:00:00Z",
        "from_date": "2030-01-01T10:00:00Z", "end_date": "2030-01-01T11:00:00Z",
        "targetable_type": kind, "targetable_id": 1,
    }  # fmt: skip
    answer = await suite.post(f"/{table}", {table.removesuffix("s"): body})
    assert answer.status == 400
    assert len(answer.messages) == 1


@pytest.mark.parametrize("number", [1e308, "nan", "inf", "-inf", 2**63, "1" * 400], ids=str)
async def test_a_number_fits_its_column(suite: RunningSimulator, number: object) -> None:
    made = await suite.post("/cpq/products", {"product": {"name": "P"}})
    path = f"/cpq/products/{made.body['product']['id']}"
    answer = await suite.put(path, {"product": {"pricing_type": number}})
    assert answer.status == 400
    assert (await suite.get(path)).body["product"]["pricing_type"] == 1
    assert (await suite.post("/deals", {"deal": {"name": "D", "amount": number}})).status == 400


async def test_a_product_may_be_made_with_its_prices(suite: RunningSimulator) -> None:
    prices = [{"currency_code": "USD", "unit_price": 5}, {"id": {}, "currency_code": "EUR"}]
    made = await suite.post("/cpq/products", {"product": {"name": "P", "product_pricings": prices}})
    assert made.status == 200
    kept = made.body["product"]["product_pricings"]
    assert [one["currency_code"] for one in kept] == ["USD", "EUR"]
    assert len({one["id"] for one in kept}) == 2


@pytest.mark.parametrize("line", [{"quantity": "many"}, {"unit_price": {}}, {"discount": [1]}])
async def test_a_documents_lines_are_numbers(suite: RunningSimulator, line: dict[str, Any]) -> None:
    product = (await suite.post("/cpq/products", {"product": {"name": "P"}})).body["product"]["id"]
    deal = (await suite.post("/deals", {"deal": {"name": "D", "amount": 5}})).body["deal"]["id"]
    body = {"deal_id": deal, "document_type": "Quote", "products": [{"id": product, **line}]}
    assert (await suite.post("/cpq/cpq_documents", {"cpq_document": body})).status == 400
    body["products"] = [{"id": product, "quantity": "2", "unit_price": 2.5, "discount": None}]
    made = await suite.post("/cpq/cpq_documents", {"cpq_document": body})
    assert made.body["cpq_document"]["amount"] == 5.0


@pytest.mark.parametrize("body", [{"sales_account": "text"}, {"sales_account": []}, ["x"]], ids=str)
async def test_a_clones_overrides_are_an_object(suite: RunningSimulator, body: object) -> None:
    made = (await suite.post("/sales_accounts", {"sales_account": {"name": "A"}})).body
    path = f"/sales_accounts/{made['sales_account']['id']}/clone"
    assert (await suite.post(path, body)).status == 400
    cloned = await suite.post(path, {"sales_account": {"name": "B"}})
    assert cloned.body["sales_account"]["name"] == "B"


async def test_appointments_are_listed_without_a_filter(suite: RunningSimulator) -> None:
    # n8n's node sends none until its user picks one.
    for year in (2001, 2101):
        body = {"title": str(year), "from_date": f"{year}-01-01T10:00:00Z"}
        body |= {"end_date": f"{year}-01-01T11:00:00Z"}
        await suite.post("/appointments", {"appointment": body})
    answer = await suite.get("/appointments")
    assert [one["title"] for one in answer.body["appointments"]] == ["2001", "2101"]
    assert answer.body["meta"] == {"total": 2}


async def test_a_sales_activity_is_changed_by_bare_attributes(suite: RunningSimulator) -> None:
    # n8n's node wraps it when it makes one, not when it changes one.
    kind = await suite.selector("sales_activity_types", "Meeting")
    contact = (await suite.post("/contacts", {"contact": {"last_name": "L"}})).body["contact"]["id"]
    body = {
        "title": "Fair", "start_date": "2026-03-03T08:00:00Z", "end_date": "2026-03-03T09:00:00Z",
        "sales_activity_type_id": kind, "targetable_type": "Contact", "targetable_id": contact,
    }  # fmt: skip
    assert (await suite.post("/sales_activities", body)).status == 400
    made = (await suite.post("/sales_activities", {"sales_activity": body})).body["sales_activity"]
    changed = await suite.put(f"/sales_activities/{made['id']}", {"title": "Other fair"})
    assert changed.body["sales_activity"]["title"] == "Other fair"
