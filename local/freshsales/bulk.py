"""Bulk upsert as a job, bulk destroy, bulk change of owner.

Facts (developers.freshworks.com/crm/api, "Bulk upsert", and recorded answers): at most 100 items,
each one identifier and ``data``; the answer names a job to poll; a job's ``data`` is JSON inside a
text, and stays null while it runs; ``SUCCESS`` means that the job has run, its rows may have
failed. Under concurrency the call has been seen to answer 405 for a while.
"""

from typing import Any, Final

import orjson

from local.freshsales import records
from local.freshsales.account import Account, Record
from local.freshsales.crm import bound, delete_associated, upserted
from local.freshsales.errors import ApiError, Message, missing_wrapper, not_found, texts
from local.freshsales.fields import Field, Wrong, as_id
from local.freshsales.model import Model
from local.freshsales.models import CONTACT, DEAL, LEAD, SALES_ACCOUNT
from local.freshsales.routing import Reply, Request, Route
from local.freshsales.wire import root_of

_SUITE: Final = ("suite",)


def bulk_upsert(request: Request, model: Model) -> Reply:
    """Start a job; its rows are written when it runs, not before."""
    account = request.account
    items = request.body.get(model.table) if isinstance(request.body, dict) else None
    if not isinstance(items, list) or not items:
        raise missing_wrapper(model.table)
    if len(items) > account.settings.bulk_size:
        raise ApiError(400, f"A maximum of {account.settings.bulk_size} records are allowed.")
    if _waiting(account) >= account.settings.bulk_at_once:
        raise ApiError(405, body={"message": "Method Not Allowed"})
    job = _new_job(account, "bulk_upsert")
    user = request.user

    def run() -> None:
        _run(account, model, job, items, user)

    account.schedule.after(account.settings.job_delay_s, run)
    url = f"{request.base_url}{root_of(account)}/job_statuses/{job['id']}"
    body = {"job_status_url": url, "message": "Your request is being processed."}
    return Reply(200, body)


def _new_job(account: Account, kind: str) -> Record:
    job: Record = {
        "id": account.next_id("job"), "created_at": account.stamp(),
        "status_updated_at": account.stamp(), "job_type_name": kind, "progress": 0,
        "status": "IN_PROGRESS", "data": None, "polls": 0, "ran": False, "ends": "SUCCESS",
        "report": None,
    }  # fmt: skip
    account.table("job_statuses")[job["id"]] = job
    return job


def _waiting(account: Account) -> int:
    """Jobs that have not run. Newest first: an account has many old ones."""
    waiting = 0
    for job in reversed(account.table("job_statuses").values()):
        if job["ran"]:
            break
        waiting += 1
    return waiting


def _run(account: Account, model: Model, job: Record, items: list[Any], user: Record) -> None:
    if account.settings.job_ends == "FAILED":
        job.update(ran=True, ends="FAILED", status_updated_at=account.stamp())
        return
    failures: list[Record] = []
    for item in items:
        try:
            _upsert_item(account, model, item, user)
        except ApiError as error:
            identifier = {name: value for name, value in _named(item).items() if name != "data"}
            said = texts(error.messages, account.settings.language)
            failures.append({**identifier, "errors": said})
    report = {
        "record_status": {"succeeded": len(items) - len(failures), "failed": len(failures)},
        "detailed_failure_report": failures,
    }  # fmt: skip
    job["report"] = orjson.dumps(report).decode()
    job.update(ran=True, status_updated_at=account.stamp())
    account.writes += 1


def _named(item: object) -> Record:
    return item if isinstance(item, dict) else {}


def _upsert_item(account: Account, model: Model, item: object, user: Record) -> None:
    named = _named(item)
    identifier = {name: value for name, value in named.items() if name != "data"}
    data = named.get("data")
    if len(identifier) != 1 or not isinstance(data, dict):
        raise ApiError(400, Message("invalid", label="Record"))
    if set(identifier) - {"id", "emails", "name"}:
        raise ApiError(400, Message("invalid", label="Unique identifier"))
    upserted(account, model, identifier, data, user)


def _job_status(request: Request) -> Reply:
    """Only a job that has run, and was asked often enough, is over."""
    account = request.account
    job = account.table("job_statuses").get(request.ids["id"])
    if job is None:
        raise not_found()
    job["polls"] += 1
    if job["ran"] and job["polls"] > account.settings.job_polls:
        job.update(progress=100, status=job["ends"], data=job["report"])
    names = ("created_at", "status_updated_at", "job_type_name", "progress", "status", "data")
    return Reply(200, {name: job[name] for name in names})


def _selected(request: Request) -> list[int]:
    body = request.body if isinstance(request.body, dict) else {}
    chosen = body.get("selected_ids")
    if not isinstance(chosen, list) or not chosen:
        raise missing_wrapper("selected_ids")
    try:
        return [as_id(Field("selected_ids"), one) for one in chosen]
    except Wrong as wrong:
        raise ApiError(400, wrong.message) from None


def bulk_destroy(request: Request, model: Model) -> Reply:
    """Accepted at once, done a little later; ids that do not exist are passed over."""
    account, chosen = request.account, _selected(request)
    associated = request.body.get("delete_associated_contacts_deals") in (True, "true")

    def run() -> None:
        for record_id in chosen:
            record = records.live(account, model, record_id)
            if record is None:
                continue
            if associated and model is SALES_ACCOUNT:
                delete_associated(account, record)
            records.delete(account, model, record)

    account.schedule.after(account.settings.job_delay_s, run)
    return Reply(200, {"message": f"Deleting {len(chosen)} {model.table.replace('_', ' ')}."})


def bulk_assign_owner(request: Request, model: Model) -> Reply:
    account, chosen = request.account, _selected(request)
    owner = request.body.get("owner_id")
    if owner not in account.table("users"):
        raise ApiError(400, Message("invalid", label="Sales owner"))
    user = request.user

    def run() -> None:
        for record_id in chosen:
            record = records.live(account, model, record_id)
            if record is not None:
                records.update(account, model, record, {"owner_id": owner}, user)

    account.schedule.after(account.settings.job_delay_s, run)
    return Reply(200, {"message": f"Updating {len(chosen)} {model.table.replace('_', ' ')}."})


ROUTES = (
    *(
        Route(
            "POST", f"/{model.table}/bulk_upsert", bound(bulk_upsert, model),
            resource=model.table, personas=_SUITE,
        )
        for model in (CONTACT, SALES_ACCOUNT, DEAL)
    ),
    Route("GET", "/job_statuses/{id}", _job_status, personas=_SUITE),
    *(
        Route(
            "POST", f"/{model.table}/bulk_destroy", bound(bulk_destroy, model),
            resource=model.table, personas=model.personas,
        )
        for model in (CONTACT, SALES_ACCOUNT, DEAL, LEAD)
    ),
    *(
        Route(
            "POST", f"/{model.table}/bulk_assign_owner", bound(bulk_assign_owner, model),
            resource=model.table, personas=model.personas,
        )
        for model in (CONTACT, LEAD)
    ),
)  # fmt: skip
