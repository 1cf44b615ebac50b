"""What a Slack reply that is no success means, as a typed error. Pure.

The Web API answers 200 and `{"ok": false, "error": "channel_not_found"}` to what it refuses; an
incoming webhook answers with a status and the same kind of word as plain text. Only the word tells
what is to be done, so each that a caller can act on is listed here, with what to do.

Sources: https://docs.slack.dev/reference/methods/chat.postMessage#errors,
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors,
https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import json
from typing import Any

from freshbridge.errors import (
    Context,
    Forbidden,
    FreshbridgeError,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    ProviderDown,
    Reject,
    Retry,
    Throttled,
    Unauthorized,
    WrongState,
    class_for_status,
)
from freshbridge.http_message import ProviderReply

THROTTLED_S = 1.0
"""Slack's least wait: a channel takes one message a second. For a 429 that names none."""
_LONGEST_WORD = 64
_LONGEST_HINT = 300

_INVITE = "Invite the app to the channel: /invite @its-name, or give it chat:write.public."
_REINSTALL = "Copy the token again from the Slack app's page, or install the app anew."
_OTHER_CHANNEL = "Name another channel, or have the channel restored."
_CHANNEL = "Give the name of a channel that the app can see (#support), or better its id (C…)."
_ADMIN = "An administrator of the Slack workspace has to allow it."
_SHORTER = "Send less text: at most 40,000 characters, and 3,000 in one block."
_NEW_WEBHOOK = "Make a new incoming webhook on the Slack app's page, and PATCH the integration."

_REFUSALS: dict[str, tuple[type[Reject], str]] = {
    **dict.fromkeys(
        ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"),
        (Unauthorized, _REINSTALL),
    ),
    **dict.fromkeys(
        ("invalid_token", "no_service", "no_service_id", "no_active_hooks", "no_team",
         "team_disabled"),
        (Unauthorized, _NEW_WEBHOOK),
    ),
    "missing_scope": (Forbidden, "Add the scope to the Slack app and install it anew."),
    "not_allowed_token_type": (Forbidden, "Give a bot token: it begins with xoxb-."),
    "not_in_channel": (Forbidden, _INVITE),
    **dict.fromkeys(
        ("restricted_action", "restricted_action_read_only_channel",
         "restricted_action_thread_locked", "restricted_action_thread_only_channel",
         "restricted_action_non_threadable_channel",
         "action_prohibited", "posting_to_general_channel_denied", "ekm_access_denied",
         "access_denied", "accesslimited", "no_permission", "team_access_not_granted",
         "org_login_required", "two_factor_setup_required", "external_channel_migrating"),
        (Forbidden, _ADMIN),
    ),
    "channel_not_found": (NotFound, _CHANNEL),
    "user_not_found": (NotFound, "Give the id of a user of this workspace (U…)."),
    "thread_not_found": (NotFound, "The message that thread_ts names is not in this channel."),
    "is_archived": (WrongState, _OTHER_CHANNEL),
    "channel_is_archived": (WrongState, _OTHER_CHANNEL),
    **dict.fromkeys(("msg_too_long", "msg_blocks_too_long"), (PayloadTooLarge, _SHORTER)),
    "too_many_attachments": (PayloadTooLarge, "Send at most 100 attachments."),
    **dict.fromkeys(
        ("no_text", "invalid_payload", "invalid_blocks", "invalid_blocks_format",
         "invalid_attachments", "invalid_arguments", "invalid_arg_name", "invalid_json",
         "cannot_reply_to_message", "messages_tab_disabled"),
        (InvalidRequest, "Correct the message; Slack's Block Kit Builder shows what it takes."),
    ),
}  # fmt: skip
_BUSY = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
# What they say of the effect: "some aspect of the operation" may have succeeded.
_FAILED = frozenset({"internal_error", "fatal_error", "rollup_error"})
# Refused before anything was done.
_NOT_NOW = frozenset({"service_unavailable", "request_timeout", "team_added_to_org"})


def api_error(
    reply: ProviderReply, where: str, answer: dict[str, Any] | None, *, read_only: bool
) -> FreshbridgeError:
    """The error of a Web API call; `answer` is its JSON, None where the reply is none."""
    word = _word((answer or {}).get("error"))
    if answer is None and 200 <= reply.status < 300:
        return ProviderDown(
            "Slack's reply is not JSON",
            where=where,
            status=reply.status,
            outcome_unknown=not read_only,
        )
    return _error(word, reply, where, _hint(answer or {}), read_only=read_only)


def webhook_error(reply: ProviderReply, where: str) -> FreshbridgeError:
    """The error of an incoming webhook's answer that is not `ok`."""
    return _error(
        _word(reply.body[:_LONGEST_WORD].decode("utf-8", "replace").strip()),
        reply,
        where,
        "",
        read_only=False,
    )


def _error(
    word: str, reply: ProviderReply, where: str, hint: str, *, read_only: bool
) -> FreshbridgeError:
    context: Context = {
        "where": where,
        "status": reply.status,
        "provider_code": word,
        "provider_message": f"{word}: {hint}" if hint else word,
        "provider_request_id": reply.headers.get("x-slack-req-id", ""),
    }
    if reply.status == 429 or word in _BUSY:
        after = reply.retry_after_s
        return Throttled(
            "Slack's rate limit is used up",
            after=THROTTLED_S if after is None else after,
            **context,
        )
    if word in _NOT_NOW:
        return ProviderDown("Slack cannot take it now", after=reply.retry_after_s, **context)
    if word in _FAILED:
        return ProviderDown("Slack failed", outcome_unknown=not read_only, **context)
    if word in _REFUSALS:
        kind, advice = _REFUSALS[word]
        context["advice"] = advice
        return kind(f"Slack refuses the message: {word}", **context)
    return _by_status(reply, context, read_only=read_only)


def _by_status(reply: ProviderReply, context: Context, *, read_only: bool) -> FreshbridgeError:
    if 200 <= reply.status < 300:
        # A word that is not known here: what the method refuses it will refuse again.
        return Reject("Slack refuses the message", **context)
    kind = class_for_status(reply.status)
    if issubclass(kind, Retry):
        return kind(
            "Slack failed",
            after=reply.retry_after_s,
            # A 5xx may have come from a proxy that gave up waiting for what was done.
            outcome_unknown=not read_only and reply.status >= 500,
            **context,
        )
    return kind("Slack refuses the message", **context)


def _hint(answer: dict[str, Any]) -> str:
    """Where a message is wrong, or which scope is needed, in Slack's words."""
    if needed := answer.get("needed"):
        return f"needs {str(needed)[:_LONGEST_HINT]}"
    metadata = answer.get("response_metadata")
    told = metadata.get("messages") if isinstance(metadata, dict) else None
    return "; ".join(map(str, told))[:_LONGEST_HINT] if isinstance(told, list) else ""


def _word(value: object) -> str:
    """An error word; "" for what is none, such as a proxy's page."""
    text = value if isinstance(value, str) else ""
    return text if 0 < len(text) <= _LONGEST_WORD and text.replace("_", "").isalnum() else ""


def read_answer(reply: ProviderReply) -> dict[str, Any] | None:
    """The reply's JSON object; None where it is none."""
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
