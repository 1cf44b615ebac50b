"""Each template of a destination against a simulated account: what becomes of each record."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.bulk.progress import Phase, Progress
from tests.simulators.destinations.run_world import MAPPING, RunWorld, csv_of, people


def named(world: RunWorld, table: str, prefix: str) -> list[dict[str, Any]]:
    name = "last_name" if table in ("contacts", "leads") else "name"
    return [one for one in world.crm.records(table) if str(one[name]).startswith(prefix)]


def outcomes(progress: Progress) -> dict[str, int]:
    assert progress.phase is Phase.FINISHED
    return progress.outcomes


def test_create_resource_posts_each_record_in_its_wrapper(world: RunWorld) -> None:
    into = world.destination(resource_type="contacts", mapping=MAPPING)
    records = [*people(3, "fair"), {"E-mail": " FAIR1@fair.example", "Last": "Twin"}, {"Town": "x"}]

    progress = world.run(into, records)

    assert outcomes(progress) == {"created": 3, "invalid": 2}
    assert len(named(world, "contacts", "Fair")) == 3
    posts = [call for call in world.calls if call.startswith("POST")]
    assert posts == ["POST /crm/sales/api/contacts"] * 3
    rows = world.rows(progress)
    assert "the same key as row 1" in rows[3].message
    assert "give one of emails" in rows[4].message


@pytest.mark.parametrize(
    ("kind", "table", "record"),
    [
        ("accounts", "sales_accounts", {"name": "Ruiz Labs"}),
        ("deals", "deals", {"name": "Seats", "amount": 12}),
        ("tasks", "tasks", {"title": "Call", "due_date": "2026-03-06T09:00:00Z"}),
    ],
)
def test_create_resource_of_other_kinds(
    world: RunWorld, kind: str, table: str, record: dict[str, Any]
) -> None:
    into = world.destination(resource_type=kind)

    assert outcomes(world.run(into, [record])) == {"created": 1}
    name = next(iter(record))
    assert [one[name] for one in world.crm.account.table(table).values()].count(record[name]) == 1


def test_leads_are_made_where_there_are_leads(classic: RunWorld) -> None:
    into = classic.destination(resource_type="leads", mapping=MAPPING)

    assert outcomes(classic.run(into, people(2, "lead"))) == {"created": 2}
    assert len(named(classic, "leads", "Lead")) == 2


@pytest.mark.parametrize(("kind", "instead"), [("leads", "contacts"), ("users", "lookup `owner`")])
def test_a_kind_that_the_account_does_not_offer_is_told_in_its_words(
    world: RunWorld, kind: str, instead: str
) -> None:
    into = world.destination(resource_type=kind)

    outcome = world.one(into, {"last_name": "Ruiz", "email": "a@fair.example"}, show=True)

    assert outcome.data["outcome"] == "rejected"
    assert outcome.data["provider_message"]
    assert instead in outcome.data["advice"]


def test_a_run_of_a_kind_that_is_not_offered_asks_once(world: RunWorld) -> None:
    into = world.destination(resource_type="users")
    progress = world.run(into, [{"email": f"u{n}@fair.example"} for n in range(30)])

    assert progress.rejected == 1
    assert progress.cancelled == 29
    assert sum(call.startswith("POST") for call in world.calls) == 1


def test_upsert_creates_updates_and_leaves(world: RunWorld) -> None:
    into = world.destination(template="upsert", resource_type="contacts", mapping=MAPPING)
    assert outcomes(world.run(into, people(3, "ups"))) == {"created": 3}
    changed = people(4, "ups")
    changed[0]["Town"] = "Oslo"
    before = len(world.calls)

    progress = world.run(into, changed)

    assert outcomes(progress) == {"created": 1, "updated": 1, "unchanged": 2}
    assert named(world, "contacts", "Ups")[0]["city"] == "Oslo"
    writes = [call for call in world.calls[before:] if not call.startswith("GET")]
    assert len(writes) == 2


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("create_only", {"created": 1, "unchanged": 1}),
        ("update_only", {"updated": 1, "rejected": 1}),
    ],
)
@pytest.mark.parametrize("template", ["upsert", "bulk_upsert"])
def test_create_only_and_update_only(
    world: RunWorld, template: str, mode: str, expected: dict[str, int]
) -> None:
    into = world.destination(template="upsert", resource_type="contacts", mapping=MAPPING)
    world.run(into, people(1, "mode"))
    records = people(2, "mode")
    records[0]["Town"] = "Oslo"
    only = world.destination(
        template=template, resource_type="contacts", mapping=MAPPING, mode=mode
    )

    assert outcomes(world.run(only, records)) == expected


def test_bulk_upsert_sends_hundreds_in_few_calls(world: RunWorld) -> None:
    into = world.destination(template="bulk_upsert", resource_type="contacts", mapping=MAPPING)
    progress = world.run(into, csv_of(people(210, "bulk")))

    assert outcomes(progress) == {"created": 210}
    assert len(named(world, "contacts", "Bulk")) == 210
    bulk = [call for call in world.calls if call.endswith("/bulk_upsert")]
    assert len(bulk) == 3
    assert len(world.calls) < 20

    changed = people(210, "bulk")
    for record in changed[:7]:
        record["Town"] = "Oslo"
    again = world.run(into, csv_of(changed))
    assert outcomes(again) == {"updated": 7, "unchanged": 203}


def test_rows_that_fail_inside_a_successful_job_are_told_in_the_providers_words(
    world: RunWorld,
) -> None:
    contacts = world.crm.client.contacts
    contacts.create({"last_name": "Held", "emails": "held@fair.example", "mobile_number": "+511"})
    mapping = {**MAPPING, "mobile_number": "Mobile"}
    into = world.destination(template="bulk_upsert", resource_type="contacts", mapping=mapping)
    records = people(20, "part")
    records[4]["Mobile"] = "+511"

    progress = world.run(into, records)

    assert outcomes(progress) == {"created": 19, "rejected": 1}
    (failed,) = [row for row in world.rows(progress) if row.outcome == "rejected"]
    assert failed.number == 5
    assert "unique" in failed.message.lower()


def test_bulk_upsert_goes_singly_where_there_is_none(classic: RunWorld) -> None:
    into = classic.destination(template="bulk_upsert", resource_type="contacts", mapping=MAPPING)

    assert outcomes(classic.run(into, people(8, "old"))) == {"created": 8}
    assert len(named(classic, "contacts", "Old")) == 8


def test_a_match_key_that_a_bulk_upsert_does_not_know_is_searched_for(world: RunWorld) -> None:
    world.crm.client.contacts.create(
        {"last_name": "Ext", "emails": "old@fair.example", "external_id": "x1"}
    )
    into = world.destination(
        template="bulk_upsert", resource_type="contacts", match_key="external_id"
    )
    records = [
        {"external_id": f"x{n}", "emails": f"ext{n}@fair.example", "last_name": "Ext"}
        for n in range(1, 11)
    ]

    assert outcomes(world.run(into, records)) == {"created": 9, "updated": 1}
    assert len(named(world, "contacts", "Ext")) == 10


def test_update_and_delete_by_a_match_key(world: RunWorld) -> None:
    for n in (1, 2):
        world.crm.client.sales_accounts.create({"name": f"Firm {n}", "city": "Lima"})
    update = world.destination(template="update", resource_type="accounts", match_key="name")
    records = [{"name": "Firm 1", "city": "Oslo"}, {"name": "Firm 2", "city": "Lima"}]

    progress = world.run(update, [*records, {"name": "Firm 3", "city": "Rome"}])

    assert outcomes(progress) == {"updated": 1, "unchanged": 1, "rejected": 1}
    delete = world.destination(template="delete", resource_type="accounts", match_key="name")
    gone = world.run(delete, [{"name": "Firm 1"}, {"name": "Firm 3"}])
    assert outcomes(gone) == {"deleted": 1, "unchanged": 1}
    assert [one["name"] for one in named(world, "sales_accounts", "Firm")] == ["Firm 2"]


def test_names_are_looked_up(world: RunWorld) -> None:
    owner = next(iter(world.crm.account.table("users").values()))
    stage = next(iter(world.crm.account.table("deal_stages").values()))
    firm = world.crm.client.sales_accounts.create({"name": "Ruiz Labs"})
    into = world.destination(
        resource_type="deals",
        mapping={
            "name": "Title",
            "amount": {"from": "Value", "transforms": ["number"]},
            "owner_id": {"from": "Owner", "lookup": "owner"},
            "deal_stage_id": {"from": "Stage", "lookup": "deal_stage"},
            "sales_account_id": {"from": "Firm", "lookup": "account"},
        },
    )
    record = {"Title": "Seats", "Value": "1,200.50", "Owner": owner["email"].upper(),
              "Stage": stage["name"].lower(), "Firm": "ruiz labs"}  # fmt: skip

    progress = world.run(into, [record, {**record, "Owner": "nobody@x.example"},
                                {**record, "Firm": "Nowhere"}])  # fmt: skip

    assert outcomes(progress) == {"created": 1, "invalid": 2}
    (deal,) = named(world, "deals", "Seats")
    assert (deal["owner_id"], deal["deal_stage_id"]) == (owner["id"], stage["id"])
    assert deal["sales_account_id"] == firm["id"]
    rows = world.rows(progress)
    assert "no owner of this name" in rows[1].message
    assert "no account with this name" in rows[2].message


def test_a_manual_destination_sends_what_it_says(world: RunWorld) -> None:
    contact = world.crm.client.contacts.create({"last_name": "Hand", "emails": "h@fair.example"})
    into = world.destination(
        template="manual",
        method="PUT",
        url="https://{domain}/api/contacts/{id}",
        exclude=["id"],
        body={"contact": {"city": "{town}", "job_title": "Dr {title}"}},
    )

    progress = world.run(into, [{"id": contact["id"], "town": "Lima", "title": "No"}])

    assert outcomes(progress) == {"delivered": 1}
    assert world.crm.client.contacts.get(contact["id"]).record["job_title"] == "Dr No"


def test_a_manual_destination_can_send_several_records_at_once(world: RunWorld) -> None:
    into = world.destination(
        template="manual",
        url="https://{domain}/api/contacts/bulk_upsert",
        body={"emails": "{mail}", "data": {"last_name": "{name}"}},
        batch={"mode": True, "size": 4, "wrapper": "contacts"},
        repeat=True,
    )
    records = [{"mail": f"m{n}@fair.example", "name": f"Man {n}"} for n in range(10)]

    assert outcomes(world.run(into, records)) == {"delivered": 10}
    assert sum(call.startswith("POST") for call in world.calls) == 3
    world.wait(60)
    assert len(named(world, "contacts", "Man")) == 10


@pytest.mark.parametrize("template", ["create_resource", "upsert", "bulk_upsert"])
def test_a_dry_run_tells_what_would_be_and_sends_nothing(world: RunWorld, template: str) -> None:
    fill = world.destination(template="upsert", resource_type="contacts", mapping=MAPPING)
    world.run(fill, people(3, "dry"))
    into = world.destination(
        template=template, resource_type="contacts", mapping=MAPPING, on_duplicate="update"
    )
    records = people(130, "dry")
    records[0]["Town"] = "Oslo"
    records[129]["E-mail"] = ""
    records[129]["Last"] = ""
    before = len(world.calls)

    progress = world.run(into, records, dry_run=True)

    assert outcomes(progress) == {"created": 126, "updated": 1, "unchanged": 2, "invalid": 1}
    assert len(named(world, "contacts", "Dry")) == 3
    asked = world.calls[before:]
    assert all("filtered_search" in call or call.startswith("GET") for call in asked)
    assert len(asked) < 6
