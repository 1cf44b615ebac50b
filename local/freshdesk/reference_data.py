"""Slow-moving lookups, read-only: roles, products, SLA policies, business hours, and the like.

Source: developers.freshdesk.com/api. A new account has a few of each, so that a client meets every
shape.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.custom_attributes import put_forms
from local.freshdesk.errors import not_found
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.portal_content import put_portal_content
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.satisfaction_ratings import put_survey
from local.freshdesk.validation import check_query

# Priority, first response and resolution in seconds, as the default policy promises them.
_TARGETS: Final = (
    (4, 3600, 14_400),
    (3, 14_400, 86_400),
    (2, 43_200, 259_200),
    (1, 86_400, 432_000),
)
_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday")
_TIMES: Final = {"start_time": "8:00 am", "end_time": "5:00 pm"}


def put_reference_data(account: Account) -> None:
    """Fill the tables of an empty account; groups and agents must be there already."""
    put_forms(account)
    put_survey(account)
    put_portal_content(account)
    texts = {"Acme Cloud": "The hosted product", "Acme Desktop": None}
    for name, text in texts.items():
        address = f"{name.partition(' ')[2].lower()}@{account.host}"
        _put(account, "products", name=name, description=text, primary_email=address)
    _put(
        account, "business_hours", name="Default", description="Office hours", is_default=True,
        time_zone="Eastern Time (US & Canada)", business_hours={day: dict(_TIMES) for day in _WEEK},
    )  # fmt: skip
    _put_sla_policy(account)
    _put(account, "skills", name="Invoices", rank=1, agents=[], match_type="all", conditions=[
        {"resource_type": "ticket", "field_name": "ticket_type", "operator": "in",
         "value": ["Refund"], "nested_fields": {}},
    ])  # fmt: skip
    _put_canned_responses(account)
    _put(
        account, "scenario_automations", name="Close as spam", description=None, private=False,
        actions=[{"name": "status", "value": 5}],
    )  # fmt: skip


def _put(account: Account, table: str, **attributes: Any) -> Record:
    stamp = account.clock.stamp()
    record: Record = {"id": account.next_id("reference"), **attributes}
    record |= {"created_at": stamp, "updated_at": stamp}
    account.table(table)[record["id"]] = record
    return record


def _put_sla_policy(account: Account) -> None:
    targets = {
        f"priority_{priority}": {
            "respond_within": respond, "resolve_within": resolve, "business_hours": False,
            "escalation_enabled": True,
        }
        for priority, respond, resolve in _TARGETS
    }  # fmt: skip
    _put(
        account, "sla_policies", name="Default SLA Policy", description="For every ticket",
        active=True, is_default=True, position=1, applicable_to={}, sla_target=targets,
        escalation={"response": None, "resolution": None},
    )  # fmt: skip


def _put_canned_responses(account: Account) -> None:
    texts = {
        "General": (("Thank you", "Thank you for writing to us."), ("Closing", "Was this solved?")),
        "Billing": (("Refund started", "Your refund is on its way."),),
    }
    for folder_name, responses in texts.items():
        folder = _put(
            account, "canned_response_folders", name=folder_name, personal=False,
            responses_count=len(responses),
        )  # fmt: skip
        for title, text in responses:
            _put(
                account, "canned_responses", title=title, content=text,
                content_html=f"<div>{text}</div>", folder_id=folder["id"], visibility=0,
                group_ids=[], attachments=[],
            )  # fmt: skip


def _list(table: str) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        page = page_of(check_query(PAGING, request.query))
        return paged(request, list(request.account.table(table).values()), page)

    return handler


def _view(table: str) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        return Reply(200, _find(request, table))

    return handler


def _find(request: Request, table: str) -> Record:
    record: Record | None = request.account.table(table).get(request.ids["id"])
    if record is None:
        raise not_found()
    return record


def _responses_of(request: Request, folder: Record) -> list[Record]:
    responses = request.account.table("canned_responses").values()
    return [one for one in responses if one["folder_id"] == folder["id"]]


def _folder(request: Request) -> Reply:
    folder = _find(request, "canned_response_folders")
    short = [{"id": one["id"], "title": one["title"]} for one in _responses_of(request, folder)]
    return Reply(200, {**folder, "canned_responses": short})


def _folder_responses(request: Request) -> Reply:
    folder = _find(request, "canned_response_folders")
    return Reply(200, _responses_of(request, folder))


def _readable(path: str, table: str, *, view: bool = True) -> Sequence[Route]:
    lists = Route("GET", path, _list(table), admin_only=True)
    views = Route("GET", f"{path}/{{id}}", _view(table), admin_only=True)
    return (lists, views) if view else (lists,)


ROUTES = (
    *_readable("/roles", "roles"),
    *_readable("/products", "products"),
    *_readable("/business_hours", "business_hours"),
    *_readable("/email_configs", "email_configs"),
    *_readable("/sla_policies", "sla_policies", view=False),
    *_readable("/admin/skills", "skills"),
    # The path of older versions of the vendor's page, that clients still ask.
    *_readable("/skills", "skills"),
    *_readable("/canned_responses", "canned_responses"),
    *_readable("/canned_response_folders", "canned_response_folders", view=False),
    *_readable("/scenario_automations", "scenario_automations", view=False),
    Route("GET", "/canned_response_folders/{id}", _folder, admin_only=True),
    Route("GET", "/canned_response_folders/{id}/responses", _folder_responses, admin_only=True),
)
