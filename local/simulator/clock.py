"""The account's own time: real time plus an offset, or a moment held still.

Everything that depends on time in a simulator (stamps, rate windows, jobs, index lag, webhook
retries) asks this clock, so a test moves time instead of sleeping.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Real time that can be moved forward or frozen.

    ``real_seconds`` is the source of real time in epoch seconds (a test passes its own).
    """

    def __init__(self, real_seconds: Callable[[], float] = time.time) -> None:
        self._real_seconds = real_seconds
        self._offset = 0.0
        self._frozen: float | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def seconds(self) -> float:
        """Epoch seconds with fractions: for rate windows and delays."""
        return self._real_seconds() + self._offset if self._frozen is None else self._frozen

    def now(self) -> datetime:
        """The current moment, aware, UTC, cut to whole seconds as wire stamps are."""
        return datetime.fromtimestamp(int(self.seconds()), UTC)

    def freeze(self, at: float | None = None) -> None:
        """Hold time still at epoch second ``at``, or where it is."""
        self._frozen = self.seconds() if at is None else at
        self._tell()

    def unfreeze(self) -> None:
        """Let time run again from where it stands."""
        if self._frozen is not None:
            self._offset = self._frozen - self._real_seconds()
            self._frozen = None
            self._tell()

    def advance(self, seconds: float) -> None:
        """Move forward. Raises ValueError for a negative step: time does not run backwards."""
        if seconds < 0:
            raise ValueError(f"advance takes seconds >= 0, not {seconds}")
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds
        self._tell()

    def reset(self) -> None:
        """Back to real time."""
        self._offset, self._frozen = 0.0, None
        self._tell()

    def on_move(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called after each jump, so that sleepers can look again."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
