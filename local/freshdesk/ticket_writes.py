"""Every change to a ticket goes through here: stamps, stats, indexes, then the announcement.

Automation rules use the same functions as the API, with ``by_automation=True``. Arguments are
checked by the caller; these functions only keep the books right. Facts on the eight ``stats``:
developers.freshdesk.com/api, Tickets, and what real accounts return.
"""

import re
from datetime import timedelta
from html import unescape
from typing import Any, Literal

from local.freshdesk.account import Account, Actor, EventKind, Record, TicketEvent
from local.freshdesk.clock import parse_stamp, stamp_of

OPEN, PENDING, RESOLVED, CLOSED = 2, 3, 4, 5
_FINISHED = {RESOLVED, CLOSED}

ConversationKind = Literal["note", "reply", "forward", "reply_to_forward", "requester_reply"]

# kind -> (source, category) of the conversation record.
_WIRE_KIND: dict[ConversationKind, tuple[int, int]] = {
    "note": (2, 2), "reply": (0, 3), "forward": (8, 2), "reply_to_forward": (0, 6),
    "requester_reply": (0, 1),
}  # fmt: skip

_STATS = (
    "agent_responded_at", "requester_responded_at", "first_responded_at", "status_updated_at",
    "reopened_at", "resolved_at", "closed_at", "pending_since",
)  # fmt: skip

# Seconds allowed by priority until the first response and the resolution.
SLA_SECONDS = {1: (86_400, 432_000), 2: (43_200, 259_200), 3: (14_400, 86_400), 4: (3_600, 14_400)}

_INLINE_TAG = re.compile(
    r"</?(?:a|b|code|em|font|i|s|small|span|strong|sub|sup|u)\b[^>]*>", re.IGNORECASE
)


def text_of(html: str) -> str:
    """What ``description_text`` and ``body_text`` hold: the HTML's text on one line.

    Tags within a line leave nothing behind, others part words.
    """
    parted = re.sub(r"<[^>]*>", " ", _INLINE_TAG.sub("", html or ""))
    return " ".join(unescape(parted).split())


def ticket_defaults(account: Account, stamp: str) -> Record:
    """A ticket record before anything is known of it but the time; keys as in the single view
    plus ``deleted``, ``stats`` and the bookkeeping keys the views leave out."""
    support = f"support@{account.host}"
    return {
        "cc_emails": [], "fwd_emails": [], "reply_cc_emails": [], "ticket_cc_emails": [],
        "ticket_bcc_emails": [], "fr_escalated": False, "spam": False, "email_config_id": None,
        "group_id": None, "priority": 1, "requester_id": 0, "responder_id": None, "source": 2,
        "company_id": None, "status": OPEN, "subject": None, "association_type": None,
        "support_email": support, "to_emails": None, "product_id": None, "id": 0, "type": None,
        "due_by": None, "fr_due_by": None, "is_escalated": False, "description": "",
        "description_text": "", "structured_description": None, "custom_fields": {},
        "created_at": stamp, "updated_at": stamp, "tags": [], "attachments": [],
        "source_additional_info": None, "form_id": None, "nr_due_by": None,
        "nr_escalated": False, "sentiment_score": None, "initial_sentiment_score": None,
        "internal_agent_id": None, "internal_group_id": None,
        "deleted": False, "stats": dict.fromkeys(_STATS),
        "associated_tickets": [], "watcher_ids": [], "sla_manual": False,
    }  # fmt: skip


