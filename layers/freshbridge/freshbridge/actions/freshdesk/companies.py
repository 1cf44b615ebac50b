"""Freshdesk companies: create, update, read, delete.

Source: https://developers.freshdesk.com/api/#companies
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Reconciliation
from freshbridge.actions.freshdesk.company_duplicates import (
    existing_company,
    made_by_this_request,
    refusal,
)
from freshbridge.actions.freshdesk.company_lookup import Domain
from freshbridge.actions.freshdesk.fields import Day, RecordId
from freshbridge.actions.once import reconciled
from freshbridge.errors import Conflict

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record


class CompanyAttributes(Parameters):
    """Attributes that a company can be created and updated with."""

    name: str | None = Field(
        default=None, min_length=1, max_length=255, description="Unique in the account"
    )
    description: str | None = Field(default=None, description="About the company")
    note: str | None = Field(default=None, description="A note on the company")
    domains: list[Domain] | None = Field(
        default=None,
        description="E-mail domains: who writes from one belongs to the company. An update "
        "replaces the whole list",
    )
    health_score: str | None = Field(
        default=None, description="One of the account's, such as Happy, Doing okay, At risk"
    )
    account_tier: str | None = Field(
        default=None, description="One of the account's, such as Basic, Premium, Enterprise"
    )
    renewal_date: Day | None = Field(default=None, description="When the contract is renewed")
    industry: str | None = Field(default=None, description="One of the account's")
    custom_fields: dict[str, Any] | None = Field(
        default=None, description="By the names of the account's company fields"
    )


class CreateCompany(CompanyAttributes):
    """Create a company; its name is unique in the account."""

    name: str = Field(min_length=1, max_length=255, description="Unique in the account")
    on_duplicate: Literal["fail", "return", "update"] = Field(
        default="fail",
        description="What to do when the company exists already: fail naming it, return it as it "
        "is, or update it with the attributes given here",
    )


def create_company(context: Context, parameters: CreateCompany) -> Outcome:
    """Create one; the unique name keeps a second from being made."""
    fields = _body(parameters, without={"on_duplicate"})
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        company = context.client.create_company(given)
    except Conflict as conflict:
        return _settled(context, parameters, given, conflict)
    return _shown(context, company, "Company created", created=True, updated=False)


def _settled(
    context: Context, parameters: CreateCompany, fields: dict[str, Any], conflict: Conflict
) -> Outcome:
    company_id = existing_company(context, fields, conflict)
    if company_id is not None and context.unsure is not None:
        company = context.client.company(company_id)
        if made_by_this_request(context, fields, company):
            made = _shown(context, company, "Company created", created=True, updated=False)
            return reconciled(made)
    if company_id is None or parameters.on_duplicate == "fail":
        raise refusal(conflict, company_id) from conflict
    if parameters.on_duplicate == "return":
        company = context.client.company(company_id)
        message = "The company exists already and is returned as it is"
        return _shown(context, company, message, created=False, updated=False)
    company = context.client.update_company(company_id, fields)
    message = "The company existed already and was updated"
    return _shown(context, company, message, created=False, updated=True)


def _created_before(_context: Context, _unsure: Unsure, _asked: CreateCompany) -> None:
    """Not asked: Freshdesk refuses a second company of that name."""


class UpdateCompany(CompanyAttributes):
    """Change the fields given and leave the others as they are; null clears a field."""

    company_id: RecordId = Field(description="The company's id")

    @model_validator(mode="after")
    def _changes_something(self) -> UpdateCompany:
        if self.model_fields_set <= {"company_id"}:
            raise ValueError("give at least one field to change")
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("name cannot be null; leave it out to keep it")
        return self


def update_company(context: Context, parameters: UpdateCompany) -> Outcome:
    """Update one; safe to repeat, since it sets values."""
    changes = _body(parameters, without={"company_id"})
    company = context.client.update_company(parameters.company_id, changes)
    return _shown(context, company, "Company updated")


class GetCompany(Parameters):
    """Read one company."""

    company_id: RecordId = Field(description="The company's id")


def get_company(context: Context, parameters: GetCompany) -> Outcome:
    """Read one."""
    return _shown(context, context.client.company(parameters.company_id), "Company read")


class DeleteCompany(Parameters):
    """Delete a company for good; its contacts and tickets stay, without a company."""

    company_id: RecordId = Field(description="The company's id")


def delete_company(context: Context, parameters: DeleteCompany) -> Outcome:
    """Delete one."""
    context.client.delete_company(parameters.company_id)
    return Outcome({"company_id": parameters.company_id, "deleted": True}, "Company deleted")


def _body(parameters: CompanyAttributes, *, without: set[str]) -> dict[str, Any]:
    """What was given, as Freshdesk takes it."""
    fields = parameters.model_dump(exclude_unset=True, exclude=without)
    if fields.get("renewal_date"):
        fields["renewal_date"] = fields["renewal_date"].isoformat()
    if "domains" in fields:
        fields["domains"] = list(dict.fromkeys(fields["domains"] or ()))
    return fields


def _shown(context: Context, company: Record, message: str, **more: Any) -> Outcome:
    company_id = company["id"]
    url = f"{context.instance.origin}/a/companies/{company_id}"
    found = {"company_id": company_id, "company_url": url}
    return Outcome({**found, **more, "company": company}, message)


_COMPANY = {"company_id": 88000596607}

ACTIONS = (
    Action(
        "freshdesk",
        "create_company",
        CreateCompany,
        create_company,
        Effect.ADD,
        {"name": "Client Ltd", "domains": ["client.example"], "account_tier": "Premium"},
        credits_note="One to three more to look up and update a company that exists already",
        reconcile=Reconciliation(_created_before, makes="company_id", doubles=lambda _asked: False),
    ),
    Action(
        "freshdesk",
        "update_company",
        UpdateCompany,
        update_company,
        Effect.SET,
        {**_COMPANY, "health_score": "Happy", "renewal_date": "2026-12-31"},
    ),
    Action("freshdesk", "get_company", GetCompany, get_company, Effect.READ, _COMPANY),
    Action("freshdesk", "delete_company", DeleteCompany, delete_company, Effect.SET, _COMPANY),
)
