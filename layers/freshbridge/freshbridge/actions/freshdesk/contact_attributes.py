"""What a contact may be given, as parameters that creating and updating share.

Source: https://developers.freshdesk.com/api/#create_contact
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, StrictBool

from freshbridge.actions.action import Outcome, Parameters
from freshbridge.actions.freshdesk.fields import EmailAddress, RecordId

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record

IDENTITIES = ("email", "phone", "mobile", "twitter_id", "unique_external_id")
"""Of these a contact has at least one. A phone is unique only where the account says so."""


class OtherCompany(Parameters):
    """A company beside the contact's first one."""

    company_id: RecordId = Field(description="The company's id")
    view_all_tickets: StrictBool = Field(
        default=False, description="Whether the contact sees all of the company's tickets"
    )


class ContactAttributes(Parameters):
    """Attributes that a contact can be created and updated with."""

    name: str | None = Field(default=None, min_length=1, max_length=255, description="Full name")
    email: EmailAddress | None = Field(default=None, description="Unique in the account")
    phone: str | None = Field(default=None, max_length=255, description="Work phone")
    mobile: str | None = Field(default=None, max_length=255, description="Mobile phone")
    twitter_id: str | None = Field(
        default=None, max_length=255, description="X (Twitter) id; unique in the account"
    )
    unique_external_id: str | None = Field(
        default=None,
        max_length=255,
        description="The contact's id in a system of yours; unique in the account",
    )
    other_emails: list[EmailAddress] | None = Field(
        default=None, description="Further addresses; an update replaces the whole list"
    )
    company_id: RecordId | None = Field(default=None, description="The contact's first company")
    view_all_tickets: StrictBool | None = Field(
        default=None, description="Whether the contact sees all of that company's tickets"
    )
    other_companies: list[OtherCompany] | None = Field(
        default=None,
        description="Further companies, where the account has that feature; an update replaces "
        "the whole list",
    )
    address: str | None = Field(default=None, description="Postal address")
    description: str | None = Field(default=None, description="About the contact")
    job_title: str | None = Field(default=None, max_length=255, description="Title")
    language: str | None = Field(default=None, max_length=255, description="Such as en or pt-BR")
    time_zone: str | None = Field(
        default=None,
        max_length=255,
        description="As Freshdesk names it, such as Eastern Time (US & Canada)",
    )
    tags: list[str] | None = Field(
        default=None, description="An update replaces the contact's tags"
    )
    custom_fields: dict[str, Any] | None = Field(
        default=None, description="By the names of the account's contact fields"
    )


def contact_url(context: Context, contact_id: int) -> str:
    """Where an agent opens the contact."""
    return f"{context.instance.origin}/a/contacts/{contact_id}"


def shown_contact(context: Context, contact: Record, message: str, **more: Any) -> Outcome:
    """Return the answer of an action whose result is one contact."""
    contact_id = contact["id"]
    found = {"contact_id": contact_id, "contact_url": contact_url(context, contact_id)}
    return Outcome({**found, **more, "contact": contact}, message)
