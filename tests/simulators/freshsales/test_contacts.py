"""Contacts: the shapes written and read, duplicates, upsert, clone, delete, forget."""

from typing import Any

import pytest

from tests.simulators.freshsales.conftest import RunningSimulator

# Of a recorded answer to GET /contacts/{id}?include=sales_accounts,owner.
RECORDED_KEYS = {
    "id", "first_name", "last_name", "display_name", "avatar", "job_title", "city", "state",
    "zipcode", "country", "email", "emails", "time_zone", "work_number", "mobile_number",
    "address", "last_seen", "lead_score", "last_contacted", "open_deals_amount",
    "won_deals_amount", "links", "last_contacted_sales_activity_mode", "custom_field",
    "created_at", "updated_at", "keyword", "medium", "last_contacted_mode", "recent_note",
    "won_deals_count", "last_contacted_via_sales_activity", "completed_sales_sequences",
    "active_sales_sequences", "web_form_ids", "open_deals_count", "last_assigned_at", "tags",
    "facebook", "twitter", "linkedin", "is_deleted", "team_user_ids", "external_id",
    "work_email", "subscription_status", "subscription_types", "unsubscription_reason",
    "other_unsubscription_reason", "customer_fit", "record_type_id",
    "whatsapp_subscription_status", "sms_subscription_status", "last_seen_chat",
    "first_seen_chat", "locale", "total_sessions", "system_tags", "first_campaign",
    "first_medium", "first_source", "last_campaign", "last_medium", "last_source",
    "latest_campaign", "latest_medium", "latest_source", "mcr_id", "phone_numbers", "owner_id",
    "sales_accounts",
}  # fmt: skip


async def test_a_contact_reads_as_a_recorded_one(suite: RunningSimulator) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    account = await suite.made("sales_accounts", name="Ruiz Labs")
    made = await suite.contact(
        sales_accounts=[{"id": account["id"]}], custom_field={"cf_tier": "Gold"}
    )

    answer = await suite.get(f"/contacts/{made['id']}", include="sales_accounts,owner")

    assert list(answer.body) == ["users", "contact", "meta"]
    assert answer.body["meta"] is None
    contact = answer.body["contact"]
    assert set(contact) == RECORDED_KEYS
    assert contact["sales_accounts"] == [
        {"partial": True, "id": account["id"], "name": "Ruiz Labs", "avatar": None,
         "website": None, "is_primary": True}
    ]  # fmt: skip
    assert contact["emails"][0] | {"id": 0} == {
        "id": 0, "value": "ana@client.example", "is_primary": True, "label": None,
        "_destroy": False,
    }  # fmt: skip
    assert contact["created_at"] == "2026-03-03T12:00:00+02:00"
    assert contact["owner_id"] == answer.body["users"][0]["id"]
    assert contact["links"]["notes"] == f"/crm/sales/contacts/{made['id']}/notes?include=creater"
    assert len(str(contact["mcr_id"])) == 19
    assert contact["custom_field"]["cf_tier"] == "Gold"


async def test_relations_show_beside_their_include_only(suite: RunningSimulator) -> None:
    made = await suite.contact()
    plain = (await suite.get(f"/contacts/{made['id']}")).body
    assert "users" not in plain
    assert not {"owner_id", "sales_accounts", "contact_status_id"} & set(plain["contact"])
    full = (await suite.get(f"/contacts/{made['id']}", include="contact_status,source")).body
    status = full["contact_status"][0]
    assert full["contact"]["contact_status_id"] == status["id"]
    assert full["contact"]["lifecycle_stage_id"] == status["lifecycle_stage_id"]
    assert full["lead_sources"] == []


async def test_classic_contacts_have_the_older_attributes(classic: RunningSimulator) -> None:
    await classic.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    contact = await classic.contact()
    assert contact["created_at"] == "2026-03-03T10:00:00Z"
    assert {"do_not_disturb", "has_authority", "lead_quality"} <= set(contact)
    assert contact["links"]["notes"].startswith("/contacts/")


@pytest.mark.parametrize(
    ("written", "values", "primary"),
    [
        ("a@x.example", ["a@x.example"], "a@x.example"),
        (["a@x.example", "b@x.example"], ["a@x.example", "b@x.example"], "a@x.example"),
        (
            [{"value": "a@x.example"}, {"value": "b@x.example", "is_primary": True}],
            ["a@x.example", "b@x.example"],
            "b@x.example",
        ),
    ],
)
async def test_emails_are_written_in_three_ways(
    suite: RunningSimulator, written: Any, values: list[str], primary: str
) -> None:
    contact = await suite.made("contacts", emails=written)
    assert [one["value"] for one in contact["emails"]] == values
    assert [one["value"] for one in contact["emails"] if one["is_primary"]] == [primary]
    assert (contact["email"], contact["display_name"]) == (primary, primary)


