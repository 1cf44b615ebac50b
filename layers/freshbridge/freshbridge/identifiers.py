"""Ids that sort by time and cannot be guessed.

Pure: the time and the random bytes are arguments.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable


def new_id(
    prefix: str,
    *,
    now: Callable[[], float] = time.time,
    random_hex: Callable[[int], str] = secrets.token_hex,
) -> str:
    """`evt_019360f0a1b2c5d4e3f2a1b0c9d8`: 12 hex digits of milliseconds, then 80 random bits."""
    return f"{prefix}_{int(now() * 1000):012x}{random_hex(10)}"


def derived_id(prefix: str, *parts: str) -> str:
    """The same parts always give the same id, so that a repeated message names the same work."""
    digest = hashlib.sha256("\x1f".join(parts).encode(errors="surrogatepass")).hexdigest()
    return f"{prefix}_{digest[:32]}"
