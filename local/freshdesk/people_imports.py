"""Contacts and companies from CSV files, read by a job.

A form brings the ``file`` and which column (from 0) holds which attribute: ``fields[name]=0``. The
first line is a heading. A row whose contact (by e-mail) or company (by name) is known changes it,
another makes one; what cannot be stored is counted and written to a report. The list shows the
last five.

Source: developers.freshdesk.com/api, Import Contacts and Import Companies.
"""

import csv
import io
from collections.abc import Callable
from functools import partial
from typing import Final

from local.freshdesk.account import Account, Record
from local.freshdesk.attachments import rendered, store_file
from local.freshdesk.companies import change_company, company_from, company_spec, new_company
from local.freshdesk.contact_rules import check_contact, contact_spec
from local.freshdesk.contacts import change_contact
from local.freshdesk.errors import (
    ApiError,
    FieldError,
    invalid_field,
    invalid_value,
    missing_field,
    not_found,
    validation_failed,
)
from local.freshdesk.people import company_of_email, find_user, new_contact
from local.freshdesk.people_exports import FORMS
from local.freshdesk.routing import Reply, Request, Route, UploadedFile, created
from local.freshdesk.validation import Field, check_object, check_query

STATUSES: Final = ("in_progress", "completed", "cancelled", "failed")
_SHOWN: Final = 5
_LISTS: Final = {"tag_names": "tags", "domains": "domains"}


def _start(people: str) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account = request.account
        columns, content = _checked(request, people)
        imports = account.table(f"{people}_imports")
        run: Record = {
            "id": account.next_id(f"{people}_import"), "status": "in_progress",
            "created_at": account.clock.stamp(), "estimated_time_remaining": "00:00:10",
            "total_records": None, "completed_records": 0, "failed": [], "report": None,
        }  # fmt: skip
        imports[run["id"]] = run
        work = partial(_work, account, people, run, columns, content)
        account.schedule.after(account.settings.job_delay_s, work)
        return created(request, f"{people}/imports", _shown(request, run))

    return handler


def _checked(request: Request, people: str) -> tuple[dict[str, int], str]:
    """(attribute → column, the file's text). Raises ApiError 400."""
    body = request.body if isinstance(request.body, dict) else {}
    known = {one["name"] for one in request.account.table(FORMS[people]).values()}
    errors: list[FieldError] = [invalid_field(name) for name in body if name != "fields"]
    errors += [invalid_field(one.field) for one in request.files if one.field != "file"]
    if not request.files:
        errors.append(missing_field("file"))
    elif not request.files[0].name.lower().endswith(".csv"):
        errors.append(invalid_value("file", "Invalid file type. Please upload a CSV file"))
    fields = body.get("fields")
    fields = fields if isinstance(fields, dict) else {}
    errors += [invalid_field(f"fields.{name}") for name in fields if name not in known]
    if "name" not in fields:
        errors.append(missing_field("fields.name"))
    for name, column in fields.items():
        if not str(column).isdecimal():
            errors.append(invalid_value(f"fields.{name}", "It should be a/an Integer"))
    if errors:
        raise validation_failed(errors)
    columns = {name: int(column) for name, column in fields.items()}
    return columns, request.files[0].content.decode("utf-8-sig", "replace")


def _work(
    account: Account, people: str, run: Record, columns: dict[str, int], content: str
) -> None:  # fmt: skip
    if run["status"] != "in_progress":
        return
    store = _store_contact if people == "contacts" else _store_company
    try:
        rows = list(csv.reader(io.StringIO(content)))[1:]
    except csv.Error:
        run.update(status="failed", total_records=0)
        return
    for row in rows:
        cells = {name: row[at].strip() for name, at in columns.items() if at < len(row)}
        try:
            store(account, _attributes(account, people, cells))
        except ApiError:
            run["failed"].append(row)
    done = len(rows) - len(run["failed"])
    run.update(status="completed", total_records=len(rows), completed_records=done)
    if run["failed"]:
        out = io.StringIO()
        csv.writer(out).writerows(run["failed"])
        upload = UploadedFile("file", "failures.csv", "text/csv", out.getvalue().encode())
        run["report"] = store_file(account, upload)


