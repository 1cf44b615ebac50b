"""Who may call the API: `Authorization: User <secret>, Organization <secret>`.

Pure. The pairs come in any order, with any spacing, and the keywords in any case. A caller who is
refused is never told which half was wrong, and the comparison takes the same time either way.
The header's form is that of SAP Open Connectors (Cloud Elements), so its clients work unchanged.
"""

from __future__ import annotations

import hmac
import re

from freshbridge.errors import Unauthorized

_PAIR = re.compile(r"\s*([A-Za-z]+)\s+([^\s,]+)\s*")


class AccessDenied(Unauthorized):
    """The User or Organization secret is missing or wrong."""

    code = "access_denied"


def read_authorization(header: str) -> dict[str, str]:
    """`User a, Organization b` to `{"user": "a", "organization": "b"}`; {} when it reads otherwise.

    A keyword given twice is ambiguous, so the header is refused as a whole.
    """
    pairs: dict[str, str] = {}
    for part in header.split(","):
        match = _PAIR.fullmatch(part)
        if match is None or match[1].lower() in pairs:
            return {}
        pairs[match[1].lower()] = match[2]
    return pairs


def require(header: str, *, user_secret: str, organization_secret: str) -> None:
    """Let the caller pass or raise.

    Raises:
        AccessDenied: without saying which part was wrong.
    """
    shown = read_authorization(header)
    # Both comparisons always run; an unset secret matches nothing, not even an empty one.
    user_ok = hmac.compare_digest(shown.get("user", "").encode(), user_secret.encode())
    organization_ok = hmac.compare_digest(
        shown.get("organization", "").encode(), organization_secret.encode()
    )
    if not (user_ok and organization_ok and user_secret and organization_secret):
        raise AccessDenied(
            "access denied",
            advice="Send the header Authorization: User <secret>, Organization <secret>.",
        )
