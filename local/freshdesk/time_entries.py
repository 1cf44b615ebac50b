"""Time entries and their timers: at most one runs per agent.

A running timer's time is what was booked before plus the seconds since ``start_time``; stopping it
books them.

Source: developers.freshdesk.com/api, Time Entries.
"""

import re
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.clock import parse_stamp
from local.freshdesk.errors import (
    FieldError,
    invalid_value,
    no_content_required,
    no_such_record,
    not_found,
    require_feature,
    validation_failed,
)
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.ticket_access import find_ticket
from local.freshdesk.validation import Field, check_body, check_query

_TIME: Final = re.compile(r"(\d{2,}):([0-5]\d)")
_ENTRY = {
    "agent_id": Field("integer", nullable=False),
    "billable": Field("boolean", nullable=False),
    "executed_at": Field("datetime", nullable=False),
    "note": Field("string"),
    "start_time": Field("datetime", nullable=False),
    "time_spent": Field("string", nullable=False),
    "timer_running": Field("boolean", nullable=False),
}
_LIST_QUERY = {
    **PAGING,
    "company_id": Field("integer", nullable=False),
    "agent_id": Field("integer", nullable=False),
    "executed_after": Field("datetime", nullable=False),
    "executed_before": Field("datetime", nullable=False),
    "billable": Field("boolean", nullable=False),
}


def seconds_of(time_spent: str) -> int | None:
    """``"01:20"`` is 4800; hours may pass 24; None for other text."""
    found = _TIME.fullmatch(time_spent)
    return int(found[1]) * 3600 + int(found[2]) * 60 if found else None


def time_spent_of(seconds: int) -> str:
    """4859 is ``"01:20"``: whole minutes, at least two digits of hours."""
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


def shown(account: Account, entry: Record) -> Record:
    """The entry as of now: a running timer has gone on."""
    seconds = _elapsed(account, entry)
    return {**entry, "time_spent": time_spent_of(seconds), "time_spent_in_seconds": seconds}


def _elapsed(account: Account, entry: Record) -> int:
    booked = int(entry["time_spent_in_seconds"])
    if not entry["timer_running"]:
        return booked
    running = account.clock.now() - parse_stamp(entry["start_time"])
    return booked + max(0, int(running.total_seconds()))


def _create(request: Request) -> Reply:
    account = request.account
    _check_feature(account)
    ticket = find_ticket(request)
    fields = check_body(_ENTRY, request)
    _raise(_value_errors(account, fields) + _start_errors_of_new(fields))
    now = account.clock.stamp()
    # Nothing said about time, or a start: then the clock is meant to run.
    told = "time_spent" in fields and "start_time" not in fields
    running = fields.get("timer_running", not told)
    entry: Record = {
        "id": account.next_id("time_entry"),
        "billable": fields.get("billable", True),
        "note": fields.get("note"),
        "timer_running": running,
        "agent_id": fields.get("agent_id", request.agent["id"]),
        "ticket_id": ticket["id"],
        "company_id": ticket["company_id"],
        "time_spent": "00:00",
        "time_spent_in_seconds": seconds_of(fields.get("time_spent", "00:00")),
        "executed_at": fields.get("executed_at", now),
        "start_time": fields.get("start_time", now),
        "created_at": now,
        "updated_at": now,
    }
    if running:
        _stop_others(account, entry)
    account.time_entries[entry["id"]] = entry
    return created(request, "time_entries", shown(account, entry))


def _update(request: Request) -> Reply:
    account, entry = request.account, _find(request)
    fields = check_body(_ENTRY, request)
    _raise(_value_errors(account, fields) + _change_errors(entry, fields))
    if "start_time" in fields:
        entry["start_time"] = fields["start_time"]
    if "timer_running" in fields:
        _turn(account, entry, running=fields["timer_running"])
    if "time_spent" in fields:
        entry["time_spent_in_seconds"] = seconds_of(fields["time_spent"])
        if entry["timer_running"]:
            entry["start_time"] = account.clock.stamp()
    entry.update(
        {
            name: fields[name]
            for name in ("agent_id", "billable", "executed_at", "note")
            if name in fields
        }
    )
    entry["updated_at"] = account.clock.stamp()
    return Reply(200, shown(account, entry))


def _toggle(request: Request) -> Reply:
    account, entry = request.account, _find(request)
    if request.body:
        raise no_content_required()
    _turn(account, entry, running=not entry["timer_running"])
    entry["updated_at"] = account.clock.stamp()
    return Reply(200)