async def test_one_address_is_added_moved_to_the_front_and_taken_away(
    suite: RunningSimulator,
) -> None:
    contact = await suite.contact("a@x.example")
    path = f"/contacts/{contact['id']}"
    added = {"emails": [{"value": "b@x.example", "is_primary": True}]}
    contact = (await suite.put(path, {"contact": added})).body["contact"]
    assert [one["value"] for one in contact["emails"]] == ["a@x.example", "b@x.example"]
    assert contact["email"] == "b@x.example"
    gone = {"emails": [{"id": contact["emails"][1]["id"], "_destroy": True}]}
    contact = (await suite.put(path, {"contact": gone})).body["contact"]
    assert [one["value"] for one in contact["emails"]] == ["a@x.example"]
    contact = (await suite.put(path, {"contact": {"email": "c@x.example"}})).body["contact"]
    assert [one["value"] for one in contact["emails"]] == ["c@x.example"]


async def test_an_update_changes_what_it_names_and_nothing_else(suite: RunningSimulator) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    made = await suite.contact(city="Lima", custom_field={"cf_tier": "Gold", "cf_seats": 3})
    await suite.control("/clock", {"advance_s": 60})

    changes = {"job_title": "CTO", "custom_field": {"cf_colours": "Red;Blue"}, "unknown": 1}
    after = (await suite.put(f"/contacts/{made['id']}", {"contact": changes})).body["contact"]

    assert after["custom_field"]["cf_colours"] == "Red;Blue"
    assert after["custom_field"]["cf_tier"] == "Gold"
    assert after["updated_at"] == "2026-03-03T12:01:00+02:00"
    same = {**made, "job_title": "CTO", "updated_at": after["updated_at"],
            "custom_field": {**made["custom_field"], "cf_colours": "Red;Blue"}}  # fmt: skip
    assert after == same


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({}, ["Email can't be blank"]),
        ({"first_name": "Ana"}, ["Email can't be blank"]),
        ({"emails": "bad@@example"}, ["Email is invalid"]),
        ({"emails": 7}, ["The type for emails is invalid."]),
        ({"last_name": "R", "sales_accounts": 5}, ["The type for sales_accounts is invalid."]),
        ({"last_name": "R", "sales_accounts": [5]}, ["The type for sales_accounts is invalid."]),
        ({"last_name": "R", "sales_accounts": [{"id": 5}]}, ["Sales account is invalid"]),
        ({"last_name": "R", "owner_id": 5}, ["Sales owner is invalid"]),
        ({"last_name": "R", "city": ["Lima"]}, ["The type for city is invalid."]),
        ({"last_name": "R", "tags": "vip"}, ["The type for tags is invalid."]),
        ({"last_name": "R", "subscription_status": 9}, ["Subscription status is invalid"]),
        ({"last_name": "R", "created_at": "yesterday"}, ["Created at is invalid"]),
        ({"last_name": "R", "custom_field": {"cf_tier": "Wood"}}, ["Tier is invalid"]),
        ({"last_name": "R", "custom_field": {"cf_colours": "Red;Pink"}}, ["Colours is invalid"]),
        ({"last_name": "R", "custom_field": {"cf_seats": "many"}}, ["Seats is not a number"]),
        ({"last_name": "R", "custom_field": "x"}, ["The type for custom_field is invalid."]),
        (
            {"emails": "bad", "owner_id": "x", "tags": 1},
            [
                "Email is invalid",
                "The type for owner_id is invalid.",
                "The type for tags is invalid.",
            ],
        ),
    ],
)
async def test_every_fault_is_told_in_one_refusal(
    suite: RunningSimulator, fields: dict[str, Any], messages: list[str]
) -> None:
    answer = await suite.post("/contacts", {"contact": fields} if fields else {"contact": {}})
    assert (answer.status, answer.messages) == (400, messages)
    assert suite.account.table("contacts") == {}


@pytest.mark.parametrize(
    ("wanted", "fields", "status"),
    [
        ("email", {"last_name": "R"}, 400),
        ("email", {"emails": "a@x.example"}, 200),
        ("last_name", {"emails": "a@x.example"}, 400),
        ("none", {"city": "Lima"}, 200),
        ("any", {"external_id": "crm-1"}, 200),
    ],
)
async def test_what_a_contact_must_have_is_the_accounts_choice(
    suite: RunningSimulator, wanted: str, fields: dict[str, Any], status: int
) -> None:
    await suite.control("/config", {"contact_required": wanted})
    assert (await suite.post("/contacts", {"contact": fields})).status == status


