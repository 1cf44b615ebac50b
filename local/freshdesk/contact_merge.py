"""Merging contacts, and turning a contact into an agent.

Source: developers.freshdesk.com/api, Merge Contacts and Make Agent; help centre on merging: what
the secondary contacts had goes to the primary one, and they are deleted.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.agent_rules import (
    AGENT_SETTINGS,
    agent_attributes,
    check_agent,
    check_seat,
    join_groups,
)
from local.freshdesk.contact_rules import UNIQUE, find_live_contact
from local.freshdesk.contacts import change_contact, contact_view
from local.freshdesk.directory import renamed
from local.freshdesk.errors import (
    FieldError,
    duplicate_value,
    missing_field,
    no_such_record,
    validation_failed,
)
from local.freshdesk.people import find_user, new_agent, unindex_user
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.ticket_access import caller
from local.freshdesk.ticket_writes import change_ticket
from local.freshdesk.validation import Field, check_body

# Of these a contact has one: when both sides have a value the call must say which stays.
_SINGLE: Final = ("phone", "mobile", "twitter_id", "unique_external_id")
_IDS = Field("array", required=True, nullable=False, items=Field("integer", nullable=False))
_MERGE = {
    "primary_contact_id": Field("integer", required=True, nullable=False),
    "secondary_contact_ids": _IDS,
    "contact": Field(
        "object",
        fields={
            "email": Field("email"),
            **{name: Field("string") for name in _SINGLE},
            "other_emails": Field("array", items=Field("email", nullable=False)),
            "company_ids": Field("array", items=Field("integer", nullable=False)),
        },
    ),
}


def _merge(request: Request) -> Reply:
    account = request.account
    fields = check_body(_MERGE, request)
    primary = _live(account, fields["primary_contact_id"], "primary_contact_id")
    ids = [one for one in dict.fromkeys(fields["secondary_contact_ids"]) if one != primary["id"]]
    secondaries = [_live(account, one, "secondary_contact_ids") for one in ids]
    if not secondaries:
        raise validation_failed([missing_field("secondary_contact_ids")])
    stated = fields.get("contact") or {}
    merged = _merged(account, [primary, *secondaries], stated)
    for secondary in secondaries:
        _absorb(request, primary, secondary)
    change_contact(account, primary, merged)
    return Reply(204)


def _live(account: Account, contact_id: int, field: str) -> Record:
    contact = account.contacts.get(contact_id)
    if contact is None or contact["deleted"]:
        raise validation_failed([no_such_record(field, "contact")])
    return contact


def _merged(account: Account, contacts: Sequence[Record], stated: Mapping[str, Any]) -> Record:
    """The primary contact's new attributes. Raises ApiError 400, or 409 for somebody else's."""
    merged: Record = {}
    errors: list[FieldError] = []
    for name in _SINGLE:
        values = {one[name] for one in contacts if one[name]}
        if name in stated:
            merged[name] = stated[name]
        elif len(values) > 1:
            errors.append(missing_field(f"contact.{name}"))
        elif values:
            merged[name] = values.pop()
    merged |= _merged_emails(contacts, stated) | _merged_companies(contacts, stated)
    if any(one not in account.companies for one in stated.get("company_ids") or ()):
        errors.append(no_such_record("contact.company_ids", "company"))
    if errors:
        raise validation_failed(errors)
    _check_unique(account, {one["id"] for one in contacts}, merged)
    return merged


def _check_unique(account: Account, ours: set[int], merged: Record) -> None:
    for name in UNIQUE:
        owner = find_user(account, name, merged[name]) if merged.get(name) else None
        if owner is not None and owner not in ours:
            raise duplicate_value(f"contact.{name}", user_id=owner)


def _merged_emails(contacts: Sequence[Record], stated: Mapping[str, Any]) -> Record:
    known = [email for one in contacts for email in (one["email"], *one["other_emails"]) if email]
    first = stated.get("email") or next(iter(known), None)
    others = stated.get("other_emails")
    rest = known if others is None else others
    return {"email": first, "other_emails": [one for one in dict.fromkeys(rest) if one != first]}


def _merged_companies(contacts: Sequence[Record], stated: Mapping[str, Any]) -> Record:
    if stated.get("company_ids") is None:
        company_id = next((one["company_id"] for one in contacts if one["company_id"]), None)
        return {"company_id": company_id}
    first, *others = stated["company_ids"] or [None]
    rest = [{"company_id": one, "view_all_tickets": False} for one in others]
    return {"company_id": first, "other_companies": rest}


def _absorb(request: Request, primary: Record, secondary: Record) -> None:
    """Move the tickets and remove the contact: its addresses are free for the primary one."""
    account = request.account
    for ticket_id in sorted(account.ticket_index.of_requester(secondary["id"])):
        change_ticket(
            account,
            account.tickets[ticket_id],
            {"requester_id": primary["id"]},
            actor=caller(request),
            # Bookkeeping of the merge, and nothing that somebody did to the ticket.
            by_automation=True,
        )
    unindex_user(account, secondary["id"], secondary)
    del account.contacts[secondary["id"]]


def _make_agent(request: Request) -> Reply:
    account = request.account
    contact = find_live_contact(request)
    fields = check_body(AGENT_SETTINGS, request)
    if not contact["email"]:
        message = "Contact with email id can only be converted to agent"
        raise validation_failed([FieldError("email", message, "inconsistent_state")])
    check_agent(account, fields)
    check_seat(account)
    unindex_user(account, contact["id"], contact)
    del account.contacts[contact["id"]]
    agent = new_agent(
        account, contact["name"], contact["email"], id=contact["id"],
        **agent_attributes(account, fields),
    )  # fmt: skip
    personal = ("job_title", "language", "mobile", "phone", "time_zone")
    agent["contact"] = {**agent["contact"], **{name: contact[name] for name in personal}}
    join_groups(account, agent, agent["group_ids"])
    for table in ("contacts", "agents"):
        renamed(account, table)
    shown = contact_view(request, {**contact, "other_emails": []})
    inner = {name: value for name, value in agent.items() if name not in {"contact", "id"}}
    return Reply(200, {**shown, "agent": {"id": agent["id"], **inner}})


ROUTES = (
    Route("POST", "/contacts/merge", _merge),
    Route("PUT", "/contacts/{id}/make_agent", _make_agent, admin_only=True),
)
