"""Selectors and field metadata; lists, products, documents and files beside the records."""

from typing import Any

import aiohttp
import pytest

from tests.simulators.freshsales.conftest import RunningSimulator

SHAPES = {
    "owners": {"id", "display_name", "email", "is_active", "work_number", "mobile_number"},
    "territories": {"id", "name", "position"},
    "deal_stages": {
        "partial", "id", "name", "position", "forecast_type", "updated_at", "deal_pipeline_id",
        "choice_type", "probability",
    },
    "deal_pipelines": {
        "partial", "id", "name", "position", "is_default", "rotting_days", "configs",
        "aggregated_field", "deal_stages",
    },
    "contact_statuses": {"id", "name", "position", "partial", "forecast_type",
                         "lifecycle_stage_id"},
    "lifecycle_stages": {"id", "name", "position", "disabled", "default", "type",
                         "contact_status_ids"},
    "currencies": {"partial", "id", "is_active", "currency_code", "exchange_rate",
                   "currency_type", "schedule_info"},
    "sales_activity_types": {
        "partial", "id", "name", "internal_name", "show_in_conversation", "position",
        "is_default", "is_checkedin", "is_checkedin_mandatory", "is_outcome_mandatory",
    },
    "sales_activity_outcomes": {"partial", "id", "name", "sales_activity_type_id", "position"},
    **{
        name: {"partial", "id", "name", "position"}
        for name in (
            "deal_types", "deal_reasons", "deal_payment_statuses", "deal_products",
            "lead_sources", "industry_types", "business_types", "campaigns",
            "sales_activity_entity_types",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
async def test_selectors_have_the_recorded_shapes(suite: RunningSimulator, name: str) -> None:
    rows = (await suite.get(f"/selector/{name}")).body["users" if name == "owners" else name]
    assert rows
    assert all(set(one) == SHAPES[name] for one in rows)


async def test_stages_of_a_pipeline_and_outcomes_of_a_type(suite: RunningSimulator) -> None:
    pipeline = await suite.selector("deal_pipelines")
    rows = (await suite.get(f"/selector/deal_pipelines/{pipeline}/deal_stages")).body["deal_stages"]
    assert {one["deal_pipeline_id"] for one in rows} == {pipeline}
    kind = await suite.selector("sales_activity_types", "Meeting")
    path = f"/selector/sales_activity_types/{kind}/sales_activity_outcomes"
    rows = (await suite.get(path)).body["sales_activity_outcomes"]
    assert [one["name"] for one in rows] == ["Interested", "Not interested"]
    assert (await suite.get("/selector/deal_pipelines/5/deal_stages")).status == 404
    path = "/selector/sales_activity_types/5/sales_activity_outcomes"
    assert (await suite.get(path)).status == 404


async def test_each_generation_has_selectors_of_its_own(
    suite: RunningSimulator, classic: RunningSimulator
) -> None:
    assert (await suite.get("/selector/lead_stages")).status == 403
    assert (await suite.get("/selector/lifecycle_stages")).status == 200
    assert (await classic.get("/selector/lead_stages")).status == 200
    assert (await classic.get("/selector/lead_reasons")).status == 200


@pytest.mark.parametrize(
    ("resource", "required"),
    [("contacts", set()), ("sales_accounts", {"name"}), ("deals", {"name", "amount"})],
)
async def test_fields_tell_types_choices_and_what_is_required(
    suite: RunningSimulator, resource: str, required: set[str]
) -> None:
    fields = (await suite.get(f"/settings/{resource}/fields")).body["fields"]
    by_name = {one["name"]: one for one in fields}
    assert {name for name, one in by_name.items() if one["required"]} == required
    assert set(fields[0]) == {
        "id", "label", "name", "type", "default", "actionable", "position", "choices",
        "base_model", "required", "quick_add_position", "visible",
    }  # fmt: skip
    custom = by_name["cf_marker"]
    assert (custom["default"], custom["type"]) == (False, "text")
    assert "resource" not in custom
    owners = [one["value"] for one in by_name["owner_id"]["choices"]]
    assert owners == ["Mia Stone", "Noor Haddad", "Ola Berg"]
    grouped = (await suite.get(f"/settings/{resource}/fields", include="field_group")).body
    assert grouped["fields"][0]["fields"] == fields


async def test_choices_of_fields(suite: RunningSimulator) -> None:
    fields = (await suite.get("/settings/contacts/fields")).body["fields"]
    by_name = {one["name"]: one for one in fields}
    assert by_name["subscription_status"]["choices"][0] == {
        "id": "0", "value": "Unsubscribed", "position": 1
    }  # fmt: skip
    assert [one["value"] for one in by_name["cf_tier"]["choices"]] == ["Bronze", "Silver", "Gold"]
    assert by_name["emails"]["type"] == "group_field"
    assert by_name["tags"]["multiple"] is True
    fields = (await suite.get("/settings/deals/fields")).body["fields"]
    account = next(one for one in fields if one["name"] == "sales_account_id")
    assert (account["type"], account["choices"]) == ("auto_complete", [])
    assert account["auto_suggest_url"] == "/search?include=sales_account"


async def test_lists_are_filled_moved_and_emptied(suite: RunningSimulator) -> None:
    ids = [(await suite.contact(f"c{n}@x.example"))["id"] for n in range(3)]
    first = (await suite.post("/lists", {"name": "Fair"})).body["list"]["id"]
    second = (await suite.post("/lists", {"name": "Call"})).body["list"]["id"]

    async def members(list_id: int) -> list[int]:
        body = (await suite.get(f"/contacts/lists/{list_id}")).body
        assert body["meta"]["total"] == len(body["contacts"])
        return [one["id"] for one in body["contacts"]]

    async def put(path: str, body: dict[str, Any]) -> str:
        message: str = (await suite.put(path, body)).body["message"]
        return message

    add = f"/lists/{first}/add_contacts"
    assert await put(add, {"ids": ids[:2]}) == "2 contacts updated."
    assert await put(add, {"ids": [ids[2], 5]}) == "1 contact updated."
    assert await members(first) == ids
    move = {"ids": [ids[0]], "from_list_id": first}
    assert await put(f"/lists/{second}/move_contacts", move) == "1 contact updated."
    assert (await members(first), await members(second)) == (ids[1:], ids[:1])
    emptied = await put(f"/lists/{first}/remove_contacts", {"all": True})
    assert emptied.startswith("Updating now")
    assert await members(first) == []
    renamed = (await suite.put(f"/lists/{first}", {"name": "Fair 2"})).body["list"]
    body = (await suite.get("/lists")).body
    assert body["lists"] == [renamed, {"id": second, "name": "Call"}]
    assert body["meta"] == {"total_pages": 1, "total": 2}
    made = await suite.contact("d@x.example", lists=[{"id": second}])
    assert await members(second) == [ids[0], made["id"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/lists", {}, 400),
        ("PUT", "/lists/5", {"name": "x"}, 404),
        ("PUT", "/lists/{id}/add_contacts", {}, 400),
        ("PUT", "/lists/{id}/move_contacts", {"ids": []}, 400),
        ("PUT", "/lists/{id}/move_contacts", {"ids": [], "from_list_id": 5}, 404),
        ("DELETE", "/lists/{id}", None, 404),
    ],
)
async def test_lists_refuse(
    suite: RunningSimulator, method: str, path: str, body: object, status: int
) -> None:
    made = (await suite.post("/lists", {"name": "Fair"})).body["list"]
    answer = await suite.call(method, path.format(id=made["id"]), body)
    assert answer.status == status


async def test_products_and_their_prices(suite: RunningSimulator) -> None:
    assert (await suite.post("/cpq/products", {"name": "P"})).status == 400
    product = (await suite.post("/cpq/products", {"product": {"name": "P"}})).body["product"]
    path = f"/cpq/products/{product['id']}"
    prices = [{"currency_code": "USD", "unit_price": 9.5}, {"currency_code": "EUR"}]
    body: dict[str, dict[str, Any]] = {"product": {"product_pricings": prices}}
    after = (await suite.put(path, body)).body["product"]["product_pricings"]
    assert [one["currency_code"] for one in after] == ["USD", "EUR"]
    changes = [{"id": after[0]["id"], "unit_price": 8}, {"id": after[1]["id"], "_destroy": True}]
    body = {"product": {"product_pricings": changes}}
    after = (await suite.put(path, body)).body["product"]["product_pricings"]
    assert [(one["currency_code"], one["unit_price"]) for one in after] == [("USD", 8)]
    wrong = {"product": {"product_pricings": 5}}
    assert (await suite.put(path, wrong)).status == 400
    assert (await suite.delete(path)).body == {"success": "200"}
    assert (await suite.get(path)).body["product"]["is_deleted"] is True
    assert (await suite.put(f"{path}/restore")).body["product"]["is_deleted"] is False
    assert (await suite.get("/cpq/products/5")).status == 404


async def test_documents_of_a_deal(suite: RunningSimulator) -> None:
    wrong = await suite.post("/cpq/cpq_documents", {"cpq_document": {"deal_id": 5}})
    assert wrong.messages == ["Deal is invalid", "Document type can't be blank"]
    deal = await suite.made("deals", name="D", amount=1)
    product = (await suite.post("/cpq/products", {"product": {"name": "P"}})).body["product"]
    lines = [{"id": product["id"], "quantity": 2, "unit_price": 9.5}]
    body = {"cpq_document": {"deal_id": deal["id"], "document_type": "Quote", "products": lines}}
    made = (await suite.post("/cpq/cpq_documents", body)).body["cpq_document"]
    assert made["amount"] == 19.0
    path = f"/cpq/cpq_documents/{made['id']}"
    rows = (await suite.get(f"{path}/related_products")).body["products"]
    assert [one["name"] for one in rows] == ["P"]
    gone = {"msg": {"id": made["id"], "code": "success"}}
    assert (await suite.delete(path)).body == gone
    assert (await suite.put(f"{path}/restore")).status == 200
    assert (await suite.delete(f"{path}/forget")).body == gone
    assert (await suite.get(path)).status == 404


async def test_files_and_links_hang_on_records(suite: RunningSimulator) -> None:
    contact = await suite.contact()
    about = {"targetable_type": "Contact", "targetable_id": contact["id"]}
    link = {"url": "https://docs.example/a", "name": "Plan", **about}
    assert (await suite.post("/document_links", link)).body["document"]["name"] == "Plan"
    assert (await suite.post("/document_links", {**link, "targetable_id": 5})).status == 400
    assert (await suite.post("/document_links", about)).status == 400
    words = {name: str(value) for name, value in about.items()}
    form = aiohttp.FormData(words)
    form.add_field("file", b"hello", filename="a.txt", content_type="text/plain")
    uploaded = await suite.send("POST", "/crm/sales/api/documents", data=form)
    assert uploaded.body["document"]["content_file_size"] == 5
    path = "/crm/sales/api/documents"
    nothing = await suite.send(
        "POST", path, data=aiohttp.FormData(words, default_to_multipart=True)
    )
    assert nothing.status == 400
    body = (await suite.get(f"/contacts/{contact['id']}/document_associations")).body
    assert [one["name"] for one in body["documents"]] == ["Plan", "a.txt"]
    assert len(body["document_associations"]) == 2
    assert (await suite.get("/deals/5/document_associations")).status == 404
