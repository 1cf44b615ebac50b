"""The account's agents and groups.

Source: https://developers.freshdesk.com/api/#agents, #groups
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from freshbridge.actions.action import Action, Effect, Outcome
from freshbridge.actions.context import Cached
from freshbridge.actions.freshdesk.fields import EmailAddress, RecordId
from freshbridge.actions.freshdesk.kept_reading import (
    BY_HUNDRED,
    Listing,
    aged,
    for_administrators,
    paged,
    read_kept,
)
from freshbridge.freshdesk.paging import records_of

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record


class ListAgents(Listing):
    """List the account's agents; the API key has to be an administrator's."""

    email: EmailAddress | None = Field(default=None, description="The agent's address")
    state: Literal["fulltime", "occasional"] | None = Field(
        default=None, description="Full-time agents only, or occasional ones"
    )
    group_id: RecordId | None = Field(default=None, description="Members of this group only")
    available: bool | None = Field(
        default=None, description="Those who take tickets now, or those who do not"
    )


def list_agents(context: Context, parameters: ListAgents) -> Outcome:
    """Read, filter, and cut out the page."""
    with for_administrators("list agents"):
        found = _agents(context, parameters)
        ages = [found]
        members: set[int] | None = None
        if parameters.group_id is not None:
            key = str(parameters.group_id)
            ages.append(read_kept(context, "group", key=key, fresh=parameters.fresh))
            members = {one for group in ages[1].records for one in group.get("agent_ids") or ()}
    agents = [one for one in found.records if _is_wanted(one, parameters, members)]
    if parameters.email is not None and not agents and found.cached:
        # Somebody who is asked for by name may be newer than what is kept.
        with for_administrators("list agents"):
            ages[0] = context.reference("agents", refresh=True)
        agents = [one for one in ages[0].records if _is_wanted(one, parameters, members)]
    return paged("agents", agents, parameters, ages)


def _agents(context: Context, parameters: ListAgents) -> Cached:
    asked = parameters.model_dump(include={"email", "state"}, exclude_none=True)
    if asked and (parameters.fresh or not context.instance.caching.enabled):
        # Freshdesk's own filter: one call instead of one for each hundred agents.
        return Cached(list(records_of(context.client.agents(asked))))
    return read_kept(context, "agents", fresh=parameters.fresh)


def _is_wanted(agent: Record, wanted: ListAgents, members: set[int] | None) -> bool:
    contact = agent.get("contact") or {}
    tests = (
        members is None or agent.get("id") in members,
        wanted.email is None
        or str(contact.get("email")).casefold() == str(wanted.email).casefold(),
        wanted.state is None or agent.get("occasional") is (wanted.state == "occasional"),
        wanted.available is None or agent.get("available") is wanted.available,
    )
    return all(tests)


class ListGroups(Listing):
    """List the account's agent groups; the API key has to be an administrator's."""

    with_agents: bool = Field(
        default=False, description="Also the ids of each group's agents, one call more a group"
    )


def list_groups(context: Context, parameters: ListGroups) -> Outcome:
    """Read, and cut out the page."""
    with for_administrators("list groups"):
        found = read_kept(context, "groups", fresh=parameters.fresh)
        outcome = paged("groups", found.records, parameters, [found])
        if not parameters.with_agents:
            return outcome
        single = [
            read_kept(context, "group", key=str(group["id"]), fresh=parameters.fresh)
            for group in outcome.data["groups"]
        ]
    whole = [record for one in single for record in one.records]
    return aged({**outcome.data, "groups": whole}, outcome.message, [found, *single])


ACTIONS = (
    Action(
        "freshdesk",
        "list_agents",
        ListAgents,
        list_agents,
        Effect.READ,
        credits_note=f"{BY_HUNDRED}. One more with group_id",
    ),
    Action(
        "freshdesk",
        "list_groups",
        ListGroups,
        list_groups,
        Effect.READ,
        credits_note=f"{BY_HUNDRED}. One more for each group with with_agents",
    ),
)
