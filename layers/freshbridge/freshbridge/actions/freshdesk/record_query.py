"""Searches for contacts and companies: their query put together, checked, and read to the end.

A query is checked before it is sent. Names that the search does not have are looked for in the
account's form, since an account's own fields can be searched too.

Facts: https://developers.freshdesk.com/api/#filter_contacts, #filter_companies
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, model_validator

from freshbridge.actions.action import Outcome, Parameters
from freshbridge.actions.freshdesk import ticket_query
from freshbridge.actions.freshdesk.fields import Day
from freshbridge.actions.freshdesk.search_slices import Ask, Found, Shortfall, search_everything
from freshbridge.actions.freshdesk.ticket_query import Kind, QueryFault
from freshbridge.actions.freshdesk.ticket_query_text import all_of, write
from freshbridge.errors import FieldError, Forbidden, InvalidRequest
from freshbridge.freshdesk.search import QUERY_LIMIT

if TYPE_CHECKING:
    from freshbridge.actions.context import Context

CustomValue = StrictBool | StrictInt | StrictStr | None
MOST = 2000
NOTE = "Freshdesk's search follows changes within a few minutes, and leaves out what is deleted."

# What the forms call the kinds of custom field that the search knows; days are not among them.
_KINDS = {
    "custom_text": Kind.TEXT,
    "custom_dropdown": Kind.TEXT,
    "custom_number": Kind.NUMBER,
    "custom_checkbox": Kind.CHECKBOX,
}
_ADVICE = {
    Shortfall.LIMIT: "More match than `limit`; go on with created_to set to resume_to; where "
    "that is null, raise the limit or narrow the search.",
    Shortfall.CROWDED_DAY: "More than 300 were created on one day, which Freshdesk's search cannot "
    "divide; add a condition, or list them page by page.",
    Shortfall.LONG_QUERY: "The query leaves no room for ranges of days, so only the first 300 were "
    "read; shorten it.",
    Shortfall.CHANGED: "Records changed while they were read; search again.",
}


@dataclass(frozen=True, slots=True)
class Searched:
    """What is searched: its plural, its fields, and where its custom ones are defined."""

    plural: str
    fields: Mapping[str, Kind]
    form: str


CONTACTS = Searched(
    "contacts",
    {
        "active": Kind.CHECKBOX,
        "company_id": Kind.NUMBER,
        "created_at": Kind.DAY,
        "email": Kind.TEXT,
        "language": Kind.TEXT,
        "mobile": Kind.TEXT,
        "phone": Kind.TEXT,
        "tag": Kind.TEXT,
        "time_zone": Kind.TEXT,
        "twitter_id": Kind.TEXT,
        "updated_at": Kind.DAY,
    },
    "contact_fields",
)
COMPANIES = Searched(
    "companies",
    {"created_at": Kind.DAY, "domain": Kind.TEXT, "updated_at": Kind.DAY},
    "company_fields",
)


def _readable(query: str) -> str:
    """Read by itself: `a) OR (b` would come to stand between two halves of a bracket."""
    text = query.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    ticket_query.parse(text)
    return text


class RecordSearch(Parameters):
    """Conditions that searches for contacts and companies share; all have to hold."""

    custom_fields: dict[str, CustomValue] | None = Field(
        default=None,
        description="By the names of the account's form; null finds those without a value. "
        "Texts, whole numbers, checkboxes and dropdowns can be searched",
    )
    created_from: Day | None = Field(default=None, description="First day of creation, in UTC")
    created_to: Day | None = Field(default=None, description="Last day of creation, in UTC")
    updated_from: Day | None = Field(default=None, description="First day of the last change")
    updated_to: Day | None = Field(default=None, description="Last day of the last change")
    query: Annotated[str, AfterValidator(_readable)] | None = Field(
        default=None,
        max_length=QUERY_LIMIT + 2,
        description="A condition in Freshdesk's search language, such as "
        "active:true AND (tag:'vip' OR tag:'gold'); joined to the others by AND",
    )
    limit: int = Field(
        default=300,
        ge=1,
        le=MOST,
        strict=True,
        description="The most records to answer; beyond 300 each 30 cost about one credit",
    )

    @model_validator(mode="after")
    def _ranges_run_forward(self) -> RecordSearch:
        for name in ("created", "updated"):
            first, last = getattr(self, f"{name}_from"), getattr(self, f"{name}_to")
            if first and last and first > last:
                raise ValueError(f"{name}_from is later than {name}_to")
        return self

    @model_validator(mode="after")
    def _asks_for_something(self) -> RecordSearch:
        if not self.model_fields_set - {"limit"}:
            raise ValueError("give at least one condition; to have them all, list them")
        return self


def search_records(
    context: Context,
    searched: Searched,
    ask: Ask,
    parameters: RecordSearch,
    conditions: Mapping[str, Any],
) -> Outcome:
    """Search with `conditions` (search field to value) and those that the parameters share.

    Raises:
        InvalidRequest: the query cannot be sent; nothing was.
        Whatever the client raises.
    """
    query = _query(context, searched, parameters, conditions)
    found = search_everything(
        ask,
        query,
        today=context.clock().astimezone(UTC).date(),
        limit=parameters.limit,
        created_from=parameters.created_from,
        created_to=parameters.created_to,
    )
    return _outcome(searched, found)


def _outcome(searched: Searched, found: Found) -> Outcome:
    count = len(found.records)
    of_all = "" if found.complete else f" of {found.total}"
    return Outcome(
        {
            searched.plural: found.records,
            "total": found.total,
            "complete": found.complete,
            "shortfalls": [one.value for one in found.shortfalls],
            "advice": [_ADVICE[one] for one in found.shortfalls],
            "crowded_days": [day.isoformat() for day in found.crowded],
            "resume_to": found.resume_to.isoformat() if found.resume_to else None,
            "credits": found.calls,
            "note": NOTE,
        },
        f"{count}{of_all} {searched.plural} found",
    )


def _query(
    context: Context, searched: Searched, parameters: RecordSearch, conditions: Mapping[str, Any]
) -> str:
    parts = [_written(name, name, value) for name, value in conditions.items() if value is not None]
    for name, value in (parameters.custom_fields or {}).items():
        parts.append(_written(name, f"custom_fields.{name}", value))
    for comparison, day in ((">", parameters.updated_from), ("<", parameters.updated_to)):
        if day is not None:
            parts.append(write("updated_at", day, comparison))
    raw = parameters.query or ""
    query = all_of([*parts, f"({raw})" if raw and parts else raw])
    if query:
        _check(context, searched, query)
    return query


def _written(name: str, field: str, value: Any) -> str:
    try:
        return write(name, value)
    except ValueError as error:
        raise _refused(field, str(error)) from None


def _check(context: Context, searched: Searched, query: str) -> None:
    conditions = ticket_query.parse(query)
    unknown = {one.field for one in conditions} - searched.fields.keys()
    try:
        custom = _custom_kinds(context, searched, unknown) if unknown else {}
    except Forbidden:
        # The key may search and not read the form: Freshdesk has to judge those names itself.
        conditions, custom = [one for one in conditions if one.field not in unknown], {}
    try:
        ticket_query.check(conditions, custom, searched.fields)
    except QueryFault as fault:
        raise _refused("query", str(fault)) from None


def _custom_kinds(
    context: Context, searched: Searched, wanted: Iterable[str]
) -> Mapping[str, Kind]:
    """The account's searchable fields, read anew when what is kept lacks one."""
    kinds = _kinds(context.reference(searched.form).records)
    if not set(wanted) <= kinds.keys():
        kinds = _kinds(context.reference(searched.form, refresh=True).records)
    return kinds


def _kinds(form: Iterable[Mapping[str, Any]]) -> dict[str, Kind]:
    """By name; the search also takes a name without the `cf_` that some forms show."""
    kinds: dict[str, Kind] = {}
    for field in form:
        kind = _KINDS.get(str(field.get("type")))
        if kind is not None:
            name = str(field.get("name"))
            kinds |= {name: kind, name.removeprefix("cf_"): kind}
    return kinds


def _refused(field: str, why: str) -> InvalidRequest:
    return InvalidRequest(
        "The search cannot be asked",
        fields=[FieldError(field, why, "invalid_query")],
    )
