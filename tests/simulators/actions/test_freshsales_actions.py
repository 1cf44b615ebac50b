"""Every Freshsales action against the simulator: what it answers is what the account then holds."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.errors import Conflict, Forbidden, NotFound
from tests.simulators.actions.freshsales_crm import Crm, classic, crm

__all__ = ["classic", "crm"]

EMAIL = "ana@ruizlabs.example"
ANA = {"first_name": "Ana", "last_name": "Ruiz", "emails": EMAIL}


def test_a_contact_s_life(crm: Crm) -> None:
    made = crm.run("create_contact", {**ANA, "custom_field": {"cf_tier": "Gold", "cf_none": 1}})
    contact_id = made.data["contact_id"]
    changed = crm.run("update_contact", {"contact_id": contact_id, "job_title": "CTO"})
    read = crm.run("get_contact", {"contact_id": contact_id, "include": ["owner"]})
    found = crm.run("search_contacts", {"field": "email", "value": EMAIL.upper()})
    texts = crm.run("search_contacts", {"query": "ruiz"})
    rules = [{"attribute": "contact_email.email", "operator": "is_in", "value": EMAIL}]
    filtered = crm.run("search_contacts", {"filters": rules})
    viewed = crm.run("search_contacts", {"view": "all contacts", "sort": "updated_at"})
    crm.run("delete_contact", {"contact_id": contact_id})
    gone = crm.run("search_contacts", {"field": "email", "value": EMAIL})

    assert made.data["ignored_fields"] == ["cf_none"]
    assert made.data["contact_url"] == f"{crm.url}/crm/sales/contacts/{contact_id}"
    assert changed.data["contact"]["job_title"] == "CTO"
    assert read.data["contact"]["custom_field"]["cf_tier"] == "Gold"
    assert "users" in read.data["included"]
    for listed in (found, texts, filtered, viewed):
        assert [row["id"] for row in listed.data["contacts"]] == [contact_id]
    assert viewed.data["total"] == 1
    assert gone.data["contacts"] == []


def test_a_contact_is_upserted_and_forgotten(crm: Crm) -> None:
    asked = {"unique_identifier": {"emails": EMAIL}, "last_name": "Ruiz"}

    made = crm.run("upsert_contact", asked, now=crm.account.clock.now())
    crm.account.clock.advance(5)
    again = crm.run("upsert_contact", {**asked, "city": "Lima"}, now=crm.account.clock.now())
    crm.run("delete_contact", {"contact_id": made.data["contact_id"], "permanently": True})

    assert (made.data["created"], again.data["created"]) == (True, False)
    assert made.data["contact_id"] == again.data["contact_id"]
    assert again.data["contact"]["city"] == "Lima"
    assert not crm.account.table("contacts")
    with pytest.raises(NotFound, match="Contact not found"):
        crm.run("get_contact", {"contact_id": made.data["contact_id"]})


@pytest.mark.parametrize("language", ["en", "nl", "es"])
def test_a_duplicate_is_known_in_every_language(crm: Crm, language: str) -> None:
    crm.settle(language=language)
    first = crm.run("create_contact", ANA).data["contact_id"]

    with pytest.raises(Conflict) as raised:
        crm.run("create_contact", ANA)
    returned = crm.run("create_contact", {**ANA, "on_duplicate": "return"})
    updated = crm.run("create_contact", {**ANA, "city": "Lima", "on_duplicate": "update"})
    account = crm.run("create_account", {"name": "Ruiz Labs"}).data["account_id"]
    with pytest.raises(Conflict) as named:
        crm.run("create_account", {"name": "RUIZ labs"})

    assert raised.value.existing_id == returned.data["contact_id"] == first
    assert (updated.data["updated"], updated.data["contact"]["city"]) == (True, "Lima")
    assert named.value.existing_id == account
    assert len(crm.records("contacts")) == 1


def test_an_account_s_life(crm: Crm) -> None:
    made = crm.run("create_account", {"name": "Ruiz Labs", "number_of_employees": 11})
    account_id = made.data["account_id"]
    crm.run("update_account", {"account_id": account_id, "city": "Lima"})
    upserted = crm.run(
        "upsert_account", {"unique_identifier": {"name": "Ruiz Labs"}, "phone": "+511"}
    )
    read = crm.run("get_account", {"account_id": account_id})
    found = crm.run("search_accounts", {"field": "name", "value": "Ruiz Labs"})
    crm.run("delete_account", {"account_id": account_id})

    assert upserted.data["account_id"] == account_id
    assert (read.data["account"]["city"], read.data["account"]["phone"]) == ("Lima", "+511")
    assert [row["id"] for row in found.data["accounts"]] == [account_id]
    assert crm.records("sales_accounts") == []


def test_a_deal_s_life(crm: Crm) -> None:
    contact_id = crm.run("create_contact", ANA).data["contact_id"]
    made = crm.run(
        "create_deal",
        {"name": "Seats", "amount": 5600, "expected_close": "2026-09-30",
         "sales_account": {"name": "Ruiz Labs"}, "contacts_added_list": [contact_id]},
    )  # fmt: skip
    deal_id = made.data["deal_id"]
    crm.run("update_deal", {"deal_id": deal_id, "probability": 80})
    upserted = crm.run("upsert_deal", {"unique_identifier": {"id": deal_id}, "amount": "6100.5"})
    read = crm.run("get_deal", {"deal_id": deal_id, "include": ["contacts"]})
    found = crm.run("search_deals", {"view": "Open Deals"})
    crm.run("delete_deal", {"deal_id": deal_id})

    assert upserted.data["deal"]["amount"] == "6100.5"
    assert "fc_widget_collaboration" not in read.data["deal"]
    assert [one["id"] for one in read.data["included"]["contacts"]] == [contact_id]
    assert [row["id"] for row in found.data["deals"]] == [deal_id]
    assert crm.records("deals") == []


def test_a_lead_s_life(classic: Crm) -> None:
    made = classic.run("create_lead", {"last_name": "Berg", "email": "leo@berg.example",
                                       "company": {"name": "Berg AS"}})  # fmt: skip
    lead_id = made.data["lead_id"]
    classic.run("update_lead", {"lead_id": lead_id, "city": "Oslo"})
    upserted = classic.run(
        "upsert_lead", {"unique_identifier": {"emails": "leo@berg.example"}, "job_title": "Buyer"}
    )
    read = classic.run("get_lead", {"lead_id": lead_id})
    found = classic.run("search_leads", {"field": "email", "value": "leo@berg.example"})
    classic.run("delete_lead", {"lead_id": lead_id})

    assert made.data["lead_url"] == f"{classic.url}/leads/{lead_id}"
    assert upserted.data["lead_id"] == lead_id
    assert (read.data["lead"]["city"], read.data["lead"]["job_title"]) == ("Oslo", "Buyer")
    assert [row["id"] for row in found.data["leads"]] == [lead_id]
    assert classic.records("leads") == []


def test_a_lead_becomes_a_contact(classic: Crm) -> None:
    berg = {"last_name": "Berg", "email": "leo@berg.example", "company": {"name": "Berg AS"}}
    lead_id = classic.run("create_lead", berg).data["lead_id"]
    asked = {"lead_id": lead_id, "deal": {"name": "Seats", "amount": 500}}

    made = classic.run("convert_lead", asked)

    contact_id = made.data["contact_id"]
    contact = classic.run("get_contact", {"contact_id": contact_id})
    account = classic.run("get_account", {"account_id": made.data["account_id"]})
    deal = classic.run("get_deal", {"deal_id": made.data["deal_id"]})
    assert contact.data["contact"]["last_name"] == "Berg"
    assert account.data["account"]["name"] == "Berg AS"
    assert deal.data["deal"]["name"] == "Seats"
    assert made.data["deal_url"] == f"{classic.url}/deals/{made.data['deal_id']}"
    assert classic.records("leads") == []


def test_the_suite_refuses_leads(crm: Crm) -> None:
    with pytest.raises(Forbidden):
        crm.run("create_lead", {"last_name": "Berg"})


def test_a_task_s_life(crm: Crm) -> None:
    contact_id = crm.run("create_contact", ANA).data["contact_id"]
    about = {"targetable_type": "Contact", "targetable_id": contact_id}
    made = crm.run("create_task", {"title": "Call", "due_date": "2020-03-06T09:00:00Z", **about})
    task_id = made.data["task_id"]
    overdue = crm.run("search_tasks", {"status": "overdue"})
    crm.run("update_task", {"task_id": task_id, "status": 1})
    read = crm.run("get_task", {"task_id": task_id})
    listed = crm.run("search_tasks", about)
    crm.run("delete_task", {"task_id": task_id})

    assert read.data["task"]["status"] == 1
    for found in (overdue, listed):
        assert [row["id"] for row in found.data["tasks"]] == [task_id]
    assert crm.records("tasks") == []


def test_an_appointment_s_life(crm: Crm) -> None:
    times = {"from_date": "2020-03-06T09:00:00Z", "end_date": "2020-03-06T09:30:00Z"}
    made = crm.run("create_appointment", {"title": "Demo", **times})
    appointment_id = made.data["appointment_id"]
    crm.run("update_appointment", {"appointment_id": appointment_id, "location": "Room 12"})
    read = crm.run("get_appointment", {"appointment_id": appointment_id})
    past = crm.run("search_appointments", {"when": "past"})
    coming = crm.run("search_appointments", {"when": "upcoming"})
    crm.run("delete_appointment", {"appointment_id": appointment_id})

    assert read.data["appointment"]["location"] == "Room 12"
    assert [row["id"] for row in past.data["appointments"]] == [appointment_id]
    assert coming.data["appointments"] == []
    assert crm.records("appointments") == []


def test_a_note_s_life(crm: Crm) -> None:
    contact_id = crm.run("create_contact", ANA).data["contact_id"]
    about = {"targetable_type": "Contact", "targetable_id": contact_id}
    made = crm.run("create_note", {"description": "Asked for a quote", **about})
    note_id = made.data["note_id"]
    crm.run("update_note", {"note_id": note_id, "description": "Got it"})
    read = crm.run("get_note", {"note_id": note_id, **about})
    listed = crm.run("search_notes", about)
    crm.run("delete_note", {"note_id": note_id})

    assert read.data["note"]["description"] == "Got it"
    assert [row["id"] for row in listed.data["notes"]] == [note_id]
    with pytest.raises(NotFound, match="no such note"):
        crm.run("get_note", {"note_id": note_id, **about})


def test_a_sales_activity_s_life(crm: Crm) -> None:
    contact_id = crm.run("create_contact", ANA).data["contact_id"]
    asked: dict[str, Any] = {
        "title": "Phone call", "start_date": "2026-03-03T12:00:00Z",
        "end_date": "2026-03-03T12:10:00Z", "targetable_type": "Contact",
        "targetable_id": contact_id, "sales_activity_type_id": crm.first("sales_activity_types"),
    }  # fmt: skip
    made = crm.run("create_sales_activity", asked)
    activity_id = made.data["sales_activity_id"]
    crm.run("update_sales_activity", {"sales_activity_id": activity_id, "notes": "40 seats"})
    read = crm.run("get_sales_activity", {"sales_activity_id": activity_id})
    listed = crm.run("search_sales_activities")
    crm.run("delete_sales_activity", {"sales_activity_id": activity_id})

    assert read.data["sales_activity"]["notes"] == "40 seats"
    assert [row["id"] for row in listed.data["sales_activities"]] == [activity_id]
    assert crm.records("sales_activities") == []


def test_what_is_about_a_record_is_upserted_by_its_title(crm: Crm) -> None:
    contact_id = crm.run("create_contact", ANA).data["contact_id"]
    about = {"targetable_type": "Contact", "targetable_id": contact_id}
    times = {"from_date": "2026-03-06T09:00:00Z", "end_date": "2026-03-06T09:30:00Z"}
    call = {
        "title": "Call", "start_date": times["from_date"], "end_date": times["end_date"],
        "sales_activity_type_id": crm.first("sales_activity_types"),
    }  # fmt: skip
    upserts: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
        "upsert_task": ("tasks", {"title": "Call", "due_date": "2026-03-06"}, {"status": 1}),
        "upsert_appointment": ("appointments", {"title": "Demo", **times}, {"location": "Here"}),
        "upsert_note": ("notes", {"marker": "Ticket 7", "description": "Ticket 7: open"},
                        {"description": "Ticket 7: solved"}),
        "upsert_sales_activity": ("sales_activities", call, {"notes": "40 seats"}),
    }  # fmt: skip
    for name, (table, asked, change) in upserts.items():
        first = crm.run(name, {**asked, **about})
        second = crm.run(name, {**asked, **about, **change})
        (record,) = crm.records(table)

        assert (first.data["created"], second.data["created"]) == (True, False)
        assert change.items() <= record.items()