def open_ticket(
    account: Account, fields: Record, *, actor: Actor, by_automation: bool = False
) -> Record:
    """A new ticket from checked ``fields`` (wire names); announces ``created``.

    ``due_by`` stays null until the SLA engine, ``sla_delay_s`` later, fills it, unless given.
    """
    stamp = account.clock.stamp()
    ticket = ticket_defaults(account, stamp)
    ticket.update(fields)
    ticket["id"] = account.next_id("ticket")
    ticket["description"] = ticket["description"] or ""
    ticket["description_text"] = text_of(ticket["description"])
    ticket["ticket_cc_emails"] = ticket["reply_cc_emails"] = list(ticket["cc_emails"])
    ticket["sla_manual"] = ticket["due_by"] is not None
    ticket["stats"] = _stats_after_status(ticket["stats"], None, ticket["status"], stamp)
    account.tickets[ticket["id"]] = ticket
    account.ticket_index.after_write(ticket)
    _schedule_sla(account, ticket)
    account.announce(TicketEvent("created", ticket, actor, by_automation=by_automation))
    return ticket


def change_ticket(
    account: Account, ticket: Record, changes: Record, *, actor: Actor, by_automation: bool = False
) -> dict[str, tuple[Any, Any]]:
    """Set ``changes`` (wire names; ``custom_fields`` merges per key; others replace).

    ``updated_at`` moves even when nothing differs, as a PUT's does. Announces ``updated`` with
    what really changed, and returns that.
    """
    stamp = account.clock.stamp()
    if "custom_fields" in changes:
        merged = {**ticket["custom_fields"], **(changes["custom_fields"] or {})}
        changes = {**changes, "custom_fields": merged}
    differences = _differences(ticket, changes)
    account.ticket_index.before_write(ticket)
    before = ticket["status"]
    ticket.update(changes)
    ticket["updated_at"] = stamp
    if "description" in changes:
        ticket["description_text"] = text_of(ticket["description"] or "")
    if "due_by" in changes:
        ticket["sla_manual"] = changes["due_by"] is not None
    ticket["stats"] = _stats_after_status(ticket["stats"], before, ticket["status"], stamp)
    account.ticket_index.after_write(ticket)
    if "priority" in differences:
        _schedule_sla(account, ticket)
    account.announce(
        TicketEvent("updated", ticket, actor, differences, by_automation=by_automation)
    )
    return differences


def set_deleted(
    account: Account, ticket: Record, deleted: bool, *, actor: Actor, by_automation: bool = False
) -> None:
    """Into the trash or out of it; announces ``deleted`` or ``restored``."""
    kind: EventKind = "deleted" if deleted else "restored"
    _set(account, ticket, {"deleted": deleted})
    account.announce(TicketEvent(kind, ticket, actor, by_automation=by_automation))


def set_spam(account: Account, ticket: Record, spam: bool, *, actor: Actor) -> None:
    """The vendor has no call for it; the control API does it. Announces ``updated``."""
    before = ticket["spam"]
    _set(account, ticket, {"spam": spam})
    account.announce(TicketEvent("updated", ticket, actor, {"spam": (before, spam)}))


def add_conversation(
    account: Account,
    ticket: Record,
    kind: ConversationKind,
    fields: Record,
    *,
    actor: Actor,
    by_automation: bool = False,
) -> Record:
    """A note, reply, forward or customer reply from checked ``fields`` (wire names).

    Keeps the ticket's response stamps and ``updated_at``; announces ``note_added``,
    ``reply_added`` or ``requester_replied``. The status is left alone: reopening on a customer's
    reply is the work of an automation rule, as on the real system.
    """
    source, category = _WIRE_KIND[kind]
    from_customer = kind == "requester_reply" or bool(fields.get("incoming"))
    conversation = store_conversation(
        account,
        {
            "incoming": from_customer,
            "private": kind == "note",
            "user_id": actor.user_id,
            "source": source,
            "category": category,
            "ticket_id": ticket["id"],
            **fields,
        },
    )
    stamp = conversation["created_at"]
    stats = dict(ticket["stats"])
    if from_customer:
        stats["requester_responded_at"] = stamp
    elif not conversation["private"] and kind in {"reply", "note"}:
        stats["agent_responded_at"] = stamp
        stats["first_responded_at"] = stats["first_responded_at"] or stamp
    _set(account, ticket, {"stats": stats})
    event: EventKind = "reply_added"
    if kind == "note":
        event = "note_added"
    elif kind == "requester_reply":
        event = "requester_replied"
    account.announce(
        TicketEvent(event, ticket, actor, conversation=conversation, by_automation=by_automation)
    )
    return conversation


