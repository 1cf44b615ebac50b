"""What is asked of an account's budget, and the answers there are. Pure: values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """A call may be sent from `begin` to `end`, in epoch seconds of the common clock."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a caller needs: up to `count` slots for calls that cost `charges` each.

    `charges` is credits per bucket. `within_s`: how far away the first slot may be. `share` of each
    limit is kept from `background` work, for interactive calls. `returning` work was given a place
    in line before. `lane` names where background work comes from: one lane's long line does not
    keep another's few waiting.
    """

    charges: Mapping[str, int]
    within_s: float
    count: int = 1
    background: bool = True
    returning: bool = False
    share: float = 0.1
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """Slots in order of time, at least one."""

    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Deferred:
    """No slot is near enough: come back at `until`. `in_line`: the state remembers the promise.

    It then holds for as many calls as were asked for; the times of the others are `rest`.
    """

    until: float
    in_line: bool
    rest: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Nothing was granted, but will be before long: ask again at `at`.

    While it is unknown where windows begin, slots are scarce, and a reset that is about to be
    noticed opens them all: nobody should be holding one of the far ones by then.
    """

    at: float


Outcome = Granted | Deferred | AskAgain
