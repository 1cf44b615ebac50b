"""Whose turn it is in a group: round robin, or the least loaded.

Pure: the time is an argument. A group's standing is what its assignments have come to so far;
whoever chooses from it has to write the next one before another does.

Round robin gives a ticket to the agent who has waited longest. One who comes back, or is new, gets
one at once and then takes turns like everyone, instead of all that was missed.

Least loaded goes by open tickets: those counted at the provider a while ago, and those given out
here since, which the provider's search finds only minutes later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

LOAD_AGE_S = 300.0
"""How long a count of an agent's open tickets is gone by."""
INDEX_LAG_S = 180.0
"""What the search may not have found yet when it counted:
https://developers.freshdesk.com/api/#filter_tickets"""
MOST_AGENTS = 2_000
_MINUTE = 60


@dataclass(frozen=True)
class Load:
    """How many open tickets an agent had at a time, in epoch seconds."""

    tickets: int
    counted_at: float


@dataclass(frozen=True)
class Standing:
    """One group's assignments.

    `version` grows with every write. `turns`: the number of each agent's last turn. `given`: by
    minute since the epoch, how many tickets each agent was given. `counting_until`: someone is
    counting loads, up to this time in epoch seconds.
    """

    version: int = 0
    turns: Mapping[int, int] = field(default_factory=dict)
    given: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    loads: Mapping[int, Load] = field(default_factory=dict)
    counting_until: float = 0.0


def longest_waiting(standing: Standing, available: Collection[int]) -> int:
    """Round robin: who has waited longest; the lowest id among those who never had a turn."""
    return min(available, key=lambda agent: (standing.turns.get(agent, 0), agent))


def least_loaded(standing: Standing, available: Collection[int]) -> int:
    """Who has the fewest open tickets, and among equals who has waited longest.

    An agent who was never counted may have many: the others come first.
    """
    counted = [agent for agent in available if agent in standing.loads] or available
    return min(
        counted,
        key=lambda agent: (load_of(standing, agent), standing.turns.get(agent, 0), agent),
    )


def load_of(standing: Standing, agent: int) -> int:
    """Open tickets: what was counted, and what was given since, as far as it was not counted."""
    load = standing.loads.get(agent, Load(0, float("-inf")))
    since = load.counted_at - INDEX_LAG_S
    return load.tickets + sum(
        agents.get(agent, 0)
        for minute, agents in standing.given.items()
        if (minute + 1) * _MINUTE > since
    )


def to_count(standing: Standing, available: Collection[int], now: float) -> list[int]:
    """The agents whose load is unknown or was counted too long ago, the oldest count first."""
    counted_at = {
        agent: standing.loads[agent].counted_at if agent in standing.loads else float("-inf")
        for agent in available
    }
    old = [agent for agent, at in counted_at.items() if not 0 <= now - at < LOAD_AGE_S]
    return sorted(old, key=lambda agent: (counted_at[agent], agent))


def counted(standing: Standing, loads: Mapping[int, Load]) -> Standing:
    """The standing with loads that were counted just now."""
    return replace(standing, loads={**standing.loads, **loads}, counting_until=0.0)


def given_to(standing: Standing, agent: int, now: float) -> Standing:
    """The next standing, after a ticket for this agent; what is too old to matter goes."""
    turns = {**standing.turns, agent: max(standing.turns.values(), default=0) + 1}
    latest = sorted(turns, key=lambda one: turns[one])[-MOST_AGENTS:]
    minute = int(now // _MINUTE)
    oldest = minute - int((LOAD_AGE_S + INDEX_LAG_S) // _MINUTE) - 1
    given = {at: dict(agents) for at, agents in standing.given.items() if at >= oldest}
    given.setdefault(minute, {})
    given[minute][agent] = given[minute].get(agent, 0) + 1
    return replace(
        standing,
        version=standing.version + 1,
        turns={one: turns[one] for one in latest},
        given=given,
        loads=dict(
            sorted(standing.loads.items(), key=lambda held: held[1].counted_at)[-MOST_AGENTS:]
        ),
    )


def as_json(standing: Standing) -> dict[str, Any]:
    """Without its version."""
    return {
        "turns": {str(agent): turn for agent, turn in standing.turns.items()},
        "given": {
            str(minute): {str(agent): times for agent, times in agents.items()}
            for minute, agents in standing.given.items()
        },
        "loads": {
            str(agent): [load.tickets, load.counted_at] for agent, load in standing.loads.items()
        },
        "counting_until": standing.counting_until,
    }


def from_json(body: Mapping[str, Any], version: int) -> Standing:
    """What `as_json` gave."""
    return Standing(
        version=version,
        turns={int(agent): turn for agent, turn in body["turns"].items()},
        given={
            int(minute): {int(agent): times for agent, times in agents.items()}
            for minute, agents in body["given"].items()
        },
        loads={int(agent): Load(*load) for agent, load in body["loads"].items()},
        counting_until=body["counting_until"],
    )
