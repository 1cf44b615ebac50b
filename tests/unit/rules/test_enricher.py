"""What becomes of an event whose record cannot be had."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from freshbridge.actions.mapping import FieldNames
from freshbridge.budget.budgeted_transport import Waiting
from freshbridge.circuit.refusal import CircuitOpen
from freshbridge.errors import NotFound, ProviderDown, Unauthorized
from freshbridge.events import record_fetcher
from freshbridge.events.enrichment import Fetched
from freshbridge.events.fetchable import Wanted
from freshbridge.events.normalised import Event
from freshbridge.events.record_fetcher import RecordFetcher
from freshbridge.freshdesk.paging import Page
from freshbridge.instances.registry import UnknownInstance
from freshbridge.rules.enricher import Enricher
from freshbridge.rules.model import RuleAction
from tests import builders

NOW = datetime(2026, 3, 3, 12, 5, tzinfo=UTC)
NEEDY = builders.rule(conditions={"description": {"contains": "flames"}})


def circuit(reason: str) -> CircuitOpen:
    return CircuitOpen("held back", after=9.0, advice="", circuit={"reason": reason})


class Fetcher:
    """Gives what it was made with, or raises it; `asked` holds what was wanted of it."""

    def __init__(self, outcome: Fetched | Exception) -> None:
        self._outcome = outcome
        self.asked: list[Wanted] = []

    def fetch(self, _event: Event, wanted: Wanted, _names: Any, *, waiting: Waiting) -> Fetched:
        """What it was made with."""
        assert waiting.longest_s == 0
        self.asked.append(wanted)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


def enriched(outcome: Fetched | Exception) -> Event:
    enricher = Enricher(cast("RecordFetcher", Fetcher(outcome)), clock=lambda: NOW)
    return enricher.enriched(
        builders.event(), [NEEDY], config={}, choice="auto", waiting=Waiting(longest_s=0)
    )


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (Fetched("t", ticket={"description": "flames"}), "fetched", ""),
        (NotFound("no such ticket"), "gone", ""),
        (UnknownInstance("no such instance"), "refused", "unknown_instance: no such instance"),
        (Unauthorized("wrong key"), "refused", "unauthorized: wrong key"),
        (circuit("key_refused"), "refused", "circuit_open: held back"),
    ],
)
def test_an_event_goes_on_and_says_what_became_of_fetching(
    outcome: Fetched | Exception, state: str, reason: str
) -> None:
    event = enriched(outcome)

    assert event.enriched == state
    assert reason in event.enrichment_error
    assert event.enriched_at == ("t" if state == "fetched" else "2026-03-03T12:05:00Z")


@pytest.mark.parametrize("outcome", [circuit("provider_down"), ProviderDown("500")])
def test_what_time_will_mend_is_waited_for(outcome: Exception) -> None:
    with pytest.raises(type(outcome)):
        enriched(outcome)


def test_rules_that_come_to_the_same_later_are_known() -> None:
    enricher = Enricher(cast("RecordFetcher", Fetcher(Fetched("t"))))

    def saying(text: str, number: int, **changed: Any) -> Any:
        note = RuleAction("freshdesk", "add_note", {"ticket_id": 1, "body": text})
        return builders.rule(rule_id=f"rul_{number}", actions=(note,), **changed)

    rules = [
        saying("plain", 1),
        saying("{{ ticket.description }}", 2),
        saying("{{ event|tojson }}", 3),
        saying("plain", 4, conditions={"description": "x"}),
        saying("plain", 5, conditions={"priority": 1}),
        saying("{{ ticket.subject }} {{ ticket.nothing }}", 6),
    ]

    handing_on = RuleAction("freshbridge", "run_rule", {"rule_id": "rul_1"})
    rules.append(builders.rule(rule_id="rul_7", actions=(handing_on,)))

    found = enricher.independent(builders.event(), rules, config={})

    assert [rule.rule_id for rule in found] == ["rul_1", "rul_6"]


class Client:
    """Gives tickets by their number."""

    def ticket(self, number: int, *, include: list[str]) -> dict[str, Any]:
        """A ticket."""
        return {"id": number, "include": include}

    def conversations(self, number: int) -> list[Page]:
        """As many notes as its number says."""
        return [Page([{"id": one} for one in range(number)], 1, None, None)]


class OneClient:
    """Connections to one account; counts how often they are used."""

    def __init__(self) -> None:
        self.used = 0

    def use(self, _instance: str, work: Any, **_how: Any) -> Any:
        """Run the work."""
        self.used += 1
        return work(Client(), None)


def test_no_more_records_are_kept_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_fetcher, "MOST_KEPT", 3)
    connections = OneClient()
    fetcher = RecordFetcher(cast("Any", connections), clock=lambda: NOW)

    def fetch(number: int) -> Fetched:
        event = builders.event(ticket={"id": number})
        wanted = Wanted(ticket=True)
        return fetcher.fetch(event, wanted, FieldNames({}), waiting=Waiting(longest_s=0))

    for number in (1, 2, 3, 4):
        assert fetch(number).ticket["id"] == number
    assert connections.used == 4

    fetch(4)
    assert connections.used == 4
    fetch(1)
    assert connections.used == 5


def test_a_long_conversation_counts_for_as_many_records_as_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record_fetcher, "MOST_KEPT", 100)
    connections = OneClient()
    fetcher = RecordFetcher(cast("Any", connections), clock=lambda: NOW)

    def fetch(number: int, wanted: Wanted) -> None:
        event = builders.event(ticket={"id": number}, note={"id": 1})
        fetcher.fetch(event, wanted, FieldNames({}), waiting=Waiting(longest_s=0))

    # Given a ticket, and the notes of another that leave it no room
    fetch(1, Wanted(ticket=True))
    fetch(100, Wanted(note=True))
    assert connections.used == 2

    # Then the notes are there, and the ticket has to be asked for
    fetch(100, Wanted(note=True))
    assert connections.used == 2
    fetch(1, Wanted(ticket=True))
    assert connections.used == 3


def test_a_clock_that_is_behind_does_not_make_every_record_too_old() -> None:
    connections = OneClient()
    fetcher = RecordFetcher(cast("Any", connections), clock=lambda: NOW)
    event = builders.event(received_at="2026-03-03T12:09:00Z")

    found = fetcher.fetch(event, Wanted(ticket=True), FieldNames({}), waiting=Waiting(longest_s=0))

    assert found.ticket["id"] == 1042
    assert found.at == "2026-03-03T12:05:00Z"
