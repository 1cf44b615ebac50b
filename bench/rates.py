"""The rate limits that a run is measured against. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OTHER_BUCKETS = ("ticket_update", "ticket_list", "contact_list")


@dataclass(frozen=True)
class Rates:
    """What the simulated account allows in one window of `window_s` seconds.

    `total` holds for every call, `ticket_create` for the creations among them (None: no limit of
    its own).
    """

    total: int
    window_s: float
    ticket_create: int | None = None

    @property
    def creations(self) -> int:
        """Tickets that may be created in one window."""
        return self.total if self.ticket_create is None else min(self.total, self.ticket_create)

    @property
    def per_second(self) -> float:
        """Creations a second, in the long run."""
        return self.creations / self.window_s

    def seconds_for(self, messages: int, share: float = 1.0) -> float:
        """How long `messages` creations take at the least, with `share` of the account's limit."""
        return messages / (self.per_second * share)

    def config(self) -> dict[str, object]:
        """As the simulator's `POST /__sim/config` takes it; other buckets have no limit."""
        limits: dict[str, int | None] = dict.fromkeys(OTHER_BUCKETS)
        limits |= {"total": self.total, "ticket_create": self.ticket_create}
        return {"limits": limits, "window_s": self.window_s}


SCALED = Rates(total=100, window_s=5.0)
"""A minute's limit of 1,200 in windows of 5 seconds: many windows in a short run."""
PRO_MINUTE = Rates(total=400, window_s=60.0, ticket_create=160)
"""Freshdesk's Pro plan: https://developers.freshdesk.com/api/#ratelimit"""
OFF = Rates(total=1_000_000, window_s=5.0)
"""No limit that anything here could reach."""


def described(rates: Rates) -> Mapping[str, float]:
    """The numbers that a reader of the results needs, by name."""
    return {"limit": float(rates.creations), "window_s": rates.window_s}
