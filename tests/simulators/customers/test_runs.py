"""Runs of a link against both simulators: first load, changes, conflicts, deletions, rehearsals."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.customers.link import Kind, Side
from freshbridge.customers.run_state import DONE
from freshbridge.customers.table import KnownTable
from tests.simulators.customers.world import TABLE, World, world

LATER_S = 600


def first(table: dict[int, dict[str, Any]], number: int = 0) -> int:
    return sorted(table)[number]


def loaded(both: World, contacts: int = 6, companies: int = 2) -> None:
    """Customers of Freshdesk's, in both."""
    both.seed({"contacts": contacts, "companies": companies})
    assert both.run().state == DONE
    assert both.differences() == []
    both.pass_time(LATER_S)


def written_to(simulator: Any) -> int:
    """How many writes an account has seen."""
    endpoints = simulator.state.stats.body()["endpoints"]
    return sum(one["requests"] for name, one in endpoints.items() if not name.startswith("GET "))


def partner(both: World, contact_id: int) -> int:
    """The contact of Freshsales' with the same address."""
    address = both.contacts[contact_id]["email"]
    return next(key for key, one in both.people.items() if one["email"] == address)


def test_the_first_run_brings_everybody_to_both_sides(both: World) -> None:
    both.seed({"contacts": 130, "companies": 8}, {"contacts": 110, "sales_accounts": 5})

    state = both.run()

    assert both.differences() == []
    assert state.counts["created_freshsales"] == 138
    assert state.counts["created_freshdesk"] == 115
    assert len(both.contacts) == len(both.people) == 240
    # A hundred customers a call.
    stats = both.sales_simulator.state.stats.body()["endpoints"]
    assert stats["POST /contacts/bulk_upsert"]["requests"] == 2


def test_the_second_run_writes_nothing(both: World) -> None:
    both.seed({"contacts": 30, "companies": 3}, {"contacts": 20, "sales_accounts": 2})
    both.run()
    written = both.writes()

    both.run()
    both.pass_time(LATER_S)
    both.run()

    assert both.writes() == written


def test_customers_that_both_have_are_linked_and_made_equal(both: World) -> None:
    # Given one person in both, with a number here and a title there
    both.desk.create_contact({"name": "Mira Holt", "email": "mira@client.example", "phone": "+441"})
    both.sales.contacts.create(
        {"first_name": "Mira", "last_name": "Holt", "emails": "Mira@client.example",
         "job_title": "CFO"}
    )  # fmt: skip

    state = both.run()

    assert both.differences() == []
    assert state.counts["matched"] == 1
    assert "created_freshsales" not in state.counts
    (contact,), (person,) = both.contacts.values(), both.people.values()
    assert (contact["job_title"], person["work_number"]) == ("CFO", "+441")


def test_changes_of_either_side_travel_field_by_field(both: World) -> None:
    loaded(both)
    one, two = first(both.contacts), first(both.contacts, 1)
    both.desk.update_contact(one, {"job_title": "CTO"})
    both.sales.contacts.update(partner(both, one), {"address": "Via Uno 1"})
    both.sales.contacts.update(partner(both, two), {"first_name": "Ann", "last_name": "Lee"})
    written = both.writes()

    both.run()

    assert both.differences() == []
    assert both.people[partner(both, one)]["job_title"] == "CTO"
    assert both.contacts[one]["address"] == "Via Uno 1"
    assert both.contacts[two]["name"] == "Ann Lee"
    # One write here for each of two customers, and one there.
    assert both.writes() - written == 3


def test_a_changed_address_stays_with_its_customer(both: World) -> None:
    loaded(both)
    one = first(both.contacts)
    there = partner(both, one)
    both.desk.update_contact(one, {"email": "renamed@client.example"})

    both.run()

    assert both.people[there]["email"] == "renamed@client.example"
    assert both.differences() == []


@pytest.mark.parametrize(
    ("policy", "own", "stays"),
    [
        ("newest", None, "sales"),
        ("freshdesk_wins", None, "desk"),
        ("freshsales_wins", None, "sales"),
        ("freshsales_wins", "freshdesk_wins", "desk"),
    ],
)
def test_a_field_that_both_changed_goes_by_the_policy(
    both: World, policy: str, own: str | None, stays: str
) -> None:
    fields = [
        {"freshdesk": "name", "freshsales": "name"},
        {"freshdesk": "email", "freshsales": "email"},
        {"freshdesk": "job_title", "freshsales": "job_title", "conflict": own},
    ]
    both.configure(conflict=policy, objects={"contacts": {"fields": fields}})
    both.seed({"contacts": 3})
    both.run()
    both.pass_time(LATER_S)
    one = first(both.contacts)
    both.desk.update_contact(one, {"job_title": "desk"})
    both.pass_time(30)
    both.sales.contacts.update(partner(both, one), {"job_title": "sales"})

    state = both.run()

    assert both.contacts[one]["job_title"] == both.people[partner(both, one)]["job_title"] == stays
    assert state.counts["conflicting"] == 1
    (line,) = both.report(state.run_id, "conflicting")
    assert (line["fields"], line["id"]) == (["job_title"], str(one))