def _attributes(account: Account, people: str, cells: dict[str, str]) -> Record:
    """A row as a checked body. Raises ApiError 400."""
    custom = {one["name"] for one in account.table(FORMS[people]).values() if not one["default"]}
    body: Record = {"custom_fields": {}}
    for name, text in cells.items():
        if not text or name == "company_name":
            continue
        if name in custom:
            body["custom_fields"][name] = text
        elif name in _LISTS:
            body[_LISTS[name]] = [part.strip() for part in text.split(",") if part.strip()]
        else:
            body[name] = text
    spec = contact_spec(account) if people == "contacts" else company_spec(account)
    fields = check_object(spec, body, form=True)
    if "name" not in fields:
        raise validation_failed([missing_field("name")])
    if company := cells.get("company_name"):
        fields["company_id"] = _company_named(account, company)
    return fields


def _company_named(account: Account, name: str) -> int:
    found = _named(account, name) or new_company(account, name)
    return int(found["id"])


def _named(account: Account, name: str) -> Record | None:
    wanted = name.casefold()
    companies = account.companies.values()
    return next((one for one in companies if one["name"].casefold() == wanted), None)


def _store_contact(account: Account, fields: Record) -> None:
    known = find_user(account, "email", fields.get("email")) if fields.get("email") else None
    contact = account.contacts.get(known or 0)
    if contact is None:
        check_contact(account, fields, fields)
        fields.setdefault("company_id", company_of_email(account, fields.get("email")))
        new_contact(account, fields.pop("name"), **fields)
        return
    check_contact(account, fields, {**contact, **fields}, of=contact["id"])
    fields["custom_fields"] = {**contact["custom_fields"], **fields["custom_fields"]}
    change_contact(account, contact, fields)


def _store_company(account: Account, fields: Record) -> None:
    if (company := _named(account, fields["name"])) is None:
        company_from(account, fields)
    else:
        change_company(account, company, fields)


def _shown(request: Request, run: Record) -> Record:
    names = ("id", "status", "created_at")
    shown = {name: run[name] for name in names}
    if run["status"] == "in_progress":
        return {**shown, "estimated_time_remaining": run["estimated_time_remaining"]}
    link = run["report"] and rendered(request, [run["report"]])[0]["attachment_url"]
    return {
        **shown, "total_records": run["total_records"],
        "completed_records": run["completed_records"],
        "failures": {"count": len(run["failed"]), "report": link},
    }  # fmt: skip


def _list(people: str) -> Callable[[Request], Reply]:
    spec = {"status": Field("string", nullable=False, choices=STATUSES)}

    def handler(request: Request) -> Reply:
        wanted = check_query(spec, request.query).get("status")
        runs = reversed(request.account.table(f"{people}_imports").values())
        found = [one for one in runs if wanted in {None, one["status"]}]
        return Reply(200, [_shown(request, one) for one in found[:_SHOWN]])

    return handler


def _find(request: Request, people: str) -> Record:
    run = request.account.table(f"{people}_imports").get(request.ids["id"])
    if run is None:
        raise not_found()
    return run


def _view(people: str) -> Callable[[Request], Reply]:
    return lambda request: Reply(200, _shown(request, _find(request, people)))


def _cancel(people: str) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        run = _find(request, people)
        if run["status"] != "in_progress":
            message = f"The import is {run['status']} and cannot be cancelled"
            raise validation_failed([FieldError("status", message, "inconsistent_state")])
        run.update(status="cancelled", total_records=0)
        return Reply(204)

    return handler


ROUTES = tuple(
    route
    for people in FORMS
    for route in (
        Route("GET", f"/{people}/imports", _list(people)),
        Route("POST", f"/{people}/imports", _start(people), files=True),
        Route("GET", f"/{people}/imports/{{id}}", _view(people)),
        Route("PUT", f"/{people}/imports/{{id}}/cancel", _cancel(people)),
    )
)
