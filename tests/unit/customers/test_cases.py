"""What does not happen every day: refusals, twins, what is gone, what somebody did in between."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.customers.link import Kind, Side
from freshbridge.customers.ports import Fields
from freshbridge.customers.record import Row
from freshbridge.errors import Conflict, Forbidden, InvalidRequest
from tests.fakes.customers import Both
from tests.unit.customers.test_convergence import link

MIRA = {"name": "Mira", "email": "mira@client.example"}


def outcomes(both: Both) -> list[tuple[str, str, str]]:
    return [(one.outcome, one.side.value, one.code) for one in both.report.lines]


def run(both: Both, **given: Any) -> None:
    both.tick()
    both.run(**given)


def before_stage(both: Both, stage: str, act: Any) -> None:
    """Do something right before a stage begins."""
    state: list[bool] = []

    def between() -> None:
        at = both.state.at(both.link) if both.state else None
        if at is not None and at[1] == stage and not state:
            state.append(True)
            act()

    both.between = between


def test_one_that_somebody_just_created_is_taken_over() -> None:
    both = Both(link())
    both.sales.person_adds(**MIRA, job_title="CFO")
    before_stage(both, "sales", lambda: both.desk.person_adds(**MIRA, phone="1"))

    run(both)

    assert len(both.desk.records) == len(both.sales.records) == 1
    assert ("matched", "freshdesk", "") in outcomes(both)
    assert both.equal()


def test_one_that_is_another_customers_counterpart_is_not_taken_over() -> None:
    both = Both(link())
    number = both.desk.person_adds(**MIRA)
    run(both)
    both.tick()
    both.sales.person_adds(name="Other", email="new@client.example")
    # Its address was taken by somebody's who is linked, after the page was read.
    before_stage(
        both, "sales", lambda: both.desk.person_changes(number, email="new@client.example")
    )

    run(both)

    assert ("skipped", "freshsales", "duplicate") in outcomes(both)
    assert len(both.desk.records) == 1


def test_an_address_that_nobody_can_be_found_by_is_refused() -> None:
    both = Both(link())
    both.sales.person_adds(**MIRA)

    def taken(*_args: object) -> Row:
        raise Conflict("an agent has it")

    both.desk.create = taken  # type: ignore[method-assign]  # of this account only

    run(both)

    assert ("failed", "freshsales", "conflict") in outcomes(both)


@pytest.mark.parametrize("side", list(Side))
def test_what_is_refused_is_tried_again_and_then_left(side: Side) -> None:
    both = Both(link())
    source, target = (both.desk, both.sales)[:: 1 if side is Side.FRESHSALES else -1]
    for number in range(4):
        source.person_adds(name=f"P{number}", email=f"p{number}@client.example")
    run(both)
    first = min(target.records)
    target.refused.add(first)
    address = target.records[first]["email"]
    own = next(one for one, held in source.records.items() if held["email"] == address)
    both.tick()
    source.person_changes(own, job_title="CFO")

    tried = []
    for _ in range(6):
        run(both)
        tried.append(sum(one.outcome == "failed" for one in both.report.lines))
        both.tick(100)

    # Four runs in a row, and then no more until it changes.
    assert tried[0] == 1
    assert tried[-1] == 0
    assert 3 <= sum(tried) <= 5
    target.refused.clear()
    source.person_changes(own, job_title="CTO")
    run(both)
    assert both.equal()


def test_a_creation_that_is_refused_is_tried_again() -> None:
    both = Both(link())
    for number in range(4):
        both.desk.person_adds(name=f"P{number}", email=f"p{number}@client.example")
    create = both.sales.create

    def refusing(rules: Any, fields: Fields) -> Row:
        if any(text == "P1" for _, text in fields):
            raise InvalidRequest("no")
        return create(rules, fields)

    both.sales.create = refusing  # type: ignore[method-assign]  # of this account only
    run(both)
    assert len(both.sales.records) == 3
    both.sales.create = create  # type: ignore[method-assign]  # as above

    both.tick(100)
    run(both)

    assert both.equal()


def test_a_refusal_that_is_no_customers_own_ends_the_run() -> None:
    both = Both(link())
    both.sales.person_adds(**MIRA)

    def forbidden(*_args: object) -> Row:
        raise Forbidden("this key may not create")

    both.desk.create = forbidden  # type: ignore[method-assign]  # of this account only

    with pytest.raises(Forbidden):
        run(both)


def test_twins_of_one_side_are_told_apart_by_nobody() -> None:
    both = Both(link())
    both.desk.person_adds(**MIRA)
    both.sales.person_adds(**MIRA)
    both.sales.person_adds(**MIRA)

    run(both)
    assert ("skipped", "freshsales", "duplicate") in outcomes(both)

    both.tick()
    both.desk.person_adds(**MIRA)
    run(both)
    # The second of Freshdesk's finds the second of Freshsales', which was alone.
    assert {len(both.desk.records), len(both.sales.records)} == {2}


def test_twins_of_freshdesk_are_created_once() -> None:
    both = Both(link())
    both.desk.person_adds(**MIRA)
    both.desk.person_adds(**MIRA)

    run(both)

    assert len(both.sales.records) == 1
    assert ("skipped", "freshdesk", "duplicate") in outcomes(both)


def test_twins_of_freshdesk_whose_counterpart_is_linked_are_skipped() -> None:
    both = Both(link())
    both.desk.person_adds(**MIRA)
    run(both)
    both.tick()
    both.desk.person_adds(**MIRA)

    run(both)

    assert ("skipped", "freshdesk", "duplicate") in outcomes(both)
    assert len(both.sales.records) == 1


def test_one_that_gets_its_address_later_is_linked_then() -> None:
    both = Both(link(create=[]))
    number = both.desk.person_adds(name="Mira", phone="1")
    both.sales.person_adds(**MIRA)
    run(both)
    assert both.writes == 0
    both.tick()
    both.desk.person_changes(number, email=MIRA["email"])

    run(both)

    assert ("matched", "freshdesk", "") in outcomes(both)
    assert both.equal()


@pytest.mark.parametrize("policy", ["ignore", "unlink", "delete"])
@pytest.mark.parametrize("gone", list(Side))
def test_a_counterpart_that_is_found_gone_at_the_write(policy: str, gone: Side) -> None:
    both = Both(link(deletions=policy))
    for number in range(2):
        both.desk.person_adds(name=f"P{number}", email=f"p{number}@client.example")
    run(both)
    there = both.desk if gone is Side.FRESHDESK else both.sales
    here = both.sales if gone is Side.FRESHDESK else both.desk
    both.tick()
    here.person_changes("1", job_title="CFO")
    # Nothing is told of it: it is forgotten for good.
    address = here.records["1"]["email"]
    number_there = next(one for one, held in there.records.items() if held["email"] == address)
    del there.records[number_there]

    run(both)
    both.tick()
    run(both)

    assert len(there.records) == 1
    assert len(here.records) == (1 if policy == "delete" else 2)


@pytest.mark.parametrize("side", list(Side))
def test_an_event_of_one_whose_counterpart_is_gone(side: Side) -> None:
    both = Both(link(deletions="unlink"))
    both.desk.person_adds(**MIRA)
    run(both)
    here = both.desk if side is Side.FRESHDESK else both.sales
    there = both.sales if side is Side.FRESHDESK else both.desk
    here.person_changes("1", job_title="CFO")
    there.records.clear()

    both.one(Kind.CONTACTS, side, "1")
    both.one(Kind.CONTACTS, side, "1")

    assert there.records == {}
    assert both.table.load(Kind.CONTACTS, side, ["1"])["1"].apart


@pytest.mark.parametrize("side", list(Side))
def test_an_event_finds_the_counterpart_that_nobody_has_read(side: Side) -> None:
    both = Both(link())
    both.desk.person_adds(**MIRA, phone="1")
    both.sales.person_adds(**MIRA, job_title="CFO")

    both.one(Kind.CONTACTS, side, "1")

    assert both.equal()
    assert len(both.desk.records) == 1


def test_an_event_of_a_twin_takes_nobodys_counterpart() -> None:
    both = Both(link())
    both.desk.person_adds(**MIRA)
    run(both)
    both.sales.person_adds(**MIRA)

    both.one(Kind.CONTACTS, Side.FRESHSALES, "2")

    assert len(both.desk.records) == 1
    assert both.table.load(Kind.CONTACTS, Side.FRESHDESK, ["1"])["1"].other == "1"


def test_an_event_of_one_that_is_gone_and_was_never_known_is_nothing() -> None:
    both = Both(link())

    both.one(Kind.CONTACTS, Side.FRESHDESK, "9")

    assert both.writes == 0


def test_an_event_creates_nothing_where_the_link_forbids_it() -> None:
    both = Both(link(create=[]))
    both.desk.person_adds(**MIRA)

    both.one(Kind.CONTACTS, Side.FRESHDESK, "1")

    assert both.sales.records == {}


def test_an_event_of_one_that_cannot_be_created_or_is_refused() -> None:
    both = Both(link())
    both.desk.person_adds(name="No address")
    both.one(Kind.CONTACTS, Side.FRESHDESK, "1")
    assert both.sales.records == {}

    both.desk.person_adds(**MIRA)

    def refused(*_args: object) -> Row:
        raise InvalidRequest("no")

    both.sales.create = refused  # type: ignore[method-assign]  # of this account only
    both.one(Kind.CONTACTS, Side.FRESHDESK, "2")
    assert both.sales.records == {}


def test_full_runs_find_who_was_deleted_unseen() -> None:
    both = Both(link(deletions="delete"))
    for number in range(7):
        both.desk.person_adds(name=f"P{number}", email=f"p{number}@client.example")
    run(both)
    del both.desk.records["2"], both.desk.stamps["2"]
    del both.sales.records["5"], both.sales.stamps["5"]

    run(both)
    assert (len(both.desk.records), len(both.sales.records)) == (6, 6)
    run(both, full=True)

    assert (len(both.desk.records), len(both.sales.records)) == (5, 5)
    assert both.equal()


def test_a_name_that_was_emptied_is_not_emptied_across() -> None:
    both = Both(link())
    both.desk.person_adds(**MIRA)
    run(both)
    both.tick()
    both.sales.person_changes("1", name="")

    run(both)
    written = both.writes
    both.tick()
    run(both)

    assert both.desk.records["1"]["name"] == "Mira"
    assert both.writes == written


@pytest.mark.parametrize("creates", [True, False])
def test_a_field_that_freshdesk_does_not_keep_is_told_and_the_others_travel(
    *, creates: bool
) -> None:
    # Given a Freshdesk that drops phones without a word
    both = Both(link())
    put = both.desk._put

    def dropping(record_id: str, values: Any) -> str:
        return put(record_id, {name: text for name, text in values.items() if name != "phone"})

    if not creates:
        both.desk.person_adds(**MIRA, job_title="CFO")
    both.desk._put = dropping  # type: ignore[method-assign]  # of this account only
    both.sales.person_adds(**MIRA, phone="1")

    run(both)

    (failed,) = [one for one in both.report.lines if one.outcome == "failed"]
    assert (failed.side, failed.code, failed.fields) == (Side.FRESHDESK, "ignored", ("phone",))
    (person,) = both.sales.records.values()
    assert person["phone"] == "1"
    assert creates or person["job_title"] == "CFO"
    both.tick()
    run(both, full=True)
    assert both.sales.records["1"]["phone"] == "1"


def ignoring_phones(both: Both) -> None:
    """Freshsales answers a phone number as if it had taken it."""
    put = both.sales._put

    def dropping(record_id: str, values: Any) -> str:
        return put(record_id, {name: text for name, text in values.items() if name != "phone"})

    both.sales._put = dropping  # type: ignore[method-assign]  # of this account only


def six_linked() -> Both:
    """As many as two jobs write, with a phone number each."""
    both = Both(link())
    for number in range(6):
        both.desk.person_adds(
            name=f"P{number}", email=f"p{number}@client.example", phone=f"1{number}"
        )
    run(both)
    assert both.equal()
    both.tick(100)
    return both


@pytest.mark.parametrize("before", ["1", ""])
def test_a_field_that_a_job_did_not_take_is_told_once_and_neither_travels_back_nor_for_ever(
    before: str,
) -> None:
    # Given a job's updates of a field that Freshsales ignores, for once beside one that it takes
    both = six_linked()
    if not before:
        for number in list(both.desk.records):
            both.desk.person_changes(number, phone="")
        run(both)
        both.tick(100)
    held = {one["email"]: one["phone"] for one in both.sales.records.values()}
    ignoring_phones(both)
    for number in list(both.desk.records):
        both.desk.person_changes(number, phone=f"9{number}", job_title="CFO")
    run(both)
    written = both.writes
    both.tick(100)

    # When the next runs read what the job has stored
    told = []
    for full in (False, False, True, False):
        run(both, full=full)
        told.append(outcomes(both))
        both.tick(100)

    # Then it is told once, and neither side's value is written over
    ignored = [("failed", "freshsales", "ignored")] * 6
    assert told == [ignored, [], [], []]
    assert both.writes == written
    assert {one["phone"] for one in both.desk.records.values()} == {f"9{n}" for n in range(1, 7)}
    assert {one["email"]: one["phone"] for one in both.sales.records.values()} == held
    assert {one["job_title"] for one in both.sales.records.values()} == {"CFO"}


def test_what_a_job_took_may_be_put_back_by_a_person() -> None:
    both = six_linked()
    for number in list(both.desk.records):
        both.desk.person_changes(number, phone="9")
    run(both)
    both.tick(100)
    run(both)
    assert both.equal()
    first = next(iter(both.sales.records))
    address = both.sales.records[first]["email"]
    both.tick(100)
    both.sales.person_changes(first, phone=f"1{address[1]}")

    run(both)

    assert both.equal()
    assert f"1{address[1]}" in {one["phone"] for one in both.desk.records.values()}
    assert "failed" not in {one.outcome for one in both.report.lines}


@pytest.mark.parametrize("side", list(Side))
def test_an_event_shows_as_well_what_a_job_did_not_take(side: Side) -> None:
    both = six_linked()
    ignoring_phones(both)
    for number in list(both.desk.records):
        both.desk.person_changes(number, phone="9")
    run(both)
    both.tick(100)
    (own,) = [n for n, one in both.desk.records.items() if one["email"] == "p0@client.example"]
    (there,) = [n for n, one in both.sales.records.items() if one["email"] == "p0@client.example"]
    both.desk.person_changes(own, job_title="CFO")

    both.one(Kind.CONTACTS, side, own if side is Side.FRESHDESK else there)

    assert (both.desk.records[own]["phone"], both.sales.records[there]["phone"]) == ("9", "10")


def test_a_field_that_changes_again_is_tried_again() -> None:
    both = six_linked()
    ignoring_phones(both)
    for number in list(both.desk.records):
        both.desk.person_changes(number, phone="9")
    run(both)
    both.tick(100)
    run(both)
    del both.sales._put  # it takes them from now on
    both.tick(100)
    for number in list(both.desk.records):
        both.desk.person_changes(number, phone="7")

    run(both)

    assert both.equal()
