"""Where an instance wants its events sent and how, as its configuration says. Pure.

    event.notification.enabled            true sends events at all
    event.notification.type               webhook
    event.notification.callback.url       one URL, or several between commas, bars or spaces
    event.notification.callback.headers   a JSON object of further headers
    event.notification.basic.username     for Basic authentication, with
    event.notification.basic.password
    event.notification.signature.key      signs what is sent
    event.vendor.type                     webhook, or polling for what the sync finds

Source: https://docs.cloud-elements.com, "Event Management"
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping

from freshbridge.errors import FieldError, FreshbridgeError, Misconfigured
from freshbridge.notifications.signature import ID_HEADER, SIGNATURE_HEADER
from freshbridge.public_address import callable_url

PREFIX = "event.notification."
MOST_URLS = 10
LARGEST_HEADERS = 4096
POLLING_EVENTS, WEBHOOK_EVENTS = 10, 20
"""Events that one notification holds at most, by how they came."""
_ENABLED, _URL, _TYPE = f"{PREFIX}enabled", f"{PREFIX}callback.url", f"{PREFIX}type"
_HEADERS = f"{PREFIX}callback.headers"
VENDOR_TYPE = "event.vendor.type"
_VENDOR_TYPES = ("", "polling", "webhook", "webhooks")
_USERNAME, _PASSWORD = f"{PREFIX}basic.username", f"{PREFIX}basic.password"
SIGNATURE_KEY = f"{PREFIX}signature.key"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_BETWEEN = re.compile(r"[\s,|]+")
# What the sender says itself, and what would change where or how the request is read.
_OWN_HEADERS = {
    ID_HEADER, SIGNATURE_HEADER, "connection", "content-encoding", "content-length",
    "content-type", "expect", "host", "keep-alive", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip


class UnusableCallback(Misconfigured):
    """A callback's URL or headers cannot be used."""

    code = "unusable_callback"
    default_advice = "Correct the instance's event.notification entries."


def callback_urls(configuration: Mapping[str, str]) -> tuple[str, ...]:
    """Where events go now, without repeats; none unless they are enabled."""
    if configuration.get(_ENABLED) != "true":
        return ()
    return urls_in(configuration.get(_URL, ""))


def urls_in(text: str) -> tuple[str, ...]:
    """The URLs in one entry. A comma or a bar that belongs to a URL has to be percent-encoded."""
    return tuple(dict.fromkeys(part for part in _BETWEEN.split(text) if part))


def request_headers(configuration: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    """The headers that the instance's owner chose, Basic authentication among them.

    Raises:
        UnusableCallback: they cannot be sent.
    """
    headers: dict[str, str] = {}
    username, password = configuration.get(_USERNAME, ""), secrets.get(_PASSWORD, "")
    if username or password:
        pair = f"{username}:{password}".encode(errors="surrogatepass")
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return headers | _further(secrets.get(_HEADERS, ""))


def callback_errors(
    configuration: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    allowed_origins: Iterable[str] = (),
) -> list[FieldError]:
    """All that is wrong with the entries of a configuration; nothing when they can be kept.

    No name is resolved here: what it leads to may change, so that is looked at for every call.
    """
    wrong: list[FieldError] = []
    urls = urls_in(configuration.get(_URL, ""))
    if len(urls) > MOST_URLS:
        wrong.append(_error(_URL, f"names more than {MOST_URLS} URLs"))
    allowed = tuple(allowed_origins)
    for url in urls[:MOST_URLS]:
        try:
            callable_url(url, allowed)
        except Misconfigured as error:
            wrong.append(_error(_URL, f"{error.what}. {error.advice}"))
    if configuration.get(_TYPE, "webhook") not in ("", "webhook", "webhooks"):
        wrong.append(_error(_TYPE, "must be webhook"))
    if configuration.get(VENDOR_TYPE, "").strip().lower() not in _VENDOR_TYPES:
        wrong.append(_error(VENDOR_TYPE, "must be polling or webhook"))
    if ":" in configuration.get(_USERNAME, ""):
        wrong.append(_error(_USERNAME, "holds a colon, which Basic authentication cannot send"))
    try:
        _further(secrets.get(_HEADERS, ""))
    except FreshbridgeError as error:
        wrong.append(_error(_HEADERS, error.what))
    return wrong


def _further(text: str) -> dict[str, str]:
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or len(text) > LARGEST_HEADERS:
        raise UnusableCallback(
            f"must be a JSON object of headers, {LARGEST_HEADERS} characters at most"
        )
    for name, value in found.items():
        if not _NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise UnusableCallback(f"the header {name[:40]} is no header that may be set")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise UnusableCallback(f"the header {name} must be a line of ASCII characters")
    return {name: value.strip() for name, value in found.items()}


def _error(key: str, message: str) -> FieldError:
    return FieldError(f"configuration.{key}", message, "invalid_value")
