"""Merging contacts. Source: https://developers.freshdesk.com/api/#merge_contact"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, StrictBool, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters
from freshbridge.actions.freshdesk.contact_attributes import contact_url
from freshbridge.actions.freshdesk.fields import EmailAddress, RecordId
from freshbridge.errors import FieldError, InvalidRequest, NotFound, WrongState

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.freshdesk.paging import Record

_SINGLE = ("phone", "mobile", "twitter_id", "unique_external_id")
# A contact's own address and nine others.
_MOST_EMAILS = 10
_MOST_CONTACTS = 20


class MergeContacts(Parameters):
    """Make one contact of several: the secondary ones are deleted, and that cannot be undone.

    Their tickets, addresses and companies go to the primary contact. Where several have a phone or
    another value of which one can stay, the primary's stays unless told otherwise; dry_run shows
    what would stay.
    """

    primary_contact_id: RecordId = Field(description="The contact that stays")
    secondary_contact_ids: list[RecordId] = Field(
        min_length=1, max_length=_MOST_CONTACTS, description="The contacts that go"
    )
    email: EmailAddress | None = Field(default=None, description="The address that is to be first")
    phone: str | None = Field(default=None, min_length=1, description="The phone that stays")
    mobile: str | None = Field(default=None, min_length=1, description="The mobile that stays")
    twitter_id: str | None = Field(default=None, min_length=1, description="The one that stays")
    unique_external_id: str | None = Field(
        default=None, min_length=1, description="The one that stays"
    )
    company_ids: list[RecordId] | None = Field(
        default=None, description="The companies that stay, the first one first; all unless told"
    )
    dry_run: StrictBool = Field(
        default=False, description="Show what would stay and change nothing"
    )

    @model_validator(mode="after")
    def _primary_stays(self) -> MergeContacts:
        if self.primary_contact_id in self.secondary_contact_ids:
            raise ValueError("the primary contact cannot be among the secondary ones")
        return self


def merge_contacts(context: Context, parameters: MergeContacts) -> Outcome:
    """Merge; a second run is refused, for the secondary contacts are gone."""
    secondary_ids = list(dict.fromkeys(parameters.secondary_contact_ids))
    ids = [parameters.primary_contact_id, *secondary_ids]
    contacts = [_live(context.client, contact_id) for contact_id in ids]
    stated = _stated(contacts, parameters)
    if not parameters.dry_run:
        context.client.merge_contacts(
            {
                "primary_contact_id": parameters.primary_contact_id,
                "secondary_contact_ids": secondary_ids,
                "contact": stated,
            }
        )
    # The merged contact is not read back: a failure of that would look like one of the merge.
    return Outcome(
        {
            "contact_id": parameters.primary_contact_id,
            "contact_url": contact_url(context, parameters.primary_contact_id),
            "merged_contact_ids": [] if parameters.dry_run else secondary_ids,
            "dry_run": parameters.dry_run,
            "stays": stated,
        },
        f"{len(secondary_ids)} contacts would be merged"
        if parameters.dry_run
        else f"{len(secondary_ids)} contacts merged",
    )


def _live(client: FreshdeskClient, contact_id: int) -> Record:
    advice = "It may have been merged already."
    try:
        contact = client.contact(contact_id)
    except NotFound as error:
        raise NotFound(
            f"There is no contact {contact_id}",
            where=error.where,
            status=error.status,
            advice=advice,
        ) from error
    if contact.get("deleted"):
        raise WrongState(
            f"Contact {contact_id} is deleted",
            advice=f"{advice} Otherwise restore it first: a deleted contact cannot be merged.",
        )
    return contact


def _stated(contacts: Sequence[Record], parameters: MergeContacts) -> dict[str, Any]:
    """What Freshdesk is told about the merged contact, so that nothing is left to its choice."""
    stated: dict[str, Any] = {}
    for name in _SINGLE:
        value = getattr(parameters, name) or _first(contacts, name)
        if value:
            stated[name] = value
    stated |= _stated_emails(contacts, parameters.email)
    company_ids = parameters.company_ids
    if company_ids is None and isinstance(contacts[0].get("other_companies"), list):
        # Only an account with several companies to a contact shows that list, and takes this one.
        company_ids = _company_ids(contacts)
    if company_ids:
        stated["company_ids"] = company_ids
    return stated


def _first(contacts: Sequence[Record], name: str) -> Any:
    return next((value for contact in contacts if (value := contact.get(name))), None)


def _stated_emails(contacts: Sequence[Record], chosen: str | None) -> dict[str, Any]:
    known: list[str | None] = [chosen]
    for contact in contacts:
        known += [contact.get("email"), *(contact.get("other_emails") or ())]
    by_key = {email.casefold(): email for email in reversed(known) if email}
    emails = [by_key[key] for key in dict.fromkeys(email.casefold() for email in known if email)]
    if len(emails) > _MOST_EMAILS:
        raise InvalidRequest(
            "The merged contact would have too many e-mail addresses",
            fields=[
                FieldError(
                    "secondary_contact_ids",
                    f"Together they have {len(emails)} addresses; a contact has {_MOST_EMAILS}",
                    "invalid_value",
                )
            ],
            advice="Remove addresses from the contacts, or merge fewer of them.",
        )
    return {"email": emails[0], "other_emails": emails[1:]} if emails else {}


def _company_ids(contacts: Sequence[Record]) -> list[int]:
    ids: list[int] = []
    for contact in contacts:
        ids += [contact["company_id"]] if contact.get("company_id") else []
        ids += [one["company_id"] for one in contact.get("other_companies") or ()]
    return list(dict.fromkeys(ids))


ACTIONS = (
    Action(
        "freshdesk",
        "merge_contacts",
        MergeContacts,
        merge_contacts,
        Effect.SET,
        {
            "primary_contact_id": 88001204168,
            "secondary_contact_ids": [88001204170],
            "phone": "+4420555010",
        },
        credits=3,
        credits_note="One, and one to read each contact",
    ),
)
