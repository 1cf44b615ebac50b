"""Reads the value of every placeholder a webhook or note template may use about one ticket event.

Values are what people see, not what the API returns: labels for numbers, names for ids, times as
prose in the account's time zone, the latest comment as ``author : html``.

Source: Freshdesk help centre, "Understanding dynamic content and placeholders"; forms of the values
as in recorded deliveries (the help centre calls ``{{ticket.status}}`` numeric, deliveries carry its
label).
"""

import hashlib
from datetime import tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.freshdesk.account import Account, Record, TicketEvent
from local.freshdesk.clock import parse_stamp
from local.freshdesk.people import person
from local.freshdesk.ticket_fields import PRIORITIES, SOURCES, STATUSES
from local.freshdesk.webhook_content import Value

HELPDESK_NAME: Final = "Acme Demo"
# The account's time zone is "Eastern Time (US & Canada)".
ZONE_NAME: Final = "America/New_York"

_PRIORITY_LABELS: Final = {number: label for label, number in PRIORITIES.items()}
_SOURCE_LABELS: Final = {number: label for label, number in SOURCES.items()}


def placeholder_values(
    account: Account, event: TicketEvent, triggered_event: str
) -> dict[str, Value]:
    """Placeholder path to value, for the ticket as it stands now."""
    ticket = event.ticket
    requester = person(account, ticket["requester_id"]) or {}
    company = account.companies.get(ticket["company_id"] or 0) or {}
    performer = person(account, event.actor.user_id) or {}
    return {
        **_ticket_values(account, ticket),
        **_people_values(account, ticket, requester, company),
        **{f"event_performer.{name}": value for name, value in _name_parts(performer).items()},
        "event_performer.email": performer.get("email"),
        "event_performer.phone": performer.get("phone"),
        "event_performer.address": performer.get("address"),
        "helpdesk_name": HELPDESK_NAME,
        "triggered_event": triggered_event,
    }


def local_time(stamp: str | None, zone: tzinfo | None = None) -> str:
    """A wire stamp as the product writes it: ``March 06 2026 at 05:00 PM EST``."""
    if stamp is None:
        return ""
    return parse_stamp(stamp).astimezone(zone or _zone()).strftime("%B %d %Y at %I:%M %p %Z")


def status_labels(account: Account, status: int) -> tuple[str, str]:
    """The names of a status for agents and for customers; custom statuses included."""
    fields = (one for one in account.ticket_fields.values() if one["name"] == "status")
    choices = next(fields, {}).get("choices") or STATUSES
    for_agents, *for_customers = choices.get(str(status)) or [str(status)]
    return for_agents, for_customers[0] if for_customers else for_agents


def _ticket_values(account: Account, ticket: Record) -> dict[str, Value]:
    number = ticket["id"]
    agent_label, customer_label = status_labels(account, ticket["status"])
    source = _SOURCE_LABELS.get(ticket["source"], str(ticket["source"]))
    token = hashlib.sha256(f"{account.host}/{number}".encode()).hexdigest()
    product = account.table("products").get(ticket["product_id"] or 0) or {}
    values: dict[str, Value] = {
        "id": number,
        "subject": ticket["subject"],
        "description": ticket["description"],
        "description_text": ticket["description_text"],
        "description_html": ticket["description"],
        "url": f"https://{account.host}/helpdesk/tickets/{number}",
        "public_url": f"https://{account.host}/public/tickets/{token}",
        "portal_url": f"https://{account.host}/support/tickets/{number}",
        "portal_name": HELPDESK_NAME,
        "from_email": ticket["support_email"],
        "status": agent_label,
        "requester_status_name": customer_label,
        "status_changed_on": local_time(ticket["stats"]["status_updated_at"]),
        "priority": _PRIORITY_LABELS[ticket["priority"]],
        "source": source,
        "source_name": source,
        "ticket_type": ticket["type"],
        "tags": ",".join(ticket["tags"]),
        "created_on": local_time(ticket["created_at"]),
        "modified_on": local_time(ticket["updated_at"]),
        "due_by_time": local_time(ticket["due_by"]),
        "due_by_hrs": _hours_until(account, ticket["due_by"]),
        "fr_due_by_time": local_time(ticket["fr_due_by"]),
        "fr_due_by_hrs": _hours_until(account, ticket["fr_due_by"]),
        "sla_policy_name": "Default SLA Policy",
        "total_time_spent": _time_spent(account, number, billable_only=False),
        "billable_hours": _time_spent(account, number, billable_only=True),
        "group_id": ticket["group_id"],
        "latest_public_comment": _latest_comment(account, number, private=False),
        "latest_private_comment": _latest_comment(account, number, private=True),
        "product_description": product.get("description"),
        "satisfaction_survey": None,
        "surveymonkey_survey": None,
        "parent_ticket_id": ticket.get("parent_id"),
        **{name: _scalar(value) for name, value in ticket["custom_fields"].items()},
    }
    return {f"ticket.{name}": value for name, value in values.items()}


