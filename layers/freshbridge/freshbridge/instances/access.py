"""Who may call the API: `Authorization: User <secret>, Organization <secret>[, Element <token>]`.

Pure: the clock and the random bytes are arguments. The pairs come in any order, with any spacing,
and the keywords in any case. A secret is kept and compared as its SHA-256 only: it is 256 random
bits, so that no salt or slow hash would make it harder to guess. A rotated secret stays valid
beside the new one for a grace period.

The header's form is that of SAP Open Connectors (Cloud Elements), so its clients work unchanged.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

from freshbridge.errors import FieldError, InvalidRequest, Unauthorized

OWNER_ID = 1
"""The first user, whose secret is generated at deploy."""
LARGEST_USER_ID = 2**32 - 1
RANDOM_BYTES = 32
DEFAULT_GRACE_HOURS = 24
LONGEST_GRACE_HOURS = 168

_PAIR = re.compile(r"\s*([A-Za-z]+)\s+([^\s,]+)\s*")
_ALIASES = {"token": "element"}
_KEYWORDS = ("user", "organization", "element")
_ID_BYTES = 4


class AccessDenied(Unauthorized):
    """The User or Organization secret is missing or wrong."""

    code = "access_denied"


class InvalidRotation(InvalidRequest):
    """The request to rotate a secret is wrong."""

    code = "invalid_rotation"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What opens: hashes, "" for none; the previous one until a time in seconds since the epoch."""

    current: str = ""
    previous: str = ""
    previous_until: float = 0.0


def denied() -> AccessDenied:
    """The one refusal: it never says which part was wrong."""
    return AccessDenied(
        "access denied",
        advice="Send the header Authorization: User <secret>, Organization <secret>.",
    )


def read_authorization(header: str) -> dict[str, str]:
    """`User a, Organization b` to `{"user": "a", "organization": "b"}`; {} when it reads otherwise.

    `Element` (or `Token`, its alias) may stand beside them. A keyword that is unknown or given
    twice makes the whole header ambiguous, so it is refused as a whole.
    """
    pairs: dict[str, str] = {}
    for part in header.split(","):
        match = _PAIR.fullmatch(part)
        if match is None:
            return {}
        keyword = _ALIASES.get(match[1].lower(), match[1].lower())
        if keyword not in _KEYWORDS or keyword in pairs:
            return {}
        pairs[keyword] = match[2]
    return pairs


def user_secret(user_id: int, random: bytes) -> str:
    """A User secret: base64 of the id (4 bytes) and 32 random bytes, 48 characters.

    The id makes finding the user one read. Raises ValueError for too few random bytes.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a secret needs {RANDOM_BYTES} random bytes, not {len(random)}")
    return base64.b64encode(user_id.to_bytes(_ID_BYTES, "big") + random).decode()


def user_id_of(secret: str) -> int | None:
    """The id that a User secret names, None when it is none; the secret is still to be checked."""
    try:
        raw = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _ID_BYTES + RANDOM_BYTES:
        return None
    return int.from_bytes(raw[:_ID_BYTES], "big")


def secret_hash(secret: str) -> str:
    """SHA-256 in hex; "" for an empty secret, which nothing matches."""
    # A header can hold half a surrogate pair, which plain UTF-8 could not encode.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest() if secret else ""


def opens(secret: str, accepted: Accepted, *, now: float) -> bool:
    """Whether a secret is the current one, or the previous one within its grace.

    Both are always compared, each in constant time.
    """
    shown = secret_hash(secret)
    current = hmac.compare_digest(shown, accepted.current)
    previous = hmac.compare_digest(shown, accepted.previous)
    return bool(shown) and (current or (previous and now < accepted.previous_until))


def read_grace(body: dict[str, object]) -> int:
    """The `grace_hours` of a request to rotate: whole hours, 24 when not given.

    Raises:
        InvalidRotation: not a whole number from 0 to 168, or another field is there: a misspelt
            one must not leave a leaked secret open for a day.
    """
    wrong = [FieldError(name, "unknown field", "unknown") for name in body.keys() - {"grace_hours"}]
    hours = body.get("grace_hours", DEFAULT_GRACE_HOURS)
    whole = isinstance(hours, int) and not isinstance(hours, bool)
    if not whole or not isinstance(hours, int) or not 0 <= hours <= LONGEST_GRACE_HOURS:
        message = f"a whole number from 0 to {LONGEST_GRACE_HOURS} is required"
        wrong.append(FieldError("grace_hours", message, "invalid"))
    if wrong or not isinstance(hours, int):
        raise InvalidRotation("the secret was not rotated", fields=wrong)
    return hours
