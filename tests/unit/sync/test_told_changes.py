"""From what the lake held of a record, and what it holds now, to the event that tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.events.synced import Change, normalise
from freshbridge.lake.encoding import row_of
from freshbridge.lake.rows import Change as Merged
from freshbridge.lake.rows import Row, State
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.polling import Polling
from freshbridge.sync.told_changes import told_change, told_id

BEGAN = "2026-03-03T10:00:00Z"
SEEN = "2026-03-03T12:00:00.000000Z"
NOW = "2026-03-03T12:15:00.000001Z"
OLD, NEW = "2026-03-01T08:00:00Z", "2026-03-03T12:10:00Z"


def row(object_name: str, state: State = State.LIVE, *, seen_at: str = NOW, **fields: Any) -> Row:
    record = {"id": 7, "created_at": OLD, "updated_at": OLD, "ticket_id": 3, **fields}
    return row_of(OBJECTS[object_name], record, seen_at=seen_at, state=state)


def told(
    object_name: str, before: Row | None, after: Row, polling: Polling | None = None
) -> Change | None:
    return told_change(
        OBJECTS[object_name],
        Merged(before, after),
        polling=polling or Polling(),
        telling_since=BEGAN,
    )


def type_of(object_name: str, before: Row | None, after: Row, **more: Any) -> str | None:
    found = told(object_name, before, after, **more)
    return None if found is None else found.type


def test_a_change_says_what_every_field_was_texts_too() -> None:
    before = row("contacts", seen_at=SEEN, name="Mira", job_title="Clerk", description="a")
    after = row("contacts", updated_at=NEW, name="Mira Holt", job_title="Clerk", description="b")

    found = told("contacts", before, after)

    assert found == Change(
        kind="contact",
        type="contact_updated",
        record=after.record,
        occurred_at=NEW,
        since="2026-03-03T12:00:00Z",
        changes={"name": {"from": "Mira", "to": "Mira Holt"}},
    )


def test_a_custom_field_stands_under_its_own_name() -> None:
    before = row("tickets", custom_fields={"cf_floor": 3, "cf_wing": "east"})
    after = row("tickets", custom_fields={"cf_floor": 4, "cf_wing": "east"}, updated_at=NEW)
    found = told("tickets", before, after)
    assert found is not None
    assert found.changes == {"cf_floor": {"from": 3, "to": 4}}


@pytest.mark.parametrize(
    ("object_name", "fields", "wanted"),
    [
        ("tickets", {"created_at": NEW, "updated_at": NEW}, "ticket_created"),
        ("tickets", {"updated_at": NEW}, "ticket_updated"),
        ("contacts", {"created_at": NEW}, "contact_created"),
        ("companies", {"created_at": NEW}, "company_created"),
        ("agents", {"created_at": NEW}, "agent_created"),
        ("groups", {"created_at": NEW}, "group_created"),
        ("time_entries", {"created_at": NEW}, "time_entry_created"),
        ("satisfaction_ratings", {"created_at": NEW}, "satisfaction_rating_created"),
        # An answer is never changed, so an old one has only been found late.
        ("satisfaction_ratings", {"updated_at": NEW}, None),
    ],
)
def test_what_was_not_held_is_new_where_it_was_made_since(
    object_name: str, fields: dict[str, Any], wanted: str | None
) -> None:
    assert type_of(object_name, None, row(object_name, **fields)) == wanted


@pytest.mark.parametrize(
    ("object_name", "was", "now", "wanted"),
    [
        ("tickets", State.LIVE, State.DELETED, "ticket_deleted"),
        ("tickets", State.LIVE, State.GONE, "ticket_deleted"),
        ("tickets", State.LIVE, State.SPAM, "ticket_spam"),
        ("tickets", State.SPAM, State.DELETED, "ticket_deleted"),
        ("tickets", State.SPAM, State.LIVE, "ticket_restored"),
        ("tickets", State.DELETED, State.LIVE, "ticket_restored"),
        # Emptied from the trash: that it is deleted was told.
        ("tickets", State.DELETED, State.GONE, None),
        ("tickets", State.SPAM, State.SPAM, None),
        ("contacts", State.LIVE, State.DELETED, "contact_deleted"),
        ("contacts", State.LIVE, State.GONE, "contact_deleted"),
        ("contacts", State.DELETED, State.LIVE, "contact_restored"),
        ("companies", State.LIVE, State.GONE, "company_deleted"),
        ("companies", State.GONE, State.LIVE, "company_updated"),
        ("time_entries", State.LIVE, State.GONE, "time_entry_deleted"),
        ("agents", State.LIVE, State.GONE, "agent_deleted"),
        ("groups", State.LIVE, State.GONE, "group_deleted"),
        ("satisfaction_ratings", State.LIVE, State.GONE, None),
    ],
)
def test_where_a_record_goes_is_told(
    object_name: str, was: State, now: State, wanted: str | None
) -> None:
    before = row(object_name, was, seen_at=SEEN)
    assert type_of(object_name, before, row(object_name, now)) == wanted


def test_a_ticket_restored_and_deleted_again_between_two_runs_is_told_again() -> None:
    before = row("tickets", State.DELETED)
    assert type_of("tickets", before, row("tickets", State.DELETED, updated_at=NEW)) == (
        "ticket_deleted"
    )
    assert type_of("tickets", before, before) is None


def test_what_was_in_the_trash_before_the_telling_began_is_no_news() -> None:
    assert type_of("tickets", None, row("tickets", State.DELETED)) is None
    late = row("tickets", State.DELETED, updated_at=NEW)
    assert type_of("tickets", None, late) == "ticket_deleted"


def test_a_record_that_is_gone_is_told_with_what_was_last_known_when_that_was_found() -> None:
    before = row("contacts", seen_at=SEEN, name="Mira")
    found = told("contacts", before, row("contacts", State.GONE, name="Mira"))
    assert found is not None
    assert found.record["name"] == "Mira"
    assert found.occurred_at == "2026-03-03T12:15:00Z"
    assert found.changes == {"deleted": {"from": False, "to": True}}
    empty = Row("7", OLD, NOW, State.GONE)
    bare = told("contacts", Row("7", OLD, SEEN), empty)
    assert bare is not None
    assert bare.record == {"id": 7}


def test_what_only_a_single_record_shows_is_no_change_after_a_list() -> None:
    listed = row("contacts", name="Mira")
    viewed = row("contacts", name="Mira", tags=["vip"], other_emails=["m@client.example"])
    assert told("contacts", listed, viewed) is None
    assert told("contacts", viewed, listed) is None
    other = row("contacts", name="Mira", tags=["new"], updated_at=NEW)
    found = told("contacts", viewed, other)
    assert found is not None
    assert found.changes == {"tags": {"from": ["vip"], "to": ["new"]}}


def test_an_agent_who_only_logs_in_has_not_changed() -> None:
    before = row("agents", contact={"name": "Dana", "last_login_at": OLD, "updated_at": OLD})
    after = row("agents", contact={"name": "Dana", "last_login_at": NEW, "updated_at": NEW})
    assert told("agents", before, after) is None
    renamed = row("agents", contact={"name": "Dana Roe", "updated_at": NEW})
    assert type_of("agents", before, renamed) == "agent_updated"


@pytest.mark.parametrize(("source", "wanted"), [(2, "note_created"), (0, "reply_created")])
def test_a_new_conversation_is_a_note_or_a_reply_of_its_ticket(source: int, wanted: str) -> None:
    found = told("conversations", None, row("conversations", created_at=NEW, source=source))
    assert found is not None
    assert (found.type, found.record, found.note["id"]) == (wanted, {"id": 3}, 7)
    assert found.occurred_at == NEW


def test_an_older_a_changed_and_a_removed_conversation_are_no_notes() -> None:
    held = row("conversations", created_at=NEW)
    assert told("conversations", None, row("conversations")) is None
    assert told("conversations", held, row("conversations", created_at=NEW, body="b")) is None
    assert told("conversations", held, row("conversations", State.GONE, created_at=NEW)) is None


def test_only_what_is_created_is_told_where_that_is_wanted() -> None:
    polling = Polling(only_created=True)
    assert type_of("groups", None, row("groups", created_at=NEW), polling=polling)
    changed = row("groups", name="b", updated_at=NEW)
    assert not type_of("groups", row("groups", name="a"), changed, polling=polling)


def test_one_change_has_one_id_and_two_have_two() -> None:
    def named(before: Row | None, after: Row, object_name: str = "tickets") -> str:
        change = told(object_name, before, after)
        assert change is not None
        return told_id("1", OBJECTS[object_name], Merged(before, after), change)

    before = row("tickets", seen_at=SEEN, status=2)
    again = row("tickets", seen_at="2026-03-03T12:01:00.000000Z", status=2)
    after = row("tickets", status=3, updated_at=NEW)
    later = row("tickets", status=3, updated_at=NEW, seen_at="2026-03-03T12:20:00.000000Z")
    assert named(before, after) == named(before, later) == named(again, after)
    # When it was found to be gone makes no difference, since when it was there does.
    gone = row("tickets", State.GONE, seen_at=NOW)
    assert named(before, gone) == named(before, row("tickets", State.GONE, seen_at=SEEN))
    assert named(before, gone) != named(again, gone)
    note = row("conversations", created_at=NEW)
    same = row("conversations", created_at=NEW, body="edited")
    assert named(None, note, "conversations") == named(None, same, "conversations")
    assert len({named(before, after), named(before, gone), named(None, after)}) == 3


@pytest.mark.parametrize(
    ("object_name", "field", "ticket"),
    [
        ("companies", "company", {}),
        ("agents", "agent", {}),
        ("groups", "group", {}),
        ("time_entries", "time_entry", {"id": 3}),
        ("satisfaction_ratings", "satisfaction_rating", {"id": 3}),
    ],
)
def test_each_kind_stands_under_its_own_name_in_the_event(
    object_name: str, field: str, ticket: dict[str, Any]
) -> None:
    change = told(object_name, None, row(object_name, created_at=NEW))
    assert change is not None
    event = normalise(
        change.to_text(), event_id="e", instance_id="1", platform="freshdesk", received_at=NEW
    )
    assert getattr(event, field)["id"] == 7
    assert event.ticket == ticket
    assert event.source == "sync"
