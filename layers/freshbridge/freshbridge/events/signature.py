"""Sign a webhook's body, and check that one was signed a moment ago.

Pure: the clock is an argument. `X-Freshbridge-Signature: t=1772539360,v1=5257a8…`: `t` is seconds
since the epoch, `v1` the hexadecimal HMAC-SHA256, under the instance's webhook secret, of `t`, a
full stop and the body's bytes as they are sent. The time is part of what is signed, so that a
recorded request cannot be sent again later. Several `v1` may be given, while a sender changes its
secret.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

SIGNATURE_HEADER = "x-freshbridge-signature"
TOLERANCE_S = 300.0
"""How far a sender's clock may be off, before or behind, its request's way included."""
MOST_SIGNATURES = 5


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """The header's value for a body that is sent at `timestamp`."""
    return f"t={timestamp},v1={_digest(body, secret, str(timestamp))}"


def signed_at(header: str, body: bytes, secrets: Iterable[str]) -> int | None:
    """When it was signed, if one of the header's signatures fits one of the secrets; else None.

    Seconds since the epoch, by the sender's clock: `is_in_time` compares it with one's own. Every
    pair is compared, each in constant time, whatever the others gave.
    """
    timestamp, shown = _read(header)
    fits = False
    for secret in secrets:
        expected = _digest(body, secret, timestamp)
        for candidate in shown:
            fits |= hmac.compare_digest(expected.encode(), candidate.encode())
    return int(timestamp) if fits else None


def is_in_time(moment: int, now: float) -> bool:
    """Whether what was signed at `moment` may still, or already, be taken at `now`."""
    return abs(now - moment) <= TOLERANCE_S


def _digest(body: bytes, secret: str, timestamp: str) -> str:
    key = secret.encode(errors="surrogatepass")
    return hmac.digest(key, timestamp.encode() + b"." + body, "sha256").hex()


def _read(header: str) -> tuple[str, list[str]]:
    timestamp = "0"
    shown: list[str] = []
    for part in header[:2000].split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and value.isascii() and value.isdigit() and len(value) <= 12:
            timestamp = value
        elif name == "v1" and len(shown) < MOST_SIGNATURES:
            shown.append(value.encode(errors="replace").decode())
    return timestamp, shown
