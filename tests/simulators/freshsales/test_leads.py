"""Leads of a classic account, and what becomes of them."""

from tests.simulators.freshsales.conftest import RunningSimulator


async def test_a_lead_needs_a_last_name_or_an_address(classic: RunningSimulator) -> None:
    answer = await classic.post("/leads", {"lead": {"first_name": "Leo"}})
    assert answer.messages == ["Last name can't be blank"]
    lead = await classic.made(
        "leads", last_name="Berg", email="leo@x.example",
        company={"name": "Berg AS", "number_of_employees": 11}, deal={"name": "D", "amount": 5},
    )  # fmt: skip
    assert lead["company"]["name"] == "Berg AS"
    assert lead["company"]["website"] is None
    assert lead["deal"]["amount"] == "5.0"
    wrong = {"lead": {"company": {"number_of_employees": 12}}}
    assert (await classic.put(f"/leads/{lead['id']}", wrong)).status == 400
    wrong = {"lead": {"company": "Berg AS"}}  # type: ignore[dict-item]  # wrong on purpose
    answer = await classic.put(f"/leads/{lead['id']}", wrong)
    assert answer.messages == ["The type for company is invalid."]


async def test_twins_are_allowed_and_upsert_takes_the_first(classic: RunningSimulator) -> None:
    first = await classic.made("leads", email="leo@x.example")
    await classic.made("leads", email="leo@x.example")
    body = {"unique_identifier": {"emails": "LEO@x.example"}, "lead": {"city": "Oslo"}}
    assert (await classic.post("/leads/upsert", body)).body["lead"]["id"] == first["id"]


async def test_conversion_makes_contact_account_and_deal(classic: RunningSimulator) -> None:
    lead = await classic.made(
        "leads", last_name="Berg", email="leo@x.example", company={"name": "Berg AS"}
    )
    note = await classic.made(
        "notes", description="hi", targetable_type="Lead", targetable_id=lead["id"]
    )

    body = {"lead": {"deal": {"name": "First deal", "amount": 10}}}
    answer = await classic.post(f"/leads/{lead['id']}/convert", body)

    assert answer.status == 200
    contact = answer.body["contact"]
    assert (contact["last_name"], contact["email"]) == ("Berg", "leo@x.example")
    assert [one["name"] for one in contact["sales_accounts"]] == ["Berg AS"]
    assert answer.body["sales_account"]["name"] == "Berg AS"
    assert answer.body["deal"]["amount"] == "10.0"
    deals = (await classic.get(f"/contacts/{contact['id']}", include="deals")).body["contact"]
    assert [one["name"] for one in deals["deals"]] == ["First deal"]
    notes = (await classic.get(f"/contacts/{contact['id']}/notes")).body["notes"]
    assert [one["id"] for one in notes] == [note["id"]]
    for view in ("All Leads", "Recycle Bin"):
        assert (await classic.get(await classic.view("leads", view))).body["leads"] == []
    assert (await classic.post(f"/leads/{lead['id']}/convert", {})).status == 404


async def test_conversion_takes_the_account_that_is_there(classic: RunningSimulator) -> None:
    known = await classic.made("sales_accounts", name="Berg AS")
    lead = await classic.made("leads", last_name="Berg", company={"name": "berg as"})
    body = (await classic.post(f"/leads/{lead['id']}/convert")).body
    assert body["sales_account"]["id"] == known["id"]
    assert "deal" not in body


async def test_a_contact_that_is_there_keeps_the_lead_a_lead(classic: RunningSimulator) -> None:
    await classic.contact("leo@x.example")
    lead = await classic.made("leads", last_name="Berg", email="leo@x.example")
    answer = await classic.post(f"/leads/{lead['id']}/convert")
    assert answer.messages == ["Email is not unique"]
    rows = (await classic.get(await classic.view("leads", "All Leads"))).body["leads"]
    assert [one["id"] for one in rows] == [lead["id"]]


async def test_owners_and_deletion_in_bulk(classic: RunningSimulator) -> None:
    await classic.control("/config", {"job_delay_s": 0})
    leads = [await classic.made("leads", last_name=f"L{n}") for n in range(3)]
    users = (await classic.get("/selector/owners")).body["users"]
    chosen = [one["id"] for one in leads[:2]]
    body = {"selected_ids": chosen, "owner_id": users[1]["id"]}
    assert (await classic.post("/leads/bulk_assign_owner", body)).status == 200
    owners = [one["owner_id"] for one in classic.account.table("leads").values()]
    assert owners == [users[1]["id"], users[1]["id"], users[0]["id"]]
    await classic.post("/leads/bulk_destroy", {"selected_ids": chosen})
    rows = (await classic.get(await classic.view("leads", "All Leads"))).body["leads"]
    assert [one["id"] for one in rows] == [leads[2]["id"]]
    wrong = {"selected_ids": chosen, "owner_id": 5}
    assert (await classic.post("/leads/bulk_assign_owner", wrong)).status == 400
    for body in ({}, {"selected_ids": []}, {"selected_ids": ["x"]}):
        assert (await classic.post("/leads/bulk_destroy", body)).status == 400


async def test_leads_have_fields_stages_and_search(classic: RunningSimulator) -> None:
    lead = await classic.made("leads", last_name="Berg", email="leo@x.example")
    fields = (await classic.get("/settings/leads/fields")).body["fields"]
    assert {"last_name", "company", "cf_region"} <= {one["name"] for one in fields}
    stage = await classic.selector("lead_stages", "Qualified")
    body = {"lead": {"lead_stage_id": stage}}
    after = (await classic.put(f"/leads/{lead['id']}", body, include="lead_stage")).body
    assert [one["name"] for one in after["lead_stages"]] == ["Qualified"]
    found = (await classic.get("/lookup", q="leo@x.example", f="email", entities="lead")).body
    assert [one["id"] for one in found["leads"]["leads"]] == [lead["id"]]
    rule = {"attribute": "lead_email.email", "operator": "is", "value": "leo@x.example"}
    found = (await classic.post("/filtered_search/lead", {"filter_rule": [rule]})).body
    assert [one["id"] for one in found["leads"]] == [lead["id"]]
