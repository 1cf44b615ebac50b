"""From two looks at a record to the one event that tells what happened between them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.synced import Change
from freshbridge.sync.change_events import RecordState, change_of, event_id, note_of, state_of
from freshbridge.sync.polling import Polling

BEGAN = "2026-03-03T10:00:00Z"
SEEN = "2026-03-03T12:00:00Z"
NOW = "2026-03-03T12:15:00Z"
TICKET: dict[str, Any] = {
    "id": 1042,
    "status": 2,
    "created_at": "2026-03-01T08:00:00Z",
    "updated_at": "2026-03-03T11:59:00Z",
    "custom_fields": {"cf_floor": 12},
}


def state(record: dict[str, Any] = TICKET) -> RecordState:
    return state_of(record, Polling(), SEEN)


def change(
    before: RecordState | None, record: dict[str, Any], polling: Polling | None = None, **more: Any
) -> Change | None:
    known = {"telling_since": BEGAN, "seen_at": NOW, "object_name": "tickets"} | more
    return change_of(before=before, record=record, polling=polling or Polling(), **known)


def type_of(*arguments: Any, **more: Any) -> str | None:
    found = change(*arguments, **more)
    return None if found is None else found.type


def test_a_change_is_told_with_its_fields_and_when_it_was_last_otherwise() -> None:
    after = TICKET | {"status": 4, "updated_at": "2026-03-03T12:10:00Z"}

    assert change(state(), after) == Change(
        kind="ticket",
        type="ticket_updated",
        record=after,
        occurred_at="2026-03-03T12:10:00Z",
        since=SEEN,
        changes={"status": {"from": 2, "to": 4}},
    )


def test_what_is_as_it_was_is_no_event() -> None:
    assert change(state(), TICKET) is None
    assert change(state(), TICKET | {"description": "only in the single ticket"}) is None


def test_an_update_of_what_is_not_told_of_is_an_update_all_the_same() -> None:
    found = change(state(), TICKET | {"updated_at": "2026-03-03T12:10:00Z"})

    assert found is not None
    assert (found.type, found.changes) == ("ticket_updated", {})


@pytest.mark.parametrize(
    ("created", "updated", "tolerance", "kind"),
    [
        ("2026-03-03T11:00:00Z", "2026-03-03T11:30:00Z", 0, "ticket_created"),
        ("2026-03-03T10:00:00Z", "2026-03-03T11:30:00Z", 0, "ticket_created"),
        ("2026-03-03T09:00:00Z", "2026-03-03T11:30:00Z", 0, "ticket_updated"),
        ("2026-03-03T09:00:00Z", "2026-03-03T09:00:00Z", 0, "ticket_created"),
        ("2026-03-03T09:00:00Z", "2026-03-03T09:00:05Z", 5, "ticket_created"),
        ("2026-03-03T09:00:00Z", "2026-03-03T09:00:06Z", 5, "ticket_updated"),
        (None, "2026-03-03T11:30:00Z", 5, "ticket_updated"),
        ("no time", "none either", 5, "ticket_updated"),
    ],
)
def test_a_record_never_seen_was_created_if_its_dates_say_so(
    created: str, updated: str, tolerance: float, kind: str
) -> None:
    record = TICKET | {"created_at": created, "updated_at": updated}

    found = change(None, record, Polling(tolerance_s=tolerance))

    assert found is not None
    assert (found.type, found.changes, found.since) == (kind, {}, BEGAN)


def test_a_record_that_is_deleted_is_told_so_once() -> None:
    gone = TICKET | {"deleted": True, "updated_at": "2026-03-03T12:10:00Z"}

    assert type_of(state(), gone) == "ticket_deleted"
    assert type_of(None, gone) == "ticket_deleted"
    assert type_of(state(gone), gone | {"status": 5}) == "ticket_updated"


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("contacts", ("contact_created", "contact_updated")),
        ("deals", ("deal_created", "deal_updated")),
        ("sales_accounts", ("account_created", "account_updated")),
    ],
)
def test_contacts_deals_and_accounts_are_told_alike(name: str, kinds: tuple[str, str]) -> None:
    record = TICKET | {"created_at": "2026-03-03T11:00:00Z"}
    later = record | {"owner_id": 3, "updated_at": "2026-03-03T12:10:00Z"}

    assert type_of(None, record, object_name=name) == kinds[0]
    assert type_of(state(record), later, object_name=name) == kinds[1]


def test_who_filters_by_the_date_of_creation_hears_of_no_updates() -> None:
    only = Polling(only_created=True)

    assert change(state(), TICKET | {"status": 4}, only) is None
    assert type_of(None, TICKET | {"created_at": BEGAN}, only) == "ticket_created"


def test_other_fields_may_hold_id_and_dates() -> None:
    fields = Polling(id_field="number", updated_field="changed", created_field="made")
    record = {"number": 9, "changed": "2026-03-03T12:10:00+02:00", "made": "2026-03-03T11:00:00Z"}

    found = change(None, record, fields)

    assert found is not None
    assert (found.type, found.occurred_at) == ("ticket_created", "2026-03-03T10:10:00Z")
    first = event_id("1", "tickets", found, fields)
    other = change(None, record | {"number": 10}, fields)
    assert other is not None
    assert event_id("1", "tickets", other, fields) != first


def test_a_record_without_a_time_of_its_own_happened_when_it_was_seen() -> None:
    found = change(state(), {"id": 1, "status": 4})

    assert found is not None
    assert found.occurred_at == NOW


@given(
    before=st.fixed_dictionaries({"status": st.integers(2, 5), "group_id": st.integers(1, 2)}),
    after=st.fixed_dictionaries({"status": st.integers(2, 5), "group_id": st.integers(1, 2)}),
)
def test_the_same_two_looks_always_give_the_same_event(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    # Given a page that is read twice, at different moments
    record = TICKET | after | {"updated_at": "2026-03-03T12:10:00Z"}
    first = change(state(TICKET | before), record)
    again = change(state(TICKET | before), record, seen_at="2026-03-03T13:00:00Z")
    assert first is not None
    assert again is not None

    # Then the event is one, and that of another change another
    same = event_id("1", "tickets", first, Polling())
    assert event_id("1", "tickets", again, Polling()) == same
    later = change(state(TICKET | before), record | {"updated_at": "2026-03-03T12:11:00Z"})
    assert later is not None
    assert event_id("1", "tickets", later, Polling()) != same
    assert event_id("2", "tickets", first, Polling()) != same


def test_a_note_and_a_reply_are_told_with_what_was_written() -> None:
    note = {"id": 5, "source": 2, "private": True, "body": "n", "created_at": NOW, "thread_id": 1}
    reply = {"id": 6, "source": 0, "incoming": True, "body": "r", "created_at": "odd"}

    told = note_of(note, TICKET, telling_since=BEGAN)
    answered = note_of(reply, TICKET, telling_since=BEGAN)

    assert (told.type, told.occurred_at, told.record) == ("note_created", NOW, TICKET)
    assert told.note == {"id": 5, "private": True, "body": "n", "created_at": NOW}
    assert (answered.type, answered.occurred_at) == ("reply_created", BEGAN)
    assert event_id("1", "tickets", told, Polling()) != event_id(
        "1", "tickets", answered, Polling()
    )


def test_a_ticket_that_is_spam_or_no_more_is_told_so() -> None:
    spam = TICKET | {"spam": True, "updated_at": "2026-03-03T12:10:00Z"}
    assert type_of(state(TICKET | {"spam": False}), spam) == "ticket_spam"
    assert type_of(None, spam) == "ticket_spam"
    assert type_of(state(spam), TICKET | {"spam": False}) == "ticket_restored"


def test_what_no_event_tells_is_none() -> None:
    assert type_of(None, TICKET, object_name="satisfaction_ratings") is None
