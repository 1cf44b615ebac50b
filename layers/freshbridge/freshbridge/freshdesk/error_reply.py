"""What a Freshdesk reply that is no success means, as a typed error. Pure: no I/O.

The status alone decides the type; the body only adds words. It comes in three shapes, or is
empty (404 and 429 always are), or is a proxy's HTML page, which is never quoted.

Facts: https://developers.freshdesk.com/api/#error
"""

import json
from dataclasses import dataclass
from typing import Any

from freshbridge.errors import (
    Conflict,
    Context,
    FieldError,
    FreshbridgeError,
    InvalidRequest,
    Retry,
    class_for_status,
)
from freshbridge.freshdesk.credentials import redact
from freshbridge.http_message import ProviderReply, ProviderRequest

# More fields than any form has: a longer list is cut, for errors are stored and shown.
_FIELD_LIMIT = 50

# The sentences for 401, 404 and 429 are those that callers of the product have been promised.
_WHAT = {
    401: "Authentication failed: Invalid API key",
    403: "Permission denied by Freshdesk",
    405: "Freshdesk refuses this for the record's state: it may be deleted or spam",
    409: "Freshdesk has this already",
    429: "Rate limit exceeded. Please try again later",
}
# What a path's collection holds, as people call it.
_RECORD = {
    "agents": "agent",
    "attachments": "attachment",
    "companies": "company",
    "contacts": "contact",
    "conversations": "conversation",
    "groups": "group",
    "jobs": "job",
    "tickets": "ticket",
    "time_entries": "time entry",
}

# Codes of a 403 that call for something else than a better role.
_ADVICE = {
    "require_feature": "The account's plan lacks the feature; change the plan or leave it out.",
    "account_suspended": "The Freshdesk account is suspended; its owner has to settle that.",
    "password_lockout": "The key's owner is locked out; an administrator has to unlock them.",
    "password_expired": "The key's owner has to renew their password in Freshdesk.",
    "max_agents_reached": "The account has no agent seat left.",
    "ssl_required": "Use the account's https address.",
}


@dataclass(frozen=True, slots=True)
class ProviderWords:
    """The body's content, as far as it could be read."""

    message: str = ""
    code: str = ""
    fields: tuple[FieldError, ...] = ()
    existing_id: int | None = None


def error_from(reply: ProviderReply, request: ProviderRequest) -> FreshbridgeError:
    """Return the error for a reply outside 200-299."""
    words = read_words(redact(reply.body.decode("utf-8", "replace"), request))
    error_class = class_for_status(reply.status)
    context = Context(
        where=request.where,
        status=reply.status,
        advice=_ADVICE.get(words.code, ""),
        provider_code=words.code,
        provider_message=words.message,
        provider_request_id=reply.headers.get("x-request-id", ""),
    )
    what = _missing(request.path) if reply.status == 404 else _WHAT.get(reply.status, "")
    what = what or _what_of_class(reply.status)
    if issubclass(error_class, Retry):
        return error_class(
            what,
            after=reply.retry_after_s,
            # A 4xx refuses before any effect; a 5xx may have come from a proxy that gave up
            # waiting for a server that did the work.
            outcome_unknown=not request.read_only and not 400 <= reply.status < 500,
            **context,
        )
    if issubclass(error_class, Conflict):
        return error_class(what, existing_id=words.existing_id, fields=words.fields, **context)
    if issubclass(error_class, InvalidRequest):
        return error_class(what, fields=words.fields, **context)
    return error_class(what, **context)


def _missing(path: str) -> str:
    """What a 404 means: the record that the path names first does not exist."""
    name = path.removeprefix("/api/v2/").partition("/")[0]
    record = _RECORD.get(name)
    if record is None:
        return "Freshdesk has nothing here"
    return f"{record.capitalize()} not found: Invalid {record} ID"


def _what_of_class(status: int) -> str:
    if 400 <= status < 500:
        return "Freshdesk refuses the request"
    if 300 <= status < 400:
        return "The Freshdesk address redirects to another one"
    return "Freshdesk failed"


def read_words(text: str) -> ProviderWords:
    """Read an error body: `{description, errors[]}`, `{code, message}`, or the custom objects' own.

    The third shape, `{error_type, message, errors: [{name, message}]}`, is that of
    https://developers.freshdesk.com/api/#custom-objects. Whatever is not JSON of one of these
    yields no words.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return ProviderWords()
    if not isinstance(body, dict):
        return ProviderWords()
    listed = body.get("errors")
    candidates = listed if isinstance(listed, list) else []
    entries = [entry for entry in candidates if isinstance(entry, dict)]
    return ProviderWords(
        message=_first_text(body, "description", "message"),
        code=_first_text(body, "code", "error_type"),
        fields=tuple(
            FieldError(
                field=_first_text(entry, "field", "name"),
                message=_first_text(entry, "message"),
                code=_first_text(entry, "code", "type"),
            )
            for entry in entries[:_FIELD_LIMIT]
        ),
        existing_id=_existing_id(entries),
    )


def _first_text(source: dict[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := source.get(name), str)), "")


def _existing_id(entries: list[dict[str, Any]]) -> int | None:
    """Return the id of the contact that has the unique value: `additional_info.user_id`."""
    for entry in entries:
        info = entry.get("additional_info")
        found = info.get("user_id") if isinstance(info, dict) else None
        if isinstance(found, int) and not isinstance(found, bool):
            return found
    return None
