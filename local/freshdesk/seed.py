"""Deterministic data: the same request on an empty account gives the same records.

``POST /__sim/seed`` takes counts (``tickets``, ``contacts``, ``companies``, ``agents``,
``conversations_per_ticket``), ``seed``, and the shape of time: ``created_within_days`` spreads
creation over the days before now (default 25, inside the list's 30-day window),
``updated_within_days`` spreads the last update over the days before now, never before creation
(default: a while after creation), ``same_updated_at`` gives so many tickets one identical
``updated_at`` (to meet cursors that assume distinct stamps), and ``deleted_share`` and
``spam_share`` put that part of the tickets in those states. Ages are relative to the account's
clock: freeze it for stamps that repeat as well.
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.freshdesk.account import Account, Record
from local.freshdesk.clock import stamp_of
from local.freshdesk.people import new_agent, new_contact
from local.freshdesk.ticket_associations import empty_custom_fields
from local.freshdesk.ticket_fields import TYPES
from local.freshdesk.ticket_writes import SLA_SECONDS, store_conversation, ticket_defaults

_DEFAULTS: dict[str, Any] = {
    "tickets": 0, "contacts": 0, "companies": 0, "agents": 0, "conversations_per_ticket": 0,
    "seed": 1, "created_within_days": 25, "updated_within_days": None, "same_updated_at": 0,
    "deleted_share": 0, "spam_share": 0,
}  # fmt: skip
_TOPICS = ("Invoice", "Login", "Export", "Delivery", "Webhook", "Refund", "Report", "Password")
_TROUBLES = ("is blank", "fails", "is late", "shows an old value", "cannot be found", "is slow")
_FIRST_NAMES = ("Mira", "Tomas", "Aiko", "Luc", "Nadia", "Ruben", "Ines", "Goran", "Sofie", "Emre")
_LAST_NAMES = ("Holt", "Varga", "Mori", "Brandt", "Keller", "Ortiz", "Lind", "Petrov", "Quist")
_TAGS = ("billing", "pdf", "urgent", "vip", "bug", "how-to", "mobile", "beta")
_DAY_S = 86_400


def seed(account: Account, options: Mapping[str, Any]) -> dict[str, int]:
    """Add records; how many of each. Raises ValueError naming a wrong option."""
    chosen = {**_DEFAULTS, **options}
    if unknown := options.keys() - _DEFAULTS.keys():
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(_DEFAULTS)}")
    for name, value in chosen.items():
        allowed_none = name == "updated_within_days"
        number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        if not number and not (allowed_none and value is None):
            raise ValueError(f"{name} takes a number >= 0, not {value!r}")
    chance = random.Random(chosen["seed"])  # noqa: S311 - data, not secrets
    _agents(account, chosen["agents"])
    _companies(account, chosen["companies"], chance)
    _contacts(account, chosen["contacts"], chance)
    if chosen["tickets"]:
        _tickets(account, chosen, chance)
    names = ("tickets", "contacts", "companies", "agents", "conversations")
    return {name: len(account.tables[name]) for name in names}


def _agents(account: Account, count: int) -> None:
    role = next(one["id"] for one in account.roles.values() if one["name"] == "Agent")
    for _ in range(count):
        number = len(account.agents) + 1
        email = f"agent{number}@{account.settings.domain}.example"
        new_agent(account, f"Agent {number}", email, role_ids=[role])


def _companies(account: Account, count: int, chance: random.Random) -> None:
    for _ in range(count):
        company_id = account.next_id("company")
        number = len(account.companies) + 1
        domain = f"client{number}.example"
        stamp = account.clock.stamp(-chance.randrange(30 * _DAY_S))
        account.companies[company_id] = {
            "id": company_id, "name": f"Client {number} Ltd", "description": None, "note": None,
            "domains": [domain], "created_at": stamp, "updated_at": stamp, "custom_fields": {},
            "health_score": chance.choice(("At risk", "Doing okay", "Happy", None)),
            "account_tier": chance.choice(("Basic", "Premium", "Enterprise", None)),
            "renewal_date": None, "industry": None,
            "org_company_id": (1 << 60) + company_id * 7 + 3,
        }  # fmt: skip
        account.company_of_domain[domain] = company_id


def _contacts(account: Account, count: int, chance: random.Random) -> None:
    companies = list(account.companies)
    for _ in range(count):
        number = len(account.contacts) + 1
        name = f"{chance.choice(_FIRST_NAMES)} {chance.choice(_LAST_NAMES)} {number}"
        stamp = account.clock.stamp(-chance.randrange(30 * _DAY_S))
        new_contact(
            account, name, email=f"person{number}@people.example", active=chance.random() < 0.8,
            phone=f"+4420555{number:06d}" if chance.random() < 0.5 else None,
            unique_external_id=f"crm-{number}" if chance.random() < 0.5 else None,
            company_id=chance.choice(companies) if companies else None,
            created_at=stamp, updated_at=stamp,
        )  # fmt: skip


def _tickets(account: Account, chosen: Mapping[str, Any], chance: random.Random) -> None:
    if not account.contacts:
        _contacts(account, max(1, chosen["tickets"] // 20), chance)
    people = list(account.contacts.values())
    choices: dict[str, list[Any]] = {
        "group_id": [None, *account.groups], "responder_id": [None, *account.agents],
    }  # fmt: skip
    blank = ticket_defaults(account, "")
    custom = empty_custom_fields(account)
    now = account.clock.now().timestamp()
    stamps = _Stamps()
    batch = []
    # Oldest first, so that ids grow with creation as they do in an account that lived.
    spread = chosen["created_within_days"] * _DAY_S
    births = sorted(now - chance.random() * spread for _ in range(chosen["tickets"]))
    # No earlier than the youngest of them was born.
    equal = min(int(chosen["same_updated_at"]), len(births))
    same = stamps.of(births[equal - 1]) if equal else ""
    for place, born in enumerate(births):
        ticket = dict(blank)
        ticket["id"] = account.next_id("ticket")
        _fill(ticket, chance, chance.choice(people), choices, custom)
        _date(ticket, chance, (born, now), chosen["updated_within_days"], stamps)
        if place < equal:
            ticket["updated_at"] = same
        state = chance.random()
        ticket["deleted"] = state < chosen["deleted_share"]
        ticket["spam"] = not ticket["deleted"] and (
            state < chosen["deleted_share"] + chosen["spam_share"]
        )
        account.tickets[ticket["id"]] = ticket
        batch.append(ticket)
    for ticket in batch if chosen["conversations_per_ticket"] else ():
        _conversations(account, ticket, chosen["conversations_per_ticket"], chance)
    account.ticket_index.add_all(batch)


class _Stamps:
    """Stamps by whole second, remembered: formatting 200,000 of them is most of the work."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def of(self, seconds: float) -> str:
        whole = int(seconds)
        if whole not in self._known:
            self._known[whole] = stamp_of(datetime.fromtimestamp(whole, UTC))
        return self._known[whole]


