"""What a provider took without a word is told from what it writes in its own way."""

from __future__ import annotations

import pytest

from freshbridge.customers import fingerprint
from freshbridge.customers.ignoring import ignored
from freshbridge.customers.link import FieldRule


@pytest.mark.parametrize(
    ("sent", "held", "before", "is_ignored"),
    [
        ("gold", "gold", "", False),
        ("gold", "", "", True),
        ("gold", "silver", "silver", True),
        # Another case, other blanks, cut off: taken
        ("GOLD card", "gold  card", "gold card", False),
        ("gold card", "gold", "gold", False),
        ("+49 (30) 1", "+49301", "+49301", False),
        # Taken otherwise than sent, and not as it was
        ("gold", "bronze", "silver", False),
        # Emptied, or not
        ("", "", "gold", False),
        ("", "gold", "gold", True),
        ("-", "", "", True),
    ],
)
def test_a_field_that_stays_as_it_was_is_ignored(
    sent: str, held: str, before: str, *, is_ignored: bool
) -> None:
    rule = FieldRule("tier", "tier", "cf_tier")
    known = {"tier": fingerprint.of_field("s", before)}

    found = ignored([(rule, sent)], {"tier": held}, "s", known)

    assert found == (frozenset({"tier"}) if is_ignored else frozenset())


def test_what_a_reply_does_not_show_is_not_judged() -> None:
    company = FieldRule("company_id", "company_id", "sales_account_id", "company")
    tier = FieldRule("tier", "tier", "cf_tier")

    assert ignored([(company, "7"), (tier, "gold")], {"company_id": ""}, "s", {}) == frozenset()


@pytest.mark.parametrize(("sent", "held"), [("", "false"), ("false", "")])
def test_no_tick_is_no_tick(sent: str, held: str) -> None:
    rule = FieldRule("vip", "vip", "cf_vip", "boolean")
    before = {"vip": fingerprint.of_field("s", held)}

    assert ignored([(rule, sent)], {"vip": held}, "s", before) == frozenset()
    assert ignored([(rule, "true")], {"vip": held}, "s", before) == {"vip"}
