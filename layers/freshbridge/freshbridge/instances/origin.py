"""Which address an instance's credentials may be sent to.

Pure, and the one guard against a key leaving for a stranger's host: whatever a person types becomes
an https origin of the provider's own, or one of the origins that the deployer allowed, or is
refused.
Sources: https://developers.freshdesk.com/api/#getting-started (never a custom domain),
https://developers.freshworks.com/crm/api/#introduction
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from freshbridge.errors import Misconfigured

_ACCOUNT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SUFFIX = ".freshdesk.com"
_FRESHSALES_SUFFIXES = (".myfreshworks.com", ".freshsales.io")
SLACK_ORIGIN = "https://slack.com"


def freshdesk_origin(typed: str, allowed: Iterable[str] = ()) -> str:
    """`acme`, `acme.freshdesk.com` or `https://acme.freshdesk.com/…` to its origin.

    `allowed` holds further origins (`http://127.0.0.1:4010`); one of them is meant when its origin
    or its host and port was typed.

    Raises:
        Misconfigured: for anything else, naming what is accepted.
    """
    text = typed.strip().lower()
    if found := _allowed_origin(text, allowed):
        return found
    account = _host(text).removesuffix(_SUFFIX)
    if not _ACCOUNT.fullmatch(account):
        raise Misconfigured(
            "subdomain is not a Freshdesk account",
            where="configuration.subdomain",
            advice="Give the account's name (acme), host (acme.freshdesk.com) or https URL.",
        )
    return f"https://{account}{_SUFFIX}"


def freshsales_origin(typed: str, allowed: Iterable[str] = ()) -> str:
    """`acme.myfreshworks.com`, `acme.freshsales.io` or either's https URL to its origin.

    Raises:
        Misconfigured: for anything else, naming what is accepted.
    """
    text = typed.strip().lower()
    if found := _allowed_origin(text, allowed):
        return found
    host = _host(text)
    for suffix in _FRESHSALES_SUFFIXES:
        if host.endswith(suffix) and _ACCOUNT.fullmatch(host.removesuffix(suffix)):
            return f"https://{host}"
    raise Misconfigured(
        "domain is not a Freshsales account",
        where="configuration.domain",
        advice="Give its host: acme.myfreshworks.com or acme.freshsales.io.",
    )


def http_origin(typed: str, allowed: Iterable[str] = ()) -> str:
    """The origin of a base URL, if the deployer allowed it; nothing is allowed by itself.

    Raises:
        Misconfigured: for anything else.
    """
    parts = _parts(typed.strip().lower())
    origin = f"{parts.scheme}://{parts.netloc}" if parts else ""
    if found := _allowed_origin(origin, allowed):
        return found
    raise Misconfigured(
        "the base URL's origin is not allowed",
        where="configuration.base.url",
        advice="Its deployer allows origins by the parameter AllowedProviderOrigins.",
    )


def origin_of(platform: str, typed: str, allowed: Iterable[str] = ()) -> str:
    """The origin for what was typed on a platform; Slack's is always the same.

    Raises:
        Misconfigured: see the platform's own function.
    """
    if platform == "slack":
        return SLACK_ORIGIN
    return _ORIGINS[platform](typed, allowed)


def _allowed_origin(text: str, allowed: Iterable[str]) -> str | None:
    for entry in allowed:
        parts = urlsplit(entry.lower())
        origin = f"{parts.scheme}://{parts.netloc}"
        # A path, query or user name behind an allowed origin is not that origin. An entry without
        # a scheme or a host allows nothing: all that is empty would be equal to it.
        if parts.scheme and parts.netloc and text.rstrip("/") in (origin, parts.netloc):
            return origin
    return None


def _host(text: str) -> str:
    if "://" not in text:
        return text.removesuffix("/")
    parts = _parts(text)
    return parts.netloc if parts and parts.scheme == "https" else ""


def _parts(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:
        return None


_ORIGINS = {"freshdesk": freshdesk_origin, "freshsales": freshsales_origin, "http": http_origin}
