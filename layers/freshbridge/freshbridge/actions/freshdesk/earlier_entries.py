"""The note, reply or forward that an earlier attempt put on a ticket, or the time it logged.

Looked for among all of the ticket's conversations, or its time entries: one call for up to 100 of
them, two for up to 200. What cannot be changed later identifies an entry (its kind, whether it is
private, who it is by where that was asked for, its recipients) together with its words.

It cannot be proved, and a person is asked, when the ticket has more than 200 entries and none of
the 200 seen is it; when an entry has more or less than the text, fewer files, or was edited since;
and when the ticket is gone. An equal entry that somebody else made in the same minutes is taken for
it where no `user_id` or `agent_id` was asked for.
Source: https://developers.freshdesk.com/api/#list_all_ticket_conversations
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.earlier import Period, proof
from freshbridge.actions.freshdesk.earlier import first_pages
from freshbridge.actions.freshdesk.same_text import holds, same_html
from freshbridge.actions.likeness import Likeness

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record

NOTE, REPLY, FORWARD = 2, 0, 8
"""Freshdesk's `source` of a conversation."""


def earlier_conversation(
    context: Context, unsure: Unsure, ticket_id: int, source: int, asked: Mapping[str, Any]
) -> Record | None:
    """The conversation that was made, claimed for this action; None when none was.

    `asked` has `body`, and what else was given of `user_id`, `private`, `incoming`, `to_emails`,
    `cc_emails` and `attachments`.

    Raises:
        OutcomeUnknown: neither can be shown.
    """
    period = Period.of(unsure)
    entries, whole = first_pages(context.client.conversations(ticket_id))

    def likeness(entry: Record) -> Likeness:
        return conversation_likeness(asked, source, entry)

    near = [entry for entry in entries if period.has(entry)]
    return proof(context, "conversation", near, likeness, whole=whole)


def conversation_likeness(asked: Mapping[str, Any], source: int, entry: Record) -> Likeness:
    """How much of a note, reply or forward a ticket's conversation shows."""
    fixed = {"source": source, **{n: asked[n] for n in ("private", "incoming") if n in asked}}
    if asked.get("user_id") is not None:
        fixed["user_id"] = asked["user_id"]
    if any(entry.get(name) != value for name, value in fixed.items()):
        return Likeness.OTHER
    if "to_emails" in asked and _addresses(asked["to_emails"]) != _addresses(entry["to_emails"]):
        return Likeness.OTHER
    said = _said(str(asked["body"]), source, entry)
    if said is Likeness.OTHER and entry.get("last_edited_at"):
        return Likeness.DOUBTFUL
    if said is not Likeness.SAME:
        return said
    copied = _addresses(asked.get("cc_emails")) <= _addresses(entry.get("cc_emails"))
    attached = len(entry.get("attachments") or ()) >= len(asked.get("attachments") or ())
    return Likeness.SAME if copied and attached else Likeness.DOUBTFUL


def _said(body: str, source: int, entry: Record) -> Likeness:
    if source == FORWARD and holds(body, entry.get("body")):
        # What was said before is quoted below it.
        return Likeness.SAME
    least = 3 if source == NOTE else 1
    return same_html(body, entry.get("body"), entry.get("body_text"), least=least)


def earlier_time_entry(
    context: Context, unsure: Unsure, ticket_id: int, asked: Mapping[str, Any]
) -> Record | None:
    """The time entry that was logged, claimed for this action; None when none was.

    `asked` is the body that was sent.

    Raises:
        OutcomeUnknown: neither can be shown.
    """
    period = Period.of(unsure)
    entries, whole = first_pages(context.client.ticket_time_entries(ticket_id))

    def likeness(entry: Record) -> Likeness:
        return time_entry_likeness(asked, entry)

    near = [entry for entry in entries if period.has(entry)]
    return proof(context, "time_entry", near, likeness, whole=whole)


def time_entry_likeness(asked: Mapping[str, Any], entry: Record) -> Likeness:
    """How much of a body that was sent a ticket's time entry shows."""
    if asked.get("agent_id", entry.get("agent_id")) != entry.get("agent_id"):
        return Likeness.OTHER
    timed = "time_spent" in asked and "start_time" not in asked and not asked.get("timer_running")
    same = (
        # A timer's time goes on, and it may have been stopped since.
        (not timed or asked["time_spent"] == entry.get("time_spent"))
        and entry.get("billable") is asked.get("billable", True)
        and same_html(asked.get("note", ""), entry.get("note")) is Likeness.SAME
        and all(
            _moment(asked[name]) == _moment(entry.get(name))
            for name in ("executed_at", "start_time")
            if name in asked
        )
    )
    if same:
        return Likeness.SAME
    edited = entry.get("updated_at") != entry.get("created_at") and timed
    return Likeness.DOUBTFUL if edited else Likeness.OTHER


def _addresses(listed: Iterable[str] | None) -> set[str]:
    """Addresses without the names that Freshdesk may put before them."""
    return {one.rpartition("<")[2].rstrip("> ").casefold() for one in listed or ()}


def _moment(value: Any) -> datetime | None:
    try:
        return timestamps.from_text(str(value))
    except ValueError:
        return None
