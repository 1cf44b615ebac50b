"""What rows are called."""

from __future__ import annotations

import pytest

from freshbridge.analytics.names import Names
from freshbridge.analytics.report import UNKNOWN, Dimension, Key

NAMES = Names(
    agents=[{"id": 71, "contact": {"name": "Dana Roe"}}, {"id": 72, "name": "Lee Orr"}, {"id": 73}],
    groups=[{"id": 31, "name": "Billing"}],
    ticket_fields=[
        {"type": "default_subject"},
        {"type": "default_source", "choices": {"E-mail": 1, "Carrier pigeon": 101}},
    ],
)


@pytest.mark.parametrize(
    ("dimension", "key", "name"),
    [
        (Dimension.AGENT, 71, "Dana Roe"),
        (Dimension.AGENT, 72, "Lee Orr"),
        (Dimension.AGENT, 73, "73"),
        (Dimension.AGENT, 74, None),
        (Dimension.AGENT, None, "Unassigned"),
        (Dimension.GROUP, 31, "Billing"),
        (Dimension.GROUP, None, "No group"),
        (Dimension.PRIORITY, 4, "Urgent"),
        (Dimension.PRIORITY, None, None),
        (Dimension.TYPE, "Refund", "Refund"),
        (Dimension.TYPE, None, "No type"),
        (Dimension.TYPE, UNKNOWN, "Ticket not listed"),
        (Dimension.SOURCE, 1, "E-mail"),
        (Dimension.SOURCE, 2, "Portal"),
        (Dimension.SOURCE, 101, "Carrier pigeon"),
        (Dimension.DAY, "2026-03-01", "2026-03-01"),
    ],
)
def test_a_key_has_the_name_that_the_account_gives_it(
    dimension: Dimension, key: Key, name: str | None
) -> None:
    assert NAMES.of(dimension, key) == name


def test_without_the_accounts_fields_the_stock_names_stand() -> None:
    assert Names().of(Dimension.SOURCE, 1) == "Email"
