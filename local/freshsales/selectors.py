"""Selectors: the small lists that records point to, as every new account has them.

Source: developers.freshworks.com/crm/api, Selector; shapes of recorded answers.
"""

from collections.abc import Mapping
from typing import Final

from local.freshsales.account import Account, Record
from local.freshsales.errors import not_found
from local.freshsales.routing import Handler, Reply, Request, Route
from local.freshsales.settings import PERSONAS

# Lists whose entries are id, name and position.
_PLAIN: Final[Mapping[str, tuple[str, ...]]] = {
    "deal_types": ("New Business", "Existing Business"),
    "deal_reasons": ("Price", "Competitor", "No budget"),
    "deal_payment_statuses": ("Paid", "Pending"),
    "deal_products": ("Starter", "Team"),
    "lead_sources": ("Organic Search", "Email", "Web", "Referral"),
    "industry_types": ("Software", "Manufacturing", "Retail"),
    "business_types": ("Customer", "Partner", "Reseller"),
    "campaigns": ("Spring launch", "Newsletter"),
    "lead_stages": ("New", "Contacted", "Interested", "Qualified", "Unqualified"),
    "lead_reasons": ("Not interested", "Wrong contact"),
    "task_types": ("Follow-up", "Call reminder"),
}
_STAGES: Final = (
    ("New", "Open", 10), ("Qualification", "Open", 30), ("Demo", "Open", 50),
    ("Negotiation", "Open", 80), ("Won", "Closed Won", 100), ("Lost", "Closed Lost", 0),
)  # fmt: skip
_LIFECYCLE: Final = (
    ("Lead", (("New", "Open"), ("Contacted", "Open"), ("Interested", "Open"),
              ("Unqualified", "Closed Lost"))),
    ("Sales Qualified Lead", (("Qualified", "Open"), ("Negotiation", "Open"),
                              ("Lost", "Closed Lost"))),
    ("Customer", (("Won", "Closed Won"), ("Churned", "Closed Lost"))),
)  # fmt: skip
_ACTIVITY_TYPES: Final = (
    ("Meeting", "meeting", ("Interested", "Not interested")),
    ("Phone call", "phone", ("Connected", "Left voicemail")),
    ("Demo", "demo", ()),
)


def fill(account: Account) -> None:
    """Put every selector's entries into its table."""
    for name, values in _PLAIN.items():
        for position, value in enumerate(values, 1):
            _add(account, name, {"partial": True, "name": value, "position": position})
    _add(account, "territories", {"name": "EMEA", "position": 1})
    _add(account, "territories", {"name": "Americas", "position": 2})
    _add(account, "currencies", _currency("USD", "1.0", kind=0))
    _add(account, "currencies", _currency("EUR", "1.1", kind=1))
    _fill_pipelines(account)
    _fill_lifecycle(account)
    for position, (name, internal, outcomes) in enumerate(_ACTIVITY_TYPES, 1):
        _fill_activity_type(account, position, name, internal, outcomes)
    for position, name in enumerate(("Contact", "SalesAccount", "Deal"), 1):
        entry = {"partial": True, "name": name, "position": position}
        _add(account, "sales_activity_entity_types", entry)


def _add(account: Account, table: str, values: Record) -> Record:
    record = {"id": account.next_id("selector"), **values}
    account.table(table)[record["id"]] = record
    return record


def _currency(code: str, rate: str, kind: int) -> Record:
    return {
        "partial": True, "is_active": True, "currency_code": code, "exchange_rate": rate,
        "currency_type": kind, "schedule_info": None,
    }  # fmt: skip


def _fill_pipelines(account: Account) -> None:
    for position, name in enumerate(("Default Pipeline", "Renewals"), 1):
        pipeline = _add(
            account, "deal_pipelines",
            {
                "partial": True, "name": name, "position": position, "is_default": position == 1,
                "rotting_days": 30, "configs": [{"field_name": "amount", "position": 1,
                "highlight": True}], "aggregated_field": "amount",
            },
        )  # fmt: skip
        for place, (stage, forecast, probability) in enumerate(_STAGES, 1):
            _add(
                account, "deal_stages",
                {
                    "partial": True, "name": stage, "position": place,
                    "forecast_type": forecast, "updated_at": account.stamp(),
                    "deal_pipeline_id": pipeline["id"], "choice_type": 1,
                    "probability": probability,
                },
            )  # fmt: skip


