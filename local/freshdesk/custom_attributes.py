"""Definitions of the contact and company forms, and what they let ``custom_fields`` hold.

Custom names carry no ``cf_`` here, unlike those of tickets.

Source: developers.freshdesk.com/api, Contact Fields and Company Fields.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import not_found
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.search import Kind, Searchable, custom_attribute
from local.freshdesk.validation import Field, check_query

Form = Literal["contact_fields", "company_fields"]

HEALTH_SCORES: Final = ("At risk", "Doing okay", "Happy")
ACCOUNT_TIERS: Final = ("Basic", "Premium", "Enterprise")
INDUSTRIES: Final = (
    "Aerospace and Defense", "Automotive", "Banks", "Education Services", "IT Services", "Marine",
    "Media", "Software", "Specialty Retail", "Transportation", "Utilities", "Other",
)  # fmt: skip

_CONTACT_FORM: Final = (
    ("name", "Full name", "default_name"), ("job_title", "Title", "default_job_title"),
    ("email", "Email", "default_email"), ("phone", "Work phone", "default_phone"),
    ("mobile", "Mobile phone", "default_mobile"), ("twitter_id", "Twitter", "default_twitter_id"),
    ("unique_external_id", "Unique external ID", "default_unique_external_id"),
    ("company_name", "Company", "default_company_name"), ("address", "Address", "default_address"),
    ("time_zone", "Time zone", "default_time_zone"), ("language", "Language", "default_language"),
    ("tag_names", "Tags", "default_tag_names"),
    ("description", "About", "default_description"),
    ("department", "Department", "custom_text"),
    ("loyalty_points", "Loyalty points", "custom_number"),
    ("newsletter", "Newsletter", "custom_checkbox"),
    ("membership", "Membership", "custom_dropdown"),
)  # fmt: skip
_COMPANY_FORM: Final = (
    ("name", "Company Name", "default_name"), ("description", "Description", "default_description"),
    ("note", "Notes", "default_note"), ("domains", "Domains", "default_domains"),
    ("health_score", "Health score", "default_health_score"),
    ("account_tier", "Account tier", "default_account_tier"),
    ("renewal_date", "Renewal date", "default_renewal_date"),
    ("industry", "Industry", "default_industry"),
    ("website", "Website", "custom_url"),
    ("seats", "Seats", "custom_number"),
    ("reseller", "Reseller", "custom_checkbox"),
    ("segment", "Segment", "custom_dropdown"),
)  # fmt: skip
_CHOICES: Final[dict[str, Sequence[str]]] = {
    "membership": ("Bronze", "Silver", "Gold"), "segment": ("SMB", "Mid-market", "Enterprise"),
    "health_score": HEALTH_SCORES, "account_tier": ACCOUNT_TIERS, "industry": INDUSTRIES,
}  # fmt: skip
CUSTOM_SPECS: Final = {
    "custom_text": Field("string", max_length=255), "custom_paragraph": Field("string"),
    "custom_url": Field("string"), "custom_phone_number": Field("string"),
    "custom_number": Field("integer"), "custom_checkbox": Field("boolean"),
    "custom_date": Field("date"), "custom_dropdown": Field("string"),
}  # fmt: skip
# The kinds of custom field that search knows; dates are not among them.
_SEARCH_KINDS: Final[dict[str, Kind]] = {
    "custom_text": "text", "custom_number": "integer", "custom_checkbox": "boolean",
    "custom_dropdown": "text",
}  # fmt: skip


def put_forms(account: Account) -> None:
    """Fill both tables with the standard fields and a custom one of each searchable kind."""
    forms: dict[Form, Any] = {"contact_fields": _CONTACT_FORM, "company_fields": _COMPANY_FORM}
    for form, definitions in forms.items():
        for position, (name, label, kind) in enumerate(definitions, start=1):
            record = new_definition(account, form, name, label, kind=kind, position=position)
            account.table(form)[record["id"]] = record


def new_definition(
    account: Account, form: Form, name: str, label: str, *, kind: str, position: int
) -> Record:
    """A field with the usual settings, not in its table yet."""
    record = _definition(account, name, label, kind, position)
    return record | (_for_customers(record) if form == "contact_fields" else {})


def _definition(account: Account, name: str, label: str, kind: str, position: int) -> Record:
    stamp = account.clock.stamp()
    record: Record = {
        "id": account.next_id("people_field"), "name": name, "label": label, "position": position,
        "type": kind, "default": kind.startswith("default_"), "required_for_agents": name == "name",
        "agents_can_edit": True, "displayed_for_agents": True, "quick_add_for_agent": False,
        "unique": False, "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    if (choices := _CHOICES.get(name)) is not None:
        record["choices"] = list(choices) if record["default"] else dropdown(account, choices)
    return record


def dropdown(account: Account, choices: Sequence[str]) -> list[Record]:
    return [
        {"id": account.next_id("choice"), "label": text, "value": text, "position": position}
        for position, text in enumerate(choices, start=1)
    ]


def _for_customers(record: Record) -> Record:
    mandatory = record["required_for_agents"]
    return {
        "editable_in_signup": mandatory, "customers_can_edit": True,
        "label_for_customers": record["label"], "required_for_customers": mandatory,
        "displayed_for_customers": True,
    }  # fmt: skip


def _custom(account: Account, form: Form) -> list[Record]:
    return [one for one in account.table(form).values() if not one["default"]]


def custom_spec(account: Account, form: Form) -> Field:
    """What a body's ``custom_fields`` may hold."""
    fields = {one["name"]: _spec(one) for one in _custom(account, form)}
    return Field("object", fields=fields)


def _spec(definition: Record) -> Field:
    if definition["type"] == "custom_dropdown":
        choices = tuple(choice["value"] for choice in definition["choices"])
        return Field("string", choices=choices)
    return CUSTOM_SPECS[definition["type"]]


def with_custom_names(account: Account, form: Form, values: Record | None) -> Record:
    """``values`` with every custom field of the form present, absent ones null."""
    return {**{one["name"]: None for one in _custom(account, form)}, **(values or {})}


def custom_searchable(account: Account, form: Form) -> dict[str, Searchable]:
    """The custom fields that search knows."""
    return {
        one["name"]: Searchable(_SEARCH_KINDS[one["type"]], custom_attribute(one["name"]))
        for one in _custom(account, form)
        if one["type"] in _SEARCH_KINDS
    }


def _list(form: Form) -> Callable[[Request], Reply]:
    """All of them unless a page is asked for."""

    def handler(request: Request) -> Reply:
        checked = check_query(PAGING, request.query)
        rows = list(request.account.table(form).values())
        return paged(request, rows, page_of(checked)) if checked else Reply(200, rows)

    return handler


def _view(form: Form) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        definition: Any = request.account.table(form).get(request.ids["id"])
        if definition is None:
            raise not_found()
        return Reply(200, definition)

    return handler


ROUTES = (
    Route("GET", "/contact_fields", _list("contact_fields")),
    Route("GET", "/contact_fields/{id}", _view("contact_fields"), admin_only=True),
    Route("GET", "/company_fields", _list("company_fields")),
    Route("GET", "/company_fields/{id}", _view("company_fields"), admin_only=True),
)
