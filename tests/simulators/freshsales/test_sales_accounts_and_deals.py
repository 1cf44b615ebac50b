"""Sales accounts and deals: names, stages, money, links, the sums they add to one another."""

from typing import Any

import pytest

from tests.simulators.freshsales.conftest import RunningSimulator


async def test_an_account_has_its_name_alone(suite: RunningSimulator) -> None:
    made = await suite.made("sales_accounts", name="Ruiz Labs", number_of_employees="11")
    assert made["number_of_employees"] == 11
    for name in ("Ruiz Labs", " ruiz labs"):
        answer = await suite.post("/sales_accounts", {"sales_account": {"name": name}})
        assert answer.messages == ["Name has already been taken"]
    await suite.control("/config", {"language": "nl"})
    answer = await suite.post("/sales_accounts", {"sales_account": {"name": "RUIZ LABS"}})
    assert answer.messages == ["Name is al in gebruik"]


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"city": "Lima"}, ["Name can't be blank"]),
        ({"name": "A", "number_of_employees": 12}, ["Number of employees is invalid"]),
        ({"name": "A", "annual_revenue": "lots"}, ["Annual revenue is not a number"]),
        ({"name": "A", "industry_type_id": 3}, ["Industry type is invalid"]),
        ({"name": "A", "custom_field": {"cf_is_vip": "maybe"}}, ["The type for cf_is_vip is "
                                                                "invalid."]),
    ],
)  # fmt: skip
async def test_what_an_account_refuses(
    suite: RunningSimulator, fields: dict[str, Any], messages: list[str]
) -> None:
    answer = await suite.post("/sales_accounts", {"sales_account": fields})
    assert (answer.status, answer.messages) == (400, messages)


async def test_an_account_is_not_its_own_parent(suite: RunningSimulator) -> None:
    parent = await suite.made("sales_accounts", name="Parent")
    child = await suite.made("sales_accounts", name="C", parent_sales_account_id=parent["id"])
    path = f"/sales_accounts/{parent['id']}"
    loop = {"sales_account": {"parent_sales_account_id": parent["id"]}}
    assert (await suite.put(path, loop)).messages == ["Parent account is invalid"]
    body = (await suite.get(path, include="child_sales_accounts")).body
    assert body["sales_account"]["child_sales_account_ids"] == [child["id"]]
    assert [one["name"] for one in body["child_sales_accounts"]] == ["C"]


async def test_a_deleted_account_may_take_its_people_along(suite: RunningSimulator) -> None:
    account = await suite.made("sales_accounts", name="A")
    contact = await suite.contact(sales_accounts=[{"id": account["id"]}])
    await suite.made("deals", name="D", amount=1, sales_account_id=account["id"])
    path = f"/sales_accounts/{account['id']}"
    assert (await suite.delete(path, delete_associated_contacts_deals="true")).body is True
    assert suite.account.table("contacts")[contact["id"]]["is_deleted"]
    assert all(one["is_deleted"] for one in suite.account.table("deals").values())


async def test_a_clone_of_an_account_needs_a_name(suite: RunningSimulator) -> None:
    made = await suite.made("sales_accounts", name="A", city="Lima")
    path = f"/sales_accounts/{made['id']}/clone"
    assert (await suite.post(path, {})).messages == ["Name can't be blank"]
    twin = (await suite.post(path, {"sales_account": {"name": "B"}})).body["sales_account"]
    assert (twin["name"], twin["city"]) == ("B", "Lima")


async def test_a_deal_has_name_and_amount_and_money_is_text(suite: RunningSimulator) -> None:
    answer = await suite.post("/deals", {"deal": {"expected_close": "soon"}})
    assert answer.messages == [
        "Expected close is invalid", "Name can't be blank", "Deal value can't be blank"
    ]  # fmt: skip
    deal = await suite.made("deals", name="D", amount="5600", expected_close="2026-09-30T10:00:00Z")
    assert (deal["amount"], deal["base_currency_amount"]) == ("5600.0", "5600.0")
    assert (deal["expected_deal_value"], deal["probability"]) == ("560.0", 10)
    assert deal["expected_close"] == "2026-09-30"
    assert "convo_token" in deal["fc_widget_collaboration"]
    same_name = await suite.post("/deals", {"deal": {"name": "D", "amount": 1}})
    assert same_name.status == 200


async def test_a_foreign_amount_is_told_in_the_base_currency(suite: RunningSimulator) -> None:
    rows = (await suite.get("/selector/currencies")).body["currencies"]
    euro = next(one["id"] for one in rows if one["currency_code"] == "EUR")
    deal = await suite.made("deals", name="D", amount=100, currency_id=euro)
    assert deal["base_currency_amount"] == "110.0"


