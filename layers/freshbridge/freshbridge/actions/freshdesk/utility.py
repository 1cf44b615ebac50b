"""The account itself: its fields and plan, and whether it can be reached.

Source: https://developers.freshdesk.com/api/#ticket-fields, #contact-fields, #account
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from freshbridge.actions.action import Action, Effect, Outcome, Parameters
from freshbridge.actions.freshdesk.field_choices import choices_of
from freshbridge.actions.freshdesk.kept_reading import (
    Listing,
    aged,
    for_administrators,
    paged,
    read_kept,
)
from freshbridge.actions.mapping import FIELDS, FieldNames
from freshbridge.errors import Forbidden, Retry
from freshbridge.instances.validation import restrictions

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record

# What a parameter is called where the form's field has another name.
_PARAMETERS = {
    "requester": "requester_id",
    "ticket_type": "type",
    "agent": "agent_id",
    "group": "group_id",
    "product": "product_id",
    "company": "company_id",
}


class ListTicketFields(Listing):
    """List the fields of tickets, contacts or companies, with their choices in one shape.

    `parameter` is the name that an action's parameters have for a field.
    """

    record: Literal["ticket", "contact", "company"] = Field(
        default="ticket", description="Whose fields"
    )
    custom_only: bool = Field(default=False, description="Only those that the account has made")


def list_ticket_fields(context: Context, parameters: ListTicketFields) -> Outcome:
    """Read, and put choices and names into one shape."""
    with for_administrators(f"list {parameters.record} fields"):
        found = read_kept(context, f"{parameters.record}_fields", fresh=parameters.fresh)
    names = FieldNames.of(context.instance.config)
    fields = [
        _field(record, names)
        for record in found.records
        if not (parameters.custom_only and record.get("default"))
    ]
    return paged("fields", fields, parameters, [found])


def _field(record: Record, names: FieldNames) -> Record:
    name = str(record.get("name"))
    custom = not record.get("default")
    shown = names.shown.get(name, name)
    return {
        **record,
        "custom": custom,
        "parameter": f"{FIELDS}.{shown}" if custom else _PARAMETERS.get(name, name),
        "choices": choices_of(record.get("choices")),
    }


class GetAccount(Parameters):
    """Read the account: its name, plan, time zone and numbers of agents."""

    fresh: bool = Field(default=False, description="Ask Freshdesk, whatever is kept")


def get_account(context: Context, parameters: GetAccount) -> Outcome:
    """Read it; `plan` is Freshdesk's name of the tier."""
    found = read_kept(context, "account", fresh=parameters.fresh)
    account = found.records[0] if found.records else {}
    return aged(
        {"account": account, "plan": account.get("tier_type"), "domain": context.instance.host},
        "Account read",
        [found],
    )


class CheckConnection(Parameters):
    """Ask Freshdesk whose the API key is, what it may not do, and how much it may still call."""


def check_connection(context: Context, _parameters: CheckConnection) -> Outcome:
    """Two calls, never from what is kept; the first one's time is the latency."""
    began = context.clock()
    agent = context.client.me()
    latency = context.clock() - began
    limit = context.client.rate_limit
    contact = agent.get("contact") or {}
    data = {
        "platform": context.instance.platform,
        "domain": context.instance.host,
        "agent": {"id": agent.get("id"), "name": contact.get("name")},
        "may_not": restrictions(_may_administrate(context), agent.get("ticket_scope")),
        "latency_ms": round(latency.total_seconds() * 1000),
        "rate_limit": limit and {"total": limit.total, "remaining": limit.remaining},
    }
    return Outcome(data, "Connection successful")


def _may_administrate(context: Context) -> bool | None:
    try:
        next(context.client.agents(), None)
    except Forbidden:
        return False
    except Retry:
        return None
    return True


_ONCE = "None when answered from what is kept"

ACTIONS = (
    Action(
        "freshdesk",
        "list_ticket_fields",
        ListTicketFields,
        list_ticket_fields,
        Effect.READ,
        {"custom_only": True},
        credits_note=_ONCE,
    ),
    Action("freshdesk", "get_account", GetAccount, get_account, Effect.READ, credits_note=_ONCE),
    Action(
        "freshdesk",
        "test_connection",
        CheckConnection,
        check_connection,
        Effect.READ,
        credits=2,
    ),
)
