"""What to do when Freshdesk says that a contact exists already (409).

The reply mostly names the contact; where it does not, the contact is looked up by the value that
has to be unique, among the deleted ones too, since those keep theirs.

Facts: https://developers.freshdesk.com/api/#create_contact
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from freshbridge.actions.earlier import Period, proof
from freshbridge.actions.freshdesk.contact_attributes import IDENTITIES
from freshbridge.actions.freshdesk.earlier import first_pages
from freshbridge.actions.freshdesk.ticket_query_text import write
from freshbridge.actions.likeness import Likeness
from freshbridge.errors import Conflict, InvalidRequest, NotFound

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.freshdesk.paging import Record

UNIQUE = ("email", "twitter_id", "unique_external_id")
"""What Freshdesk keeps unique in every account: it refuses a second contact and names the first."""


def existing_contact(
    client: FreshdeskClient, fields: Mapping[str, Any], conflict: Conflict
) -> Record | None:
    """The contact that has a value of `fields`; None when it is an agent's or cannot be found."""
    if conflict.existing_id is not None:
        return _contact(client, conflict.existing_id)
    for name, value in _suspects(fields, conflict):
        contact_id = _id_of(client, name, value)
        if contact_id is not None:
            return _contact(client, contact_id)
    return None


def refusal(conflict: Conflict, existing: Record | None) -> Conflict:
    """The error for a caller who wants no existing contact."""
    if existing is None:
        advice = (
            "The value belongs to an agent or to a contact that cannot be found; change the value."
        )
    else:
        state = " (deleted)" if existing.get("deleted") else ""
        advice = (
            f"It is contact {existing['id']}{state}: use it, or set on_duplicate to return or "
            "update, or change the value."
        )
    return Conflict(
        "The contact exists already",
        existing_id=existing["id"] if existing else conflict.existing_id,
        fields=conflict.fields,
        where=conflict.where,
        status=conflict.status,
        advice=advice,
        provider_request_id=conflict.provider_request_id,
    )


def made_by_this_request(context: Context, fields: Mapping[str, Any], existing: Record) -> bool:
    """Whether the contact is what an earlier attempt of this same request made.

    A contact created in that attempt's time, equal in everything that was asked for and claimed by
    no other request, is its work; if it were somebody else's, it would still be the contact that
    was asked for.
    """
    return (
        context.unsure is not None
        and not existing.get("deleted")
        and Period.of(context.unsure).has(existing)
        and shows(fields, existing)
        and context.claim("contact", existing)
    )


def shows(fields: Mapping[str, Any], record: Record) -> bool:
    """Whether a contact or company has everything that was asked for."""
    return all(_same(value, record.get(name)) for name, value in fields.items())


def earlier_contact(context: Context, unsure: Unsure, fields: Mapping[str, Any]) -> Record | None:
    """The contact that an earlier attempt made of a phone number alone; None when it made none.

    Costs one call, two when more than 100 contacts have the number.

    Raises:
        OutcomeUnknown: neither can be shown: some contact of that time has the number and the
            name, and differs in the rest.
    """
    name = "phone" if fields.get("phone") else "mobile"
    contacts, whole = first_pages(context.client.contacts({name: fields[name]}))
    period = Period.of(unsure)

    def likeness(contact: Record) -> Likeness:
        if shows(fields, contact):
            return Likeness.SAME
        same_name = _same(fields["name"], contact.get("name"))
        return Likeness.DOUBTFUL if same_name else Likeness.OTHER

    near = [contact for contact in contacts if period.has(contact)]
    return proof(context, "contact", near, likeness, whole=whole)


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, str) and isinstance(found, str):
        return wanted.strip().casefold() == found.strip().casefold()
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(_same(value, found.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(
            any(_same(one, other) for other in found) for one in wanted
        )
    return bool(wanted == found)


def _contact(client: FreshdeskClient, contact_id: int) -> Record | None:
    try:
        return client.contact(contact_id)
    except NotFound:
        # Agents and contacts share their ids and addresses; an agent is no contact.
        return None


def _suspects(fields: Mapping[str, Any], conflict: Conflict) -> Iterator[tuple[str, str]]:
    """What may have clashed: the values that the reply names, then all others."""
    named = [error.field for error in conflict.fields]
    for name in dict.fromkeys([*named, *IDENTITIES, "other_emails"]):
        value = fields.get(name)
        if name == "other_emails":
            yield from (("email", address) for address in value or ())
        elif name in IDENTITIES and value:
            yield name, value


def _id_of(client: FreshdeskClient, name: str, value: str) -> int | None:
    try:
        if name == "twitter_id":
            found = client.search_contacts(write(name, value)).records
        else:
            found = _listed(client, name, value)
    except (InvalidRequest, ValueError):
        # An account that cannot be asked by this value: the other values may lead to the contact.
        return None
    return int(found[0]["id"]) if found else None


def _listed(client: FreshdeskClient, name: str, value: str) -> list[Record]:
    for state in (None, "deleted"):
        page = next(client.contacts({name: value, "state": state}, per_page=1))
        if page.records:
            return page.records
    return []