def store_conversation(account: Account, fields: Record) -> Record:
    """A conversation record from ``fields`` over the defaults, stored without any announcement."""
    stamp = account.clock.stamp()
    conversation: Record = {
        "body": "", "body_text": "", "id": account.next_id("conversation"), "incoming": False,
        "private": False, "user_id": None, "support_email": None, "source": 0, "category": 3,
        "to_emails": [], "from_email": None, "cc_emails": [], "bcc_emails": [],
        "email_failure_count": None, "outgoing_failures": None, "thread_id": None,
        "thread_message_id": None, "created_at": stamp, "updated_at": stamp,
        "last_edited_at": None, "last_edited_user_id": None, "attachments": [],
        "automation_id": None, "automation_type_id": None, "auto_response": False,
        "ticket_id": 0, "threading_type": None, "source_additional_info": None,
        "deleted": False, **fields,
    }  # fmt: skip
    conversation["body_text"] = text_of(conversation["body"])
    account.conversations[conversation["id"]] = conversation
    ids = account.conversations_of.setdefault(conversation["ticket_id"], [])
    ids.append(conversation["id"])
    return conversation


def touch(account: Account, ticket: Record) -> None:
    """Move ``updated_at`` for a change that is kept outside the record."""
    _set(account, ticket, {})


def set_watchers(account: Account, ticket: Record, agent_ids: list[int]) -> None:
    """Who is told of what happens to the ticket; no event of its own."""
    _set(account, ticket, {"watcher_ids": agent_ids})


def _set(account: Account, ticket: Record, values: Record) -> None:
    account.ticket_index.before_write(ticket)
    ticket.update(values)
    ticket["updated_at"] = account.clock.stamp()
    account.ticket_index.after_write(ticket)


def _differences(ticket: Record, changes: Record) -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {}
    for name, value in changes.items():
        if name == "custom_fields":
            old = ticket["custom_fields"]
            found |= {
                f"custom_fields.{key}": (old.get(key), new)
                for key, new in (value or {}).items()
                if old.get(key) != new
            }
        elif ticket.get(name) != value:
            found[name] = (ticket.get(name), value)
    return found


def _stats_after_status(stats: Record, before: int | None, after: int, stamp: str) -> Record:
    """``stats`` when the status goes from ``before`` (None: just created) to ``after``."""
    if before == after:
        return stats
    new = {**stats, "status_updated_at": stamp}
    new["pending_since"] = stamp if after == PENDING else None
    if after in _FINISHED:
        new["resolved_at"] = new["resolved_at"] or stamp
        new["closed_at"] = stamp if after == CLOSED else None
    else:
        if before in _FINISHED:
            new["reopened_at"] = stamp
        new["resolved_at"] = new["closed_at"] = None
    return new


def _schedule_sla(account: Account, ticket: Record) -> None:
    if ticket["sla_manual"]:
        return
    account.schedule.after(account.settings.sla_delay_s, lambda: _fill_due_dates(account, ticket))


def _fill_due_dates(account: Account, ticket: Record) -> None:
    # The SLA engine's own stamps do not move ``updated_at``: they are no change by a person.
    if ticket["sla_manual"] or account.tickets.get(ticket["id"]) is not ticket:
        return
    respond, resolve = SLA_SECONDS[ticket["priority"]]
    created = parse_stamp(ticket["created_at"])
    account.ticket_index.before_write(ticket)
    ticket["fr_due_by"] = stamp_of(created + timedelta(seconds=respond))
    ticket["due_by"] = stamp_of(created + timedelta(seconds=resolve))
    account.ticket_index.after_write(ticket)
