"""Reference data as it is kept: when it was read, and whose it is.

Pure: the time is an argument.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import Any

CLOCKS_APART_S = 60.0
"""Functions' clocks may differ by this; a later time than that is no time."""


@dataclass(frozen=True)
class Kept:
    """Records of one kind. `fetched_at`: epoch seconds. `owner`: account and key they came by."""

    owner: str
    fetched_at: float
    records: list[dict[str, Any]]

    def age_s(self, now: float) -> float:
        """Seconds since the provider gave them."""
        age = now - self.fetched_at
        return float("inf") if age < -CLOCKS_APART_S else max(0.0, age)

    def answers(self, owner: str, now: float, max_age_s: float) -> bool:
        """Whether they may be shown to this owner, at this age; an age of 0 is never reached."""
        return self.owner == owner and self.age_s(now) < max_age_s


def pack(kept: Kept) -> bytes:
    """JSON, compressed: ten thousand agents take half a megabyte."""
    body = {"owner": kept.owner, "fetched_at": kept.fetched_at, "records": kept.records}
    return gzip.compress(json.dumps(body, separators=(",", ":")).encode(), mtime=0)


def unpack(body: bytes) -> Kept | None:
    """What `pack` was given; None for anything else, which is then read anew."""
    try:
        found = json.loads(gzip.decompress(body))
        kept = Kept(str(found["owner"]), float(found["fetched_at"]), found["records"])
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        return None
    if not isinstance(kept.records, list) or not all(isinstance(r, dict) for r in kept.records):
        return None
    return kept
