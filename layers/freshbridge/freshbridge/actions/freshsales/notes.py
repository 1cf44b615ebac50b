"""Freshsales notes. Source: https://developers.freshworks.com/crm/api/#notes"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters
from freshbridge.actions.freshdesk.same_text import plain_words
from freshbridge.actions.freshsales.activity_upserts import (
    reconciling_upsert,
    upserting_about,
)
from freshbridge.actions.freshsales.changes import creating, deleting, reconciling, updating
from freshbridge.actions.freshsales.kinds import NOTE, PARENTS, answer
from freshbridge.actions.freshsales.parameters import About, Changing, PerPage, RecordId
from freshbridge.actions.freshsales.readings import about, listing
from freshbridge.errors import NotFound

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.paging import Page

LOOKED_THROUGH = 3
"""Pages of a hundred that a note is looked for in."""


class CreateFreshsalesNote(About):
    """Write a note on a contact, an account, a deal or a lead."""

    description: str = Field(min_length=1, description="The text")


class UpsertFreshsalesNote(About):
    """Rewrite the note on a record that begins with a marker, or write it where there is none."""

    marker: str = Field(
        min_length=3, max_length=200, description="What the note begins with: Ticket 1042"
    )
    description: str = Field(min_length=1, description="The text; it begins with the marker")

    @model_validator(mode="after")
    def _begins_with_it(self) -> UpsertFreshsalesNote:
        marker = plain_words(self.marker)
        if not marker or plain_words(self.description)[: len(marker)] != marker:
            raise ValueError("description has to begin with the marker, which has to have a word")
        return self


class UpdateFreshsalesNote(Changing):
    """Change the text of a note."""

    id_name: ClassVar = "note_id"
    note_id: RecordId = Field(description="The note's id")
    description: str = Field(min_length=1, description="The text")


class GetFreshsalesNote(About):
    """Read one note, out of those of its record: Freshsales reads none by itself."""

    note_id: RecordId = Field(description="The note's id")


class SearchFreshsalesNotes(About):
    """List the notes on one record."""

    page: int = Field(default=1, ge=1, le=100_000, description="From 1")
    per_page: PerPage = 25


class DeleteFreshsalesNote(Parameters):
    """Delete a note."""

    note_id: RecordId = Field(description="The note's id")


def get_note(context: Context[FreshsalesClient], parameters: GetFreshsalesNote) -> Outcome:
    """Read one: a call for each hundred that its record has, three at most."""
    asked = SearchFreshsalesNotes(
        targetable_type=parameters.targetable_type,
        targetable_id=parameters.targetable_id,
        per_page=100,
    )
    for page in about(context.client, NOTE, asked):
        for note in page.records:
            if note.get("id") == parameters.note_id:
                return answer(context, NOTE, note, "Note read")
        if page.number == LOOKED_THROUGH:
            break
    raise NotFound(
        f"The {PARENTS[parameters.targetable_type].noun} has no such note",
        where="note_id",
        advice="Look it up with search_notes; it may have been deleted.",
    )


def _found(client: FreshsalesClient, asked: SearchFreshsalesNotes) -> Iterator[Page]:
    return about(client, NOTE, asked)


_ABOUT = {"targetable_type": "Contact", "targetable_id": 70001234501}
_ID = {"note_id": 70006660001}

ACTIONS = (
    Action(
        "freshsales",
        "create_note",
        CreateFreshsalesNote,
        creating(NOTE),
        Effect.ADD,
        {**_ABOUT, "description": "Asked for a quote in ticket 1042"},
        reconcile=reconciling(NOTE),
    ),
    Action(
        "freshsales",
        "update_note",
        UpdateFreshsalesNote,
        updating(NOTE),
        Effect.SET,
        {**_ID, "description": "Got the quote"},
    ),
    Action(
        "freshsales",
        "upsert_note",
        UpsertFreshsalesNote,
        upserting_about(NOTE),
        Effect.ADD,
        {
            **_ABOUT,
            "marker": "Ticket 1042",
            "description": "Ticket 1042: solved, got the quote",
        },
        credits=2,
        credits_note="One more for each hundred notes of the record, two at most",
        reconcile=reconciling_upsert(NOTE),
    ),
    Action(
        "freshsales",
        "get_note",
        GetFreshsalesNote,
        get_note,
        Effect.READ,
        {**_ID, **_ABOUT},
        credits_note="One more for each hundred notes of the record, three at most",
    ),
    Action(
        "freshsales",
        "search_notes",
        SearchFreshsalesNotes,
        listing(NOTE, _found),
        Effect.READ,
        _ABOUT,
    ),
    Action("freshsales", "delete_note", DeleteFreshsalesNote, deleting(NOTE), Effect.SET, _ID),
)
