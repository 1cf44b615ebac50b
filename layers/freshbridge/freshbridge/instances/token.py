"""Instance tokens: who holds one may use the instance.

Pure. A token is base64 of the instance's id (8 bytes) and 32 random bytes, so that finding its
instance is one read; the table holds only the SHA-256 of it. A rotated token stays valid for a
grace period.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import replace

from freshbridge.errors import Unauthorized
from freshbridge.instances.model import Instance, TokenHash

GRACE_S = 86_400.0
_LENGTH = 40


class TokenRefused(Unauthorized):
    """The Element token is missing, wrong, or of an instance that is gone."""

    code = "token_refused"
    default_advice = "Send the token that creating the instance returned."


def new_token(instance_id: str, random: bytes) -> str:
    """The token of an instance; `random` is 32 bytes that nobody can guess."""
    return base64.b64encode(int(instance_id).to_bytes(8, "big") + random).decode()


def token_hash(token: str) -> TokenHash:
    """What is kept of a token."""
    return TokenHash(hashlib.sha256(token.encode()).hexdigest())


def instance_of(token: str) -> str:
    """The id of the instance that a token names; the token is still to be checked.

    Raises:
        TokenRefused: it is no token at all.
    """
    try:
        raw = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _LENGTH:
        raise TokenRefused("the Element token is missing or wrong")
    return str(int.from_bytes(raw[:8], "big"))


def check(token: str, instance: Instance, *, now: float) -> None:
    """Let the holder of a valid token pass; `now` is seconds since the epoch.

    Raises:
        TokenRefused: wrong, or rotated longer ago than the grace period.
    """
    shown = token_hash(token).hash
    # Every hash is compared: the time it takes tells nothing about which one fits.
    fits = [
        hmac.compare_digest(shown, kept.hash) and (kept.expires_at is None or now < kept.expires_at)
        for kept in instance.tokens
    ]
    if not any(fits):
        raise TokenRefused("the Element token is missing or wrong")


def rotated(instance: Instance, token: str, *, now: float) -> Instance:
    """The instance with a new token; the one before is valid for the grace period."""
    kept = tuple(
        replace(old, expires_at=now + GRACE_S) for old in instance.tokens if old.expires_at is None
    )
    return replace(instance, tokens=(token_hash(token), *kept))