def _turn(account: Account, entry: Record, *, running: bool) -> None:
    """Start or stop the timer; stopping books what it counted."""
    if running:
        _stop_others(account, entry)
        entry["start_time"] = account.clock.stamp()
    else:
        entry["time_spent_in_seconds"] = _elapsed(account, entry)
    entry["timer_running"] = running


def _stop_others(account: Account, entry: Record) -> None:
    for other in account.time_entries.values():
        same_agent = other["agent_id"] == entry["agent_id"] and other["id"] != entry["id"]
        if same_agent and other["timer_running"]:
            _turn(account, other, running=False)
            other["updated_at"] = account.clock.stamp()


def _value_errors(account: Account, fields: Record) -> list[FieldError]:
    errors: list[FieldError] = []
    if "time_spent" in fields and seconds_of(fields["time_spent"]) is None:
        errors.append(invalid_value("time_spent", "It should be in the 'hh:mm' format"))
    if fields.get("start_time", "") > account.clock.stamp():
        errors.append(invalid_value("start_time", "It should not be in the future"))
    if "agent_id" in fields and fields["agent_id"] not in account.agents:
        errors.append(no_such_record("agent_id", "agent"))
    return errors


def _start_errors_of_new(fields: Record) -> list[FieldError]:
    if "start_time" in fields and fields.get("timer_running") is False:
        return [_incompatible("start_time", "It should be blank if timer_running is false")]
    return []


def _change_errors(entry: Record, fields: Record) -> list[FieldError]:
    errors: list[FieldError] = []
    running, wanted = entry["timer_running"], fields.get("timer_running")
    if wanted is running:
        message = "It cannot be set to the value it has"
        errors.append(invalid_value("timer_running", message))
    stopping = running and wanted is False
    if "start_time" in fields and not stopping:
        message = "It can only be changed when timer_running is changed from true to false"
        errors.append(_incompatible("start_time", message))
    if "agent_id" in fields and running and fields["agent_id"] != entry["agent_id"]:
        errors.append(_incompatible("agent_id", "It cannot be changed while the timer is running"))
    return errors


def _incompatible(name: str, message: str) -> FieldError:
    return FieldError(name, message, "incompatible_field")


def _raise(errors: list[FieldError]) -> None:
    if errors:
        raise validation_failed(errors)


def _check_feature(account: Account) -> None:
    if not account.has_feature("time_tracking"):
        raise require_feature("time_tracking")


def _find(request: Request) -> Record:
    _check_feature(request.account)
    entry = request.account.time_entries.get(request.ids["id"])
    if entry is None:
        raise not_found()
    return entry


def _list(request: Request) -> Reply:
    _check_feature(request.account)
    wanted = check_query(_LIST_QUERY, request.query)
    rows = [one for one in request.account.time_entries.values() if _wanted(one, wanted)]
    return _page(request, rows, wanted)


def _wanted(entry: Record, wanted: Record) -> bool:
    equal = all(
        entry[name] == wanted[name]
        for name in ("company_id", "agent_id", "billable")
        if name in wanted
    )
    executed = entry["executed_at"]
    after, before = wanted.get("executed_after", ""), wanted.get("executed_before", executed)
    return bool(equal and after <= executed <= before)


def _list_of_ticket(request: Request) -> Reply:
    _check_feature(request.account)
    ticket_id = find_ticket(request)["id"]
    wanted = check_query(PAGING, request.query)
    entries = request.account.time_entries.values()
    return _page(request, [one for one in entries if one["ticket_id"] == ticket_id], wanted)


def _page(request: Request, rows: list[Record], wanted: dict[str, Any]) -> Reply:
    reply = paged(request, rows, page_of(wanted))
    return Reply(200, [shown(request.account, one) for one in reply.body], reply.headers)


def _delete(request: Request) -> Reply:
    del request.account.time_entries[_find(request)["id"]]
    return Reply(204)


ROUTES = (
    Route("POST", "/tickets/{id}/time_entries", _create),
    Route("GET", "/tickets/{id}/time_entries", _list_of_ticket),
    Route("GET", "/time_entries", _list),
    Route("PUT", "/time_entries/{id}", _update),
    Route("PUT", "/time_entries/{id}/toggle_timer", _toggle),
    Route("DELETE", "/time_entries/{id}", _delete),
)
