"""By what a customer of one side is found on the other. Pure.

A key is the plain form of something that should be one customer's alone: an e-mail address, an
external id, a company's name or domain. Keys are tried in the order that the link names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from freshbridge.customers import fingerprint
from freshbridge.customers.fields import CONVERSIONS
from freshbridge.customers.link import Kind, KindRules, Side

KEYS: Mapping[Kind, Mapping[str, Mapping[Side, str]]] = {
    Kind.CONTACTS: {
        "email": {Side.FRESHDESK: "email", Side.FRESHSALES: "email"},
        "external_id": {Side.FRESHDESK: "unique_external_id", Side.FRESHSALES: "external_id"},
    },
    Kind.COMPANIES: {
        "name": {Side.FRESHDESK: "name", Side.FRESHSALES: "name"},
        "domain": {Side.FRESHDESK: "domains", Side.FRESHSALES: "website"},
    },
}
"""Which field of each side holds a key."""
_READ = {"email": "email", "external_id": "text", "name": "lower", "domain": "domain"}


def keys_of(rules: KindRules, side: Side, record: Mapping[str, Any]) -> dict[str, str]:
    """What a record can be found by, without what it does not have."""
    found = {}
    for key in rules.match:
        text = CONVERSIONS[_READ[key]].read(record.get(KEYS[rules.kind][key][side]))
        if text:
            found[key] = text
    return found


def digests(salt: str, keys: Mapping[str, str]) -> tuple[str, ...]:
    """The keys as they are kept, in the order of the link."""
    return tuple(fingerprint.of_key(salt, key, text) for key, text in keys.items())


def choose(candidates: Iterable[tuple[str, bool]]) -> tuple[str, bool]:
    """The first candidate that is free; else "", and whether there was one that is taken.

    A candidate is an id, and whether it is linked to another customer already.
    """
    taken = False
    for record_id, is_linked in candidates:
        if not is_linked:
            return record_id, False
        taken = True
    return "", taken
