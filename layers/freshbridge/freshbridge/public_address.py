"""Which hosts this package may call when a person chose the address: public ones only.

Pure: who resolves a name is an argument. Whoever may type a URL could otherwise make these
functions call what only they can reach: the instance metadata service at 169.254.169.254, a
neighbour in a private network, a service on the loopback interface.

A name is checked twice. `refuse_private_host` looks at its shape when it is typed, without asking
anyone. `public_addresses` looks at what it resolves to when it is called; connect to one of the
addresses that it returns and resolve no second time, for the second answer may be another one
(DNS rebinding). transport.PublicAddressAdapter does so.

Sources: https://www.iana.org/assignments/iana-ipv4-special-registry,
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from freshbridge.errors import Misconfigured, Unreachable

Resolve = Callable[[str], Iterable[str]]
"""A host's name to its addresses as texts; raises OSError when it has none."""

LONGEST_URL = 2048
# Named here, not asked of the standard library: what `is_global` says has changed between its
# releases, and it takes addresses that carry a private one inside for global.
_CLOSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# Everything that is assigned for the public lies in 2000::/3. Of it these are closed: protocol
# assignments with Teredo, documentation, 6to4 (which carries an IPv4 address), AS112.
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))+")
# Never delegated in the public DNS, or this machine's and this network's own.
# Source: https://www.iana.org/assignments/special-use-domain-names
_CLOSED_SUFFIXES = (
    ".alt", ".arpa", ".corp", ".home", ".internal", ".intranet", ".invalid", ".lan", ".local",
    ".localdomain", ".localhost", ".onion", ".private", ".test",
)  # fmt: skip


class PrivateAddress(Misconfigured):
    """The host is, or resolves to, an address that only this side can reach."""

    code = "private_address"
    default_advice = "Give a host with public addresses only."


class UnreadableUrl(Misconfigured):
    """The text is no https URL that can be called."""

    code = "unreadable_url"
    default_advice = "Write it as https://host/path, without a user name or a fragment."


class HostUnresolved(Unreachable):
    """The host's name has no address now."""

    code = "host_unresolved"


def is_public(address: str) -> bool:
    """Whether a textual IP address is one of the public Internet's; False for what is none.

    An IPv6 address that carries an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) is never
    public here: the network may unwrap it to where the check did not look.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in block for block in _CLOSED_V4)
    # A zone ("%eth0") makes any address one of this machine's own links.
    if found.scope_id is not None or found not in _OPEN_V6:
        return False
    return not any(found in block for block in _CLOSED_V6)


def refuse_private_host(host: str) -> None:
    """Refuse a host that cannot be public whatever its name resolves to. Resolves nothing.

    Raises:
        PrivateAddress: a private IP address in any spelling, `localhost`, a name without a dot, or
            one below a domain that is never public.
    """
    name = host.strip().lower().removeprefix("[").removesuffix("]").removesuffix(".")
    if is_public(name):
        return
    last = name.rpartition(".")[2]
    # "127.1", "0x7f000001" and "017700000001" are addresses to a resolver: no public top-level
    # domain begins with a digit.
    if _NAME.fullmatch(name) and not last[:1].isdigit() and not name.endswith(_CLOSED_SUFFIXES):
        return
    raise PrivateAddress("the host is not a public one", where=_quoted(host))


def public_addresses(host: str, resolve: Resolve) -> tuple[str, ...]:
    """What a host resolves to now, IPv4 first; connect to one of these and to nothing else.

    One private address among public ones refuses the host: which one is called would be chance.

    Raises:
        PrivateAddress: see `refuse_private_host`, or one of its addresses is not public.
        HostUnresolved: its name has no address now.
    """
    refuse_private_host(host)
    name = host.removeprefix("[").removesuffix("]")
    if is_public(name):
        return (name,)
    try:
        found = tuple(dict.fromkeys(resolve(name)))
    except (OSError, UnicodeError) as error:
        raise HostUnresolved("the host's name cannot be resolved", where=_quoted(host)) from error
    if not found:
        raise HostUnresolved("the host's name has no address", where=_quoted(host))
    if not all(is_public(address) for address in found):
        # Which address it was is told to nobody: the answer would map the private network.
        raise PrivateAddress("the host's name leads to a private address", where=_quoted(host))
    return tuple(sorted(found, key=lambda address: ":" in address))


def callable_url(text: str, allowed_origins: Iterable[str] = ()) -> SplitResult:
    """The parts of a URL that may be called: https, a public host, no credentials inside.

    `allowed_origins` (`http://127.0.0.1:4010`) are those that the deployer let through: any scheme,
    any host.

    Raises:
        UnreadableUrl: it is no such URL.
        PrivateAddress: its host cannot be public.
    """
    url = text.strip()
    parts = _split(url)
    if parts is None or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable():
        raise UnreadableUrl("the text cannot be read as a URL")
    if " " in url or "\\" in url or parts.username is not None or parts.fragment:
        raise UnreadableUrl("the URL holds a user name, a fragment or a character that none has")
    if is_allowed(parts, allowed_origins):
        return parts
    if parts.scheme != "https" or not parts.hostname:
        raise UnreadableUrl("the URL does not begin with https:// and a host")
    refuse_private_host(parts.hostname)
    return parts


def is_allowed(parts: SplitResult, allowed_origins: Iterable[str]) -> bool:
    """Whether the deployer let this very origin (scheme, host and port) through."""
    origin = _origin(parts)
    return origin is not None and any(
        origin == _origin(entry) for entry in map(_split, allowed_origins) if entry is not None
    )


def _origin(parts: SplitResult) -> tuple[str, str, int] | None:
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    if usual is None or not parts.hostname:
        return None
    # Port 0 is no port that can be called, and not the usual one either.
    return parts.scheme, parts.hostname, usual if parts.port is None else parts.port


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text.strip())
        _ = parts.port  # read here, where a wrong one can be told
    except ValueError:
        return None
    return parts


def _quoted(host: str) -> str:
    return f"host {host[:128]}"
