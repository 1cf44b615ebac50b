"""The scenarios: what goes wrong in each, and how much work it has. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bench.desk import CREATE

_LOST = 0.015
"""Share of creations that are done, and whose answer is lost: by each of two ways."""


MACHINE = "machine limits off"


@dataclass(frozen=True)
class Scenario:
    """`messages` are queued at once. `outside`: share of the account's limit that another client
    uses at random times. `kill_every_s`: a consumer is killed that often. `interactive_every_s`:
    somebody asks for a ticket that often. `second_every_s`: a second instance, of another
    account, queues one action that often. `unlimited`: the account has no limit worth the name.
    """

    name: str
    messages: int
    faults: Sequence[Mapping[str, Any]] = ()
    outside: float = 0.0
    kill_every_s: float = 0.0
    interactive_every_s: float = 0.0
    second_every_s: float = 0.0
    unlimited: bool = False


def lost_replies(seed: int) -> list[dict[str, Any]]:
    """Three creations of a hundred are done, and their answer never comes."""
    return [
        {"match": f"{CREATE}$", "kind": kind, "rate": _LOST, "seed": seed + number}
        for number, kind in enumerate(("commit_then_drop", "commit_then_500"))
    ]


def scaled_down(seed: int) -> list[Scenario]:
    """Every scenario in the order in which they are run; `seed` decides what goes wrong when.

    The first one shows that the machine is fast enough for the others, and warms it up.
    """
    return [
        Scenario(MACHINE, 400, unlimited=True),
        Scenario("backlog steady", 2000),
        Scenario("chaos lost replies", 2000, faults=lost_replies(seed)),
        Scenario("chaos outside consumer", 800, outside=0.3),
        Scenario("chaos killed executors", 800, kill_every_s=4.0),
        Scenario("interactive", 600, interactive_every_s=0.25),
        Scenario("fairness", 600, second_every_s=3.0),
    ]


def real_minutes() -> list[Scenario]:
    """What six minutes of a plan's own limit allow: 20 minutes with three subjects."""
    return [Scenario(MACHINE, 400, unlimited=True), Scenario("backlog real minutes", 1000)]


class Named(Protocol):
    """A scenario of any area."""

    @property
    def name(self) -> str:
        """As the table and the results have it; its first word is its area."""
        ...


AnyScenario = TypeVar("AnyScenario", bound=Named)


def check_words(known: Sequence[Named], only: Sequence[str]) -> None:
    """Raise ValueError when a word of `only` is in no scenario's name."""
    for word in only:
        if not any(word in scenario.name for scenario in known):
            names = ", ".join(repr(scenario.name) for scenario in known)
            raise ValueError(f"no scenario's name contains {word!r}; there are {names}")


def chosen(scenarios: Sequence[AnyScenario], only: Sequence[str]) -> list[AnyScenario]:
    """Those whose name contains one of the words of `only`; all when it is empty."""
    return [one for one in scenarios if not only or any(word in one.name for word in only)]
