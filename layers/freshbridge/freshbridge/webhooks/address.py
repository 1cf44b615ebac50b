"""The address that Freshdesk is told to call.

Pure. It is where this API was itself called, unless a person says otherwise: behind a domain name
of their own, or a proxy, only they know it.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from freshbridge.errors import FieldError, InvalidRequest

LONGEST = 500
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class AddressUnknown(InvalidRequest):
    """The request does not tell under which address this API is reached."""

    code = "base_url_unknown"
    default_advice = (
        'Give it in the body: {"base_url": "https://…/live"}, the part of the URL before /api.'
    )


def read_base_url(given: object, wrong: list[FieldError]) -> str:
    """The URL before `/api`, without a slash at its end; "" for none. Faults go to `wrong`.

    Only https will do, for the secret travels with every webhook; on the loopback interface, where
    nobody listens in, http will.
    """
    if given is None:
        return ""
    text = given.strip().rstrip("/") if isinstance(given, str) else ""
    if not _usable(text):
        message = "an https URL without query, fragment or user name, such as https://…/live"
        wrong.append(FieldError("base_url", message, "invalid_value"))
    return text


def own_base_url(request: Mapping[str, Any]) -> str:
    """Where the API Gateway event `request` (REST, payload 1.0) came in; "" if it does not say."""
    context = request.get("requestContext") or {}
    domain, full_path = context.get("domainName"), str(context.get("path") or "")
    path = str(request.get("path") or "")
    if not domain or not path or not full_path.endswith(path):
        return ""
    return f"https://{domain}{full_path.removesuffix(path)}"


def webhook_url(base_url: str, instance_id: str) -> str:
    """The whole address of an instance's webhook."""
    return f"{base_url}{webhook_path(instance_id)}"


def webhook_path(instance_id: str) -> str:
    """Its end, the same wherever the API is."""
    return f"/api/webhooks/freshdesk/{instance_id}"


def leads_to(url: object, instance_id: str) -> bool:
    """Whether a URL is this instance's webhook, at this or another host."""
    parts = _parts(url) if isinstance(url, str) else None
    return parts is not None and parts.path.rstrip("/").endswith(webhook_path(instance_id))


def _usable(text: str) -> bool:
    parts = _parts(text)
    if parts is None or not parts.hostname or len(text) > LONGEST or not text.isprintable():
        return False
    if parts.query or parts.fragment or "@" in parts.netloc or " " in text or "{" in text:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port  # a port that is no number is found out here
    except ValueError:
        return None
    return parts
