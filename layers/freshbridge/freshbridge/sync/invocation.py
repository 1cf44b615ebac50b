"""What one invocation of the worker reads with, what it did, and who compares for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge.sync.feeds.feed import Position
from freshbridge.sync.run import Counts, Part, Run

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.instances.model import Instance
    from freshbridge.sync.objects import SyncObject


@dataclass(frozen=True)
class Reconciled:
    """What a piece of comparing gave: where to go on, None at its end, and the report so far."""

    position: Position | None
    report: Mapping[str, Any] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)


class Reconcile(Protocol):
    """Compares what is held with what there is, until the end or while `may_go_on` says so."""

    def __call__(
        self,
        client: FreshdeskClient,
        instance: Instance,
        obj: SyncObject,
        run: Run,
        *,
        parts: Sequence[Part],
        position: Position | None,
        may_go_on: Callable[[], bool],
    ) -> Reconciled:
        """From `position` on; None is the beginning."""
        ...  # pragma: no cover  # a protocol has no body


@dataclass(frozen=True)
class Invocation:
    """What one invocation reads with; `remaining_s` and `may_go_on` tell of its time."""

    client: FreshdeskClient
    instance: Instance
    may_go_on: Callable[[], bool]
    remaining_s: Callable[[], float]


@dataclass
class Outcome:
    """What an invocation did: parts worked on, and what was read.

    `ended`: the run was ended instead, for nobody wants it any more.
    """

    parts: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    finished: bool = True
    ended: bool = False
