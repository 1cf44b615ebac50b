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
_NAMES = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_SUFFIX = ".freshdesk.com"
_FRESHSALES_SUFFIXES = (".myfreshworks.com", ".freshworks.com", ".freshsales.io")
# What the pages that show the address have after the host, with or without its end.
_FRESHSALES_PATH = re.compile(r"/(?:crm(?:/sales(?:/api)?)?|api)?/*")
SLACK_ORIGIN = "https://slack.com"
_SLACK_ORIGINS = (SLACK_ORIGIN, "https://slack-gov.com")


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
    """`acme`, `acme.myfreshworks.com/crm/sales`, `https://acme.freshsales.io/…` to its origin.

    A bare name is the suite's, for the classic product's page shows its whole host. A path that
    leads to the API may follow an allowed origin too.

    Raises:
        Misconfigured: for anything else, naming what is accepted.
    """
    text = typed.strip().lower()
    if found := _allowed_origin(_without_path(text), allowed):
        return found
    if _ACCOUNT.fullmatch(_without_path(text)):
        return f"https://{_without_path(text)}{_FRESHSALES_SUFFIXES[0]}"
    # Whatever page of the account the address is of.
    host = _host(text if "://" in text else text.partition("/")[0])
    for suffix in _FRESHSALES_SUFFIXES:
        if host.endswith(suffix) and _ACCOUNT.fullmatch(host.removesuffix(suffix)):
            return f"https://{host}"
    raise Misconfigured(
        "domain is not a Freshsales account",
        where="configuration.domain",
        advice="Give its name or host: acme, acme.myfreshworks.com or acme.freshsales.io.",
    )


def _without_path(text: str) -> str:
    """The text up to a path that leads to the API, where it has one of those."""
    scheme, mark, rest = text.rpartition("://")
    host, slash, path = rest.partition("/")
    known = _FRESHSALES_PATH.fullmatch(slash + path) is not None
    return f"{scheme}{mark}{host}" if known else text


def http_origin(typed: str, allowed: Iterable[str] = ()) -> str:
    """The origin of a base URL, if the deployer allowed it; nothing is allowed by itself.

    An entry `https://*.acme.example` allows every host below acme.example.

    Raises:
        Misconfigured: for anything else.
    """
    parts = _parts(typed.strip().lower())
    origin = f"{parts.scheme}://{parts.netloc}" if parts else ""
    allowed = tuple(allowed)
    if found := _allowed_origin(origin, allowed):
        return found
    if parts and any(_below(parts, entry.lower()) for entry in allowed):
        return origin
    raise Misconfigured(
        "the base URL's origin is not allowed",
        where="configuration.base.url",
        advice="Its deployer allows origins by the parameter AllowedProviderOrigins.",
    )


def slack_origin(typed: str, allowed: Iterable[str] = ()) -> str:
    """`slack.com`, which "" stands for, or `slack-gov.com` to its origin.

    Source: https://docs.slack.dev/govslack

    Raises:
        Misconfigured: for anything else, naming what is accepted.
    """
    text = typed.strip().lower().removesuffix("/")
    if not text:
        return SLACK_ORIGIN
    for origin in _SLACK_ORIGINS:
        if text in (origin, origin.partition("://")[2]):
            return origin
    if found := _allowed_origin(text, allowed):
        return found
    raise Misconfigured(
        "domain is not Slack's",
        where="configuration.domain",
        advice="Leave it out, or give slack-gov.com for GovSlack.",
    )


def slack_webhook_url(typed: str, origin: str) -> str:
    """An incoming webhook's URL, if it leads to the host that `origin` has for them.

    Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks

    Raises:
        Misconfigured: it leads elsewhere, or holds more than a path.
    """
    # A simulator has both at one address.
    hooks = f"https://hooks.{_host(origin)}" if origin in _SLACK_ORIGINS else origin
    parts = _parts(typed.strip())
    plain = parts is not None and not parts.query and not parts.fragment and len(parts.path) > 1
    if plain and parts is not None and f"{parts.scheme}://{parts.netloc}".lower() == hooks:
        return f"{hooks}{parts.path}"
    raise Misconfigured(
        "the webhook's URL is not Slack's",
        where="configuration.webhook_url",
        advice=f"Copy it again from the Slack app's page: it begins with {hooks}/services/.",
    )


def origin_of(platform: str, typed: str, allowed: Iterable[str] = ()) -> str:
    """The origin for what was typed on a platform.

    Raises:
        Misconfigured: see the platform's own function.
    """
    return _ORIGINS[platform](typed, allowed)


def named_origin(origin: str, allowed: Iterable[str]) -> bool:
    """Whether the deployer allowed this very origin, and not only all that are below a name."""
    return _allowed_origin(origin.lower(), allowed) is not None


def _below(parts: SplitResult, entry: str) -> bool:
    """Whether a URL's host is below the name of an entry such as `https://*.acme.example`."""
    _, star, name = entry.partition("https://*.")
    host = parts.netloc.removesuffix(f".{name}")
    return bool(
        star
        and name
        and parts.scheme == "https"
        and host != parts.netloc
        and _NAMES.fullmatch(host)
    )


def _allowed_origin(text: str, allowed: Iterable[str]) -> str | None:
    for entry in allowed:
        if "*" in entry:
            continue
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


_ORIGINS = {
    "freshdesk": freshdesk_origin,
    "freshsales": freshsales_origin,
    "slack": slack_origin,
    "http": http_origin,
}
