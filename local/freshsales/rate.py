"""Rate windows: pure arithmetic over fixed windows of the account's clock.

Facts (support.freshsales.io, "API rate limits"): the limit belongs to the account, whichever user's
key is used; calls count per hour and per minute; above either the answer is 429. Whether a refused
call counts is not told: here it does not.
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.freshsales.settings import WINDOWS, Settings


@dataclass(frozen=True, slots=True)
class Charge:
    """The verdict on one call.

    ``limit``, ``remaining`` and ``reset_at`` (epoch seconds) are of the window that refused it, or
    of the one with the least left. ``while_blocked``: an earlier call of this window had been
    refused already, so this one was sent although the caller had been told to wait.
    """

    allowed: bool
    limit: int | None = None
    remaining: int = 0
    reset_at: float = 0.0
    wait_s: int = 0
    while_blocked: bool = False
    cost: int = 1

    def headers(self, hint: str) -> dict[str, str]:
        """As on the wire; ``hint`` is the ``retry_hint`` of the settings."""
        if self.limit is None:
            return {}
        named = {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
        }
        if hint in {"reset_epoch", "retry_after"}:
            named["x-ratelimit-reset"] = str(math.ceil(self.reset_at))
        elif hint == "reset_epoch_ms":
            named["x-ratelimit-reset"] = str(math.ceil(self.reset_at * 1000))
        elif hint == "reset_dmyhis":
            moment = datetime.fromtimestamp(math.ceil(self.reset_at), UTC)
            named["x-ratelimit-reset"] = moment.strftime("%d%m%y%H%M%S")
        if hint == "retry_after" and not self.allowed:
            named["Retry-After"] = str(self.wait_s)
        return named


@dataclass(slots=True)
class _Window:
    number: int = -1
    length_s: float = 0.0
    used: int = 0
    refused: bool = False

    def at(self, now_s: float, length_s: float) -> None:
        number = math.floor(now_s / length_s)
        if (self.number, self.length_s) != (number, length_s):
            self.number, self.length_s, self.used, self.refused = number, length_s, 0, False

    @property
    def ends_at(self) -> float:
        return (self.number + 1) * self.length_s


@dataclass(slots=True)
class RateWindows:
    """Calls used in the current hour and minute."""

    _windows: dict[str, _Window] = field(
        default_factory=lambda: {name: _Window() for name in WINDOWS}
    )

    def charge(self, settings: Settings, now_s: float) -> Charge:
        """Count one call at ``now_s``, unless a window is full."""
        limited = []
        for name, window in self._windows.items():
            window.at(now_s, settings.length_s(name))
            if (limit := settings.limit(name)) is not None:
                limited.append((window, limit))
        full = [(window, limit) for window, limit in limited if window.used >= limit]
        if full:
            # The window that stays shut the longest tells when to come back.
            window, limit = max(full, key=lambda pair: pair[0].ends_at)
            while_blocked = window.refused
            for one, _ in full:
                one.refused = True
            wait = max(1, math.ceil(window.ends_at - now_s))
            return Charge(False, limit, 0, window.ends_at, wait, while_blocked)
        for window in self._windows.values():
            window.used += 1
        if not limited:
            return Charge(True)
        window, limit = min(limited, key=lambda pair: pair[1] - pair[0].used)
        return Charge(True, limit, limit - window.used, window.ends_at)
