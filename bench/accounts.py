"""The simulated accounts of a run: the one with the backlog, and another one beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Accounts:
    """`origins` by instance; `first` has the backlog, `second` belongs to another account."""

    origins: Mapping[str, str]
    first: str
    second: str
    api_key: str
