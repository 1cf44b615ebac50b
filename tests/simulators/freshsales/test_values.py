"""Values of every kind as they may be written: what is taken, how it reads, what is refused."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.freshsales.stamps import parse_date, parse_moment, stamp_of
from tests.simulators.freshsales.conftest import RunningSimulator

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001 - zoned below
OFFSETS = st.integers(-14 * 60, 14 * 60)


@given(MOMENTS, OFFSETS, OFFSETS)
def test_a_stamp_names_its_moment_in_any_zone(moment: datetime, account: int, writer: int) -> None:
    epoch = int(moment.replace(tzinfo=UTC).timestamp())
    written = datetime.fromtimestamp(epoch, timezone(timedelta(minutes=writer))).isoformat()
    assert parse_moment(written).timestamp() == epoch
    read = stamp_of(epoch, account)
    assert parse_moment(read).timestamp() == epoch
    assert read.endswith("Z") == (account == 0)


@given(MOMENTS, MOMENTS, OFFSETS)
def test_stamps_of_one_account_sort_as_text(one: datetime, two: datetime, offset: int) -> None:
    first, second = (int(at.replace(tzinfo=UTC).timestamp()) for at in (one, two))
    assert (stamp_of(first, offset) < stamp_of(second, offset)) == (first < second)


@pytest.mark.parametrize(
    "text",
    [
        "2099-06-21T11:00:00Z", "2099-06-21T11:00:00.123Z", "2099-06-21T13:00:00+02:00",
        "2099-06-21 11:00:00 UTC", "2099-06-21T11:00:00", "Sun Jun 21 2099 11:00:00 GMT+0000",
        "Sun Jun 21 2099 13:00:00 GMT+0200 (Central European Summer Time)",
    ],
)  # fmt: skip
def test_moments_are_written_in_many_ways(text: str) -> None:
    assert parse_moment(text) == datetime(2099, 6, 21, 11, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-09-30", "2026-09-30T10:00:00Z"])
def test_a_date_may_come_as_a_moment(text: str) -> None:
    assert parse_date(text) == "2026-09-30"


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-02-30T10:00:00Z", "12345"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("table", "written", "name", "read"),
    [
        ("contacts", {"last_name": 7}, "last_name", "7"),
        ("contacts", {"last_name": "R", "phone_numbers": ["+1", {"value": "+2", "label": "x"}]},
         "phone_numbers", ["+1", "+2"]),
        ("contacts", {"last_name": "R", "phone_numbers": [{"value": "+1", "_destroy": True}]},
         "phone_numbers", []),
        ("contacts", {"last_name": "R", "work_email": " w@x.example "}, "work_email",
         "w@x.example"),
        ("contacts", {"last_name": "R", "tags": ["a", "a", "b"]}, "tags", ["a", "b"]),
        ("contacts", {"last_name": "R", "custom_field": {"cf_is_active": "true"}},
         "cf_is_active", True),
        ("contacts", {"last_name": "R", "custom_field": {"cf_is_active": 0}},
         "cf_is_active", False),
        ("contacts", {"last_name": "R", "custom_field": {"cf_seats": "2.5"}}, "cf_seats", 2.5),
        ("contacts", {"last_name": "R", "custom_field": {"cf_tier": ""}}, "cf_tier", None),
        ("contacts", {"last_name": "R", "custom_field": {"cf_customer_since": "2024-02-29"}},
         "cf_customer_since", "2024-02-29"),
        ("sales_accounts", {"name": "A", "annual_revenue": "1000"}, "annual_revenue", 1000),
        ("deals", {"name": "D", "amount": 0.5, "probability": "70"}, "probability", 70),
        ("deals", {"name": "D", "amount": "7"}, "amount", "7.0"),
        ("deals", {"name": "D", "amount": 1, "closed_date": None}, "closed_date", None),
    ],
)  # fmt: skip
async def test_what_is_taken(
    suite: RunningSimulator, table: str, written: dict[str, Any], name: str, read: Any
) -> None:
    record = await suite.made(table, **written)
    value = record["custom_field"][name] if name.startswith("cf_") else record[name]
    if name == "phone_numbers":
        value = [one["value"] for one in value]
    assert value == read


@pytest.mark.parametrize(
    ("table", "fields", "message"),
    [
        ("contacts", {"email": 5}, "The type for email is invalid."),
        ("contacts", {"emails": [5]}, "The type for emails is invalid."),
        ("contacts", {"emails": [{"value": None}]}, "Email is invalid"),
        ("contacts", {"phone_numbers": "+1"}, "The type for phone_numbers is invalid."),
        ("contacts", {"phone_numbers": [5]}, "The type for phone_numbers is invalid."),
        ("contacts", {"lists": "all"}, "The type for lists is invalid."),
        ("contacts", {"last_name": True}, "The type for last_name is invalid."),
        ("contacts", {"custom_field": {"cf_tier": 5}}, "The type for cf_tier is invalid."),
        ("contacts", {"custom_field": {"cf_customer_since": 5}},
         "The type for cf_customer_since is invalid."),
        ("deals", {"amount": "1", "probability": 0.5}, "Probability is not a number"),
        ("deals", {"amount": True}, "The type for amount is invalid."),
        ("deals", {"expected_close": 5}, "The type for expected_close is invalid."),
        ("deals", {"contacts_added_list": 5}, "The type for contacts_added_list is invalid."),
        ("deals", {"contacts_added_list": [5]}, "Contacts added list is invalid"),
        ("deals", {"products": 5}, "The type for products is invalid."),
        ("deals", {"owner_id": True}, "The type for owner_id is invalid."),
        ("tasks", {"task_users_attributes": [{"user_id": 5}]}, "User is invalid"),
    ],
)  # fmt: skip
async def test_what_is_refused(
    suite: RunningSimulator, table: str, fields: dict[str, Any], message: str
) -> None:
    answer = await suite.post(f"/{table}", {table.removesuffix("s"): fields})
    assert answer.status == 400
    assert message in answer.messages


async def test_ids_may_be_written_as_digits(suite: RunningSimulator) -> None:
    owner = await suite.selector("owners")
    deal = await suite.made("deals", name="D", amount=1, owner_id=str(owner))
    body = (await suite.get(f"/deals/{deal['id']}", include="owner")).body
    assert body["deal"]["owner_id"] == owner


async def test_the_list_of_a_deals_contacts_is_taken_from(suite: RunningSimulator) -> None:
    contact = await suite.contact()
    deal = await suite.made("deals", name="D", amount=1, contacts_added_list=[contact["id"]])
    wrong = {"deal": {"contacts_removed_list": "all"}}
    assert (await suite.put(f"/deals/{deal['id']}", wrong)).status == 400
    rows = (await suite.get(f"/contacts/{contact['id']}/deals")).body
    assert [one["id"] for one in rows["deals"]] == [deal["id"]]
    line = {"deal": {"products": [{"id": 5, "_destroy": True}]}}
    assert (await suite.put(f"/deals/{deal['id']}", line)).messages == ["Product is invalid"]


async def test_a_form_that_cannot_be_read(suite: RunningSimulator) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    path = "/crm/sales/api/documents"
    answer = await suite.send("POST", path, data=b"--x\r\nbroken", headers=headers)
    assert answer.status == 400
    assert (await suite.send("POST", path)).status == 400


async def test_of_two_ways_to_say_one_thing_the_fuller_one_counts(suite: RunningSimulator) -> None:
    first = (await suite.made("sales_accounts", name="A"))["id"]
    second = (await suite.made("sales_accounts", name="B"))["id"]
    body = {"contact": {
        "email": "one@x.example", "emails": ["two@x.example"],
        "sales_account_id": first, "sales_accounts": [{"id": second}],
    }}  # fmt: skip
    made = (await suite.post("/contacts", body, include="sales_accounts")).body["contact"]
    assert (made["email"], len(made["emails"])) == ("two@x.example", 1)
    assert [one["id"] for one in made["sales_accounts"]] == [second]
    body = {"unique_identifier": {"emails": "new@x.example"}, "contact": {"email": "b@x.example"}}
    made = (await suite.post("/contacts/upsert", body)).body["contact"]
    assert [one["value"] for one in made["emails"]] == ["b@x.example"]


async def test_a_mandatory_custom_field_beside_others(suite: RunningSimulator) -> None:
    await suite.control("/fields", {"resource": "contacts", "label": "Plan", "required": True})
    body = {"contact": {"last_name": "R", "custom_field": {"cf_tier": "Gold"}}}
    assert (await suite.post("/contacts", body)).messages == ["Plan can't be blank"]
    body["contact"]["custom_field"] = {"cf_plan": "Pro"}
    assert (await suite.post("/contacts", body)).status == 200
