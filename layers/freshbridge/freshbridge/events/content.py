"""What reading a webhook's body gives, what it refuses, and plain JSON.

Pure, and on the ingest path: standard library only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from freshbridge.errors import PayloadTooLarge, Reject, UnsupportedFormat

FORM = "application/x-www-form-urlencoded"
LARGEST_BODY = 1024 * 1024
"""Bytes, also of a compressed body once it is unpacked. Freshdesk documents no limit of its own; a
ticket's text fits in a fraction of this."""
DEEPEST = 50
"""Levels of nesting; the content of a webhook has two or three."""


class BodyTooLarge(PayloadTooLarge):
    """The webhook's body is over `LARGEST_BODY`."""

    code = "body_too_large"


class UnreadableBody(Reject):
    """The webhook's body is not what its content type says, and cannot be mended."""

    code = "unreadable_body"
    default_advice = (
        "Choose simple content, or in advanced content put every placeholder between quotes."
    )


class UnknownContentType(UnsupportedFormat):
    """The webhook's content type is none that providers send."""

    code = "unknown_content_type"
    default_advice = f"Send application/json, application/xml or {FORM}."


GUESSED = "charset=unknown-8bit"
"""The parameter of a stored content type whose body's letters had to be guessed (RFC 1428)."""


@dataclass(frozen=True, slots=True)
class Content:
    """A body that was read: its object, its text as it came, and whether it had to be mended."""

    value: dict[str, Any]
    text: str
    recovered: bool = False


def strict_json(text: str) -> dict[str, Any]:
    """A text as an object, if it is JSON and nothing else.

    Raises:
        UnreadableBody: saying where it stops being JSON; the text itself is never quoted.
    """
    try:
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=_refuse_constant)
        if "\\ud" in text.lower():
            # Half an emoji, escaped, as a text cut at a fixed length ends: no UTF-8 can hold it.
            value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
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
