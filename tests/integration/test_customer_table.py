"""What is known of customers, who works on a link, and what is kept until it is used."""

from __future__ import annotations

import pytest

from freshbridge.customers.link import Kind, Side
from freshbridge.customers.link_reading import read_link
from freshbridge.customers.link_store import LinkedAlready, LinkStore, UnknownLink
from freshbridge.customers.record import Known, Row
from freshbridge.customers.run_store import LinkBusy, RunStore
from freshbridge.customers.staging import StagedRows
from freshbridge.customers.table import DryTable, KnownTable
from tests.integration.conftest import Stack

CONTACTS, DESK = Kind.CONTACTS, Side.FRESHDESK


@pytest.fixture
def table(stack: Stack) -> KnownTable:
    return KnownTable(stack.names["CustomerTable"], "lnk_1")


def mira(record_id: str = "41", *keys: str) -> Known:
    return Known(DESK, record_id, other="900", agreed={"name": "aa"}, now={"name": "bb"}, keys=keys)


def test_a_customer_is_found_by_its_id_and_by_its_keys(table: KnownTable) -> None:
    table.save(CONTACTS, [mira("41", "email:x")])

    (found,) = table.load(CONTACTS, DESK, ["41", "42"]).values()
    assert (found.other, found.agreed, found.now) == ("900", {"name": "aa"}, {"name": "bb"})
    assert table.found_by(CONTACTS, DESK, ["email:x", "email:y"]) == {"email:x": "41"}
    assert table.load(CONTACTS, Side.FRESHSALES, ["41"]) == {}
    assert table.load(Kind.COMPANIES, DESK, ["41"]) == {}


def test_a_key_that_leads_elsewhere_by_now_is_left_alone(table: KnownTable) -> None:
    one = mira("41", "email:x")
    table.save(CONTACTS, [one])
    table.save(CONTACTS, [mira("42", "email:x")])
    one.keys = ("email:y",)

    table.save(CONTACTS, [one])

    assert table.found_by(CONTACTS, DESK, ["email:x", "email:y"]) == {
        "email:x": "42", "email:y": "41",
    }  # fmt: skip
    two = table.load(CONTACTS, DESK, ["42"])["42"]
    table.drop(CONTACTS, two)
    assert table.found_by(CONTACTS, DESK, ["email:x"]) == {}


def test_a_page_goes_on_where_the_one_before_ended(table: KnownTable) -> None:
    table.save(CONTACTS, [mira(str(n)) for n in range(5)])
    seen, after = [], ""

    while True:
        page, after = table.page(CONTACTS, DESK, limit=2, after=after)
        seen += [one.id for one in page]
        if not after:
            break

    assert seen == ["0", "1", "2", "3", "4"]


def test_everything_is_forgotten_piece_by_piece(table: KnownTable) -> None:
    table.save(CONTACTS, [mira(str(n), f"email:{n}") for n in range(20)])
    table.save(Kind.COMPANIES, [mira("1", "name:1")])
    rounds = 0

    while not table.forget_all(lambda: False):
        rounds += 1

    # A page of customers, one of their keys, and those of the company.
    assert rounds == 4
    assert table.page(CONTACTS, DESK, limit=5) == ([], "")
    assert table.found_by(Kind.COMPANIES, DESK, ["name:1"]) == {}


def test_a_rehearsal_keeps_its_own_over_what_is_kept(stack: Stack, table: KnownTable) -> None:
    table.save(CONTACTS, [mira("41", "email:x")])
    dry = DryTable(table, stack.names["CustomerTable"], "run_1", expires_at=2**31)
    changed = dry.load(CONTACTS, DESK, ["41"])["41"]
    changed.other = "901"

    dry.save(CONTACTS, [changed, mira("42", "email:y")])

    assert dry.load(CONTACTS, DESK, ["41"])["41"].other == "901"
    assert dry.found_by(CONTACTS, DESK, ["email:x", "email:y"]) == {
        "email:x": "41", "email:y": "42",
    }  # fmt: skip
    assert table.load(CONTACTS, DESK, ["41", "42"])["41"].other == "900"
    expiring = [item for item in stack.items("CustomerTable") if "expires_at" in item]
    assert len(expiring) == 3


def test_a_link_is_worked_on_by_one_at_a_time(stack: Stack) -> None:
    now = [1000.0]
    runs = RunStore(stack.names["CustomerTable"], clock=lambda: now[0])
    runs.take("lnk_1", "one", 60)

    with pytest.raises(LinkBusy) as busy:
        runs.take("lnk_1", "two", 60)
    assert busy.value.costs_no_attempt
    runs.take("lnk_1", "one", 60)
    runs.leave("lnk_1", "two")
    with pytest.raises(LinkBusy):
        runs.take("lnk_1", "two", 60)
    # Who was ended in the middle gives nothing back: its time ends it.
    now[0] += 61
    runs.take("lnk_1", "two", 60)
    runs.leave("lnk_1", "two")
    runs.take("lnk_1", "three", 60)


def test_rows_are_kept_until_they_are_used(stack: Stack) -> None:
    staged = StagedRows(stack.names["PayloadBucket"], "lnk_1", "run_1")
    row = Row(DESK, "41", {"name": "Mira"}, {"email": "m@client.example"}, "2026-03-03T12:00:00Z")

    staged.put("contacts-000000", [row])

    assert stack.objects("PayloadBucket") == ["customers/lnk_1/run_1/contacts-000000.json.gz"]
    assert staged.get("contacts-000000") == [row]
    staged.remove("contacts-000000")
    assert staged.get("contacts-000000") == []


def test_links_are_remembered_for_as_long_as_is_asked(stack: Stack) -> None:
    now = [0.0]
    links = LinkStore(stack.names["CustomerTable"], age_s=5, clock=lambda: now[0])
    other = LinkStore(stack.names["CustomerTable"], age_s=0)
    ids = {"freshdesk_instance_id": "1", "freshsales_instance_id": "2"}
    assert links.of("1") == []
    other.put(read_link(ids, link_id="lnk_1"))

    assert links.of("1") == []
    now[0] += 5
    assert [one.link_id for one in links.of("2")] == ["lnk_1"]
    assert links.of("3") == []
    with pytest.raises(LinkedAlready):
        links.put(read_link(ids, link_id="lnk_2"))
    other.delete("lnk_1")
    with pytest.raises(UnknownLink):
        links.get("lnk_1")
