"""Mailboxes, read-only: the addresses that ``email_configs`` shows, in their newer shape.

Source: developers.freshdesk.com/api, Email Mailboxes. All are of the kind the service hosts itself.
"""

from typing import Final

from local.freshdesk.account import Record
from local.freshdesk.errors import FieldError, missing_field, not_found, validation_failed
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.validation import Field, check_query

_ORDERS: Final = ("product_id", "group_id")
_QUERY: Final = {
    **PAGING,
    "support_email": Field("string", nullable=False),
    "forward_email": Field("string", nullable=False),
    "product_id": Field("integer", nullable=False),
    "group_id": Field("integer", nullable=False),
    "active": Field("boolean", nullable=False),
    "order_by": Field("string", nullable=False, choices=_ORDERS),
    "order_type": Field("string", nullable=False, choices=("asc", "desc")),
}


def _shown(config: Record) -> Record:
    return {
        "id": config["id"],
        "name": config["name"],
        "support_email": config["reply_email"],
        "product_id": config["product_id"],
        "group_id": config["group_id"],
        "default_reply_email": config["primary_role"],
        "active": config["active"],
        "mailbox_type": "freshdesk_mailbox",
        "freshdesk_mailbox": {"forward_email": config["to_email"]},
        "created_at": config["created_at"],
        "updated_at": config["updated_at"],
    }


def _list(request: Request) -> Reply:
    wanted = check_query(_QUERY, request.query)
    if "order_type" in wanted and "order_by" not in wanted:
        errors: list[FieldError] = [missing_field("order_by")]
        raise validation_failed(errors)
    page = page_of(wanted)
    rows = [_shown(one) for one in request.account.table("email_configs").values()]
    for name in wanted.keys() & {"support_email", "product_id", "group_id", "active"}:
        rows = [one for one in rows if one[name] == wanted[name]]
    if "forward_email" in wanted:
        address = {"forward_email": wanted["forward_email"]}
        rows = [one for one in rows if one["freshdesk_mailbox"] == address]
    if order := wanted.get("order_by"):
        descending = wanted.get("order_type") == "desc"
        rows.sort(key=lambda one: one[order] or 0, reverse=descending)
    return paged(request, rows, page)


def _view(request: Request) -> Reply:
    config = request.account.table("email_configs").get(request.ids["id"])
    if config is None:
        raise not_found()
    return Reply(200, _shown(config))


ROUTES = (
    Route("GET", "/email/mailboxes", _list, admin_only=True),
    Route("GET", "/email/mailboxes/{id}", _view, admin_only=True),
)
