"""Read a webhook's body into an object.

Pure, and on the ingest path: standard library only.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from freshbridge.errors import PayloadTooLarge, Reject

LARGEST_BODY = 1024 * 1024
"""Bytes. Freshdesk documents no limit of its own; a ticket's text fits in a fraction of this."""


class BodyTooLarge(PayloadTooLarge):
    """The webhook's body is over `LARGEST_BODY`."""

    code = "body_too_large"


class UnreadableBody(Reject):
    """The webhook's body is not what its content type says."""

    code = "unreadable_body"
    default_advice = (
        "Set the webhook's encoding to JSON; in advanced content, quote every placeholder."
    )


def check_size(body: bytes) -> None:
    """Refuse a body that no webhook needs.

    Raises:
        BodyTooLarge: with the size and the limit.
    """
    if len(body) > LARGEST_BODY:
        raise BodyTooLarge(
            f"body is {len(body)} bytes, the limit is {LARGEST_BODY}",
            advice="Leave attachments and long texts out of the webhook's content.",
        )


def read_json(body: bytes, content_type: str = "application/json") -> dict[str, Any]:
    """The body as an object.

    Raises:
        UnreadableBody: saying where it stops being JSON; the body itself is never quoted.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and not media_type.endswith("json"):
        raise UnreadableBody(f"content type {media_type} is not read")
    if not body.strip():
        raise UnreadableBody("body is empty")
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_refuse_constant)
        if "\\ud" in text.lower():
            # Half an emoji, escaped, as a text cut at a fixed length ends: no UTF-8 can hold it.
            value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except UnicodeDecodeError as error:
        raise UnreadableBody(f"body is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise UnreadableBody(
            f"body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise UnreadableBody(f"body is not JSON: {type(error).__name__}") from None
    if not isinstance(value, dict):
        raise UnreadableBody(f"body is a JSON {type(value).__name__}, not an object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    # Python reads NaN and Infinity, which JSON does not have and no receiver would read back.
    raise ValueError(f"{name} is no JSON")
