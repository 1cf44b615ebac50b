"""Fetching for an event holds up no rule that needs nothing, and runs none of them twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from freshbridge.budget.budgeted_transport import Waiting
from freshbridge.errors import Retry
from freshbridge.events.normalised import Event
from freshbridge.instances.model import Instance
from freshbridge.routing.enriching import Enriching
from freshbridge.rules.enricher import Enricher
from freshbridge.rules.model import Rule
from tests import builders
from tests.fakes.observed import Observed

NOW = datetime(2026, 3, 3, 12, 2, 41, tzinfo=UTC)
WAITING = Waiting(longest_s=1.0)
RULES = [builders.rule(), builders.rule(rule_id="rul_2")]


class Around:
    """An enricher that gives what it was told to, and a dispatcher that remembers."""

    def __init__(self, outcome: Event | Exception) -> None:
        self._outcome = outcome
        self.asked: list[dict[str, Any]] = []
        self.ran: list[tuple[list[str], datetime]] = []
        self.told = Observed()

    def enriched(self, _event: Event, _rules: list[Rule], **asked: Any) -> Event:
        """The event, or why not."""
        self.asked.append(asked)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def independent(self, _event: Event, rules: list[Rule], **_asked: Any) -> list[Rule]:
        """The second of the rules."""
        return rules[1:]

    def dispatch(
        self, _event: Event, rules: list[Rule], *, now: datetime, statuses: Any
    ) -> list[Any]:
        """Run them."""
        assert statuses == {}
        self.ran.append(([rule.rule_id for rule in rules], now))
        return []

    def event(self, instance: Instance | None, *, first: bool = True) -> Event:
        """Fetch for the one event."""
        enriching = Enriching(
            cast("Enricher", self),
            cast("Any", self),
            logger=self.told.logger,
            metrics=self.told.metrics,
            clock=lambda: NOW,
        )
        return enriching.event(builders.event(), RULES, instance, waiting=WAITING, first=first)


def test_rules_that_need_nothing_run_before_the_event_is_put_off_and_once() -> None:
    around = Around(Retry("the budget is spent"))

    with pytest.raises(Retry):
        around.event(builders.instance(), first=True)
    with pytest.raises(Retry):
        around.event(builders.instance(), first=False)

    assert around.ran == [(["rul_2"], NOW)]


def test_nothing_is_fetched_for_an_instance_that_is_gone() -> None:
    around = Around(Retry("must not be asked"))

    assert around.event(None) == builders.event()
    assert around.asked == []


def test_the_instance_chooses_what_is_fetched() -> None:
    around = Around(builders.event())

    around.event(builders.instance(config={"event.enrich": "always"}))

    (asked,) = around.asked
    assert (asked["choice"], asked["waiting"]) == ("always", WAITING)


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        ("fetched", {"EventsEnriched": 1}),
        ("refused", {"EventsNotEnriched": 1}),
        ("gone", {"EventsNotEnriched": 1}),
        ("", {}),
    ],
)
def test_what_came_of_it_is_counted(state: str, counts: dict[str, int]) -> None:
    whole = replace(builders.event(), enriched=state)
    around = Around(whole)

    assert around.event(builders.instance()) == whole
    assert around.told.counts == counts
    assert len(around.told.lines) == len(counts)
    assert around.ran == []
