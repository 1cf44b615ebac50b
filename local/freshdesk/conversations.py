"""Replies, notes, forwards: what is said on a ticket.

Source: developers.freshdesk.com/api, Conversations. Answers of create calls have other keys than
list items: a reply has ``replied_to``, a note ``notified_to``.
"""

from local.freshdesk import ticket_views
from local.freshdesk.account import Actor, Record
from local.freshdesk.attachments import of_ticket, rendered, store
from local.freshdesk.errors import (
    method_not_allowed,
    missing_field,
    no_such_record,
    not_found,
    validation_failed,
)
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.people import person
from local.freshdesk.routing import Reply, Request, Route
from local.freshdesk.ticket_access import caller, find_open_ticket, find_ticket
from local.freshdesk.ticket_writes import ConversationKind, add_conversation, text_of, touch
from local.freshdesk.validation import Field, Spec, check_body, check_query

_BODY = Field("string", nullable=False, blank=False)
_EMAILS = Field("array", items=Field("email"))
_CONTENT: Spec = {
    "type": Field("string"),
    "data": Field(
        "object", required=True, nullable=False,
        fields={"content": Field("string", required=True, nullable=False)},
    ),
}  # fmt: skip
_STRUCTURED: Spec = {"body_contents": Field("array", items=Field("object", fields=_CONTENT))}
_SAID: Spec = {
    "body": _BODY, "structured_body": Field("object", fields=_STRUCTURED),
    "user_id": Field("integer"),
}  # fmt: skip
_REPLY: Spec = {
    **_SAID, "from_email": Field("email"), "cc_emails": _EMAILS, "bcc_emails": _EMAILS,
}  # fmt: skip
_NOTE: Spec = {
    **_SAID, "private": Field("boolean"), "incoming": Field("boolean"), "notify_emails": _EMAILS,
}  # fmt: skip
_FORWARD: Spec = {
    "body": Field("string", required=True, nullable=False, blank=False),
    "to_emails": Field("array", required=True, nullable=False, items=Field("email")),
    "from_email": Field("email"), "agent_id": Field("integer"),
    "cc_emails": _EMAILS, "bcc_emails": _EMAILS,
    "include_quoted_text": Field("boolean"), "include_original_attachments": Field("boolean"),
}  # fmt: skip


def _spoken(request: Request, spec: Spec) -> tuple[Record, Actor]:
    """The checked body with ``body`` filled, and who speaks. Raises ApiError 400."""
    fields = check_body(spec, request)
    structured = fields.pop("structured_body", None)
    if structured is not None and "body" not in fields:
        contents = structured.get("body_contents") or []
        fields["body"] = "".join(f"<div>{one['data']['content']}</div>" for one in contents)
    if "body" not in fields:
        raise validation_failed([missing_field("body")])
    user_id = fields.pop("user_id", None)
    if user_id is None:
        return fields, caller(request)
    if user_id in request.account.agents:
        return fields, Actor("agent", user_id)
    if person(request.account, user_id) is None:
        raise validation_failed([no_such_record("user_id", "user")])
    return fields, Actor("requester", user_id)


def _reply(request: Request) -> Reply:
    ticket = find_open_ticket(request)
    fields, actor = _spoken(request, _REPLY)
    requester = person(request.account, ticket["requester_id"]) or {}
    said = {
        **_lists(fields, "cc_emails", "bcc_emails"),
        "to_emails": [requester["email"]] if requester.get("email") else [],
        "from_email": fields.get("from_email") or ticket["support_email"],
        "support_email": ticket["support_email"],
        "attachments": store(request, of_ticket(request.account, ticket)),
    }
    kind: ConversationKind = "requester_reply" if actor.kind == "requester" else "reply"
    record = add_conversation(request.account, ticket, kind, said, actor=actor)
    keys = (
        "body_text", "body", "id", "user_id", "from_email", "cc_emails", "bcc_emails",
        "ticket_id", "created_at", "updated_at",
    )  # fmt: skip
    return _created(request, record, keys, replied_to=said["to_emails"])