def test_the_companies_of_contacts_are_the_same(both: World) -> None:
    loaded(both, contacts=4, companies=3)
    one = first(both.contacts)
    other = next(c for c in both.companies if c != both.contacts[one]["company_id"])
    both.desk.update_contact(one, {"company_id": other})

    both.run()

    assert both.differences() == []
    (link,) = both.people[partner(both, one)]["sales_accounts"]
    assert both.accounts[link["id"]]["name"] == both.companies[other]["name"]


def test_choices_are_translated_and_nothing_gets_a_default(both: World) -> None:
    fields = [
        {"freshdesk": "name", "freshsales": "name"},
        {"freshdesk": "email", "freshsales": "email"},
        {
            "freshdesk": "job_title", "freshsales": "job_title",
            "values": {"boss": "CEO"}, "default_freshsales": "Unknown",
        },
    ]  # fmt: skip
    both.configure(objects={"contacts": {"fields": fields}})
    both.desk.create_contact({"name": "A B", "email": "a@client.example", "job_title": "boss"})
    both.desk.create_contact({"name": "C D", "email": "c@client.example"})

    both.run()
    both.run()

    titles = {one["email"]: one["job_title"] for one in both.people.values()}
    assert titles == {"a@client.example": "CEO", "c@client.example": "Unknown"}
    held = {one["email"]: one["job_title"] for one in both.contacts.values()}
    assert held == {"a@client.example": "boss", "c@client.example": None}


@pytest.mark.parametrize("direction", ["to_freshsales", "to_freshdesk"])
def test_a_link_of_one_direction_writes_to_one_side(both: World, direction: str) -> None:
    both.configure(direction=direction, objects={"contacts": {}})
    both.seed({"contacts": 5}, {"contacts": 4})
    reader = both.desk_simulator if direction == "to_freshsales" else both.sales_simulator

    both.run()
    both.pass_time(LATER_S)
    for contact_id in list(both.contacts)[:2]:
        both.desk.update_contact(contact_id, {"job_title": "from desk"})
    own = written_to(reader)
    both.run()
    assert written_to(reader) == own

    expected = (5, 9) if direction == "to_freshsales" else (9, 4)
    assert (len(both.contacts), len(both.people)) == expected
    titles = [one["job_title"] for one in both.people.values()].count("from desk")
    assert titles == (2 if direction == "to_freshsales" else 0)


def test_nobody_is_created_where_the_link_forbids_it(both: World) -> None:
    both.configure(create=["freshsales"], objects={"contacts": {}})
    both.seed({"contacts": 2}, {"contacts": 3})

    both.run()

    assert (len(both.contacts), len(both.people)) == (2, 5)


@pytest.mark.parametrize("side", ["freshdesk", "freshsales"])
@pytest.mark.parametrize("policy", ["ignore", "unlink", "delete"])
def test_a_deletion_goes_by_the_policy(both: World, side: str, policy: str) -> None:
    both.configure(deletions=policy)
    loaded(both)
    one = first(both.contacts)
    there = partner(both, one)
    if side == "freshdesk":
        both.desk.delete_contact(one)
    else:
        both.sales.contacts.delete(there)

    both.run()
    both.pass_time(LATER_S)
    # What is left is changed, and still does not bring the other one back.
    if side == "freshdesk" and there in both.people:
        both.sales.contacts.update(there, {"job_title": "Alone"})
    elif one in both.contacts:
        both.desk.update_contact(one, {"job_title": "Alone"})
    both.run()

    survivors = (one in both.contacts, there in both.people)
    alone = (False, True) if side == "freshdesk" else (True, False)
    assert survivors == ((False, False) if policy == "delete" else alone)
    assert len(both.contacts) + len(both.people) == (10 if policy == "delete" else 11)


def test_a_company_that_was_deleted_is_found_by_a_full_run(both: World) -> None:
    both.configure(deletions="delete")
    loaded(both)
    gone = first(both.companies)
    name = both.companies[gone]["name"]
    both.desk.delete_company(gone)

    both.run()
    assert name in {one["name"] for one in both.accounts.values()}
    both.run(full="true")

    assert name not in {one["name"] for one in both.accounts.values()}
    assert len(both.accounts) == 1


def test_a_full_run_of_equal_accounts_writes_nothing(both: World) -> None:
    both.configure(deletions="delete")
    loaded(both, contacts=120)
    written = both.writes()

    state = both.run(full="true")

    assert both.writes() == written
    assert state.counts["read_freshdesk"] == 122


