"""Rate windows: pure arithmetic over fixed windows of the account's clock.

Facts (developers.freshdesk.com/api, Rate Limits): the limit belongs to the account; every request
counts, invalid ones too, before anything else is looked at; some calls count in a bucket of their
own as well; embedding costs extra credits. A refused call counts like any other, so hammering a
closed window of one bucket also eats the account's total.
"""

import math
from dataclasses import dataclass, field

from local.freshdesk.settings import Settings


@dataclass(frozen=True, slots=True)
class Charge:
    """The verdict on one request.

    ``limit`` and ``remaining`` are of the bucket the answer's headers report: the call's own when
    it has one, else the account's. ``retry_after`` is whole seconds to the window's end, set only
    when refused. ``while_blocked``: an earlier call of this window had been refused already, so
    this one was sent although the caller had been told to wait.
    """

    allowed: bool
    cost: int
    limit: int | None
    remaining: int
    retry_after: int | None = None
    while_blocked: bool = False

    def headers(self) -> dict[str, str]:
        """As on the wire. Without a limit there is nothing to report."""
        if self.limit is None:
            return {}
        named = {
            "X-Ratelimit-Total": str(self.limit),
            "X-Ratelimit-Remaining": str(self.remaining),
            "X-Ratelimit-Used-CurrentRequest": str(self.cost),
        }
        if self.retry_after is not None:
            named["Retry-After"] = str(self.retry_after)
        return named


@dataclass(slots=True)
class RateWindows:
    """Credits used in the current window, per bucket."""

    _window: tuple[float, int] | None = None
    _used: dict[str, int] = field(default_factory=dict)
    _blocked: set[str] = field(default_factory=set)

    def charge(self, settings: Settings, now_s: float, bucket: str | None, cost: int) -> Charge:
        """Count ``cost`` credits at ``now_s`` in the account's total and in ``bucket``."""
        number = math.floor(now_s / settings.window_s)
        if self._window != (settings.window_s, number):
            self._window = (settings.window_s, number)
            self._used.clear()
            self._blocked.clear()
        touched = [bucket, "total"] if bucket and settings.limit(bucket) is not None else ["total"]
        full = []
        for name in touched:
            used = self._used[name] = self._used.get(name, 0) + cost
            limit = settings.limit(name)
            if limit is not None and used > limit:
                full.append(name)
        while_blocked = any(name in self._blocked for name in full)
        self._blocked.update(full)
        # A full account is the harder wall: report it in place of a bucket that has room.
        reported = full[0] if full else touched[0]
        limit = settings.limit(reported)
        remaining = 0 if limit is None else max(0, limit - self._used[reported])
        if not full:
            return Charge(True, cost, limit, remaining)
        wait = max(1, math.ceil((number + 1) * settings.window_s - now_s))
        return Charge(False, cost, limit, remaining, wait, while_blocked)