async def test_a_field_that_an_administrator_made_mandatory(suite: RunningSimulator) -> None:
    await suite.control("/config", {"required_fields": ["contacts.city"]})
    body = {"contact": {"last_name": "R"}}
    assert (await suite.post("/contacts", body)).messages == ["City can't be blank"]
    fields = (await suite.get("/settings/contacts/fields")).body["fields"]
    assert [one["name"] for one in fields if one["required"]] == ["city"]
    field = {"resource": "contacts", "label": "Plan name", "type": "text", "required": True}
    assert (await suite.control("/fields", field))["name"] == "cf_plan_name"
    body = {"contact": {"last_name": "R", "city": "Lima"}}
    assert (await suite.post("/contacts", body)).messages == ["Plan name can't be blank"]


async def test_unknown_custom_fields_are_passed_over_or_refused(suite: RunningSimulator) -> None:
    fields = {"last_name": "R", "custom_field": {"cf_nonsense": 1}, "cf_tier": "Gold"}
    made = await suite.made("contacts", **fields)
    assert "cf_nonsense" not in made["custom_field"]
    assert made["custom_field"]["cf_tier"] is None
    await suite.control("/config", {"unknown_custom_fields": "reject"})
    answer = await suite.post("/contacts", {"contact": fields})
    assert answer.messages == ["cf_nonsense is invalid"]


async def test_duplicates_are_400_in_the_language_of_the_account(suite: RunningSimulator) -> None:
    await suite.contact("ana@x.example", mobile_number="+5155", external_id="crm-1")
    twin = {"emails": "ANA@x.example", "mobile_number": "+5155", "external_id": "crm-1"}
    answer = await suite.post("/contacts", {"contact": twin})
    assert answer.status == 400
    assert answer.messages == [
        "Email is not unique", "MobileNumber is not unique", "ExternalId is not unique"
    ]  # fmt: skip
    await suite.control("/config", {"language": "es", "error_form": "text"})
    answer = await suite.post("/contacts", {"contact": {"emails": "ana@x.example"}})
    assert answer.body == {"errors": {"code": 400, "message": "Email no es único"}}
    assert len(suite.account.table("contacts")) == 1


async def test_an_update_clashes_with_others_but_not_with_itself(suite: RunningSimulator) -> None:
    first = await suite.contact("a@x.example")
    await suite.contact("b@x.example")
    path = f"/contacts/{first['id']}"
    same = await suite.put(path, {"contact": {"emails": "a@x.example", "job_title": "CTO"}})
    assert same.status == 200
    clash = await suite.put(path, {"contact": {"emails": ["c@x.example", "b@x.example"]}})
    assert clash.messages == ["Email is not unique"]
    assert (await suite.get(path)).body["contact"]["email"] == "a@x.example"


async def test_upsert_creates_then_updates_and_answers_alike(suite: RunningSimulator) -> None:
    body = {"unique_identifier": {"emails": "ana@x.example"}, "contact": {"first_name": "Ana"}}
    first = await suite.post("/contacts/upsert", body)
    body["contact"] = {"job_title": "CTO"}
    body["unique_identifier"] = {"emails": "ANA@x.example"}
    second = await suite.post("/contacts/upsert", body, include="owner")
    assert (first.status, second.status) == (200, 200)
    contact = second.body["contact"]
    assert contact["id"] == first.body["contact"]["id"]
    assert (contact["first_name"], contact["job_title"]) == ("Ana", "CTO")
    assert second.body["users"][0]["id"] == contact["owner_id"]
    assert (await suite.control("/stats"))["creates"]["contacts"] == {"ana@x.example": 1}


@pytest.mark.parametrize("key", ["email", "mobile_number", "external_id", "work_email"])
async def test_upsert_matches_by_other_keys(suite: RunningSimulator, key: str) -> None:
    value = "a@x.example" if "email" in key else "55"
    body = {"unique_identifier": {key: value}, "contact": {"last_name": "Ruiz"}}
    first = await suite.post("/contacts/upsert", body)
    second = await suite.post("/contacts/upsert", body)
    assert first.body["contact"]["id"] == second.body["contact"]["id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"contact": {"last_name": "R"}}, 400),
        ({"unique_identifier": {"city": "Lima"}, "contact": {"last_name": "R"}}, 400),
        ({"unique_identifier": {"emails": ["a@x.example"]}, "contact": {}}, 400),
        ({"unique_identifier": {"id": 5}, "contact": {"last_name": "R"}}, 404),
        ({"unique_identifier": {"emails": "a@x.example"}, "last_name": "R"}, 400),
    ],
)
async def test_an_upsert_that_cannot_be_understood(
    suite: RunningSimulator, body: dict[str, Any], status: int
) -> None:
    assert (await suite.post("/contacts/upsert", body)).status == status
    assert suite.account.table("contacts") == {}


