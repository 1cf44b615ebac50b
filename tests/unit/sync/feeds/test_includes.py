"""What to embed in the ticket list is weighed against what it costs and what is copied anyway."""

from __future__ import annotations

import pytest

from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.rate_limit import credits_of
from freshbridge.sync.feeds.includes import NAMES, weigh
from freshbridge.sync.selection import wanted_of
from tests import builders


@pytest.mark.parametrize(
    ("wanted", "selected", "include", "credits"),
    [
        ((), (), (), 1),
        (("stats",), ("contacts",), ("stats",), 3),
        (("stats", "requester"), (), ("stats", "requester"), 5),
        (("stats", "requester"), ("contacts",), ("stats",), 3),
        (("requester", "company"), ("contacts", "companies"), (), 1),
        (("requester", "company"), ("companies",), ("requester",), 3),
        (NAMES, (), ("stats", "description", "requester", "company"), 9),
    ],
)
def test_what_is_copied_as_an_object_of_its_own_is_not_embedded(
    wanted: tuple[str, ...], selected: tuple[str, ...], include: tuple[str, ...], credits: int
) -> None:
    weighed = weigh(wanted, selected)

    assert weighed.include == include
    assert weighed.credits == credits == credits_of("GET", "/tickets", ",".join(include))
    assert weighed.reasons.keys() == set(wanted)


def test_each_choice_says_why() -> None:
    weighed = weigh(("requester", "stats"), ("contacts",))

    assert "joining by requester_id" in weighed.reasons["requester"]
    assert "2 credits a page" in weighed.reasons["stats"]
    assert weighed.shown() == {
        "include": ["stats"],
        "credits_per_page": 3,
        "reasons": dict(weighed.reasons),
    }


def test_what_somebody_chose_is_embedded_and_told_what_it_costs() -> None:
    weighed = weigh(("requester", "stats"), ("contacts",), asked_for=True)

    assert (weighed.include, weighed.credits) == (("stats", "requester"), 5)
    assert weighed.reasons["requester"].startswith("as it was asked for; contacts are copied")
    assert weighed.reasons["stats"].startswith("2 credits")


@pytest.mark.parametrize(
    ("created_at", "asked"),
    [("", True), ("2018-11-30T08:00:00Z", False), ("2018-12-01", True), ("2026-01-01", True)],
)
def test_the_description_is_asked_for_by_accounts_that_do_not_get_it_anyway(
    created_at: str, asked: bool
) -> None:
    weighed = weigh(("description",), (), account_created_at=created_at)
    assert (weighed.include == ("description",)) is asked


def test_a_resource_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match="conversations is not known"):
        weigh(("stats", "conversations"), ())


def test_what_an_instance_embeds_is_weighed_unless_it_says_so() -> None:
    plain = wanted_of(builders.instance(sync_objects=("tickets", "contacts")))[0]
    chosen = wanted_of(
        builders.instance(
            sync_objects=("tickets", "contacts"),
            config={"sync": {"tickets": {"include": ["requester"]}}},
        )
    )[0]

    assert (plain.include, plain.weighed.credits) == (("stats", "description"), 5)
    assert (chosen.include, chosen.weighed.credits) == (("requester",), 3)
    assert wanted_of(builders.instance(sync_objects=("agents",)))[0].include == ()
