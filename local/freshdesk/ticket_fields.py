"""The account's ticket form: standard fields, custom fields, and what they let a ticket hold.

``GET /ticket_fields`` is the agent's view (developers.freshdesk.com/api, Ticket Fields). Statuses,
types and custom fields of this table decide what creating, updating and searching accept.
"""

from typing import Any

from local.freshdesk.account import Account, Record
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.validation import Field, check_query

STATUSES: dict[str, list[str]] = {
    "2": ["Open", "Being Processed"],
    "3": ["Pending", "Awaiting your Reply"],
    "4": ["Resolved", "This ticket has been Resolved"],
    "5": ["Closed", "This ticket has been Closed"],
    "6": ["Waiting on Customer", "Awaiting your Reply"],
    "7": ["Waiting on Third Party", "Being Processed"],
}
PRIORITIES = {"Low": 1, "Medium": 2, "High": 3, "Urgent": 4}
SOURCES = {
    "Email": 1, "Portal": 2, "Phone": 3, "Forum": 4, "Twitter": 5, "Facebook": 6, "Chat": 7,
    "MobiHelp": 8, "Feedback Widget": 9, "Outbound Email": 10, "Ecommerce": 11, "Bot": 12,
    "Whatsapp": 13,
}  # fmt: skip
_LIST_QUERY = {**PAGING, "type": Field("string", nullable=False)}
TYPES = ["Question", "Incident", "Problem", "Feature Request", "Refund"]

# (name, label, type, required for agents)
_STANDARD = (
    ("requester", "Search a requester", "default_requester", True),
    ("subject", "Subject", "default_subject", True),
    ("ticket_type", "Type", "default_ticket_type", False),
    ("source", "Source", "default_source", False),
    ("status", "Status", "default_status", True),
    ("priority", "Priority", "default_priority", True),
    ("group", "Group", "default_group", False),
    ("agent", "Agent", "default_agent", False),
    ("product", "Product", "default_product", False),
    ("description", "Description", "default_description", True),
    ("company", "Company", "default_company", False),
)
# (name, label, type, choices): one custom field of each searchable kind, and an idempotency mark.
_CUSTOM: tuple[tuple[str, str, str, list[str] | None], ...] = (
    ("cf_region", "Region", "custom_dropdown", ["EMEA", "APAC", "AMER"]),
    ("cf_reference_number", "Reference number", "custom_number", None),
    ("cf_order_id", "Order id", "custom_text", None),
    ("cf_marker", "Marker", "custom_text", None),
    ("cf_vip", "VIP", "custom_checkbox", None),
    ("cf_renewal_date", "Renewal date", "custom_date", None),
    ("cf_root_cause", "Root cause", "custom_paragraph", None),
    ("cf_amount", "Amount", "custom_decimal", None),
)
_FIELD_OF_KIND = {
    "custom_text": Field("string", max_length=255),
    "custom_paragraph": Field("string"),
    "custom_number": Field("integer"),
    "custom_decimal": Field("number"),
    "custom_checkbox": Field("boolean"),
    "custom_date": Field("date"),
    "custom_dropdown": Field("string"),
    "nested_field": Field("string"),
}


def put_standard_fields(account: Account) -> None:
    """Fill the empty table with the standard form and the sample custom fields."""
    for name, label, kind, required in _STANDARD:
        add_field(account, name, label, kind, required_for_agents=required, default=True)
    for name, label, kind, choices in _CUSTOM:
        extra: Record = {} if choices is None else {"choices": choices}
        add_field(account, name, label, kind, **extra)


def add_field(account: Account, name: str, label: str, kind: str, **attributes: Any) -> Record:
    """Append a field definition; ``attributes`` override the defaults, ``choices`` included."""
    stamp = account.clock.stamp()
    definition: Record = {
        "id": account.next_id("ticket_field"), "name": name, "label": label, "description": label,
        "position": len(account.ticket_fields) + 1, "required_for_closure": False,
        "required_for_agents": False, "type": kind, "default": False,
        "customers_can_edit": True, "label_for_customers": label, "required_for_customers": False,
        "displayed_to_customers": True, "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    if kind == "default_requester":
        definition |= {"portal_cc": False, "portal_cc_to": "company"}
    standard_choices: dict[str, object] = {
        "default_status": STATUSES, "default_priority": PRIORITIES, "default_source": SOURCES,
        "default_ticket_type": TYPES,
    }  # fmt: skip
    if kind in standard_choices:
        definition["choices"] = standard_choices[kind]
    definition.update(attributes)
    account.ticket_fields[definition["id"]] = definition
    return definition


def field_named(account: Account, name: str) -> Record | None:
    return next((one for one in account.ticket_fields.values() if one["name"] == name), None)


def _choices(account: Account, name: str) -> Any:
    definition = field_named(account, name)
    return definition["choices"] if definition else {}


def statuses(account: Account) -> dict[int, str]:
    """Status number → label for agents, the account's own statuses included."""
    return {int(number): labels[0] for number, labels in _choices(account, "status").items()}


def types(account: Account) -> list[str]:
    return list(_choices(account, "ticket_type"))


def custom_fields(account: Account) -> dict[str, Record]:
    """Wire name (``cf_…``) → definition."""
    return {one["name"]: one for one in account.ticket_fields.values() if not one["default"]}


def custom_field_specs(account: Account) -> dict[str, Field]:
    """What each custom field takes, for ``validation``."""
    return {name: _spec(one) for name, one in custom_fields(account).items()}


def _spec(definition: Record) -> Field:
    field = _FIELD_OF_KIND[definition["type"]]
    if definition["type"] == "custom_dropdown":
        return Field("string", choices=tuple(definition["choices"]))
    return field


def required_names(account: Account, flag: str) -> set[str]:
    """API names (``custom_fields.cf_x``, ``type``, …) of the fields with ``flag`` set.

    ``flag`` is ``required_for_agents`` or ``required_for_closure``.
    """
    renamed: dict[str, str] = {
        "ticket_type": "type", "agent": "responder_id", "group": "group_id",
        "product": "product_id", "company": "company_id",
    }  # fmt: skip
    names: set[str] = set()
    for one in account.ticket_fields.values():
        if one[flag]:
            name = str(renamed.get(one["name"], one["name"]))
            names.add(name if one["default"] else f"custom_fields.{name}")
    return names


def _with_choices(account: Account, definition: Record) -> Record:
    """Groups, agents and products are listed as they stand, by name."""
    tables = {
        "default_group": lambda: {one["name"]: one["id"] for one in account.groups.values()},
        "default_agent": lambda: {
            one["contact"]["name"]: one["id"] for one in account.agents.values()
        },
        "default_product": lambda: {
            one["name"]: one["id"] for one in account.table("products").values()
        },
    }
    lookup = tables.get(definition["type"])
    return definition if lookup is None else {**definition, "choices": lookup()}


def list_fields(request: Request) -> Reply:
    """All of them unless a page is asked for."""
    checked = check_query(_LIST_QUERY, request.query)
    shown = [
        _with_choices(request.account, one)
        for one in request.account.ticket_fields.values()
        if checked.get("type") in {None, one["type"]}
    ]
    if not checked.keys() & PAGING.keys():
        return Reply(200, shown)
    return paged(request, shown, page_of(checked))


ROUTES = (Route("GET", "/ticket_fields", list_fields),)
