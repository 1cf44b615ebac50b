"""What an agent may be given: body specs, references, the seat limit, membership of groups.

Source: developers.freshdesk.com/api, Agents.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import (
    FieldError,
    max_agents_reached,
    no_such_record,
    validation_failed,
)
from local.freshdesk.validation import Field

TYPES: Final = {1: "support_agent", 2: "field_agent", 3: "collaborator"}
_IDS = Field("array", items=Field("integer", nullable=False))

# Taken when a contact becomes an agent, and by create and update.
AGENT_SETTINGS: Final = {
    "occasional": Field("boolean", nullable=False),
    "signature": Field("string"),
    "ticket_scope": Field("integer", nullable=False, choices=(1, 2, 3)),
    "skill_ids": _IDS,
    "group_ids": _IDS,
    "role_ids": _IDS,
    "type": Field("string", choices=tuple(TYPES.values())),
    "focus_mode": Field("boolean", nullable=False),
}
UPDATE: Final = {
    **{name: field for name, field in AGENT_SETTINGS.items() if name != "type"},
    "agent_type": Field("integer", nullable=False, choices=tuple(TYPES)),
    "language": Field("string"),
    "time_zone": Field("string"),
}
CREATE: Final = {
    **UPDATE,
    "name": Field("string", nullable=False, blank=False),
    "email": Field("email", required=True, nullable=False),
    "ticket_scope": Field("integer", required=True, nullable=False, choices=(1, 2, 3)),
    "phone": Field("string"),
    "mobile": Field("string"),
    "job_title": Field("string"),
}
# Of the person rather than of the seat: kept in the agent's ``contact``.
PERSONAL: Final = ("language", "time_zone", "phone", "mobile", "job_title")


def check_agent(account: Account, fields: Mapping[str, Any]) -> None:
    """References of a typed body. Raises ApiError 400."""
    skills = account.table("skills")
    tables: tuple[tuple[str, Mapping[int, Record], str], ...] = (
        ("group_ids", account.groups, "group"),
        ("role_ids", account.roles, "role"),
        ("skill_ids", skills, "skill"),
    )
    errors: list[FieldError] = [
        no_such_record(name, what)
        for name, table, what in tables
        if any(one not in table for one in fields.get(name) or ())
    ]
    if "role_ids" in fields and not fields["role_ids"]:
        message = "It should not be blank as this is a mandatory field"
        errors.append(FieldError("role_ids", message, "invalid_value"))
    if errors:
        raise validation_failed(errors)


def check_seat(account: Account) -> None:
    """Raises ApiError 403 when the plan has no seat left."""
    limit = account.settings.max_agents
    if len(account.agents) >= limit:
        raise max_agents_reached(limit)


def agent_attributes(account: Account, fields: Mapping[str, Any]) -> Record:
    """A new agent's record attributes from a checked body; a role is given when none was named."""
    kept = (
        "occasional",
        "signature",
        "ticket_scope",
        "skill_ids",
        "role_ids",
        "focus_mode",
        "type",
    )
    attributes = {name: fields[name] for name in kept if fields.get(name) is not None}
    if "agent_type" in fields:
        attributes["type"] = TYPES[fields["agent_type"]]
    attributes["group_ids"] = list(fields.get("group_ids") or ())
    if not attributes.get("role_ids"):
        agent_roles = (one["id"] for one in account.roles.values() if one["name"] == "Agent")
        attributes["role_ids"] = [next(agent_roles)]
    return attributes


def join_groups(account: Account, agent: Record, group_ids: Iterable[int]) -> None:
    """Make ``group_ids`` the agent's groups, on both sides of the relation."""
    wanted = set(group_ids)
    for group in account.groups.values():
        members = [one for one in group["agent_ids"] if one != agent["id"]]
        if group["id"] in wanted:
            members = [*members, agent["id"]]
        if members != group["agent_ids"]:
            group["agent_ids"] = members
    agent["group_ids"] = list(dict.fromkeys(group_ids))
