"""Who gets a ticket that names no agent: an available agent of its group.

Available is who has the switch on in Freshdesk and is not deactivated. The choice holds for the
action's idempotency key: an action that is tried again, wherever, assigns the same agent. Two
executors never take the same turn (see assignment_ledger).

Listing agents and groups takes an administrator's key; with another, or with no one available, the
ticket stays unassigned and the outcome says why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from freshbridge.actions.assignment_turns import (
    Load,
    Standing,
    counted,
    given_to,
    least_loaded,
    longest_waiting,
    to_count,
)
from freshbridge.errors import Forbidden, NotFound, Retry
from freshbridge.instances.config import assignment_strategy

if TYPE_CHECKING:
    from freshbridge.actions.context import Context

ATTEMPTS = 25
"""How often another executor may be faster: each time one of them gets its turn."""
AVAILABLE_AGE_S = 60.0
"""Agents switch themselves on and off during the day."""
COUNTED_AT_ONCE = 20
"""Agents whose open tickets one action counts, a call each; the next action counts the next."""
COUNTING_S = 30.0
"""How long others leave the counting to who has begun."""
# Everything but Resolved (4) and Closed (5), the account's own statuses from 8 on included; < and >
# include the number itself: https://developers.freshdesk.com/api/#filter_tickets
_OPEN = "(status:<3 OR status:>6)"

_PICKS: dict[str, Callable[[Standing, Collection[int]], int]] = {
    "round_robin": longest_waiting,
    "least_loaded": least_loaded,
}


class AssignmentBusy(Retry):
    """Others were faster each time; nothing was sent."""

    code = "assignment_busy"


@dataclass(frozen=True)
class Assignment:
    """Who was chosen, of which group and how; `reason` says why nobody was."""

    agent_id: int | None
    group_id: int | None
    strategy: str
    reason: str = ""

    def shown(self) -> dict[str, Any]:
        """As an outcome tells it."""
        return asdict(self)


def choose_agent(
    context: Context, group_id: int | None, *, strategy: str | None = None, purpose: str = ""
) -> Assignment:
    """Choose for one ticket. `strategy` is the instance's unless given, else round robin.

    `purpose` tells the tickets of one action apart. It costs one call for the agents and one for
    the group where they are not kept; least_loaded one more for each agent, every few minutes.

    Raises:
        AssignmentBusy, AssignmentUnavailable: try the action again; nothing was sent.
        Retry: the provider could not be asked for its agents.
    """
    strategy = strategy or assignment_strategy(context.instance.config) or "round_robin"
    assignments, instance_id = context.services.assignments, context.instance.instance_id
    purpose = f"{context.request.idempotency_key}\x1f{purpose}"
    if group_id is None:
        return Assignment(None, None, strategy, "the ticket has no group")
    if (before := assignments.chosen(instance_id, purpose)) is not None:
        return Assignment(before, group_id, strategy)
    available, reason = _available(context, group_id)
    if not available:
        return Assignment(None, group_id, strategy, reason)
    loads: dict[int, Load] = {}
    for _ in range(ATTEMPTS):
        standing = assignments.standing(instance_id, group_id)
        if strategy == "least_loaded":
            standing, loads = _with_loads(context, group_id, standing, available, loads)
        agent = _PICKS[strategy](standing, available)
        after = given_to(standing, agent, context.clock().timestamp())
        if assignments.choose(instance_id, group_id, after, purpose=purpose, agent_id=agent):
            return Assignment(agent, group_id, strategy)
        # Whoever was faster may have been this same action, running elsewhere.
        if (before := assignments.chosen(instance_id, purpose)) is not None:
            return Assignment(before, group_id, strategy)
    raise AssignmentBusy("others are being assigned tickets of this group", after=1.0)


def _available(context: Context, group_id: int) -> tuple[list[int], str]:
    """The agents who can be given a ticket, and why there are none."""
    try:
        groups = context.reference("group", key=str(group_id)).records
        agents = context.reference("agents", max_age_s=AVAILABLE_AGE_S).records
    except Forbidden:
        return [], "the API key may not list agents and groups, which takes an administrator's"
    except NotFound:
        return [], "the account has no such group"
    members = {member for group in groups for member in group.get("agent_ids") or ()}
    found = [
        agent["id"]
        for agent in agents
        if agent["id"] in members
        and agent.get("available") is True
        and not agent.get("deactivated")
        and agent.get("type") != "collaborator"
    ]
    if not members:
        return [], "the group has no agents"
    return sorted(found), "" if found else "no agent of the group is available"


def _with_loads(
    context: Context,
    group_id: int,
    standing: Standing,
    available: Collection[int],
    known: dict[int, Load],
) -> tuple[Standing, dict[int, Load]]:
    """The standing with loads fresh enough to go by, and those counted by this action."""
    now = context.clock().timestamp()
    if known:
        return counted(standing, known), known
    old = to_count(standing, available, now)[:COUNTED_AT_ONCE]
    if not old or standing.counting_until > now:
        return standing, known
    begun = replace(standing, version=standing.version + 1, counting_until=now + COUNTING_S)
    if not context.services.assignments.keep(context.instance.instance_id, group_id, begun):
        # Another was faster, and may have begun to count: the caller looks again.
        return standing, known
    loads = _count(context, old)
    return counted(begun, loads), loads


def _count(context: Context, agents: Collection[int]) -> dict[int, Load]:
    found: dict[int, Load] = {}
    for agent in agents:
        now = context.clock().timestamp()
        try:
            total = context.client.search_tickets(f"agent_id:{agent} AND {_OPEN}").total
        except Retry:
            # An older count does, or none: the ticket is not to wait for it.
            break
        found[agent] = Load(total, now)
    return found
