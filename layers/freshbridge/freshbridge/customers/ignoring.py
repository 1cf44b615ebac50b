"""Whether what was sent is what is held: providers take unknown fields without a word. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from freshbridge.customers import fingerprint
from freshbridge.customers.link import FieldRule
from freshbridge.customers.ports import Fields


def ignored(
    fields: Fields, held: Mapping[str, str], salt: str, before: Mapping[str, str]
) -> frozenset[str]:
    """The fields, of those that were sent, that are as they were.

    `held` is what the provider answered, by the rules' names, and `before` the digests of what was
    there, nothing for a record that was created. A value that a provider writes in its own way
    (another case, other blanks, cut off) was taken.
    """
    found = set()
    for rule, text in fields:
        stored = held.get(rule.name)
        if stored is None or rule.convert == "company" or _alike(rule.convert, text, stored):
            continue
        if fingerprint.of_field(salt, stored) == before.get(rule.name, ""):
            found.add(rule.name)
    return frozenset(found)


def shows_taken(rule: FieldRule, text: str) -> bool:
    """Whether a field that is as it was before this was sent has not been taken.

    Of a record's company another call tells, and a box that is not ticked may hold nothing.
    """
    return rule.convert != "company" and not (rule.convert == "boolean" and text in ("", "false"))


def _alike(convert: str, sent: str, stored: str) -> bool:
    if convert == "boolean":
        return (sent or "false") == (stored or "false")
    here, there = _plain(sent), _plain(stored)
    return here == there or bool(there and here.startswith(there))


def _plain(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum()) or text.strip()
