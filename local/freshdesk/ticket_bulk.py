"""Bulk update and delete: accepted at once, done by a job later.

Source: developers.freshdesk.com/api, Bulk Update, Bulk Delete, Jobs. Only ``IN PROGRESS`` is a
documented status; the others here are ``COMPLETED`` and, for other jobs, ``FAILED``.
"""

import hashlib
from collections.abc import Callable

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import not_found, validation_failed
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.ticket_access import caller
from local.freshdesk.ticket_rules import check_references, update_spec
from local.freshdesk.ticket_writes import add_conversation, change_ticket, set_deleted
from local.freshdesk.validation import Field, Spec, check_body

_IDS = Field("array", required=True, nullable=False, items=Field("integer", nullable=False))
_BULK_SOURCES = (1, 2, 3, 7, 8, 9, 10)
_PROPERTIES = (
    "email_config_id", "group_id", "priority", "parent_id", "requester_id", "responder_id",
    "status", "type", "product_id", "due_by", "fr_due_by", "custom_fields", "tags",
    "internal_agent_id", "internal_group_id",
)  # fmt: skip
_NUMBERS = Field("array", items=Field("integer"))
_REPLY: Spec = {
    "body": Field("string", required=True, nullable=False, blank=False),
    "attachment_ids": _NUMBERS, "inline_attachment_ids": _NUMBERS, "cloud_files": Field("array"),
}  # fmt: skip


def start_job(request: Request, work: Callable[[], None]) -> Record:
    """Have ``work`` done ``job_delay_s`` from now; the ``{job_id, href}`` to answer with."""
    account = request.account
    number = account.next_id("job")
    job_id = hashlib.sha256(f"job {number}".encode()).hexdigest()[:29]
    job: Record = {"id": job_id, "status": "IN PROGRESS"}
    account.jobs[job_id] = job

    def run() -> None:
        work()
        job["status"] = "COMPLETED"

    account.schedule.after(account.settings.job_delay_s, run)
    return {"job_id": job_id, "href": f"{request.base_url}/api/v2/jobs/{job_id}"}


def _bulk_action(fields: Spec) -> Spec:
    action = Field("object", required=True, nullable=False, fields={"ids": _IDS, **fields})
    return {"bulk_action": action}


def _properties(account: Account) -> Spec:
    spec = update_spec(account)
    return {
        **{name: spec[name] for name in _PROPERTIES},
        "source": Field("integer", nullable=False, choices=_BULK_SOURCES),
        "from_email": Field("email"),
        "skip_close_notification": Field("boolean"),
    }


def _open_tickets(account: Account, ids: list[int]) -> list[Record]:
    """Those of ``ids`` that can be changed; the job passes over the others."""
    found = (account.tickets.get(one) for one in ids)
    return [one for one in found if one and not one["deleted"] and not one["spam"]]


def _bulk_update(request: Request) -> Reply:
    account, actor = request.account, caller(request)
    properties = Field("object", fields=_properties(account))
    spec = _bulk_action({"properties": properties, "reply": Field("object", fields=_REPLY)})
    action = check_body(spec, request)["bulk_action"]
    given = action.get("properties") or {}
    if errors := check_references(account, given):
        raise validation_failed(errors)
    passing = {"from_email", "skip_close_notification", "parent_id"}
    changes = {name: value for name, value in given.items() if name not in passing}
    reply = action.get("reply")

    def work() -> None:
        for ticket in _open_tickets(account, action["ids"]):
            if changes:
                change_ticket(account, ticket, changes, actor=actor)
            if reply:
                said = {"body": reply["body"], "from_email": ticket["support_email"]}
                add_conversation(account, ticket, "reply", said, actor=actor)

    return Reply(202, start_job(request, work))


def _bulk_delete(request: Request) -> Reply:
    account, actor = request.account, caller(request)
    ids = check_body(_bulk_action({}), request)["bulk_action"]["ids"]

    def work() -> None:
        for ticket in _open_tickets(account, ids):
            set_deleted(account, ticket, True, actor=actor)

    return Reply(202, start_job(request, work))


def _view_job(request: Request) -> Reply:
    job = request.account.jobs.get(request.texts["id"])
    if job is None:
        raise not_found()
    return Reply(200, job)


ROUTES = (
    Route("POST", "/tickets/bulk_update", _bulk_update, bucket="ticket_update"),
    Route("POST", "/tickets/bulk_delete", _bulk_delete),
    Route("GET", "/jobs/{id:text}", _view_job),
)
