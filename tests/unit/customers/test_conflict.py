"""One field of two customers: nothing, a write to either side, a conflict."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.customers import fingerprint
from freshbridge.customers.conflict import Settlement, settle
from freshbridge.customers.link import Side
from freshbridge.customers.matching import choose, digests
from freshbridge.customers.record import Known
from tests.unit.customers.test_convergence import link

OLD, NEW = "2026-03-03T12:00:00Z", "2026-03-03T13:00:00Z"


def settled(
    desk: str, sales: str, base: str | None = "was", *, newer: Side = Side.FRESHDESK, **given: Any
) -> Settlement:
    """What becomes of a title that is so in both, and was agreed to be `base`."""
    halves = {}
    for side, text in ((Side.FRESHDESK, desk), (Side.FRESHSALES, sales)):
        known = Known(side, "1", other="2")
        known.now = {"job_title": fingerprint.of_field("s", text)}
        if base is not None:
            known.agreed = {"job_title": fingerprint.of_field("s", base)}
        known.updated_at = NEW if side is newer else OLD
        halves[side] = known
    configured = link(**given)
    (rules,) = configured.kinds
    return settle(configured, rules.fields, halves[Side.FRESHDESK], halves[Side.FRESHSALES])


FIELD = frozenset({"job_title"})
NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("desk", "sales", "base", "outcome"),
    [
        ("was", "was", "was", (NONE, NONE, NONE)),
        ("new", "was", "was", (NONE, FIELD, NONE)),
        ("was", "new", "was", (FIELD, NONE, NONE)),
        ("new", "new", "was", (NONE, NONE, NONE)),
        ("", "was", "was", (NONE, FIELD, NONE)),
        ("a", "b", "was", (NONE, FIELD, FIELD)),
        ("a", "", None, (NONE, FIELD, NONE)),
        ("", "b", None, (FIELD, NONE, NONE)),
        ("a", "b", None, (NONE, FIELD, FIELD)),
        ("a", "a", None, (NONE, NONE, NONE)),
    ],
)
def test_only_what_changed_travels(
    desk: str, sales: str, base: str | None, outcome: tuple[Any, Any, Any]
) -> None:
    found = settled(desk, sales, base)

    assert (found.to_freshdesk, found.to_freshsales, found.conflicts) == outcome


@pytest.mark.parametrize(
    ("policy", "newer", "winner"),
    [
        ("newest", Side.FRESHDESK, Side.FRESHDESK),
        ("newest", Side.FRESHSALES, Side.FRESHSALES),
        ("freshdesk_wins", Side.FRESHSALES, Side.FRESHDESK),
        ("freshsales_wins", Side.FRESHDESK, Side.FRESHSALES),
    ],
)
def test_the_policy_says_whose_value_stays(policy: str, newer: Side, winner: Side) -> None:
    found = settled("a", "b", newer=newer, conflict=policy)

    assert found.to(winner.other) == FIELD
    assert found.to(winner) == NONE


@pytest.mark.parametrize("policy", ["newest", "freshdesk_wins", "freshsales_wins"])
def test_a_link_of_one_direction_has_one_source(policy: str) -> None:
    for newer in Side:
        found = settled("a", "b", newer=newer, conflict=policy, direction="to_freshsales")
        assert (found.to_freshsales, found.to_freshdesk) == (FIELD, NONE)
    # What its target changed alone stays there, and travels should the link go both ways.
    barred = settled("was", "b", direction="to_freshsales")
    assert (barred.barred, barred.keep, barred.to_freshdesk) == (FIELD, NONE, NONE)


def test_digests_tell_equal_from_different_and_nothing_else() -> None:
    assert fingerprint.of_field("s", "") == ""
    assert fingerprint.of_field("s", "a") == fingerprint.of_field("s", "a")
    assert fingerprint.of_field("s", "a") != fingerprint.of_field("t", "a")
    (key,) = digests("s", {"email": "mira@client.example"})
    assert key.startswith("email:")
    assert "mira" not in key


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ([], ("", False)),
        ([("1", False)], ("1", False)),
        ([("1", True)], ("", True)),
        ([("1", True), ("2", False)], ("2", False)),
    ],
)
def test_the_first_candidate_that_is_free_is_taken(candidates: Any, chosen: Any) -> None:
    assert choose(candidates) == chosen