def _fill_lifecycle(account: Account) -> None:
    for position, (name, statuses) in enumerate(_LIFECYCLE, 1):
        stage = _add(
            account, "lifecycle_stages",
            {
                "name": name, "position": position, "disabled": False, "default": True,
                "type": name, "contact_status_ids": [],
            },
        )  # fmt: skip
        for place, (status, forecast) in enumerate(statuses, 1):
            entry = {
                "name": status, "position": place, "partial": True, "forecast_type": forecast,
                "lifecycle_stage_id": stage["id"],
            }  # fmt: skip
            stage["contact_status_ids"].append(_add(account, "contact_statuses", entry)["id"])


def _fill_activity_type(
    account: Account, position: int, name: str, internal: str, outcomes: tuple[str, ...]
) -> None:
    kind = _add(
        account, "sales_activity_types",
        {
            "partial": True, "name": name, "internal_name": internal,
            "show_in_conversation": True, "position": position, "is_default": True,
            "is_checkedin": False, "is_checkedin_mandatory": False, "is_outcome_mandatory": False,
        },
    )  # fmt: skip
    for place, outcome in enumerate(outcomes, 1):
        _add(
            account, "sales_activity_outcomes",
            {
                "partial": True, "name": outcome, "sales_activity_type_id": kind["id"],
                "position": place,
            },
        )  # fmt: skip


def user_view(user: Record) -> Record:
    """A user as selectors and side-loads show one."""
    names = ("id", "display_name", "email", "is_active", "work_number", "mobile_number")
    return {name: user[name] for name in names}


def _owners(request: Request) -> Reply:
    users = request.account.table("users").values()
    return Reply(200, {"users": [user_view(one) for one in users]})


def _pipelines(request: Request) -> Reply:
    account = request.account
    stages = list(account.table("deal_stages").values())
    shown = [
        {**one, "deal_stages": [s for s in stages if s["deal_pipeline_id"] == one["id"]]}
        for one in account.table("deal_pipelines").values()
    ]
    return Reply(200, {"deal_pipelines": shown})


def _pipeline_stages(request: Request) -> Reply:
    account = request.account
    if request.ids["id"] not in account.table("deal_pipelines"):
        raise not_found()
    stages = account.table("deal_stages").values()
    shown = [one for one in stages if one["deal_pipeline_id"] == request.ids["id"]]
    return Reply(200, {"deal_stages": shown})


def _type_outcomes(request: Request) -> Reply:
    account = request.account
    if request.ids["id"] not in account.table("sales_activity_types"):
        raise not_found()
    every = account.table("sales_activity_outcomes").values()
    shown = [one for one in every if one["sales_activity_type_id"] == request.ids["id"]]
    return Reply(200, {"sales_activity_outcomes": shown})


def _whole(table: str) -> Handler:
    def handler(request: Request) -> Reply:
        return Reply(200, {table: list(request.account.table(table).values())})

    return handler


_PERSONAS: Final[Mapping[str, tuple[str, ...]]] = {
    "lead_stages": ("classic",), "lead_reasons": ("classic",), "lifecycle_stages": ("suite",),
}  # fmt: skip
_TABLES: Final = (
    *_PLAIN, "territories", "currencies", "deal_stages", "contact_statuses", "lifecycle_stages",
    "sales_activity_types", "sales_activity_outcomes", "sales_activity_entity_types",
)  # fmt: skip


ROUTES = (
    Route("GET", "/selector/owners", _owners),
    Route("GET", "/selector/deal_pipelines", _pipelines),
    Route("GET", "/selector/deal_pipelines/{id}/deal_stages", _pipeline_stages),
    Route("GET", "/selector/sales_activity_types/{id}/sales_activity_outcomes", _type_outcomes),
    *(
        Route("GET", f"/selector/{table}", _whole(table), personas=_PERSONAS.get(table, PERSONAS))
        for table in _TABLES
    ),
)
