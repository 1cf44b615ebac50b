"""Finding contacts.

Source: https://developers.freshdesk.com/api/#filter_contacts, #list_all_contacts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, StrictBool, model_validator

from freshbridge import timestamps
from freshbridge.actions.action import Action, Effect, Outcome
from freshbridge.actions.freshdesk.company_lookup import id_of_name
from freshbridge.actions.freshdesk.fields import EmailAddress, Moment, RecordId
from freshbridge.actions.freshdesk.page_reading import Paged, read_pages
from freshbridge.actions.freshdesk.record_query import CONTACTS, RecordSearch, search_records

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.wire import ParamValue


class SearchContacts(RecordSearch):
    """Find the contacts for which every condition holds, beyond Freshdesk's 300 results too.

    More than 300 are read in slices of days of creation, the newest first; `complete` says whether
    all that match are in the answer, and `shortfalls` why not.
    """

    email: EmailAddress | None = Field(default=None, description="The whole address")
    phone: str | None = Field(default=None, min_length=1, description="As Freshdesk has it")
    mobile: str | None = Field(default=None, min_length=1, description="As Freshdesk has it")
    twitter_id: str | None = Field(default=None, min_length=1, description="X (Twitter) id")
    company_id: RecordId | None = Field(default=None, description="The contact's first company")
    company: str | None = Field(
        default=None, min_length=1, description="That company's name, instead of its id"
    )
    tag: str | None = Field(default=None, min_length=1, description="A tag that the contact has")
    active: StrictBool | None = Field(
        default=None, description="Whether the contact has verified its address"
    )
    language: str | None = Field(default=None, min_length=1, description="Such as en")
    time_zone: str | None = Field(default=None, min_length=1, description="As Freshdesk names it")

    @model_validator(mode="after")
    def _names_one_company(self) -> SearchContacts:
        if self.company is not None and self.company_id is not None:
            raise ValueError("give company or company_id, not both")
        return self


_FILTERS = ("email", "mobile", "phone", "company_id", "state", "contact_type")
_CONDITIONS = (
    "email", "phone", "mobile", "twitter_id", "company_id", "tag", "active", "language",
    "time_zone",
)  # fmt: skip


def search_contacts(context: Context, parameters: SearchContacts) -> Outcome:
    """Find contacts."""
    conditions = {name: getattr(parameters, name) for name in _CONDITIONS}
    if parameters.company is not None:
        conditions["company_id"] = id_of_name(context.client, parameters.company)
    return search_records(context, CONTACTS, context.client.search_contacts, parameters, conditions)


class ListContacts(Paged):
    """List contacts page by page, by name; deleted and blocked ones only where asked for.

    Unlike a search it shows what was written just now.
    """

    email: EmailAddress | None = Field(default=None, description="The whole address")
    mobile: str | None = Field(default=None, min_length=1, description="As Freshdesk has it")
    phone: str | None = Field(default=None, min_length=1, description="As Freshdesk has it")
    company_id: RecordId | None = Field(default=None, description="The company's id")
    state: Literal["blocked", "deleted", "unverified", "verified"] | None = Field(
        default=None, description="Neither blocked nor deleted unless told"
    )
    contact_type: Literal["contact", "visitor"] | None = Field(
        default=None, description="Visitors are people who chatted"
    )
    updated_since: Moment | None = Field(default=None, description="Changed at or after this time")


def list_contacts(context: Context, parameters: ListContacts) -> Outcome:
    """List one page, or the pages that hold `limit` contacts."""
    filters: dict[str, ParamValue] = {name: getattr(parameters, name) for name in _FILTERS}
    if parameters.updated_since is not None:
        filters["updated_since"] = timestamps.to_text(parameters.updated_since)
    contacts, paging = read_pages(
        context.client.contacts(filters, page=parameters.page, per_page=parameters.size), parameters
    )
    return Outcome({"contacts": contacts, **paging}, f"{len(contacts)} contacts listed")


ACTIONS = (
    Action(
        "freshdesk",
        "search_contacts",
        SearchContacts,
        search_contacts,
        Effect.READ,
        {"tag": "vip", "created_from": "2026-01-01", "custom_fields": {"department": "Finance"}},
        credits_note="One for each 30 that are found, one more for each 300 beyond the first, one "
        "to look up a company by name, and one for custom fields that are not kept",
    ),
    Action(
        "freshdesk",
        "list_contacts",
        ListContacts,
        list_contacts,
        Effect.READ,
        {"company_id": 88000596607, "updated_since": "2026-03-01T00:00:00Z"},
        credits_note="Counts against the sub-limit of the contact list as well",
    ),
)