async def test_a_clone_leaves_the_unique_behind(suite: RunningSimulator) -> None:
    made = await suite.contact(city="Lima", mobile_number="+51", tags=["vip"])
    override = {"contact": {"emails": "twin@x.example"}}
    twin = (await suite.post(f"/contacts/{made['id']}/clone", override)).body["contact"]
    assert twin["id"] != made["id"]
    assert (twin["city"], twin["tags"], twin["mobile_number"]) == ("Lima", ["vip"], None)


async def test_deleted_goes_to_the_bin_forgotten_is_gone(suite: RunningSimulator) -> None:
    contact = await suite.contact("a@x.example")
    path = f"/contacts/{contact['id']}"
    assert (await suite.delete(path)).content == b"true"
    assert (await suite.get(path)).body["contact"]["is_deleted"] is True
    assert (await suite.delete(path)).status == 404
    assert (await suite.put(path, {"contact": {"city": "x"}})).status == 404
    assert (await suite.contact("a@x.example"))["id"] != contact["id"]
    assert (await suite.delete(f"{path}/forget")).content == b"true"
    assert (await suite.get(path)).status == 404
    assert (await suite.delete(f"{path}/forget")).status == 404


async def test_a_deleted_contact_may_keep_its_address(suite: RunningSimulator) -> None:
    await suite.control("/config", {"deleted_keep_keys": True})
    contact = await suite.contact("a@x.example")
    await suite.delete(f"/contacts/{contact['id']}")
    again = await suite.post("/contacts", {"contact": {"emails": "a@x.example"}})
    assert again.messages == ["Email is not unique"]
    await suite.delete(f"/contacts/{contact['id']}/forget")
    assert (await suite.post("/contacts", {"contact": {"emails": "a@x.example"}})).status == 200


async def test_a_status_belongs_to_one_lifecycle_stage(suite: RunningSimulator) -> None:
    customer = await suite.selector("lifecycle_stages", "Customer")
    won = await suite.selector("contact_statuses", "Won")
    new = await suite.selector("contact_statuses", "New")
    contact = await suite.contact()
    path = f"/contacts/{contact['id']}?include=contact_status"
    moved = (await suite.put(path, {"contact": {"lifecycle_stage_id": customer}})).body["contact"]
    assert moved["contact_status_id"] == won
    back = (await suite.put(path, {"contact": {"contact_status_id": new}})).body["contact"]
    assert back["lifecycle_stage_id"] != customer
    both = {"lifecycle_stage_id": customer, "contact_status_id": new}
    assert (await suite.put(path, {"contact": both})).messages == ["Status is invalid"]


async def test_created_may_answer_201(suite: RunningSimulator) -> None:
    await suite.control("/config", {"create_status": 201})
    assert (await suite.post("/contacts", {"contact": {"last_name": "R"}})).status == 201


async def test_team_members(suite: RunningSimulator) -> None:
    contact = await suite.contact()
    owner = await suite.selector("owners")
    path = f"/contacts/{contact['id']}/manage_team_members"
    assert (await suite.post(path, {"team_users": [{"user_id": owner}]})).status == 200
    assert (await suite.get(f"/contacts/{contact['id']}")).body["contact"]["team_user_ids"] == [
        owner
    ]
    await suite.post(path, {"team_users": [{"user_id": owner, "_destroy": True}]})
    assert (await suite.get(f"/contacts/{contact['id']}")).body["contact"]["team_user_ids"] is None
    assert (await suite.post(path, {"team_users": [{"user_id": 5}]})).status == 400
    assert (await suite.post(path, {})).status == 400


async def test_links_to_accounts_are_added_and_taken_away(suite: RunningSimulator) -> None:
    first = (await suite.made("sales_accounts", name="A"))["id"]
    second = (await suite.made("sales_accounts", name="B"))["id"]
    contact = await suite.contact(sales_account_id=first)
    path = f"/contacts/{contact['id']}?include=sales_accounts"
    body = {"contact": {"sales_accounts": [{"id": first}, {"id": second, "is_primary": True}]}}
    links = (await suite.put(path, body)).body["contact"]["sales_accounts"]
    assert {one["name"]: one["is_primary"] for one in links} == {"A": False, "B": True}
    body = {"contact": {"sales_accounts": [{"id": second, "_destroy": True}]}}
    links = (await suite.put(path, body)).body["contact"]["sales_accounts"]
    assert {one["name"]: one["is_primary"] for one in links} == {"A": True}
    rows = (await suite.get(f"/sales_accounts/{first}/contacts")).body
    assert [one["id"] for one in rows["contacts"]] == [contact["id"]]
