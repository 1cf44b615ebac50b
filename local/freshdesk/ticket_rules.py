"""What a ticket may be given: body specs, references, mandatory fields, the requester.

Facts: developers.freshdesk.com/api, Create and Update a Ticket. Types are strict; mandatory
fields follow the account's ticket form.
"""

from collections.abc import Mapping
from typing import Any

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import (
    FieldError,
    invalid_value,
    missing_field,
    no_such_record,
    validation_failed,
)
from local.freshdesk.people import company_of_email, find_user, new_contact, person
from local.freshdesk.ticket_fields import (
    PRIORITIES,
    custom_field_specs,
    required_names,
    statuses,
    types,
)
from local.freshdesk.validation import Field, Spec

SOURCES = (1, 2, 3, 5, 6, 7, 9, 10, 11)
_FINISHED = {4, 5}
_REQUESTER: Spec = {
    "name": Field("string", max_length=255),
    "requester_id": Field("integer"),
    "email": Field("email"),
    "facebook_id": Field("string"),
    "phone": Field("string"),
    "twitter_id": Field("string"),
    "unique_external_id": Field("string"),
}
_IDENTIFIERS = ("email", "phone", "twitter_id", "unique_external_id")
_SHARED_OWNERSHIP = ("internal_agent_id", "internal_group_id")


def update_spec(account: Account) -> Spec:
    """Every attribute ``PUT /tickets/{id}`` takes."""
    integer = Field("integer")
    return {
        **_REQUESTER,
        "subject": Field("string", max_length=255, nullable=False, blank=False),
        "description": Field("string"),
        "status": Field("integer", nullable=False, choices=tuple(statuses(account))),
        "priority": Field("integer", nullable=False, choices=tuple(PRIORITIES.values())),
        "source": Field("integer", nullable=False, choices=SOURCES),
        "type": Field("string", choices=tuple(types(account))),
        "responder_id": integer, "group_id": integer, "product_id": integer,
        "email_config_id": integer, "company_id": integer, "parent_id": integer,
        "internal_agent_id": integer, "internal_group_id": integer,
        "tags": Field("array", items=Field("string", nullable=False, max_length=32)),
        "custom_fields": Field("object", fields=custom_field_specs(account)),
        "due_by": Field("datetime"), "fr_due_by": Field("datetime"),
        "lookup_parameter": Field("string", choices=("display_id", "primary_field_value")),
    }  # fmt: skip


def create_spec(account: Account) -> Spec:
    """Every attribute ``POST /tickets`` takes."""
    return {
        **update_spec(account),
        "cc_emails": Field("array", items=Field("email")),
        "related_ticket_ids": Field("array", items=Field("integer", nullable=False)),
    }


def check_references(account: Account, fields: Record) -> list[FieldError]:
    """Offences of ids that name no record, and of features the plan lacks."""
    tables: dict[str, tuple[Mapping[int, Record], str]] = {
        "group_id": (account.groups, "group"),
        "responder_id": (account.agents, "agent"),
        "product_id": (account.table("products"), "product"),
        "email_config_id": (account.table("email_configs"), "email config"),
        "company_id": (account.companies, "company"),
        "internal_agent_id": (account.agents, "agent"),
        "internal_group_id": (account.groups, "group"),
    }
    errors = [
        no_such_record(name, what)
        for name, (table, what) in tables.items()
        if fields.get(name) is not None and fields[name] not in table
    ]
    gated = () if account.has_feature("shared_ownership") else _SHARED_OWNERSHIP
    errors += [
        FieldError(name, "The shared_ownership feature is not enabled", "inaccessible_field")
        for name in gated
        if name in fields
    ]
    return errors


def check_due_dates(account: Account, fields: Record) -> list[FieldError]:
    """Both dates come together, lie ahead, and the first response is due no later."""
    due, first = fields.get("due_by"), fields.get("fr_due_by")
    if due is None and first is None:
        return []
    if due is None or first is None:
        return [missing_field("due_by" if due is None else "fr_due_by")]
    now = account.clock.stamp()
    errors = [
        invalid_value(name, "It should be a date in the future")
        for name, value in (("due_by", due), ("fr_due_by", first))
        if value <= now
    ]
    if first > due:
        errors.append(invalid_value("fr_due_by", "It should be earlier than due_by"))
    return errors


def check_mandatory(account: Account, ticket: Record) -> list[FieldError]:
    """Fields the form demands of agents, and on resolving or closing.

    ``ticket`` is what would be stored. Status, priority and source have defaults and the
    requester has its own rule, so they cannot be missing here.
    """
    names = required_names(account, "required_for_agents")
    if ticket["status"] in _FINISHED:
        names |= required_names(account, "required_for_closure")
    return [missing_field(name) for name in sorted(names - {"requester"}) if _empty(ticket, name)]


def _empty(ticket: Record, name: str) -> bool:
    head, _, custom = name.partition(".")
    value = ticket["custom_fields"].get(custom) if custom else ticket.get(head)
    return value is None or value == ""


def take_requester(account: Account, fields: Record) -> Record:
    """Replace the requester's attributes in checked ``fields`` by ``requester_id``.

    An unknown e-mail, phone, twitter or external id makes a contact, as the vendor's does. Also
    sets ``company_id`` to the requester's when none was given. Raises ApiError 400.
    """
    known = {name: fields[name] for name in _REQUESTER if fields.get(name) not in {None, ""}}
    rest = {name: value for name, value in fields.items() if name not in _REQUESTER}
    user_id = _requester_id(account, known)
    rest["requester_id"] = user_id
    if rest.get("company_id") is None:
        rest["company_id"] = (person(account, user_id) or {}).get("company_id")
    return rest


def names_requester(fields: Record) -> bool:
    """Whether a checked body says anything about the requester."""
    return any(fields.get(name) is not None for name in _REQUESTER)


def _requester_id(account: Account, known: dict[str, Any]) -> int:
    if (user_id := known.get("requester_id")) is not None:
        if person(account, user_id) is None:
            raise validation_failed([no_such_record("requester_id", "contact")])
        return int(user_id)
    for name in (*_IDENTIFIERS, "facebook_id"):
        if name in known and (found := find_user(account, name, known[name])) is not None:
            return found
    identifiers = {name: known[name] for name in _IDENTIFIERS if name in known}
    if not identifiers:
        raise validation_failed([_no_requester(known)])
    if set(identifiers) == {"phone"} and "name" not in known:
        raise validation_failed([missing_field("name")])
    email = known.get("email")
    name = known.get("name") or (email or next(iter(identifiers.values()))).partition("@")[0]
    company_id = company_of_email(account, email)
    return int(new_contact(account, name, company_id=company_id, **identifiers)["id"])


def _no_requester(known: dict[str, Any]) -> FieldError:
    if "facebook_id" in known:
        return no_such_record("facebook_id", "contact")
    return FieldError(
        "requester_id",
        "At least one of these should be present: requester_id, email, phone, twitter_id, "
        "facebook_id, unique_external_id",
        "missing_field",
    )
