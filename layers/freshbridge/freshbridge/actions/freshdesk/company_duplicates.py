"""What to do when Freshdesk says that a company exists already (409); it does not say which.

Facts: https://developers.freshdesk.com/api/#create_company
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from freshbridge.actions.earlier import Period
from freshbridge.actions.freshdesk.company_lookup import id_of_domain, id_of_name
from freshbridge.actions.freshdesk.contact_duplicates import shows
from freshbridge.errors import Conflict, NotFound

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record


def existing_company(context: Context, fields: Mapping[str, Any], conflict: Conflict) -> int | None:
    """The id of the company that has the name, or one of the domains; None if none is found."""
    clashing = {error.field for error in conflict.fields}
    if "domains" not in clashing:
        try:
            return id_of_name(context.client, fields["name"])
        except NotFound:
            pass
    for domain in fields.get("domains") or ():
        try:
            return id_of_domain(context, domain)
        except NotFound:
            continue
    return None


def made_by_this_request(context: Context, fields: Mapping[str, Any], existing: Record) -> bool:
    """Whether the company is what an earlier attempt of this same request made."""
    return (
        context.unsure is not None
        and Period.of(context.unsure).has(existing)
        and shows(fields, existing)
        and context.claim("company", existing)
    )


def refusal(conflict: Conflict, company_id: int | None) -> Conflict:
    """The error for a caller who wants no existing company."""
    advice = "Change the name or the domain."
    if company_id is not None:
        advice = (
            f"It is company {company_id}: use it, or set on_duplicate to return or update, "
            "or change the name or the domain."
        )
    return Conflict(
        "The company exists already",
        existing_id=company_id,
        fields=conflict.fields,
        where=conflict.where,
        status=conflict.status,
        advice=advice,
        provider_request_id=conflict.provider_request_id,
    )
