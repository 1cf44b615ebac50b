"""Tasks, appointments, notes and sales activities.

Source: developers.freshworks.com/crm/api. Tasks are listed by one filter, without which there is
nothing to list; appointments too, but n8n's node asks for all of them by naming none. Their
``meta`` has a total but no number of pages. Notes are listed below their parent only. A sales
activity is made wrapped; n8n's node changes one by its bare attributes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from local.freshsales import records
from local.freshsales.account import Account, Record
from local.freshsales.composite import TARGETS
from local.freshsales.crm import bound, found, remove
from local.freshsales.errors import ApiError, Message
from local.freshsales.model import Model
from local.freshsales.models import APPOINTMENT, NOTE, SALES_ACTIVITY, TASK
from local.freshsales.rendering import View, side_loaded
from local.freshsales.routing import Reply, Request, Route, created
from local.freshsales.stamps import parse_moment
from local.freshsales.views import page_of, pages

Test = Callable[[Account, Record], bool]


def _day(account: Account, record: Record, days: int) -> bool:
    """Whether a task is due on the day so many days from now, in the account's time zone."""
    offset = timedelta(minutes=account.settings.utc_offset_minutes)
    wanted = (account.clock.now() + offset + timedelta(days=days)).date()
    return bool(parse_moment(record["due_date"]).date() == wanted)


def _is_open(record: Record) -> bool:
    return bool(record["status"] == 0)


def _any(_account: Account, _record: Record) -> bool:
    return True


_FILTERS: Final[Mapping[str, Mapping[str, Test]]] = {
    "tasks": {
        "open": lambda _, one: _is_open(one),
        "due_today": lambda account, one: _is_open(one) and _day(account, one, 0),
        "due_tomorrow": lambda account, one: _is_open(one) and _day(account, one, 1),
        "overdue": lambda account, one: _is_open(one) and one["due_date"] < account.stamp(),
        "completed": lambda _, one: not _is_open(one),
    },
    "appointments": {
        "past": lambda account, one: one["end_date"] < account.stamp(),
        "upcoming": lambda account, one: one["end_date"] >= account.stamp(),
    },
}


def _targets(account: Account, rows: Sequence[Record]) -> dict[str, list[Record]]:
    """What the rows are about, by table."""
    side: dict[str, dict[int, Record]] = {}
    for row in rows:
        for target in row["targetables"]:
            table = TARGETS[target["type"]]
            known = account.table(table).get(target["id"])
            if known is not None:
                side.setdefault(table, {})[known["id"]] = side_loaded(table, known)
    return {table: list(found.values()) for table, found in side.items()}


def rows_shown(
    request: Request, model: Model, rows: Sequence[Record]
) -> tuple[list[Record], Record]:
    """The rows as shown, and what is loaded beside them."""
    account, includes = request.account, request.includes
    shower = View(account, model, includes)
    shown = [_with_target(shower.show(row), row, includes) for row in rows]
    side: Record = dict(shower.side_loads())
    if "targetable" in includes:
        side |= _targets(account, rows)
    if model is APPOINTMENT and "appointment_attendees" in includes:
        side["appointment_attendees"] = [
            one for row in rows for one in row["appointment_attendees"]
        ]
    return shown, side


def _with_target(shown: Record, row: Record, includes: Sequence[str]) -> Record:
    if "targetable" in includes:
        first = next(iter(row["targetables"]), None)
        shown["targetable"] = first and {"type": first["type"], "id": first["id"]}
    if "appointment_attendees" in row:
        shown["appointment_attendee_ids"] = [one["id"] for one in row["appointment_attendees"]]
    return shown


def _single(request: Request, model: Model, record: Record) -> object:
    (shown,), side = rows_shown(request, model, [record])
    if model is not APPOINTMENT:
        return {**side, model.singular: shown}
    siblings = {
        "appointment_attendees": record["appointment_attendees"], "conferences": [], "notes": [],
    }  # fmt: skip
    return {**siblings, **side, model.singular: shown}


def _create(request: Request, model: Model) -> Reply:
    values = request.attributes(model.singular, flat=model.flat)
    record = records.create(request.account, model, values, request.user)
    return created(request, _single(request, model, record))


def _change(request: Request, model: Model) -> Reply:
    record = found(request, model)
    values = request.attributes(model.singular)
    records.update(request.account, model, record, values, request.user)
    return Reply(200, _single(request, model, record))


def _view(request: Request, model: Model) -> Reply:
    return Reply(200, _single(request, model, found(request, model)))


def _list(request: Request, model: Model) -> Reply:
    account = request.account
    # The vendor's page prints some filters with blanks, some clients send them so.
    wanted = (request.query.get("filter") or "").strip().replace(" ", "_").replace("+", "_")
    test = _FILTERS[model.table].get(wanted)
    if test is None and not wanted and model is APPOINTMENT:
        test = _any
    if test is None:
        raise ApiError(400, Message("invalid", label="Filter"))
    rows = [
        one
        for one in account.table(model.table).values()
        if not one["is_deleted"] and test(account, one)
    ]
    page, size = page_of(request.query)
    shown, side = rows_shown(request, model, rows[(page - 1) * size : page * size])
    beside = {**_EMPTY_SIDES.get(model.table, {}), **side}
    return Reply(200, {model.table: shown, **beside, "meta": {"total": len(rows)}})


_EMPTY_SIDES: Final[Mapping[str, Mapping[str, list[Record]]]] = {
    "tasks": {"users": [], "contacts": [], "sales_accounts": [], "deals": []}
}


def _list_sales_activities(request: Request, model: Model) -> Reply:
    rows = [one for one in request.account.table(model.table).values() if not one["is_deleted"]]
    page, size = page_of(request.query)
    shown, side = rows_shown(request, model, rows[(page - 1) * size : page * size])
    meta = {"total_pages": pages(len(rows), size), "total": len(rows)}
    return Reply(200, {model.table: shown, **side, "meta": meta})


ROUTES = (
    *(
        Route(method, path, bound(action, model), resource=model.table)
        for model in (TASK, APPOINTMENT, NOTE, SALES_ACTIVITY)
        for method, path, action in (
            ("POST", f"/{model.table}", _create),
            ("PUT", f"/{model.table}/{{id}}", _change),
            ("DELETE", f"/{model.table}/{{id}}", remove),
        )
    ),
    *(
        Route("GET", f"/{model.table}/{{id}}", bound(_view, model), resource=model.table)
        for model in (TASK, APPOINTMENT, SALES_ACTIVITY)
    ),
    Route("GET", "/tasks", bound(_list, TASK), resource="tasks"),
    Route("GET", "/appointments", bound(_list, APPOINTMENT), resource="appointments"),
    Route(
        "GET",
        "/sales_activities",
        bound(_list_sales_activities, SALES_ACTIVITY),
        resource="sales_activities",
    ),
)