def _note(request: Request) -> Reply:
    ticket = find_open_ticket(request)
    fields, actor = _spoken(request, _NOTE)
    notified = fields.pop("notify_emails", None) or []
    said = {name: value for name, value in fields.items() if value is not None}
    said["attachments"] = store(request, of_ticket(request.account, ticket))
    said["to_emails"] = notified
    record = add_conversation(request.account, ticket, "note", said, actor=actor)
    keys = (
        "body_text", "body", "id", "incoming", "private", "user_id", "support_email",
        "ticket_id", "created_at", "updated_at",
    )  # fmt: skip
    return _created(request, record, keys, notified_to=notified)


def _forward(request: Request) -> Reply:
    return _send_on(request, "forward")


def _reply_to_forward(request: Request) -> Reply:
    return _send_on(request, "reply_to_forward")


def _send_on(request: Request, kind: ConversationKind) -> Reply:
    account, ticket = request.account, find_open_ticket(request)
    fields = check_body(_FORWARD, request)
    agent_id = fields.pop("agent_id", None) or request.agent["id"]
    if agent_id not in account.agents:
        raise validation_failed([no_such_record("agent_id", "agent")])
    quoted = fields.pop("include_quoted_text", True) is not False
    originals = fields.pop("include_original_attachments", True) is not False
    uploads = store(request, of_ticket(request.account, ticket))
    name = account.agents[agent_id]["contact"]["name"]
    said = {
        **_lists(fields, "cc_emails", "bcc_emails"),
        "from_email": fields.get("from_email") or f'"{name}" <{ticket["support_email"]}>',
        "support_email": ticket["support_email"],
        "private": True,
        "attachments": [*(ticket["attachments"] if originals else []), *uploads],
    }
    actor = Actor("agent", agent_id)
    record = add_conversation(account, ticket, kind, said, actor=actor)
    body = ticket_views.conversation(request, record)
    return Reply(201, {**body, "has_quoted_text": quoted, "cloud_files": []})


def _lists(fields: Record, *names: str) -> Record:
    """``fields`` with ``names`` as lists, null and absent alike empty."""
    return {**fields, **{name: fields.get(name) or [] for name in names}}


def _created(request: Request, record: Record, keys: tuple[str, ...], **extra: object) -> Reply:
    body = {key: record[key] for key in keys} | extra
    body["attachments"] = rendered(request, record["attachments"])
    return Reply(201, body)


def _list(request: Request) -> Reply:
    page = page_of(check_query(PAGING, request.query))
    records = ticket_views.conversations_of(request.account, find_ticket(request))
    return paged(request, [ticket_views.conversation(request, one) for one in records], page)


def _find(request: Request) -> tuple[Record, Record]:
    """(conversation, its ticket). Raises ApiError 404."""
    record = request.account.conversations.get(request.ids["id"])
    if record is None or record["deleted"]:
        raise not_found()
    return record, request.account.tickets[record["ticket_id"]]


def _edit(request: Request) -> Reply:
    record, ticket = _find(request)
    if record["source"] != 2:
        # Only notes can be edited: what has been mailed cannot be taken back.
        raise method_not_allowed(request.method, ["DELETE"])
    fields = check_body({"body": _BODY}, request)
    uploads = store(request, of_ticket(request.account, ticket))
    if "body" in fields:
        record["body"], record["body_text"] = fields["body"], text_of(fields["body"])
    if uploads:
        record["attachments"] = [*record["attachments"], *uploads]
    stamp = request.account.clock.stamp()
    record["updated_at"] = record["last_edited_at"] = stamp
    record["last_edited_user_id"] = request.agent["id"]
    touch(request.account, ticket)
    return Reply(200, ticket_views.conversation(request, record))


def _delete(request: Request) -> Reply:
    record, ticket = _find(request)
    record["deleted"] = True
    touch(request.account, ticket)
    return Reply(204)


ROUTES = (
    Route("GET", "/tickets/{id}/conversations", _list),
    Route("POST", "/tickets/{id}/reply", _reply, files=True),
    Route("POST", "/tickets/{id}/notes", _note, files=True),
    Route("POST", "/tickets/{id}/forward", _forward, files=True),
    Route("POST", "/tickets/{id}/reply_to_forward", _reply_to_forward, files=True),
    Route("PUT", "/conversations/{id}", _edit, files=True),
    Route("DELETE", "/conversations/{id}", _delete),
)
