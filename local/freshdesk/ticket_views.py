"""How tickets and conversations look on the wire: single view, list item, slim, includes.

Key sets follow answers recorded from real accounts (single view and list differ on purpose).
"""

from typing import Any

from local.freshdesk.account import Account, Record
from local.freshdesk.attachments import rendered
from local.freshdesk.people import requester_view
from local.freshdesk.routing import Request

_COMMON = (
    "cc_emails", "fwd_emails", "reply_cc_emails", "ticket_cc_emails", "fr_escalated", "spam",
    "email_config_id", "group_id", "priority", "requester_id", "responder_id", "source",
    "company_id", "status", "subject", "association_type", "support_email", "to_emails",
    "product_id", "id", "type", "due_by", "fr_due_by", "is_escalated", "custom_fields",
    "created_at", "updated_at", "tags", "sentiment_score", "initial_sentiment_score",
    "nr_due_by", "nr_escalated",
)  # fmt: skip
_VIEW_ONLY = (
    "ticket_bcc_emails", "description", "description_text", "source_additional_info", "form_id",
)  # fmt: skip
_SLIM = (
    "id", "group_id", "priority", "requester_id", "responder_id", "source", "company_id",
    "status", "subject", "product_id", "type", "due_by", "fr_due_by", "is_escalated",
    "created_at", "updated_at",
)  # fmt: skip
_CONVERSATION = (
    "body", "body_text", "id", "incoming", "private", "user_id", "support_email", "source",
    "category", "to_emails", "from_email", "cc_emails", "bcc_emails", "email_failure_count",
    "outgoing_failures", "thread_id", "thread_message_id", "created_at", "updated_at",
    "last_edited_at", "last_edited_user_id", "automation_id", "automation_type_id",
    "auto_response", "ticket_id", "threading_type", "source_additional_info",
)  # fmt: skip
_EMBEDDED_CONVERSATIONS = 10


def single(request: Request, ticket: Record, includes: frozenset[str] = frozenset()) -> Record:
    """``GET /tickets/{id}`` and the answers of create and update."""
    account = request.account
    body = {key: ticket[key] for key in (*_COMMON, *_VIEW_ONLY)}
    body["structured_description"] = {
        "description_contents": [{"type": "text", "data": {"content": ticket["description_text"]}}]
    }
    body["attachments"] = rendered(request, ticket["attachments"])
    _put_conditional(account, ticket, body)
    if ticket["associated_tickets"]:
        body["associated_tickets_list"] = ticket["associated_tickets"]
    _put_includes(account, ticket, body, includes)
    if "conversations" in includes:
        shown = conversations_of(account, ticket)[:_EMBEDDED_CONVERSATIONS]
        body["conversations"] = [conversation(request, one) for one in shown]
    return body


def list_item(account: Account, ticket: Record, includes: frozenset[str]) -> Record:
    """One element of ``GET /tickets``."""
    body = {key: ticket[key] for key in _COMMON}
    body["associated_tickets_count"] = len(ticket["associated_tickets"])
    if "description" in includes:
        body["description"] = ticket["description"]
        body["description_text"] = ticket["description_text"]
    _put_conditional(account, ticket, body)
    _put_includes(account, ticket, body, includes)
    return body


def search_item(ticket: Record) -> Record:
    """One element of a search's ``results``."""
    extra = {key: ticket[key] for key in ("description", "description_text")}
    return {**{key: ticket[key] for key in _COMMON}, **extra}


def slim(ticket: Record) -> Record:
    return {key: ticket[key] for key in _SLIM}


def _put_conditional(account: Account, ticket: Record, body: Record) -> None:
    if ticket["deleted"]:
        body["deleted"] = True
    if account.has_feature("shared_ownership"):
        body["internal_agent_id"] = ticket["internal_agent_id"]
        body["internal_group_id"] = ticket["internal_group_id"]


def _put_includes(account: Account, ticket: Record, body: Record, includes: frozenset[str]) -> None:
    if "requester" in includes:
        body["requester"] = requester_view(account, ticket["requester_id"])
    if "company" in includes:
        company = account.companies.get(ticket["company_id"] or 0)
        body["company"] = company and {"id": company["id"], "name": company["name"]}
    if "stats" in includes:
        body["stats"] = ticket["stats"]


def conversations_of(account: Account, ticket: Record) -> list[Record]:
    """The ticket's conversations, oldest first, deleted ones left out."""
    ids = account.conversations_of.get(ticket["id"], [])
    found = (account.conversations[one] for one in ids)
    return [one for one in found if not one["deleted"]]


def conversation(request: Request, record: Record) -> Record:
    """A list item of ``GET /tickets/{id}/conversations``."""
    body: dict[str, Any] = {key: record[key] for key in _CONVERSATION}
    body["attachments"] = rendered(request, record["attachments"])
    return body
