"""Users: contacts and agents share one id space and one set of unique addresses.

Contacts and agents are made here, because ticket creation makes contacts too; their own calls
live in their families. Records have every key of the vendor's single view; list views leave some
out when they render.
"""

from typing import Any
from uuid import UUID

from local.freshdesk.account import Account, Record

# Attributes that find a user, each unique in the account (phone only for looking up a requester).
UNIQUE_KEYS = ("email", "twitter_id", "unique_external_id", "phone", "mobile", "facebook_id")


def new_contact(account: Account, name: str, **attributes: Any) -> Record:
    """A contact with ``attributes`` (wire names) over the defaults, stored and indexed.

    Pass ``id`` for an agent who becomes a contact: users keep their id. So does ``new_agent``.
    """
    user_id = attributes["id"] if "id" in attributes else account.next_id("user")
    stamp = account.clock.stamp()
    first, _, last = name.partition(" ")
    contact: Record = {
        "active": False, "address": None, "deleted": False, "description": None, "email": None,
        "id": user_id, "job_title": None, "language": "en", "mobile": None, "name": name,
        "phone": None, "time_zone": "Eastern Time (US & Canada)", "twitter_id": None,
        "custom_fields": {}, "tags": [], "other_emails": [], "facebook_id": None,
        "created_at": stamp, "updated_at": stamp, "csat_rating": None, "preferred_source": None,
        "company_id": None, "view_all_tickets": False, "other_companies": [],
        "unique_external_id": None, "avatar": None, "first_name": first, "last_name": last,
        "visitor_id": str(UUID(int=user_id)),
        # Above 2**53 on purpose: a client that reads JSON numbers as doubles corrupts it.
        "org_contact_id": (1 << 60) + user_id * 7 + 1,
        "other_phone_numbers": [], "blocked": False,
    }  # fmt: skip
    contact.update(attributes)
    account.contacts[user_id] = contact
    index_user(account, user_id, contact)
    return contact


def new_agent(account: Account, name: str, email: str, **attributes: Any) -> Record:
    """An agent; ``attributes`` are the record's own (``role_ids``, ``group_ids``, …)."""
    user_id = attributes["id"] if "id" in attributes else account.next_id("user")
    stamp = account.clock.stamp()
    agent: Record = {
        "available": True, "occasional": False, "id": user_id, "ticket_scope": 1,
        "group_ids": [], "role_ids": [], "skill_ids": [], "contribution_group_ids": [],
        "created_at": stamp, "updated_at": stamp, "last_active_at": None,
        "available_since": None, "type": "support_agent",
        "contact": {
            "active": True, "email": email, "job_title": None, "language": "en",
            "last_login_at": None, "mobile": None, "name": name, "phone": None,
            "time_zone": "Eastern Time (US & Canada)", "created_at": stamp, "updated_at": stamp,
        },
        "deactivated": False, "signature": None, "focus_mode": True,
    }  # fmt: skip
    agent.update(attributes)
    account.agents[user_id] = agent
    index_user(account, user_id, agent["contact"])
    return agent


def _normal(value: object) -> str:
    return str(value).strip().lower()


def index_user(account: Account, user_id: int, attributes: Record) -> None:
    """Make the user findable by each unique attribute present, ``other_emails`` included."""
    for key, value in _keys(attributes):
        account.user_keys.setdefault((key, value), user_id)


def unindex_user(account: Account, user_id: int, attributes: Record) -> None:
    """Undo ``index_user``; call it before changing or deleting, with the old attributes."""
    for key in _keys(attributes):
        if account.user_keys.get(key) == user_id:
            del account.user_keys[key]


def _keys(attributes: Record) -> list[tuple[str, str]]:
    keys = [(key, _normal(attributes[key])) for key in UNIQUE_KEYS if attributes.get(key)]
    return keys + [("email", _normal(email)) for email in attributes.get("other_emails") or ()]


def find_user(account: Account, key: str, value: object) -> int | None:
    """The id of the contact or agent whose ``key`` is ``value``, letter case aside."""
    return account.user_keys.get((key, _normal(value)))


def person(account: Account, user_id: int | None) -> Record | None:
    """The attributes of a user as a person: a contact's record or an agent's ``contact``."""
    if user_id is None:
        return None
    if agent := account.agents.get(user_id):
        return {"id": user_id, **agent["contact"]}
    return account.contacts.get(user_id)


def requester_view(account: Account, user_id: int | None) -> Record | None:
    """``include=requester``: id, name, email, mobile, phone."""
    found = person(account, user_id)
    return found and {key: found[key] for key in ("id", "name", "email", "mobile", "phone")}


def company_of_email(account: Account, email: str | None) -> int | None:
    """The company whose domains include the address's domain."""
    domain = _normal(email or "").rpartition("@")[2]
    if not domain:
        return None
    return account.company_of_domain.get(domain)
