"""What the replies show that one process had itself: resets, and calls that were counted by then.

By its own clock it knows exactly what came before what, however little it knows of the common one.
What it shows is told anew once that is known better, for as long as it matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from freshbridge.budget.common_clock import CommonClock
from freshbridge.budget.reset_watch import ResetWatch, Seen
from freshbridge.budget.settling import Answered

KEPT_S = 10.0
"""How long a reply is of interest: longer than a call can be late, and no longer than it takes to
know the clock well."""
SHARPER = 0.8
"""A reset is told again when it is known to within no more than this part of what it was."""

_ASIDE_S = 0.05
"""Where a reset is taken to be is rounded, and known less well as it grows older."""


@dataclass(frozen=True, slots=True)
class _Call:
    """When a call was sent and answered by this clock, and in what it was counted."""

    sent: float
    received: float
    counted: tuple[Answered, ...]


@dataclass(frozen=True, slots=True)
class _Reset:
    """A reset of `bucket` between two times of this clock, and between which common ones."""

    bucket: str
    after: float
    before: float
    low: float
    high: float

    def holds(self, other: _Reset) -> bool:
        """Whether the other lies within this one."""
        return self.low <= other.low and other.high <= self.high


class OwnReplies:
    """The last replies of one process. Times are of its clock but where it says common."""

    def __init__(self, common: CommonClock) -> None:
        """No replies yet."""
        self._common = common
        self._watch = ResetWatch()
        self._calls: list[_Call] = []
        self._reset: _Reset | None = None

    def reset(self, bucket: str, seen: Seen) -> tuple[float, float] | None:
        """Between which two common times `bucket` was reset, if this reply shows it, or sharper."""
        found = self._watch.bracket(bucket, seen)
        if found is not None:
            self._reset_after(found[0])
            self._reset = self._bracketed(bucket, *found)
        elif self._reset is None or self._reset.bucket != bucket:
            return None
        else:
            known, self._reset = self._reset, self._sharper(self._reset, seen.received)
            if self._reset is None or self._reset is known:
                return None
        return self._reset.low, self._reset.high

    def answered(
        self, charges: Mapping[str, int], slot: float, *, sent: float, received: float
    ) -> None:
        """A call was answered whose slot began at the common time `slot`."""
        self._calls = [call for call in self._calls if call.received > received - KEPT_S]
        before = self._common.latest(received)
        counted = tuple(Answered(name, cost, slot, before) for name, cost in charges.items())
        self._calls.append(_Call(sent, received, counted))

    def calls(self) -> list[Answered]:
        """Where the calls that were answered were counted, and by when."""
        return [one for call in self._calls for one in call.counted]

    def keep(self, again: Iterable[Answered]) -> None:
        """Forget all but those that are to be told again."""
        kept = set(again)
        left = ((call, tuple(one for one in call.counted if one in kept)) for call in self._calls)
        self._calls = [replace(call, counted=counted) for call, counted in left if counted]

    def _bracketed(self, bucket: str, after: float, before: float) -> _Reset:
        low, high = self._common.earliest(after), self._common.latest(before)
        return _Reset(bucket, after, before, low, high)

    def _sharper(self, known: _Reset, now: float) -> _Reset | None:
        """The reset as it is known now, if that is much better; None once it is of no use."""
        if now - known.before > KEPT_S:
            return None  # it may have been found wrong since
        found = self._bracketed(known.bucket, known.after, known.before)
        if found.high - found.low > SHARPER * (known.high - known.low):
            return known
        return found if known.holds(found) else None  # else this clock was set

    def _reset_after(self, sent: float) -> None:
        """What was answered when that call was sent was counted before the reset, and so was it."""
        low = self._common.earliest(sent) - _ASIDE_S
        for i, call in enumerate(self._calls):
            if call.received <= sent or call.sent == sent:
                counted = tuple(replace(one, before=min(one.before, low)) for one in call.counted)
                self._calls[i] = replace(call, counted=counted)
