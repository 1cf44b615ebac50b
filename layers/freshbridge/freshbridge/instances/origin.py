"""Which address an instance's API key may be sent to.

Pure, and the one guard against a key leaving for a stranger's host: whatever a person types as
domain becomes `https://<account>.freshdesk.com`, or one of the origins that the deployer allowed,
or is refused. The REST API answers on that host only, never on a custom domain.
Source: https://developers.freshdesk.com/api/#getting-started
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from freshbridge.errors import Misconfigured

_ACCOUNT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SUFFIX = ".freshdesk.com"


def freshdesk_origin(typed: str, allowed: Iterable[str] = ()) -> str:
    """`acme`, `acme.freshdesk.com` or `https://acme.freshdesk.com/…` to its origin.

    `allowed` holds further origins (`http://127.0.0.1:4010`); one of them is meant when its origin
    or its host and port was typed.

    Raises:
        Misconfigured: for anything else, naming what is accepted.
    """
    text = typed.strip().lower()
    for origin in allowed:
        # A path, query or user name behind an allowed origin is not that origin.
        if text.rstrip("/") in (origin.lower(), urlsplit(origin.lower()).netloc):
            return origin.lower()
    host = text
    if "://" in text:
        try:
            parts = urlsplit(text)
            host = parts.netloc if parts.scheme == "https" else ""
        except ValueError:
            host = ""
    account = host.removesuffix("/").removesuffix(_SUFFIX)
    if not _ACCOUNT.fullmatch(account):
        raise Misconfigured(
            "domain is not a Freshdesk account",
            where="credentials.domain",
            advice="Give the account's name (acme), host (acme.freshdesk.com) or https URL.",
        )
    return f"https://{account}{_SUFFIX}"