def test_a_rehearsal_tells_what_would_happen_and_writes_nothing(both: World) -> None:
    both.seed({"contacts": 5, "companies": 1}, {"contacts": 3})
    both.desk.create_contact({"name": "Mira Holt", "email": "contact-0@people.example"})
    before = both.writes()

    rehearsed = both.run(dry_run="true")

    assert both.writes() == before
    known = KnownTable(TABLE, "lnk_1")
    assert known.page(Kind.CONTACTS, Side.FRESHDESK, limit=10)[0] == []
    done = both.run()
    names = ("created_freshsales", "created_freshdesk", "matched")
    assert {n: rehearsed.counts.get(n) for n in names} == {n: done.counts.get(n) for n in names}
    assert len(both.report(rehearsed.run_id, "created")) == sum(
        rehearsed.counts[name] for name in names[:2]
    )


def test_a_customer_that_is_refused_is_told_and_holds_up_no_other(both: World) -> None:
    # Given two people of Freshdesk's with one mobile number, which Freshsales wants unique
    for name in ("anna", "bert"):
        both.desk.create_contact(
            {"name": name, "email": f"{name}@client.example", "mobile": "+49170"}
        )
    both.desk.create_contact({"name": "cleo", "email": "cleo@client.example"})

    state = both.run()

    assert len(both.people) == 2
    (line,) = both.report(state.run_id, "failed")
    assert "not unique" in line["reason"]
    assert state.counts["failed"] == 1


def test_what_cannot_be_told_apart_is_not_created(both: World) -> None:
    both.desk.create_contact({"name": "Only Phone", "phone": "+4930"})
    both.sales.contacts.create({"last_name": "Nameonly"})

    state = both.run()

    assert (len(both.contacts), len(both.people)) == (1, 1)
    assert {line["code"] for line in both.report(state.run_id, "skipped")} == {"incomplete"}


def test_a_contact_without_address_is_known_by_its_external_id(both: World) -> None:
    both.configure(objects={"contacts": {"match": ["email", "external_id"]}})
    both.desk.create_contact({"name": "Ext Ernal", "unique_external_id": "crm-7"})

    both.run()
    both.run()

    (person,) = both.people.values()
    assert person["external_id"] == "crm-7"
    assert both.table_size() == 2


def test_the_classic_product_is_written_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with world(monkeypatch, persona="classic") as both:
        loaded(both)
        both.desk.update_contact(first(both.contacts), {"job_title": "CTO"})

        both.run()

        assert both.differences() == []


def test_an_event_settles_its_customer_alone(both: World) -> None:
    loaded(both)
    one = first(both.contacts)
    there = partner(both, one)
    both.sales.contacts.update(there, {"job_title": "CTO"})
    both.desk.update_contact(one, {"address": "Via Uno 1"})
    calls = both.calls()

    both.one("contacts", "freshsales", there)

    assert both.contacts[one]["job_title"] == "CTO"
    assert both.people[there]["address"] == "Via Uno 1"
    # Both are read, both are written.
    assert both.calls() - calls == 4
    written = both.writes()
    both.one("contacts", "freshdesk", one)
    both.one("contacts", "freshsales", there)
    both.run()
    assert both.writes() == written


def test_an_event_creates_and_deletes(both: World) -> None:
    both.configure(deletions="delete")
    loaded(both)
    made = both.desk.create_contact({"name": "New Body", "email": "new@client.example"})["id"]
    both.one("contacts", "freshdesk", made)
    there = partner(both, made)
    person = both.sales.contacts.create({"last_name": "Other", "emails": "other@client.example"})
    both.one("contacts", "freshsales", person["id"])
    assert both.differences() == []

    both.sales.contacts.delete(there)
    both.one("contacts", "freshsales", there)

    assert made not in both.contacts
    assert both.differences() == []


ABSENT = [
    {"freshdesk": "name", "freshsales": "name", "convert": "full_name"},
    {"freshdesk": "email", "freshsales": "email"},
    {"freshdesk": "job_title", "freshsales": "job_title"},
    {"freshdesk": "custom_fields.department", "freshsales": "custom_field.cf_absent"},
]


@pytest.mark.parametrize("number", [1, 5])
def test_a_field_that_freshsales_takes_without_a_word_is_a_failure(
    both: World, number: int
) -> None:
    # Given a field of Freshdesk's whose counterpart Freshsales lacks; and one by one, or in bulk
    both.configure(objects={"contacts": {"fields": ABSENT}})
    both.desk.create_contact({"name": "No Tier", "email": "none@client.example"})
    for one in range(number):
        both.desk.create_contact(
            {"name": f"P{one}", "email": f"p{one}@client.example",
             "custom_fields": {"department": "Sales"}}
        )  # fmt: skip

    state = both.run()

    assert state.counts["failed"] == number, both.report(state.run_id)
    failed = both.report(state.run_id, "failed")
    assert {(one["code"], *one["fields"]) for one in failed} == {
        ("ignored", "custom_fields.department")
    }
    # What Freshsales did not take is not taken from Freshdesk either.
    for _ in range(2):
        both.pass_time(LATER_S)
        both.run(full="true")
    held = [one["custom_fields"].get("department") for one in both.contacts.values()]
    assert held.count("Sales") == number