def _fill(
    ticket: Record,
    chance: random.Random,
    requester: Record,
    choices: Mapping[str, list[Any]],
    custom: Record,
) -> None:
    number = ticket["id"]
    topic, trouble = chance.choice(_TOPICS), chance.choice(_TROUBLES)
    ticket["subject"] = f"{topic} {trouble} #{number}"
    ticket["description"] = f"<div>The {topic.lower()} {trouble}. Case {number}.</div>"
    ticket["description_text"] = f"The {topic.lower()} {trouble}. Case {number}."
    ticket["requester_id"], ticket["company_id"] = requester["id"], requester["company_id"]
    ticket["status"] = chance.choice((2, 2, 2, 3, 4, 5, 5, 6, 7))
    ticket["priority"] = chance.choice((1, 1, 2, 2, 3, 4))
    ticket["source"] = chance.choice((1, 1, 2, 3, 7, 9))
    ticket["type"] = chance.choice((None, *TYPES))
    ticket["group_id"] = chance.choice(choices["group_id"])
    ticket["responder_id"] = chance.choice(choices["responder_id"])
    ticket["tags"] = sorted({chance.choice(_TAGS) for _ in range(chance.randrange(3))})
    ticket["custom_fields"] = {
        **custom,
        "cf_region": chance.choice(("EMEA", "APAC", "AMER", None)),
        "cf_reference_number": number,
        "cf_vip": chance.random() < 0.1,
    }


def _date(
    ticket: Record,
    chance: random.Random,
    span: tuple[float, float],
    updated_within_days: float | None,
    stamps: _Stamps,
) -> None:
    born, now = span
    if updated_within_days is None:
        changed = born + chance.random() * min(now - born, 5 * _DAY_S)
    else:
        changed = max(born, now - chance.random() * updated_within_days * _DAY_S)
    respond, resolve = SLA_SECONDS[ticket["priority"]]
    ticket["created_at"] = stamps.of(born)
    ticket["updated_at"] = stamps.of(changed)
    ticket["fr_due_by"], ticket["due_by"] = stamps.of(born + respond), stamps.of(born + resolve)
    stats = dict(ticket["stats"])
    stats["status_updated_at"] = ticket["updated_at"]
    if ticket["status"] in {4, 5}:
        stats["resolved_at"] = ticket["updated_at"]
        stats["closed_at"] = ticket["updated_at"] if ticket["status"] == 5 else None
    elif ticket["status"] == 3:
        stats["pending_since"] = ticket["updated_at"]
    ticket["stats"] = stats


def _conversations(account: Account, ticket: Record, count: int, chance: random.Random) -> None:
    """Stored without announcement: nothing happened, it always was so."""
    agents = list(account.agents)
    stamp = ticket["updated_at"]
    for number in range(1, count + 1):
        incoming = chance.random() < 0.5
        private = not incoming and chance.random() < 0.4
        text = f"Message {number} on case {ticket['id']}."
        store_conversation(
            account,
            {
                "body": f"<div>{text}</div>", "incoming": incoming,
                "private": private, "source": 2 if private else 0, "category": 2 if private else 3,
                "user_id": ticket["requester_id"] if incoming else chance.choice(agents),
                "ticket_id": ticket["id"], "created_at": stamp, "updated_at": stamp,
            }
        )  # fmt: skip
