"""Finding companies.

Source: https://developers.freshdesk.com/api/#filter_companies, #search_company,
#list_all_companies
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from freshbridge import timestamps
from freshbridge.actions.action import Action, Effect, Outcome
from freshbridge.actions.freshdesk.company_lookup import Domain
from freshbridge.actions.freshdesk.fields import Moment
from freshbridge.actions.freshdesk.page_reading import Paged, read_pages
from freshbridge.actions.freshdesk.record_query import COMPANIES, RecordSearch, search_records

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.wire import ParamValue


class SearchCompanies(RecordSearch):
    """Find companies by name, or those for which every other condition holds.

    A name is looked up by the beginnings of its words and answers ids and names only. More than 300
    results are read in slices of days of creation; `complete` says whether all are in the answer.
    """

    name: str | None = Field(
        default=None, min_length=1, description="The name, or how one of its words begins"
    )
    domain: Domain | None = Field(default=None, description="An e-mail domain of the company")

    @model_validator(mode="after")
    def _name_stands_alone(self) -> SearchCompanies:
        if self.name is not None and self.model_fields_set - {"name", "limit"}:
            raise ValueError("name cannot be joined to others: Freshdesk's search knows no names")
        return self


def search_companies(context: Context, parameters: SearchCompanies) -> Outcome:
    """Find companies."""
    if parameters.name is not None:
        return _named(context, parameters.name, parameters.limit)
    conditions = {"domain": parameters.domain}
    return search_records(
        context, COMPANIES, context.client.search_companies, parameters, conditions
    )


def _named(context: Context, name: str, limit: int) -> Outcome:
    found = context.client.companies_named(name.strip())
    return Outcome(
        {
            "companies": found[:limit],
            "total": len(found),
            "complete": len(found) <= limit,
            "shortfalls": ["limit"] if len(found) > limit else [],
            "credits": 1,
            "note": "Ids and names only; get_company reads the rest.",
        },
        f"{len(found[:limit])} companies found",
    )


class ListCompanies(Paged):
    """List companies page by page, by name.

    Unlike a search it shows what was written just now.
    """

    updated_since: Moment | None = Field(default=None, description="Changed at or after this time")


def list_companies(context: Context, parameters: ListCompanies) -> Outcome:
    """List one page, or the pages that hold `limit` companies."""
    filters: dict[str, ParamValue] = {}
    if parameters.updated_since is not None:
        filters["updated_since"] = timestamps.to_text(parameters.updated_since)
    pages = context.client.companies(filters, page=parameters.page, per_page=parameters.size)
    companies, paging = read_pages(pages, parameters)
    return Outcome({"companies": companies, **paging}, f"{len(companies)} companies listed")


ACTIONS = (
    Action(
        "freshdesk",
        "search_companies",
        SearchCompanies,
        search_companies,
        Effect.READ,
        {"domain": "client.example"},
        credits_note="One for each 30 that are found, one more for each 300 beyond the first, and "
        "one for custom fields that are not kept",
    ),
    Action(
        "freshdesk",
        "list_companies",
        ListCompanies,
        list_companies,
        Effect.READ,
        {"updated_since": "2026-03-01T00:00:00Z", "per_page": 50},
        credits_note="One for each page",
    ),
)
