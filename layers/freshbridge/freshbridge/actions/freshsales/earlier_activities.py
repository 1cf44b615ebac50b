"""The task, appointment, note or sales activity that an earlier attempt created.

Looked for among those of the record that it is about, or where it is about none among the account's
own: its open or done tasks, its upcoming or past appointments. Sales activities have one list for
all. One call for up to 100 of them, two for up to 200.

It cannot be proved, and a person is asked, when there are more than 200 and none of those seen is
it, unless they come the latest first; when two of the attempt's time come into question and neither
is exactly what was asked for; and when the record that it is about is gone. Not seen is what was
deleted meanwhile, and a task about no record that was done, or opened again, meanwhile.
Facts: https://developers.freshworks.com/crm/api/#tasks, #appointments, #notes, #sales_activities
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge.actions.earlier import ALLOWANCE, CALLS, Period, proof
from freshbridge.actions.freshdesk.same_text import same_html
from freshbridge.actions.freshsales.earlier_records import rows_of
from freshbridge.actions.freshsales.kinds import parent_calls
from freshbridge.actions.freshsales.same_record import likeness
from freshbridge.actions.likeness import Likeness
from freshbridge.timestamps import from_text

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.actions.freshsales.kinds import Kind
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.paging import Page
    from freshbridge.freshsales.wire import Record

IDENTITY = {
    "task": ("title", "targetable_id", "targetable_type"),
    "appointment": ("title", "targetable_id", "targetable_type"),
    "sales_activity": ("title", "targetable_id", "targetable_type", "sales_activity_type_id"),
}
_WRITE_ONLY = ("task_users_attributes", "appointment_attendees_attributes", "targetable")
_DONE = 1
"""A task's `status`."""


def earlier_activity(
    context: Context[FreshsalesClient], unsure: Unsure, kind: Kind, asked: Mapping[str, Any]
) -> Record | None:
    """What was made, claimed for this action; None when it is shown that nothing was.

    Raises:
        OutcomeUnknown: neither can be shown.
    """
    period = Period.of(unsure)
    compared = {name: value for name, value in asked.items() if name not in _WRITE_ONLY}
    rows, whole = _rows(context, kind, asked, period)

    def alike(row: Record) -> Likeness:
        if kind.word == "note":
            return _note(compared, row)
        return likeness(IDENTITY[kind.word], compared, row)

    near = [row for row in rows if period.has(row)]
    return proof(context, kind.word, near, alike, whole=whole)


def _note(asked: Mapping[str, Any], row: Record) -> Likeness:
    """A note by its words: what is shown of it may be HTML or not."""
    said = same_html(str(asked["description"]), row.get("description"), row.get("html_content"))
    rest = {name: value for name, value in asked.items() if name != "description"}
    return min(said, likeness(("targetable_id", "targetable_type"), rest, row))


def _rows(
    context: Context[FreshsalesClient], kind: Kind, asked: Mapping[str, Any], period: Period
) -> tuple[list[Record], bool]:
    """Those among which it would be, and whether those are all of the attempt's time."""
    if kind.word == "appointment" and asked.get("targetable_id") is None:
        over_for = context.clock() - from_text(asked["end_date"])
        if abs(over_for) <= ALLOWANCE:
            # By Freshsales' clock it may be past or not.
            both = [next(context.client.appointments.listed(w)) for w in ("upcoming", "past")]
            parts = [rows_of([page], period) for page in both]
            return [row for rows, _ in parts for row in rows], all(whole for _, whole in parts)
    return rows_of(islice(_listed(context, kind, asked), CALLS), period)


def _listed(
    context: Context[FreshsalesClient], kind: Kind, asked: Mapping[str, Any]
) -> Iterable[Page]:
    client = context.client
    if kind.word == "sales_activity":
        return client.sales_activities.listed()
    if asked.get("targetable_id") is not None:
        parent = parent_calls(client, asked["targetable_type"])
        pages: Iterable[Page] = getattr(parent, kind.collection)(asked["targetable_id"])
        return pages
    if kind.word == "task":
        return client.tasks.listed("completed" if asked.get("status") == _DONE else "open")
    over = from_text(asked["end_date"]) < context.clock()
    return client.appointments.listed("past" if over else "upcoming")
