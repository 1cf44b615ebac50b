"""What a new account holds: three agents, two groups, roles, a mailbox and the ticket form."""

from local.freshdesk.account import Account, Record
from local.freshdesk.people import new_agent
from local.freshdesk.reference_data import put_reference_data
from local.freshdesk.ticket_fields import put_standard_fields

ADMIN_ROLES = ("Account Administrator", "Administrator")
_ROLES = (*ADMIN_ROLES, "Supervisor", "Agent")


def fill(account: Account) -> None:
    """Put the starting records into an empty account; the first agent gets the API key."""
    roles = {name: _role(account, name) for name in _ROLES}
    admin_role, agent_role = roles["Account Administrator"]["id"], roles["Agent"]["id"]
    dana = new_agent(
        account, "Dana Roe", f"dana@{account.settings.domain}.example", role_ids=[admin_role]
    )
    others = [
        new_agent(
            account, name, f"{name.split()[0].lower()}@{account.settings.domain}.example",
            role_ids=[agent_role],
        )
        for name in ("Bao Linh", "Imre Vass")
    ]  # fmt: skip
    account.api_keys[account.first_api_key] = dana["id"]
    new_group(account, "Billing", "Invoices and refunds", [dana["id"], others[0]["id"]])
    new_group(account, "Technical Support", "Defects and how-to", [other["id"] for other in others])
    put_standard_fields(account)
    _mailbox(account)
    put_reference_data(account)


def _role(account: Account, name: str) -> Record:
    stamp = account.clock.stamp()
    role: Record = {
        "id": account.next_id("role"), "name": name, "description": f"{name} role",
        "default": True, "agent_type": 1, "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip
    account.roles[role["id"]] = role
    return role


def new_group(account: Account, name: str, description: str, agent_ids: list[int]) -> Record:
    """A group, and its id in each member's ``group_ids``."""
    stamp = account.clock.stamp()
    group: Record = {
        "id": account.next_id("group"), "name": name, "description": description,
        "escalate_to": None, "unassigned_for": None, "business_hour_id": None,
        "group_type": "support_agent_group", "created_at": stamp, "updated_at": stamp,
        "agent_ids": agent_ids, "auto_ticket_assign": 0,
    }  # fmt: skip
    account.groups[group["id"]] = group
    for agent_id in agent_ids:
        agent = account.agents[agent_id]
        agent["group_ids"] = [*agent["group_ids"], group["id"]]
    return group


def _mailbox(account: Account) -> None:
    stamp = account.clock.stamp()
    address = f"support@{account.host}"
    mailbox_id = account.next_id("email_config")
    account.table("email_configs")[mailbox_id] = {
        "id": mailbox_id, "name": "Acme Support", "product_id": None, "to_email": address,
        "reply_email": address, "group_id": None, "primary_role": True, "active": True,
        "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip


def is_admin(account: Account, agent: Record) -> bool:
    """Whether the agent's roles let it use the admin families."""
    return any(
        account.roles[role_id]["name"] in ADMIN_ROLES
        for role_id in agent["role_ids"]
        if role_id in account.roles
    )
