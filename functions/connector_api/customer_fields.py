"""Holds the fields of a customer link against what its two accounts say they have."""

from __future__ import annotations

from typing import Any

from connector_api.ports import ports
from freshbridge.customers.account_fields import asks, unknown_fields
from freshbridge.customers.link import Kind, KindRules, Link, Side
from freshbridge.customers.link_reading import InvalidLink
from freshbridge.errors import FieldError, FreshbridgeError


def check_fields(link: Link) -> list[str]:
    """What could not be checked, and why.

    Raises:
        InvalidLink: naming the fields that an account has not, and those of a like name.
    """
    wrong: list[FieldError] = []
    warnings: list[str] = []
    for side in Side:
        for rules in link.kinds:
            if not asks(rules, side):
                continue
            try:
                wrong += unknown_fields(rules, side, _listed(link, side, rules))
            except FreshbridgeError as error:
                warnings.append(
                    f"the fields of {rules.kind} were not checked: {side} did not list them "
                    f"({error.code})"
                )
    if wrong:
        raise InvalidLink("The link cannot be used", where="customer link", fields=wrong)
    return warnings


def _listed(link: Link, side: Side, rules: KindRules) -> list[dict[str, Any]]:
    def of_desk(client: Any) -> list[dict[str, Any]]:
        read = client.contact_fields if rules.kind is Kind.CONTACTS else client.company_fields
        found: list[dict[str, Any]] = read()
        return found

    def of_sales(client: Any) -> list[dict[str, Any]]:
        records = client.contacts if rules.kind is Kind.CONTACTS else client.sales_accounts
        found: list[dict[str, Any]] = records.fields()
        return found

    read = of_desk if side is Side.FRESHDESK else of_sales
    return ports().connections.use(
        link.instance(side), lambda client, _instance: read(client), platform=side.value
    )
