"""Digests that stand for values: equal ones are equal values, and nobody can read them. Pure.

They are salted with the link's id, so that two links' tables cannot be compared, and short: a
digest is only ever compared with one of the same field of the same customer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

_FIELD_DIGITS, _KEY_DIGITS = 12, 32


def of_field(salt: str, text: str) -> str:
    """The digest of a field's plain form; "" for nothing, which is no secret."""
    return _digest(salt, "field", text)[:_FIELD_DIGITS] if text else ""


def of_fields(salt: str, values: Mapping[str, str]) -> dict[str, str]:
    """The digests of several fields."""
    return {name: of_field(salt, text) for name, text in values.items()}


def of_key(salt: str, key: str, text: str) -> str:
    """The digest of what a customer is found by: found the same way on both sides."""
    return f"{key}:{_digest(salt, key, text)[:_KEY_DIGITS]}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode(errors="surrogatepass")).hexdigest()
