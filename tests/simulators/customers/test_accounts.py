"""Both sides' rooms against the simulators: what is found, what is gone, what a list leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge import timestamps
from freshbridge.customers.company_ids import CompanyIds
from freshbridge.customers.desk_account import DeskAccount
from freshbridge.customers.link import Kind, KindRules, Side
from freshbridge.customers.ports import Upsert
from freshbridge.customers.record import Known, Row
from freshbridge.customers.rehearsal import Rehearsal
from freshbridge.customers.sales_account import NoSuchView, SalesAccount
from freshbridge.customers.table import KnownTable
from tests.simulators.customers.world import TABLE, World


def desk_of(both: World) -> DeskAccount:
    return DeskAccount(both.desk, CompanyIds(KnownTable(TABLE, "lnk_1")), timestamps.now)


def sales_of(both: World) -> SalesAccount:
    return SalesAccount(both.sales, CompanyIds(KnownTable(TABLE, "lnk_1")), sleep=both.pass_time)


def rules(both: World, kind: Kind = Kind.CONTACTS) -> KindRules:
    found = both.link.rules(kind)
    assert found is not None
    return found


def row(**values: str) -> Row:
    keys = {key: text for key, text in values.items() if key in ("email", "name")}
    return Row(Side.FRESHSALES, "1", values, keys, "")


@pytest.mark.parametrize("name", ["email", "unique_external_id", "mobile", "phone"])
def test_a_contact_is_found_by_whatever_tells_it_apart(both: World, name: str) -> None:
    value = "mira@client.example" if name == "email" else "+4420555010"
    made = both.desk.create_contact({"name": "Mira", name: value})

    found = desk_of(both).find(rules(both), row(**{name: value}))

    assert found is not None
    assert found.id == str(made["id"])
    assert desk_of(both).find(rules(both), row(**{name: "nobody@client.example"})) is None


def test_a_company_is_found_by_its_whole_name(both: World) -> None:
    companies = rules(both, Kind.COMPANIES)
    both.desk.create_company({"name": "Client Ltd Two"})
    made = both.desk.create_company({"name": "Client Ltd"})
    account = both.sales.sales_accounts.create({"name": "Client Ltd"})

    found = desk_of(both).find(companies, row(name="client ltd"))
    there = sales_of(both).find(companies, row(name="Client Ltd"))

    assert found is not None
    assert there is not None
    assert (found.id, there.id) == (str(made["id"]), str(account["id"]))
    assert desk_of(both).find(companies, row(name="Client")) is None
    assert desk_of(both).find(companies, row()) is None
    domain = Row(Side.FRESHDESK, "1", {}, {"domain": "client.example"}, "")
    assert sales_of(both).find(companies, domain) is None


def test_what_is_gone_is_none_and_deleting_it_is_nothing(both: World) -> None:
    contact = both.desk.create_contact({"name": "Mira", "email": "m@client.example"})["id"]
    person = both.sales.contacts.create({"last_name": "Holt"})["id"]
    desk, sales = desk_of(both), sales_of(both)

    for account, record_id in ((desk, contact), (sales, person)):
        assert account.fetch(rules(both), str(record_id)) is not None
        for _ in range(2):
            account.delete(Kind.CONTACTS, str(record_id))
        assert account.fetch(rules(both), str(record_id)) is None
        assert account.fetch(rules(both), "999999") is None


def test_a_company_without_counterpart_is_left_out(both: World) -> None:
    company = both.desk.create_company({"name": "Client Ltd"})["id"]
    contact = both.desk.create_contact(
        {"name": "Mira", "email": "m@client.example", "company_id": company}
    )["id"]
    table = KnownTable(TABLE, "lnk_1")

    before = desk_of(both).fetch(rules(both), str(contact))
    table.save(Kind.COMPANIES, [Known(Side.FRESHDESK, str(company), other="77")])
    after = desk_of(both).fetch(rules(both), str(contact))

    assert before is not None
    assert after is not None
    assert "company_id" not in before.values
    assert after.values["company_id"] == str(company)


def test_a_view_that_somebody_renamed_is_said(both: World) -> None:
    account = both.sales_simulator.account
    view = next(one for one in account.table("views").values() if one["name"] == "All Contacts")
    view["name"] = "Everybody"

    with pytest.raises(NoSuchView, match="All Contacts"):
        sales_of(both).changed(rules(both), "", None, gone=False)


def test_a_list_that_lost_a_page_meanwhile_is_read_again(both: World) -> None:
    both.seed(sales={"contacts": 250})
    sales, seen = sales_of(both), set[str]()
    page = sales.changed(rules(both), "", None, gone=False)
    seen |= {one.id for one in page.rows}
    # The rows of the first page go, and those of the second move up.
    for one in list(page.rows)[:60]:
        both.sales.contacts.delete(int(one.id))

    while page.place is not None:
        page = sales.changed(rules(both), "", page.place, gone=False)
        seen |= {one.id for one in page.rows}

    assert {str(one) for one in both.people} <= seen


def test_a_longer_reading_of_changes_is_read_again_downwards(both: World) -> None:
    both.seed({"contacts": 150})
    desk, place, pages = desk_of(both), None, []
    while True:
        page = desk.changed(rules(both), "2001-01-01T00:00:00Z", place, gone=False)
        pages.append(len(page.rows))
        if page.place is None:
            break
        place = page.place

    assert pages == [100, 50, 100]
    assert page.mark < timestamps.to_text(timestamps.now())


def test_one_customer_is_created_or_written(both: World) -> None:
    sales = sales_of(both)
    every = {rule.name: rule for rule in rules(both).fields}
    fields: Any = [(every["name"], "Mira Holt"), (every["email"], "m@client.example")]

    made = sales.create(rules(both), fields)
    again = sales.upsert(rules(both), Upsert("1", made.id, ("id", made.id), fields))
    changed = sales.update(rules(both), made.id, [(every["job_title"], "CFO")])

    assert again.id == made.id == changed.id
    assert changed.values["job_title"] == "CFO"
    assert len(both.people) == 1


def test_a_rehearsal_reads_and_writes_nothing(both: World) -> None:
    contact = both.desk.create_contact({"name": "Mira", "email": "m@client.example"})["id"]
    rehearsed = Rehearsal(desk_of(both), Side.FRESHDESK)
    every = {rule.name: rule for rule in rules(both).fields}

    found = rehearsed.find(rules(both), row(email="m@client.example"))
    assert found is not None
    assert rehearsed.fetch(rules(both), str(contact)) is not None
    rehearsed.delete(Kind.CONTACTS, str(contact))
    changed = rehearsed.update(rules(both), str(contact), [(every["name"], "Other")])

    assert changed.values == {"name": "Other"}
    assert both.contacts[contact]["name"] == "Mira"
