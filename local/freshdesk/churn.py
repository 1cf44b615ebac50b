"""People at work beside a client: tickets that change while somebody reads them.

``POST /__sim/churn`` ``{"updates_per_s": 50, "creations_per_s": 0, "deletions_per_s": 0, "seed": 1,
"object": "tickets"}`` begins it in place of what went on before, ``GET`` tells how much was done,
``DELETE`` ends it, and so does a reset. It runs inside the simulator, so that it takes none of the
client's time, and on the account's clock: the nth change of a kind is due n / rate seconds after
the start, and is made before any request that comes later is looked at. Which ticket it strikes
and what becomes of it is decided by ``seed``. An update is an agent's edit (priority, subject): it
moves ``updated_at``, sets off automation rules and is told to webhooks, and counts against no
limit.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.freshdesk.account import SYSTEM, Account
from local.freshdesk.ticket_writes import change_ticket, open_ticket, set_deleted

_RATES = {
    "updates_per_s": "updates",
    "creations_per_s": "creations",
    "deletions_per_s": "deletions",
}
_DEFAULTS: Mapping[str, Any] = {**dict.fromkeys(_RATES, 0), "seed": 1, "object": "tickets"}
FASTEST = 10_000
"""Changes a second that are taken: more would leave the server no time for requests."""


@dataclass
class _Stream:
    """The changes of one kind: ``done`` of them since the start."""

    rate: float
    change: Callable[[], None]
    done: int = 0

    def due_at(self, began: float) -> float:
        """When the next one is due, in seconds of the account's clock."""
        return began + (self.done + 1) / self.rate


@dataclass
class Churn:
    """What goes on in one account; at most one churn at a time."""

    account: Account
    _streams: dict[str, _Stream] = field(default_factory=dict)
    _running: bool = False
    _began: float = 0.0
    _generation: int = 0

    def __post_init__(self) -> None:
        self.account.on_reset(self.stop)

    def start(self, options: Mapping[str, Any]) -> None:
        """Begin anew. Raises ValueError naming a wrong option."""
        chosen = _checked(options)
        chance = random.Random(chosen["seed"])  # noqa: S311 - data, not secrets
        doing = _Doing(self.account, chance)
        self._streams = {
            kind: _Stream(float(chosen[name]), getattr(doing, kind))
            for name, kind in _RATES.items()
            if chosen[name] > 0
        }
        self._began = self.account.clock.seconds()
        self._running = bool(self._streams)
        self._generation += 1
        self._wait(self._generation)

    def stop(self) -> None:
        """Change nothing any more; what was done stays told."""
        self._running = False

    def shown(self) -> dict[str, Any]:
        """Whether it goes on, and how many changes of each kind it has made."""
        counts = dict.fromkeys(_RATES.values(), 0)
        return {
            "running": self._running,
            **counts,
            **{kind: stream.done for kind, stream in self._streams.items()},
        }

    def _wait(self, generation: int) -> None:
        if not self._running:
            return
        first = min(stream.due_at(self._began) for stream in self._streams.values())
        # Never at once: what is late is made in one go by `_catch_up`, not by calling one another.
        delay = max(first - self.account.clock.seconds(), 1e-6)
        self.account.schedule.after(delay, lambda: self._catch_up(generation))

    def _catch_up(self, generation: int) -> None:
        """Everything that has become due, in the order in which it became due."""
        if generation != self._generation:
            return
        now = self.account.clock.seconds()
        while self._running:
            stream = min(self._streams.values(), key=lambda one: one.due_at(self._began))
            if stream.due_at(self._began) > now:
                break
            stream.done += 1
            stream.change()
        self._wait(generation)


@dataclass(frozen=True)
class _Doing:
    """The changes themselves; each chooses its ticket by lot among the live ones."""

    account: Account
    chance: random.Random

    def updates(self) -> None:
        ticket = self._any_ticket()
        if ticket is not None:
            number = self.chance.randrange(1_000_000)
            changes = {"priority": self.chance.randint(1, 4), "subject": f"Edited {number}"}
            change_ticket(self.account, ticket, changes, actor=SYSTEM)

    def creations(self) -> None:
        people = list(self.account.contacts)
        fields = {
            "subject": f"Called in {self.chance.randrange(1_000_000)}",
            "requester_id": self.chance.choice(people) if people else 0,
        }
        open_ticket(self.account, fields, actor=SYSTEM)

    def deletions(self) -> None:
        ticket = self._any_ticket()
        if ticket is not None:
            set_deleted(self.account, ticket, True, actor=SYSTEM)

    def _any_ticket(self) -> dict[str, Any] | None:
        keys = self.account.ticket_index.order("live", "created_at")
        if not keys:
            return None
        return self.account.tickets[keys[self.chance.randrange(len(keys))][1]]


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := options.keys() - _DEFAULTS.keys():
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(_DEFAULTS)}")
    chosen = {**_DEFAULTS, **options}
    if chosen["object"] != "tickets":
        raise ValueError(f"object is tickets, not {chosen['object']!r}")
    for name in _RATES:
        value = chosen[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= FASTEST:
            raise ValueError(f"{name} takes a number from 0 to {FASTEST:,}, not {value!r}")
    if not isinstance(chosen["seed"], int) or isinstance(chosen["seed"], bool):
        raise ValueError(f"seed takes a whole number, not {chosen['seed']!r}")  # noqa: TRY004 - a wrong value of a body
    return chosen
