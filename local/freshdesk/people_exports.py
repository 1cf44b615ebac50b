"""Contacts and companies as CSV files, written by a job.

``POST /contacts/export`` names the columns and answers with an id; asking for that id tells whether
the file is there, and where. One export runs at a time; a file is kept for 15 days. What a second
one is refused with, and how a running one looks, is not documented: 409, and no link.

Source: developers.freshdesk.com/api, Export Contacts and Export Companies.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.attachments import rendered, store_file
from local.freshdesk.custom_attributes import Form
from local.freshdesk.errors import ApiError, not_found, not_in_choices, validation_failed
from local.freshdesk.routing import Reply, Request, Route, UploadedFile
from local.freshdesk.validation import Field, Spec, check_body

KEPT_S: Final = 15 * 86_400
FORMS: Final[dict[str, Form]] = {"contacts": "contact_fields", "companies": "company_fields"}
_NAMES: Final = Field(
    "array", required=True, nullable=False, items=Field("string", nullable=False)
)  # fmt: skip
_EXPORT: Final[Spec] = {
    "fields": Field(
        "object", required=True, nullable=False,
        fields={"default_fields": _NAMES, "custom_fields": _NAMES},
    )
}  # fmt: skip


def _start(people: str) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account = request.account
        wanted = check_body(_EXPORT, request)["fields"]
        definitions = [*account.table(FORMS[people]).values()]
        columns: list[Record] = []
        for group, default in (("default_fields", True), ("custom_fields", False)):
            known = {one["name"]: one for one in definitions if one["default"] is default}
            if not known.keys() >= set(wanted[group]):
                raise validation_failed([not_in_choices(f"fields.{group}", known)])
            columns += [known[name] for name in wanted[group]]
        exports = account.table(f"{people}_exports")
        if any(one["status"] == "in_progress" for one in exports.values()):
            said = {"code": "inconsistent_state", "message": "An export is already in progress"}
            raise ApiError(409, said)
        number = account.next_id("export")
        export: Record = {
            "id": hashlib.sha256(f"{people} {number}".encode()).hexdigest()[:40],
            "status": "in_progress", "file": None, "ends": None,
        }  # fmt: skip
        exports[export["id"]] = export

        def work() -> None:
            content = written(account, people, columns)
            upload = UploadedFile("file", f"{people}.csv", "text/csv", content)
            ends = account.clock.seconds() + KEPT_S
            export.update(status="completed", file=store_file(account, upload), ends=ends)

        account.schedule.after(account.settings.job_delay_s, work)
        return Reply(200, {"id": export["id"]})

    return handler


def written(account: Account, people: str, columns: list[Record]) -> bytes:
    """The CSV file: a heading of labels, then a row for each live record."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([one["label"] for one in columns])
    for record in _live(account, people):
        writer.writerow([_cell(account, record, one) for one in columns])
    return out.getvalue().encode()


def _live(account: Account, people: str) -> Iterable[Record]:
    records = account.tables[people].values()
    return (one for one in records if not (one.get("deleted") or one.get("blocked")))


def _cell(account: Account, record: Record, column: Record) -> Any:
    name = column["name"]
    if not column["default"]:
        return record["custom_fields"].get(name)
    if name == "tag_names":
        return ",".join(record["tags"])
    if name == "company_name":
        company = account.companies.get(record["company_id"] or 0)
        return company and company["name"]
    value = record[name]
    return ",".join(value) if isinstance(value, list) else value


def _view(people: str) -> Callable[[Request], Reply]:
    def handler(request: Request) -> Reply:
        account = request.account
        export = account.table(f"{people}_exports").get(request.texts["id"])
        if export is None or (export["ends"] and account.clock.seconds() > export["ends"]):
            raise not_found()
        shown = {"id": export["id"], "status": export["status"]}
        if export["file"] is not None:
            link = rendered(request, [export["file"]])[0]
            shown["download_url"] = link["attachment_url"]
        return Reply(200, shown)

    return handler


ROUTES = tuple(
    route
    for people in FORMS
    for route in (
        Route("POST", f"/{people}/export", _start(people)),
        Route("GET", f"/{people}/export/{{id:text}}", _view(people)),
    )
)
