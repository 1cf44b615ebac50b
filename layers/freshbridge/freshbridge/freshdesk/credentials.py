"""The API key and the address it may be sent to. Pure: no I/O.

Facts: https://developers.freshdesk.com/api/#authentication
"""

import base64
import binascii
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from freshbridge.errors import Misconfigured
from freshbridge.http_message import ProviderRequest

_API_PATH = "/api/v2"


@dataclass(frozen=True, slots=True)
class Login:
    """An agent's e-mail address and password: the older way in, where the account still has it."""

    username: str
    password: str = field(repr=False)


Credential = str | Login
"""An API key, or a login."""


def authorization(credential: Credential) -> str:
    """Return the Authorization header's value: HTTP Basic, the key as user, `X` as password.

    Blanks around the key are dropped, for a secret pasted from a page often ends in a line break.
    Raises Misconfigured for a key or a login that cannot be one.
    """
    if isinstance(credential, Login):
        return _login(credential)
    key = credential.strip()
    if not key or not key.isascii() or not key.isprintable() or set(key) & {" ", ":"}:
        raise Misconfigured(
            "The Freshdesk API key is empty or holds a character no key has",
            where="credentials",
            advice="Copy the key again from the agent's profile settings in Freshdesk.",
        )
    return "Basic " + base64.b64encode(f"{key}:X".encode()).decode()


def _login(login: Login) -> str:
    name = login.username.strip()
    # A colon ends the name in Basic authentication: RFC 7617, section 2.
    if not name or not login.password or ":" in name or not (name + login.password).isprintable():
        raise Misconfigured(
            "The Freshdesk login is empty or holds a character no login has",
            where="credentials",
            advice="Give the agent's e-mail address and password, or better an API key.",
        )
    return "Basic " + base64.b64encode(f"{name}:{login.password}".encode()).decode()


def redact(text: str, request: ProviderRequest) -> str:
    """Remove the key that `request` carries from `text`, should a proxy have echoed it."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or not token:
        return text
    text = text.replace(token, "[key]")
    try:
        user, _, password = base64.b64decode(token).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return text
    # Beside a key stands the dummy password X, which is in many words.
    secret = user if password == "X" else password  # noqa: S105 - the vendor's dummy
    return text.replace(secret, "[key]") if secret else text


def api_root(base_url: str) -> str:
    """Return the API's root, such as `https://acme.freshdesk.com/api/v2`, for an account's address.

    Takes the address with or without `/api/v2`. Plain http is for this machine alone, where the
    simulator listens: anywhere else it would show the key to the network. Raises Misconfigured.
    """
    try:
        parts = urlsplit(base_url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    path = parts.path.rstrip("/").removesuffix(_API_PATH)
    unusable = not host or parts.username is not None or bool(path or parts.query or parts.fragment)
    if unusable or parts.scheme not in ("https", "http"):
        raise Misconfigured(
            "The Freshdesk address is not an account's address",
            where="base_url",
            advice="Write it as https://yourcompany.freshdesk.com.",
        )
    if parts.scheme == "http" and not _is_this_machine(host or ""):
        raise Misconfigured(
            "The Freshdesk address is not secure",
            where="base_url",
            advice="Write it with https; plain http is accepted for this machine only.",
        )
    return f"{parts.scheme}://{parts.netloc}{_API_PATH}"


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
