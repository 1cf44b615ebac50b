"""What is asked of one bucket, and the place that it gives. Pure: values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of one bucket: `share` of it is kept for interactive calls.

    `early`: share of a window's credits that may be used ahead of the even spread.
    """

    cost: int
    background: bool
    share: float
    early: float


@dataclass(frozen=True, slots=True)
class Place:
    """When a call may be sent; `loose` when it was placed without knowing the windows.

    `scout` is the window whose uncertain beginning it is sent into, if it is. A call that may be
    counted in either of two windows is granted in the other one too, at `also`.
    """

    begin: float
    end: float
    loose: bool
    scout: int | None = None
    also: float | None = None
