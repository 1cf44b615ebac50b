"""What is fetched fills gaps; what an event says of itself stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.enrichment import Fetched, filled, gone, latest_note, refused
from freshbridge.events.fetchable import (
    Wanted,
    can_be_asked,
    everything,
    lacks,
    together,
    wanted,
)
from tests import builders

AT = "2026-03-03T12:05:00Z"
SCALAR = st.none() | st.booleans() | st.integers() | st.text(max_size=6)
VALUE = SCALAR | st.lists(SCALAR, max_size=3) | st.dictionaries(st.text(max_size=3), SCALAR)
NAMES = ["status", "subject", "tags", "custom_fields", "requester", "priority", "company_name"]
RECORD = st.dictionaries(
    st.sampled_from(NAMES), VALUE | st.dictionaries(st.sampled_from(["cf_a", "cf_b"]), SCALAR)
)
CHANGES = st.dictionaries(
    st.sampled_from(["status", "priority", "cf_a", "cf_z"]),
    st.fixed_dictionaries({"from": SCALAR, "to": SCALAR}),
)
TICKET = {
    "id": 1042,
    "status": 5,
    "subject": "As it is now",
    "description": "<p>Whole</p>",
    "tags": ["new"],
    "custom_fields": {"cf_floor": "13", "cf_region": "EMEA"},
    "requester_id": 7,
    "requester": {"id": 7, "name": "Asha Example", "email": builders.EMAIL, "phone": None},
    "company": {"id": 3, "name": "Customer Inc"},
}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value that is no object, with its place; an empty object is one too."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path, value


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@given(
    own=RECORD,
    contact=st.dictionaries(st.sampled_from(["id", "email", "name", "phone"]), SCALAR),
    note=st.dictionaries(st.sampled_from(["body", "private"]), SCALAR),
    changes=CHANGES,
    fetched=RECORD,
    person=st.dictionaries(st.sampled_from(["id", "email", "name", "job_title"]), SCALAR),
    kind=st.sampled_from(["ticket_updated", "ticket_resolved", "ticket_closed", "note_created"]),
)
def test_no_value_that_an_event_carries_is_changed(  # noqa: PLR0917 - what hypothesis varies
    own: dict[str, Any],
    contact: dict[str, Any],
    note: dict[str, Any],
    changes: dict[str, Any],
    fetched: dict[str, Any],
    person: dict[str, Any],
    kind: str,
) -> None:
    event = builders.event(
        type=kind, ticket={"id": 1, **own}, contact=contact, note=note, changes=changes
    )
    found = Fetched(AT, ticket={"id": 1, **fetched}, contact=person, note={"body": "later"})

    whole = filled(event, found)

    before, after = event.as_dict(), whole.as_dict()
    for part in ("ticket", "contact", "note", "changes", "actor", "raw"):
        for path, value in leaves(before[part]):
            now = at(after[part], path)
            # An empty object of the event may have been filled; nothing else may differ.
            assert now == value or (value == {} and isinstance(now, dict))
    same = {name for name in before if name not in ("ticket", "contact", "note")}
    marks = {"enriched", "enriched_at"}
    assert {n: before[n] for n in same - marks} == {n: after[n] for n in same - marks}
    assert (whole.enriched, whole.enriched_at) == ("fetched", AT)


def test_what_the_event_lacks_is_filled_in() -> None:
    event = builders.event(ticket={"id": 1042, "custom_fields": {"cf_floor": "12"}})

    whole = filled(event, Fetched(AT, ticket=TICKET))

    assert whole.ticket["description"] == "<p>Whole</p>"
    assert whole.ticket["custom_fields"] == {"cf_floor": "12", "cf_region": "EMEA"}
    assert whole.ticket["company_name"] == "Customer Inc"
    assert whole.contact["email"] == builders.EMAIL


def test_a_field_that_changed_is_what_it_was_then_and_not_what_it_is_now() -> None:
    changes = {
        "status": {"from": 2, "to": 3},
        "cf_region": {"from": None, "to": "APAC"},
        "subject": "no change at all",
        "group_id": {"from": 1, "to": 2},
    }
    event = builders.event(type="ticket_updated", ticket={"id": 1042}, changes=changes)

    ticket = filled(event, Fetched(AT, ticket=TICKET)).ticket

    assert ticket["status"] == 3
    assert ticket["custom_fields"] == {"cf_floor": "13", "cf_region": "APAC"}
    assert ticket["subject"] == "As it is now"
    assert "group_id" not in ticket


@pytest.mark.parametrize(("kind", "status"), [("ticket_resolved", 4), ("ticket_closed", 5)])
def test_a_ticket_that_was_resolved_is_not_told_to_be_reopened(kind: str, status: int) -> None:
    event = builders.event(type=kind, ticket={"id": 1042})

    assert filled(event, Fetched(AT, ticket=TICKET | {"status": 2})).ticket["status"] == status


def test_the_contact_of_somebody_else_is_not_mixed_in() -> None:
    event = builders.event(contact={"email": "Other@customer.example"})

    whole = filled(event, Fetched(AT, ticket=TICKET, contact={"id": 7, "email": builders.EMAIL}))

    assert whole.contact == {"email": "Other@customer.example"}
    written_otherwise = builders.event(contact={"email": builders.EMAIL.upper(), "id": ""})
    contact = {"id": 7, "email": builders.EMAIL, "job_title": "Clerk"}
    assert filled(written_otherwise, Fetched(AT, contact=contact)).contact == {
        "email": builders.EMAIL.upper(), "id": "", "job_title": "Clerk",
    }  # fmt: skip


def test_a_record_that_is_gone_or_refused_marks_the_event_and_changes_nothing_else() -> None:
    event = builders.event()

    away, denied = gone(event, AT), refused(event, AT, "forbidden: no")

    assert (away.enriched, away.enriched_at, away.enrichment_error) == ("gone", AT, "")
    assert (denied.enriched, denied.enrichment_error) == ("refused", "forbidden: no")
    assert replace(denied, enriched="", enriched_at="", enrichment_error="") == event


NOTES = [
    {"id": 1, "source": 2, "private": True, "created_at": "2026-03-03T12:00:00Z", "body": "old"},
    {"id": 2, "source": 2, "private": True, "created_at": "2026-03-03T12:02:39Z", "body": "it"},
    {"id": 3, "source": 2, "private": False, "created_at": "2026-03-03T12:02:39Z", "body": "p"},
    {"id": 4, "source": 0, "private": False, "created_at": "2026-03-03T12:02:30Z", "body": "r"},
    {"id": 5, "source": 2, "private": True, "created_at": "2026-03-03T12:09:00Z", "body": "new"},
    {"id": 6, "source": 2, "private": True, "created_at": "no time", "body": "broken"},
]


@pytest.mark.parametrize(
    ("kind", "note", "number"),
    [
        ("note_created", {"private": True}, 2),
        ("note_created", {"private": False}, 3),
        ("note_created", {}, 3),
        ("note_created", {"id": 5}, 5),
        ("note_created", {"id": 99}, None),
        ("reply_created", {"private": False}, 4),
    ],
)
def test_the_note_of_an_event_is_the_newest_of_its_kind_when_it_came(
    kind: str, note: dict[str, Any], number: int | None
) -> None:
    event = builders.event(type=kind, note=note)

    assert latest_note(NOTES, event).get("id") == number
    assert latest_note([], event) == {}


def steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def lacking(event: Any, *paths: str) -> list[str]:
    return [path for path in paths if lacks(event, event.as_dict(), steps(path))]


def test_only_what_the_event_does_not_carry_and_its_provider_could_tell_is_lacking() -> None:
    event = builders.event(
        ticket={"id": 1, "subject": "", "tags": [], "custom_fields": {"cf_a": 1}, "company": None},
        contact={"name": "Asha Example"},
    )

    assert lacking(
        event,
        "ticket.subject", "ticket.tags", "ticket.tags.0", "ticket.custom_fields.cf_a",
        "ticket.company.name", "ticket.nothing", "ticket.requester.shoe_size", "contact.name",
        "contact.shoe_size", "note.body", "actor.name", "changes.status", "event.late", "event",
    ) == []  # fmt: skip
    wanting = [
        "ticket", "ticket.description", "ticket.custom_fields", "ticket.custom_fields.cf_b",
        "ticket.requester", "ticket.requester.email", "ticket.stats.resolved_at", "contact",
        "contact.email", "contact.custom_fields.vip", "ticket.company_name",
    ]  # fmt: skip
    assert lacking(event, *wanting) == wanting
    assert lacking(replace(event, type="note_created"), "note.body", "note.author") == ["note.body"]
    assert lacking(replace(event, enriched="fetched"), *wanting) == []
    assert lacking(replace(event, platform="freshsales"), *wanting) == []
    assert lacking(replace(event, ticket={"subject": "no id"}), "ticket.description") == []


def test_a_sync_has_the_ticket_of_a_list_and_only_the_rest_is_lacking() -> None:
    event = builders.event(source="sync", ticket={"id": 1, "custom_fields": {}})

    assert lacking(event, "ticket.group_id", "ticket.custom_fields.cf_a", "ticket.description",
                   "ticket.stats.closed_at", "contact.email") == [
        "ticket.description", "ticket.stats.closed_at", "contact.email",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("paths", "calls"),
    [
        (["ticket.description"], ["GET /api/v2/tickets/1042"]),
        (["ticket.requester.email", "contact.name", "ticket.stats"],
         ["GET /api/v2/tickets/1042?include=requester,stats"]),
        (["ticket.company_name"], ["GET /api/v2/tickets/1042?include=company"]),
        (["contact.job_title"],
         ["GET /api/v2/tickets/1042", "GET /api/v2/contacts/{requester_id}"]),
        (["note.body"], ["GET /api/v2/tickets/1042/conversations"]),
        (["ticket.group_id", "contact.email", "note.id"],
         ["GET /api/v2/tickets/1042?include=requester",
          "GET /api/v2/tickets/1042/conversations"]),
        ([], []),
    ],
)  # fmt: skip
def test_the_calls_are_those_that_fetch_what_is_named(paths: list[str], calls: list[str]) -> None:
    event = builders.event(ticket={"id": 1042})

    found = wanted(event, {steps(path) for path in paths})

    assert found.calls(event) == calls
    assert bool(found) is bool(calls)
    assert found.paths == tuple(sorted(paths))


def test_more_of_a_contact_that_is_known_by_its_id_is_one_call() -> None:
    event = builders.event(ticket={"id": 1, "requester_id": 7})

    assert wanted(event, {("contact", "job_title")}).calls(event) == ["GET /api/v2/contacts/7"]
    contact = builders.event(type="contact_updated", ticket={}, contact={"id": 9})
    assert wanted(contact, {("contact", "email")}).calls(contact) == ["GET /api/v2/contacts/9"]
    assert everything(contact).calls(contact) == ["GET /api/v2/contacts/9"]


def test_an_event_is_made_whole_with_all_that_belongs_to_it() -> None:
    event = builders.event(type="note_created", ticket={"id": 1})

    assert everything(event).calls(event) == [
        "GET /api/v2/tickets/1?include=company,requester,stats",
        "GET /api/v2/tickets/1/conversations",
    ]
    assert not everything(replace(event, enriched="fetched"))
    assert not everything(replace(event, platform="freshsales"))
    assert can_be_asked(event)


def test_what_several_want_is_one_fetch() -> None:
    first = Wanted(ticket=True, include=frozenset({"stats"}), paths=("ticket.stats",))
    second = Wanted(ticket=True, note=True, paths=("note.body", "ticket.stats"))

    assert together(first, second, Wanted()) == Wanted(
        ticket=True,
        include=frozenset({"stats"}),
        note=True,
        paths=("note.body", "ticket.stats"),
    )
    assert not together()