def test_what_changed_while_a_link_went_one_way_travels_when_it_goes_both(both: World) -> None:
    loaded(both)
    both.configure(direction="to_freshsales")
    contact_id = first(both.contacts)
    person_id = partner(both, contact_id)
    both.sales.contacts.update(person_id, {"job_title": "CTO"})
    both.pass_time(LATER_S)
    both.run()
    both.pass_time(LATER_S)

    # A full run tells of it as long as it may not travel
    state = both.run(full="true")
    assert both.contacts[contact_id]["job_title"] != "CTO"
    (line,) = both.report(state.run_id, "skipped")
    assert (line["id"], line["code"], line["fields"]) == (str(contact_id), "one_way", ["job_title"])

    both.configure(direction="both")
    both.pass_time(LATER_S)
    both.run(full="true")

    assert both.contacts[contact_id]["job_title"] == "CTO"
    assert both.differences() == []


def test_a_rehearsal_counts_what_the_run_then_does(both: World) -> None:
    # Given customers of both, some with a title here and all with a number there; and others
    for number in range(7):
        address = f"p{number}@client.example"
        both.desk.create_contact({"name": f"P{number}", "email": address, "phone": f"+49{number}"})
        titled = {"job_title": "X"} if number % 2 else {}
        both.sales.contacts.create({"last_name": f"P{number}", "emails": address, **titled})
    for number in range(3):
        both.desk.create_contact({"name": f"D{number}", "email": f"d{number}@client.example"})
        both.sales.contacts.create({"last_name": f"S{number}", "emails": f"s{number}@x.example"})

    rehearsed = both.run(dry_run="true").counts
    done = both.run().counts

    names = {"updated_freshdesk", "updated_freshsales", "created_freshdesk", "created_freshsales",
             "matched"}  # fmt: skip
    assert {n: rehearsed.get(n) for n in names} == {n: done.get(n) for n in names}
    assert (done["updated_freshdesk"], done["updated_freshsales"]) == (3, 7)


def test_a_customer_that_is_told_of_twice_in_a_run_is_counted_once(both: World) -> None:
    # Given people whom Freshdesk cannot take, read again once others were created
    for number in range(3):
        both.sales.contacts.create({"last_name": f"Nameonly {number}"})
    both.desk.create_contact({"name": "Mira Holt", "email": "mira@client.example"})

    state = both.run()

    assert state.counts["created_freshsales"] == 1
    assert state.counts["skipped"] == len(both.report(state.run_id, "skipped")) == 3


def test_an_update_of_many_does_not_hide_a_field_that_is_not_taken(both: World) -> None:
    # Given customers of both, and a field that only Freshdesk has
    both.configure(objects={"contacts": {"fields": ABSENT}})
    for number in range(5):
        both.desk.create_contact({"name": f"P{number}", "email": f"p{number}@client.example"})
    both.run()
    both.pass_time(LATER_S)

    # When all of them get a value of it
    for contact_id in both.contacts:
        both.desk.update_contact(contact_id, {"custom_fields": {"department": "Sales"}})
    both.pass_time(LATER_S)
    state = both.run()

    # Then each is told of, and none is emptied by what Freshsales holds
    assert state.counts["failed"] == len(both.report(state.run_id, "failed")) == 5
    assert "updated_freshsales" not in state.counts
    both.pass_time(LATER_S)
    both.run(full="true")
    assert {one["custom_fields"]["department"] for one in both.contacts.values()} == {"Sales"}


def test_custom_fields_that_are_taken_go_many_a_call(both: World) -> None:
    fields = [*ABSENT[:3], ABSENT[3] | {"freshsales": "custom_field.cf_tier"}]
    both.configure(objects={"contacts": {"fields": fields}})
    for number in range(9):
        both.desk.create_contact({"name": f"P{number}", "email": f"p{number}@client.example"})
    both.run()
    both.pass_time(LATER_S)
    for contact_id in both.contacts:
        both.desk.update_contact(contact_id, {"custom_fields": {"department": "Gold"}})
    both.pass_time(LATER_S)
    before = written_to(both.sales_simulator)

    state = both.run()

    assert state.counts["updated_freshsales"] == 9
    assert {one["custom_field"]["cf_tier"] for one in both.people.values()} == {"Gold"}
    # One to see that it is taken, and one call for the others.
    assert written_to(both.sales_simulator) - before == 2
