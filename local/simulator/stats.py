"""What has been asked of a server: the independent record a benchmark compares with.

``creates`` counts what was made through the API per kind and *marker*, so that duplicates show as
counts above 1: a test gives each intended creation a marker of its own, and the provider says
where it looks for one. ``windows`` tells the same by rate window: how much of each was used, and
when its first and last calls that were let through came.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol


class AnyCharge(Protocol):
    """A rate window's verdict on one request."""

    @property
    def allowed(self) -> bool: ...

    @property
    def cost(self) -> int: ...

    @property
    def while_blocked(self) -> bool: ...


@dataclass(slots=True)
class Endpoint:
    """Counts of one route (``POST /tickets``); ``credits`` are those of requests let through."""

    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    calls_while_blocked: int = 0
    credits: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def body(self) -> dict[str, Any]:
        return {
            "requests": self.requests, "statuses": dict(self.statuses),
            "throttled": self.throttled, "calls_while_blocked": self.calls_while_blocked,
            "credits": self.credits, "faults": dict(self.faults),
        }  # fmt: skip


@dataclass(slots=True)
class Window:
    """One rate window; times are epoch seconds of the account's clock, ``first_at`` None when
    nothing was let through."""

    begins: float
    credits: int = 0
    throttled: int = 0
    first_at: float | None = None
    last_at: float | None = None

    def charged(self, charge: AnyCharge, now_s: float) -> None:
        if not charge.allowed:
            self.throttled += 1
            return
        self.credits += charge.cost
        self.first_at = now_s if self.first_at is None else self.first_at
        self.last_at = now_s

    def body(self) -> dict[str, Any]:
        return {
            "begins": self.begins, "credits": self.credits, "throttled": self.throttled,
            "first_at": self.first_at, "last_at": self.last_at,
        }  # fmt: skip


# A week of minutes: what came before is forgotten.
_WINDOWS_KEPT = 10_080


class Stats:
    """``kinds`` are the kinds of things whose creations are counted."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._kinds = kinds
        self.clear()

    def clear(self) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        self._windows: dict[float, Window] = {}
        self._creates: dict[str, Counter[str]] = {kind: Counter() for kind in self._kinds}

    def endpoint(self, name: str) -> Endpoint:
        return self._endpoints.setdefault(name, Endpoint())

    def charged(self, name: str, charge: AnyCharge, now_s: float, window_s: float) -> None:
        endpoint = self.endpoint(name)
        if charge.allowed:
            endpoint.credits += charge.cost
        else:
            endpoint.throttled += 1
            endpoint.calls_while_blocked += charge.while_blocked
        begins = math.floor(now_s / window_s) * window_s
        self._windows.setdefault(begins, Window(begins)).charged(charge, now_s)
        if len(self._windows) > _WINDOWS_KEPT:
            del self._windows[next(iter(self._windows))]

    def answered(self, name: str, status: int | None, fault: str | None) -> None:
        """One request is over; ``status`` is None when the connection was dropped instead."""
        endpoint = self.endpoint(name)
        endpoint.requests += 1
        endpoint.statuses["dropped" if status is None else str(status)] += 1
        if fault:
            endpoint.faults[fault] += 1

    def created(self, kind: str, marker: str) -> None:
        """One thing of ``kind`` was made for ``marker``."""
        self._creates[kind][marker] += 1

    def body(self) -> dict[str, Any]:
        """``endpoints``, ``total`` over them, ``windows`` in order of time, ``creates`` per marker
        and ``duplicates`` among them."""
        total = Endpoint()
        for one in self._endpoints.values():
            total.requests += one.requests
            total.statuses += one.statuses
            total.throttled += one.throttled
            total.calls_while_blocked += one.calls_while_blocked
            total.credits += one.credits
            total.faults += one.faults
        return {
            "total": total.body(),
            "endpoints": {name: one.body() for name, one in sorted(self._endpoints.items())},
            "windows": [window.body() for window in self._windows.values()],
            "creates": {kind: dict(counts) for kind, counts in self._creates.items()},
            "duplicates": {
                kind: {marker: count for marker, count in counts.items() if count > 1}
                for kind, counts in self._creates.items()
            },
        }
