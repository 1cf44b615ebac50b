"""A record at the provider belongs to one action, whichever function asks."""

from __future__ import annotations

from freshbridge.actions.claims import KEPT_S, ClaimLedger
from tests.integration.conftest import Stack

RECORD = "https://acme.freshdesk.com#ticket#7"


def test_the_first_claim_stands(stack: Stack) -> None:
    one, other = (ClaimLedger(stack.names["IdempotencyTable"]) for _ in range(2))

    assert one.holder(RECORD) is None
    assert one.take(RECORD, "act_1")
    assert not other.take(RECORD, "act_2")
    assert one.take(RECORD, "act_1"), "its own"
    assert other.holder(RECORD) == "act_1"
    assert other.take("https://acme.freshdesk.com#ticket#8", "act_2")


def test_a_claim_ends_with_its_time_even_if_the_table_still_has_it(stack: Stack) -> None:
    table = stack.names["IdempotencyTable"]
    ClaimLedger(table, clock=lambda: 1e9).take(RECORD, "act_1")
    during = ClaimLedger(table, clock=lambda: 1e9 + KEPT_S - 1)
    after = ClaimLedger(table, clock=lambda: 1e9 + KEPT_S)

    assert during.holder(RECORD) == "act_1"
    assert after.holder(RECORD) is None
    assert after.take(RECORD, "act_2")
