"""Updating the task, appointment, note or sales activity that is there already, or creating it.

Freshsales has no such call for them, so it is done in two: the one that fits is looked for among
those about the record, a call for each hundred and three at most, and then it is updated, or one is
created. Meanwhile no other execution upserts about that record, so that two at once make one. It
is refused, and nothing is sent, when there are more than three calls show and none of them fits.
Sales activities are looked for among the account's, for Freshsales lists them in no other way.

Facts: https://developers.freshworks.com/crm/api/#tasks, #appointments, #notes, #sales_activities
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge.actions.action import Outcome, Reconciliation
from freshbridge.actions.freshdesk.same_text import plain_words, words_of
from freshbridge.actions.freshsales.earlier_activities import earlier_activity
from freshbridge.actions.freshsales.kinds import PARENTS, Kind, answer, parent_calls
from freshbridge.actions.freshsales.parameters import sent
from freshbridge.actions.freshsales.same_record import is_about, same
from freshbridge.errors import InvalidRequest

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.paging import Page
    from freshbridge.freshsales.wire import Record

MARKER = "marker"
LOOKED_THROUGH = 3
"""Pages of a hundred."""


def upserting_about(kind: Kind) -> Callable[[Context[FreshsalesClient], Any], Outcome]:
    """Update the one with the title (a note: the marker) about the record, or create it."""

    def run(context: Context[FreshsalesClient], parameters: Any) -> Outcome:
        fields = sent(parameters, MARKER)
        lock = f"freshsales#{context.instance.instance_id}#{kind.word}#{_parent(fields)}"
        with context.services.locks.hold(lock):
            found = _fitting(context.client, kind, parameters, fields)
            calls = kind.calls(context.client)
            record = calls.create(fields) if found is None else calls.update(found["id"], fields)
        return _told(context, kind, record, created=found is None)

    return run


def reconciling_upsert(kind: Kind) -> Reconciliation:
    """How to find what an earlier attempt has created; what it has updated is updated again."""

    def find(context: Context[FreshsalesClient], unsure: Unsure, parameters: Any) -> Outcome | None:
        record = earlier_activity(context, unsure, kind, sent(parameters, MARKER))
        return None if record is None else _told(context, kind, record, created=True)

    return Reconciliation(find, makes=kind.id_name)


def _told(
    context: Context[FreshsalesClient], kind: Kind, record: Record, *, created: bool
) -> Outcome:
    said = f"{kind.noun.capitalize()} {'created' if created else 'updated'}"
    return answer(context, kind, record, said, created=created)


def _parent(fields: Mapping[str, Any]) -> str:
    return f"{fields['targetable_type']}#{fields['targetable_id']}"


def _fitting(
    client: FreshsalesClient, kind: Kind, parameters: Any, fields: Mapping[str, Any]
) -> Record | None:
    """The latest one that fits; None for none.

    Raises:
        InvalidRequest: there are more than may be looked through.
    """
    fits = _note_test(parameters) if kind.word == "note" else _title_test(fields)
    found: list[Record] = []
    whole = False
    for page in islice(_listed(client, kind, fields), LOOKED_THROUGH):
        found += [row for row in page.records if fits(row)]
        whole = page.last
    if found:
        return max(found, key=lambda row: int(row["id"]))
    if not whole:
        what = kind.plural.replace("_", " ")
        raise InvalidRequest(
            f"There are more {what} than can be looked through for the one to update",
            where=f"{PARENTS[fields['targetable_type']].noun} {fields['targetable_id']}",
            advice=f"Name it by its id with update_{kind.word}, or use create_{kind.word}.",
        )
    return None


def _listed(client: FreshsalesClient, kind: Kind, fields: Mapping[str, Any]) -> Iterator[Page]:
    if kind.word == "sales_activity":
        return client.sales_activities.listed()
    calls = parent_calls(client, fields["targetable_type"])
    pages: Iterator[Page] = getattr(calls, kind.collection)(fields["targetable_id"])
    return pages


def _title_test(fields: Mapping[str, Any]) -> Callable[[Record], bool]:
    about = {name: fields[name] for name in ("targetable_type", "targetable_id")}

    def fits(row: Record) -> bool:
        return same(fields["title"], row.get("title")) and is_about(about, row)

    return fits


def _note_test(parameters: Any) -> Callable[[Record], bool]:
    marker = plain_words(parameters.marker)

    def fits(row: Record) -> bool:
        return words_of(str(row.get("description") or ""))[: len(marker)] == marker

    return fits
