"""Where a list goes on, as a text that callers pass back unread. Pure.

It is no secret: whoever reads it learns ids of the account's own list.
"""

from __future__ import annotations

import base64
import binascii
import json

from freshbridge.errors import InvalidRequest


def write_token(position: dict[str, str]) -> str:
    """A position as URL-safe text."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def read_token(token: str) -> dict[str, str]:
    """The position that `write_token` was given.

    Raises:
        InvalidRequest: it was not made here.
    """
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        position = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        position = None
    if not isinstance(position, dict) or not all(isinstance(v, str) for v in position.values()):
        raise InvalidRequest(
            "`after` is not one that a page before it gave", advice="Begin again without it."
        )
    return position