async def test_a_stage_belongs_to_one_pipeline(suite: RunningSimulator) -> None:
    pipelines = (await suite.get("/selector/deal_pipelines")).body["deal_pipelines"]
    first, second = pipelines
    won = next(one for one in first["deal_stages"] if one["name"] == "Won")
    wrong = {"name": "D", "amount": 1, "deal_stage_id": won["id"], "deal_pipeline_id": second["id"]}
    assert (await suite.post("/deals", {"deal": wrong})).messages == ["Deal stage is invalid"]
    deal = await suite.made("deals", name="D", amount=1, deal_pipeline_id=second["id"])
    assert deal["deal_stage_id"] == second["deal_stages"][0]["id"]


async def test_winning_a_deal_closes_it_and_moves_the_sums(suite: RunningSimulator) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    account = await suite.made("sales_accounts", name="A")
    contact = await suite.contact()
    deal = await suite.made(
        "deals", name="D", amount=50, sales_account_id=account["id"],
        contacts_added_list=[contact["id"]],
    )  # fmt: skip
    assert await sums(suite, contact, account) == [("50.0", 1, "0.0", 0)] * 2
    won = await suite.selector("deal_stages", "Won")

    body = {"deal": {"deal_stage_id": won}}
    after = (await suite.put(f"/deals/{deal['id']}", body, include="deal_stage,contacts")).body

    assert (after["deal"]["closed_date"], after["deal"]["probability"]) == ("2026-03-03", 100)
    assert after["deal_stages"][0]["forecast_type"] == "Closed Won"
    assert after["deal"]["contact_ids"] == [one["id"] for one in after["contacts"]]
    assert await sums(suite, contact, account) == [("0.0", 0, "50.0", 1)] * 2
    body = {"deal": {"contacts_removed_list": [contact["id"]]}}
    await suite.put(f"/deals/{deal['id']}", body)
    assert (await sums(suite, contact, account))[0] == ("0.0", 0, "0.0", 0)
    await suite.delete(f"/deals/{deal['id']}")
    assert (await sums(suite, contact, account))[1] == ("0.0", 0, "0.0", 0)


async def sums(
    suite: RunningSimulator, contact: dict[str, Any], account: dict[str, Any]
) -> list[tuple[str, int, str, int]]:
    """Open and won sums of a contact and an account."""
    one = (await suite.get(f"/contacts/{contact['id']}")).body["contact"]
    two = (await suite.get(f"/sales_accounts/{account['id']}")).body["sales_account"]
    return [
        (r["open_deals_amount"], r["open_deals_count"], r["won_deals_amount"], r["won_deals_count"])
        for r in (one, two)
    ]


async def test_sums_follow_a_deal_to_another_account(suite: RunningSimulator) -> None:
    first, second = [await suite.made("sales_accounts", name=name) for name in ("A", "B")]
    contact = await suite.contact()
    deal = await suite.made(
        "deals", name="D", amount=50, sales_account={"id": first["id"]},
        contacts_added_list=[contact["id"]],
    )  # fmt: skip
    await suite.delete(f"/contacts/{contact['id']}/forget")
    await suite.put(f"/deals/{deal['id']}", {"deal": {"sales_account_id": second["id"]}})
    accounts = suite.account.table("sales_accounts").values()
    assert [one["open_deals_amount"] for one in accounts] == ["0.0", "50.0"]


async def test_a_deal_may_name_its_account(suite: RunningSimulator) -> None:
    for _ in range(2):
        deal = {"name": "D", "amount": 1, "sales_account": {"name": "Ruiz Labs"}}
        answer = await suite.post("/deals", {"deal": deal}, include="sales_account")
        assert [one["name"] for one in answer.body["sales_accounts"]] == ["Ruiz Labs"]
    assert len(suite.account.table("sales_accounts")) == 1


async def test_upsert_by_name_takes_the_first_of_that_name(suite: RunningSimulator) -> None:
    first = await suite.made("deals", name="D", amount=1)
    await suite.made("deals", name="D", amount=2)
    body = {"unique_identifier": {"name": "D"}, "deal": {"amount": 9}}
    assert (await suite.post("/deals/upsert", body)).body["deal"]["id"] == first["id"]
    body = {"unique_identifier": {"name": "E"}, "deal": {"amount": 3}}
    assert (await suite.post("/deals/upsert", body)).body["deal"]["name"] == "E"


async def test_line_items(suite: RunningSimulator) -> None:
    product = (await suite.post("/cpq/products", {"product": {"name": "P"}})).body["product"]
    deal = await suite.made("deals", name="D", amount=1)
    path = f"/deals/{deal['id']}"
    lines = {"deal": {"products": [{"id": product["id"], "quantity": 2, "unit_price": 9}]}}
    after = (await suite.put(path, lines, include="products")).body["deal"]
    assert after["has_products"] is True
    assert [(one["name"], one["quantity"]) for one in after["products"]] == [("P", 2)]
    assert (await suite.put(path, {"deal": {"products": [{"id": 5}]}})).status == 400
    gone = {"deal": {"products": [{"id": product["id"], "_destroy": True}]}}
    assert (await suite.put(path, gone)).body["deal"]["has_products"] is False
    await suite.put(path, lines)
    after = (await suite.put(path, {"deal": {"products": []}})).body["deal"]
    assert after["has_products"] is False
