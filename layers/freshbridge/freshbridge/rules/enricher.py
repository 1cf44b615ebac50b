"""Make an event carry what its rules and subscribers need, and fetch nothing for the others.

    what conditions and templates name and the event lacks ──► one fetch for all ──► filled in

What became of it is on the event, in `enriched`. A record that is gone, or that the provider will
not give, holds nobody up: the event goes on without it. A rule whose condition turns on what was
refused has failed and says so, for neither yes nor no would be true; with a template that cannot be
filled it is as with any missing value. Waiting for the rate limit, or for a provider that is down,
puts the event off as a whole; rules that need nothing are run before it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.mapping import FieldNames
from freshbridge.circuit.refusal import CircuitOpen
from freshbridge.errors import FreshbridgeError, NotFound, Reject
from freshbridge.events.enrichment import filled, gone, refused
from freshbridge.events.fetchable import Wanted, everything, together
from freshbridge.instances.config import ENRICH
from freshbridge.instances.registry import UnknownInstance
from freshbridge.rules.called_event import RUN_RULE
from freshbridge.rules.called_rules import calls_of
from freshbridge.rules.comparison import own_statuses
from freshbridge.rules.foresight import Foresight, TemplatePaths
from freshbridge.rules.route import NOT_TOLD

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.events.normalised import Event
    from freshbridge.events.record_fetcher import RecordFetcher
    from freshbridge.rules.model import Rule

ENTRY = "event.enrich"


class NotTold(Reject):
    """The condition of a rule turns on what the provider would not tell."""

    code = NOT_TOLD
    default_advice = "Give the instance a key that may read it, then send the event back."


def choice_of(config: Mapping[str, Any], configuration: Mapping[str, str]) -> str:
    """When an instance's events are fetched: "always" for its subscribers, "never", or "auto".

    `event.enrich`, in its `config` or among its element's entries; what it is not is "auto".
    """
    for entries in (config, configuration):
        if (chosen := str(entries.get(ENTRY, "")).strip().lower()) in ENRICH:
            return chosen
    return "auto"


def wanted_for(
    event: Event,
    rules: Iterable[Rule],
    paths: TemplatePaths,
    *,
    config: Mapping[str, Any],
    choice: str,
) -> Wanted:
    """What is to be fetched for an event, for all of its rules together. Pure."""
    if choice == "never":
        return Wanted()
    foresight = Foresight(event, own_statuses(config))
    known = {rule.rule_id: rule for rule in rules}
    needed = [
        foresight.of_rule(
            rule, paths.of(rule), [(other, paths.of(other)) for other in _called(rule, known)]
        )
        for rule in known.values()
    ]
    return together(*needed, *([everything(event)] if choice == "always" else []))


def _called(rule: Rule, known: Mapping[str, Rule]) -> list[Rule]:
    """The rules that a rule runs on its event, and those that they run; each once."""
    found: dict[str, Rule] = {}
    left = [rule]
    while left:
        for _place, name in calls_of(left.pop()):
            if name in known and name not in found:
                found[name] = known[name]
                left.append(known[name])
    return list(found.values())


def _hands_on(rule: Rule) -> bool:
    # The event is among the parameters then, which are to be the same however often it is routed.
    return any((action.platform, action.action) == RUN_RULE for action in rule.actions)


class Enricher:
    """Fetches what events lack."""

    def __init__(
        self,
        fetcher: RecordFetcher,
        *,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        """Nothing is called before the first event that needs it."""
        self._fetcher = fetcher
        self._clock = clock
        self._paths = TemplatePaths()

    def enriched(
        self,
        event: Event,
        rules: Iterable[Rule],
        *,
        config: Mapping[str, Any],
        choice: str,
        waiting: Waiting,
    ) -> Event:
        """The event with what is needed of it, or with why it is not there.

        Raises:
            Retry: route the event again later; BudgetExhausted and CircuitOpen cost no attempt.
        """
        wanted = wanted_for(event, rules, self._paths, config=config, choice=choice)
        if not wanted:
            return event
        try:
            found = self._fetcher.fetch(event, wanted, FieldNames.of(config), waiting=waiting)
        except UnknownInstance as error:
            return self._refused(event, error)
        except NotFound:
            return gone(event, self._now())
        except CircuitOpen as error:
            if not error.hopeless:
                raise
            # The key is refused: no waiting mends that, and others need not wait for it.
            return self._refused(event, error)
        except Reject as error:
            return self._refused(event, error)
        return filled(event, found)

    def independent(
        self, event: Event, rules: Iterable[Rule], *, config: Mapping[str, Any]
    ) -> list[Rule]:
        """The rules that run on the event as it is, and come to the same once it is filled."""
        foresight = Foresight(event, own_statuses(config))
        return [
            rule
            for rule in rules
            if foresight.holds(rule.condition) is True
            and ("event",) not in (paths := self._paths.of(rule))
            and not foresight.unfilled(paths)
            and rule.options.enrich != "always"
            and not _hands_on(rule)
        ]

    def _refused(self, event: Event, error: FreshbridgeError) -> Event:
        return refused(event, self._now(), f"{error.code}: {error.headline}")

    def _now(self) -> str:
        return timestamps.to_text(self._clock())
