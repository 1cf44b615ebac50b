"""What reference data there is, and the calls that bring it.

Facts: https://developers.freshdesk.com/api/#agents, #groups, #ticket-fields, #contact-fields,
#company-fields, #account, #filter_companies
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.paging import Record, records_of

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient

KINDS: dict[str, Callable[[FreshdeskClient], list[Record]]] = {
    "agents": lambda client: list(records_of(client.agents())),
    "groups": lambda client: list(records_of(client.groups())),
    "ticket_fields": lambda client: client.ticket_fields(),
    "contact_fields": lambda client: client.contact_fields(),
    "company_fields": lambda client: client.company_fields(),
    "account": lambda client: [client.account()],
}
"""Whole lists; `account` is a list of one. Agents lack `group_ids`, groups lack `agent_ids`."""


def _group(client: FreshdeskClient, key: str) -> list[Record]:
    return [client.group(int(key))]


def _company_of_domain(client: FreshdeskClient, key: str) -> list[Record]:
    return client.companies_of_domain(key)


KEYED: dict[str, Callable[[FreshdeskClient, str], list[Record]]] = {
    "group": _group,
    "company_of_domain": _company_of_domain,
}
"""One record by a key: a group by its id, which then has its `agent_ids`, and the company of an
e-mail domain, none when there is none."""


def fetch(client: FreshdeskClient, kind: str, key: str) -> list[Record]:
    """Ask the provider.

    Raises:
        InvalidRequest: there is no such kind, or its key is missing or not asked for.
        Whatever the client raises.
    """
    if key and kind in KEYED:
        return KEYED[kind](client, key)
    if not key and kind in KINDS:
        return KINDS[kind](client)
    raise InvalidRequest(f"no reference data of kind {kind} {'with' if key else 'without'} a key")
