"""Which company is meant: by id, by name, or by e-mail domain.

Facts: https://developers.freshdesk.com/api/#search_company: names are completed by the beginnings
of their words, letter case aside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from freshbridge.errors import NotFound

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.client import FreshdeskClient

_NEAR = 5


def _domain(text: str) -> str:
    domain = text.strip().lower()
    if not domain or any(one in domain for one in "@/: '\"\\"):
        raise ValueError("give a domain alone, such as client.example")
    return domain


Domain = Annotated[str, AfterValidator(_domain), Field(min_length=1, max_length=253)]
"""An e-mail domain, in small letters."""


def id_of_name(client: FreshdeskClient, name: str) -> int:
    """The id of the company of that name, letter case and blanks around it aside.

    Raises:
        NotFound: naming those that begin alike.
    """
    wanted = name.strip().casefold()
    alike = client.companies_named(name.strip())
    for company in alike:
        if str(company.get("name")).strip().casefold() == wanted:
            return int(company["id"])
    near = ", ".join(str(company.get("name")) for company in alike[:_NEAR])
    raise NotFound(
        "No company has this name",
        where="company",
        advice=f"There are: {near}." if near else "Create it first, or give its id.",
    )


def id_of_domain(context: Context, domain: str) -> int:
    """The id of the company that has this e-mail domain; what is known may be minutes old.

    Raises:
        NotFound: none has it, as far as Freshdesk's search knows.
    """
    found = context.reference("company_of_domain", key=domain).records
    if not found:
        found = context.reference("company_of_domain", key=domain, refresh=True).records
    if not found:
        raise NotFound(
            "No company has this domain",
            where="domain",
            advice="Give the company's id or name; the search learns a new domain after minutes.",
        )
    return int(found[0]["id"])
