"""Putting a contact into a company. Source: https://developers.freshdesk.com/api/#update_contact"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, StrictBool, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters
from freshbridge.actions.freshdesk.company_lookup import Domain, id_of_domain, id_of_name
from freshbridge.actions.freshdesk.contact_attributes import shown_contact
from freshbridge.actions.freshdesk.contact_state import update_contact_in_any_state
from freshbridge.actions.freshdesk.fields import RecordId

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record

_NAMES = ("company_id", "company", "domain")


class LinkContactToCompany(Parameters):
    """Make a company a contact's own: its first one, or a further one beside that.

    A contact that has the company already is left as it is.
    """

    contact_id: RecordId = Field(description="The contact's id")
    company_id: RecordId | None = Field(default=None, description="The company's id")
    company: str | None = Field(
        default=None, min_length=1, description="The company's name, instead of its id"
    )
    domain: Domain | None = Field(
        default=None, description="An e-mail domain of the company, instead of its id"
    )
    additional: StrictBool = Field(
        default=False,
        description="Keep another company that the contact has, and add this one to it; otherwise "
        "this one takes its place. Needs an account with several companies to a contact",
    )
    view_all_tickets: StrictBool | None = Field(
        default=None, description="Whether the contact sees all of the company's tickets"
    )

    @model_validator(mode="after")
    def _names_one_company(self) -> LinkContactToCompany:
        if sum(getattr(self, name) is not None for name in _NAMES) != 1:
            raise ValueError(f"give one of {', '.join(_NAMES)}")
        return self


def link_contact_to_company(context: Context, parameters: LinkContactToCompany) -> Outcome:
    """Link; the contact is written only when it lacks the company or sees other tickets in it.

    Freshdesk takes a contact's further companies as a whole list, so this stack changes those of
    one contact one at a time.
    """
    company_id = _company_id(context, parameters)
    contact_id = parameters.contact_id
    with context.services.locks.hold(f"companies#{context.instance.instance_id}#{contact_id}"):
        contact = context.client.contact(contact_id)
        previous = contact.get("company_id")
        changes = _changes(contact, company_id, parameters)
        if changes:
            contact, _restored = update_contact_in_any_state(
                context.client, contact_id, changes, restore=False
            )
    return shown_contact(
        context,
        contact,
        "Contact linked to the company" if changes else "The contact was linked already",
        company_id=company_id,
        previous_company_id=previous,
        changed=bool(changes),
    )


def _company_id(context: Context, parameters: LinkContactToCompany) -> int:
    if parameters.company is not None:
        return id_of_name(context.client, parameters.company)
    if parameters.domain is not None:
        return id_of_domain(context, parameters.domain)
    assert parameters.company_id is not None  # noqa: S101 - the model wants one of the three
    return parameters.company_id


def _changes(contact: Record, company_id: int, parameters: LinkContactToCompany) -> dict[str, Any]:
    """What has to be written, nothing when the contact is as it should be."""
    first, sees = contact.get("company_id"), parameters.view_all_tickets
    others = [_other(one) for one in contact.get("other_companies") or ()]
    if first == company_id:
        seen = contact.get("view_all_tickets")
        return {} if sees in (None, seen) else {"view_all_tickets": sees}
    if first is not None and parameters.additional:
        return _further(others, company_id, sees)
    changes: dict[str, Any] = {"company_id": company_id}
    kept = [one for one in others if one["company_id"] != company_id]
    if kept != others:
        # A company is either the first one or a further one.
        changes["other_companies"] = kept
    if sees is not None:
        changes["view_all_tickets"] = sees
    return changes


def _further(others: list[dict[str, Any]], company_id: int, sees: bool | None) -> dict[str, Any]:
    present = next((one for one in others if one["company_id"] == company_id), None)
    if present is None:
        added = {"company_id": company_id, "view_all_tickets": bool(sees)}
        return {"other_companies": [*others, added]}
    if sees in (None, present["view_all_tickets"]):
        return {}
    changed = {"company_id": company_id, "view_all_tickets": sees}
    return {"other_companies": [changed if one is present else one for one in others]}


def _other(company: Mapping[str, Any] | int) -> dict[str, Any]:
    """One of `other_companies` as an update takes it; some views show its id alone."""
    if isinstance(company, int):
        return {"company_id": company, "view_all_tickets": False}
    return {
        "company_id": company["company_id"],
        "view_all_tickets": bool(company.get("view_all_tickets")),
    }


ACTIONS = (
    Action(
        "freshdesk",
        "link_contact_to_company",
        LinkContactToCompany,
        link_contact_to_company,
        Effect.SET,
        {"contact_id": 88001204168, "company": "Client Ltd", "additional": True},
        credits=3,
        credits_note="One less for a company given by id, and for a contact that is linked already",
    ),
)
