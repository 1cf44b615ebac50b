"""What hangs on one contact, account, deal or lead: activities, people, deals, the feed.

Source: developers.freshworks.com/crm/api; the paths are those of a record's ``links``.
"""

from local.freshsales import records
from local.freshsales.activities import rows_shown
from local.freshsales.errors import not_found
from local.freshsales.model import Model
from local.freshsales.models import APPOINTMENT, BY_TABLE, CRM, NOTE, SALES_ACTIVITY, TASK
from local.freshsales.rendering import View, side_loaded
from local.freshsales.routing import Handler, Reply, Request, Route
from local.freshsales.views import page_of, pages


def _related(parent: Model, child: Model) -> Handler:
    """The tasks, notes or appointments of one record."""

    def handler(request: Request) -> Reply:
        account = request.account
        if request.ids["id"] not in account.table(parent.table):
            raise not_found()
        rows = records.children(account, child.table, parent.class_name, request.ids["id"])
        shown, side = rows_shown(request, child, rows)
        return Reply(200, {child.table: shown, **side, "meta": {"total": len(rows)}})

    return handler


def _feed(parent: Model) -> Handler:
    """``/activities``: what happened to a record, newest first."""

    def handler(request: Request) -> Reply:
        account = request.account
        if request.ids["id"] not in account.table(parent.table):
            raise not_found()
        entries = [
            {
                "id": one["id"], "activity_type": model.singular, "created_at": one["created_at"],
                "user_id": one["creater_id"], "actionable_type": model.class_name,
                "actionable_id": one["id"], "targetable_id": request.ids["id"],
                "targetable_type": parent.class_name,
            }
            for model in (TASK, APPOINTMENT, NOTE, SALES_ACTIVITY)
            for one in records.children(account, model.table, parent.class_name, request.ids["id"])
        ]  # fmt: skip
        entries.sort(key=lambda one: (one["created_at"], one["id"]), reverse=True)
        page, size = page_of({**request.query, "per_page": request.query.get("limit", "25")})
        rows = entries[(page - 1) * size : page * size]
        meta = {"has_next": page * size < len(entries), "has_previous": page > 1}
        people = account.table("users").values() if "user" in request.includes else ()
        side = {"users": [side_loaded("users", one) for one in people]} if people else {}
        return Reply(200, {"activities": rows, **side, "meta": meta})

    return handler


def _nothing(key: str, parent: Model) -> Handler:
    def handler(request: Request) -> Reply:
        if request.ids["id"] not in request.account.table(parent.table):
            raise not_found()
        return Reply(200, {key: [], "meta": {"total": 0}})

    return handler


def _members(parent: Model, table: str) -> Handler:
    """``/sales_accounts/{id}/contacts`` and ``/deals``."""
    child = BY_TABLE[table]

    def handler(request: Request) -> Reply:
        account = request.account
        if request.ids["id"] not in account.table(parent.table):
            raise not_found()
        rows = records.children(account, table, parent.class_name, request.ids["id"])
        page, size = page_of(request.query)
        shower = View(account, child, request.includes)
        shown = [shower.show(one) for one in rows[(page - 1) * size : page * size]]
        meta = {"total_pages": pages(len(rows), size), "total": len(rows)}
        return Reply(200, {**shower.side_loads(), table: shown, "meta": meta})

    return handler


ROUTES = (
    *(
        Route(
            "GET", f"/{parent.table}/{{id}}/{child.table}", _related(parent, child),
            resource=parent.table, personas=parent.personas,
        )
        for parent in CRM
        for child in (TASK, APPOINTMENT, NOTE, SALES_ACTIVITY)
    ),
    *(
        Route(
            "GET", f"/{parent.table}/{{id}}/activities", _feed(parent),
            resource=parent.table, personas=parent.personas,
        )
        for parent in CRM
    ),
    *(
        Route(
            "GET", f"/{parent.table}/{{id}}/{name}", _nothing(name, parent),
            resource=parent.table, personas=parent.personas,
        )
        for parent in CRM
        for name in ("timeline_feeds", "duplicates", "connections", "reminders")
    ),
    *(
        Route(
            "GET", f"/{parent}/{{id}}/{child}", _members(BY_TABLE[parent], child), resource=child
        )
        for parent, child in (
            ("sales_accounts", "contacts"), ("sales_accounts", "deals"), ("contacts", "deals"),
        )
    ),
)  # fmt: skip
