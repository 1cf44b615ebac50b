"""E-mail addresses as SES takes them, and which recipients a stack may write to. Pure.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_RECIPIENTS = 50
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63})"
)
_NAMED = re.compile(r"([^<>\"@,;:\\\x00-\x1f\x7f]{0,200})<([^<>]{3,320})>")


def read_address(text: str) -> str:
    """`a@b.example`, or `A Name <a@b.example>`, as SES takes it.

    Raises:
        ValueError: it is neither.
    """
    text = text.strip()
    if named := _NAMED.fullmatch(text):
        name, address = named[1].strip(), named[2].strip()
    else:
        name, address = "", text
    if not _ADDRESS.fullmatch(address):
        raise ValueError("is no e-mail address: write a@b.example or Name <a@b.example>")
    # Within quotes no word of a name is taken for another address.
    return f'"{name}" <{address}>' if name else address


def domain_of(address: str) -> str:
    """The domain of what `read_address` gave, in lower case."""
    return address.rstrip(">").rpartition("@")[2].lower()


def outside(addresses: Iterable[str], domains: Iterable[str]) -> int:
    """How many of the addresses are in none of the domains nor below them; 0 where none is said."""
    allowed = [domain.lower() for domain in domains]
    if not allowed:
        return 0
    return sum(
        not any(domain_of(one) == d or domain_of(one).endswith(f".{d}") for d in allowed)
        for one in addresses
    )