def _people_values(
    account: Account, ticket: Record, requester: Record, company: Record
) -> dict[str, Value]:
    group = account.groups.get(ticket["group_id"] or 0) or {}
    agent = person(account, ticket["responder_id"]) or {}
    customer: dict[str, Value] = {
        "id": ticket["requester_id"],
        **_name_parts(requester),
        "company_name": company.get("name"),
        "unique_external_id": requester.get("unique_external_id"),
        **{
            name: requester.get(name)
            for name in (
                "email", "phone", "mobile", "address", "job_title", "language", "time_zone",
            )
        },
        **_custom_values(requester),
    }  # fmt: skip
    return {
        "ticket.group.name": group.get("name"),
        "ticket.agent.id": ticket["responder_id"],
        "ticket.agent.name": agent.get("name"),
        "ticket.agent.email": agent.get("email"),
        "ticket.agent.job_title": agent.get("job_title"),
        **{f"ticket.requester.{name}": value for name, value in customer.items()},
        # The older name of the requester, still in use in templates and in the simple body's keys.
        **{f"ticket.contact.{name}": value for name, value in customer.items()},
        "ticket.company.id": company.get("id"),
        "ticket.company.name": company.get("name"),
        "ticket.company.domains": ",".join(company.get("domains") or ()),
        **{f"ticket.company.{name}": value for name, value in _custom_values(company).items()},
    }


def _latest_comment(account: Account, ticket_id: int, *, private: bool) -> str:
    for conversation_id in reversed(account.conversations_of.get(ticket_id, ())):
        conversation = account.conversations.get(conversation_id)
        if conversation is None or conversation.get("deleted"):
            continue
        if conversation["private"] is private:
            author = person(account, conversation["user_id"]) or {}
            return f"{author.get('name') or ''} : {conversation['body']}"
    return ""


def _time_spent(account: Account, ticket_id: int, *, billable_only: bool) -> str:
    seconds = sum(
        entry.get("time_spent_in_seconds") or 0
        for entry in account.time_entries.values()
        if entry["ticket_id"] == ticket_id and (entry["billable"] or not billable_only)
    )
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


def _hours_until(account: Account, stamp: str | None) -> int | None:
    if stamp is None:
        return None
    return int((parse_stamp(stamp) - account.clock.now()).total_seconds() // 3600)


def _name_parts(someone: Record) -> dict[str, Value]:
    name = someone.get("name") or ""
    first, _, last = name.partition(" ")
    return {"name": name, "firstname": first, "lastname": last}


def _custom_values(record: Record) -> dict[str, Value]:
    return {name: _scalar(value) for name, value in (record.get("custom_fields") or {}).items()}


def _scalar(value: Any) -> Value:
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return ",".join(str(item) for item in value)


def _zone() -> tzinfo | None:
    try:
        return ZoneInfo(ZONE_NAME)
    except ZoneInfoNotFoundError:
        # A machine without a time-zone database prints its own zone rather than failing a webhook.
        return None
