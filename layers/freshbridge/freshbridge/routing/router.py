"""Route one event of the queue: the order in which everything is done with it.

    taken ─► webhook check? ─► named ─► disabled? ─► fetched ─► rules ─► bus ─► callbacks ─► noted

Whatever fails in between is done again with the message: each step does nothing the second time. A
rule that cannot work fails the event last, when all the others have run and everybody was told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.actions.mapping import FieldNames
from freshbridge.events.status_type import typed
from freshbridge.observability import count
from freshbridge.rules.comparison import own_statuses
from freshbridge.rules.enricher import NotTold
from freshbridge.rules.route import NOT_TOLD
from freshbridge.rules.templates import InvalidTemplate

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.events.normalised import Event
    from freshbridge.instances.model import Instance
    from freshbridge.observability import Logger, Metrics
    from freshbridge.routing.ports import Dispatcher, Enricher, Recorder, Surroundings
    from freshbridge.routing.taking import Taking
    from freshbridge.rules.route import Run


@dataclass(frozen=True)
class Message:
    """A message in hand: `first` where it never came before; `waiting`: how long calls may wait."""

    message_id: str
    text: str
    first: bool
    waiting: Waiting


class Router:
    """Routes events. Errors of what it asks are raised as they are: the message comes again."""

    def __init__(
        self,
        taking: Taking,
        surroundings: Surroundings,
        *,
        enricher: Enricher,
        dispatcher: Dispatcher,
        recorder: Recorder,
        logger: Logger,
        metrics: Metrics,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        """Nothing is asked before the first message."""
        self._taking = taking
        self._around = surroundings
        self._enricher = enricher
        self._dispatcher = dispatcher
        self._recorder = recorder
        self._log = logger
        self._metrics = metrics
        self._clock = clock

    def route(self, message: Message) -> None:
        """Do with a message all that there is to do.

        Raises:
            InvalidTemplate, NotTold: rules that cannot work, once everything else is done.
        """
        taken = self._taking.take(message.message_id, message.text)
        if taken is None:
            return
        if self._around.is_check(taken.event):
            # A ticket made to see that webhooks arrive. This one did: that is all it was made for.
            self._log.info("webhook check arrived")
            count(self._metrics, "ActionsRequested", 0)
            self._recorder.routed(taken.event, [], considered=0, published_at="")
            return
        instance = self._around.instance(taken.event.instance_id)
        config = instance.config if instance else {}
        event = typed(FieldNames.of(config).shown_event(taken.event), config)
        if instance is not None and instance.disabled:
            # Kept, so that it can be replayed once the instance is switched on.
            self._log.info("event of a disabled instance", extra={"event_type": event.type})
            count(self._metrics, "ActionsRequested", 0)
            self._recorder.routed(event, [], considered=0, published_at="", disabled=True)
            return
        rules = self._around.rules(event.instance_id)
        if taken.only:
            rules = [rule for rule in rules if rule.rule_id in taken.only]
        event = self._enricher.event(
            event, rules, instance, waiting=message.waiting, first=message.first
        )
        runs = self._dispatcher.dispatch(
            event, rules, now=self._clock(), statuses=own_statuses(config)
        )
        if instance is not None:
            self._around.touch(event, instance)
        if not taken.only and (asked := self._around.customer(event)):
            count(self._metrics, "CustomersAskedFor", asked)
        # Whoever has some rules run once more does not tell subscribers of it.
        published_at = "" if taken.only else self._told(event, instance)
        self._recorder.routed(event, runs, considered=len(rules), published_at=published_at)
        self._report(event, runs)
        _fail_for_broken_rules(runs)

    def _told(self, event: Event, instance: Instance | None) -> str:
        """Tell subscribers; when they were told."""
        self._around.publish(event)
        if instance is not None and self._around.call_back(event, instance):
            count(self._metrics, "CallbacksRequested")
        return timestamps.to_text(self._clock())

    def _report(self, event: Event, runs: Sequence[Run]) -> None:
        asked = sum(len(run.requests()) for run in runs)
        skipped = sum(run.outcome == "skipped" for run in runs)
        told = {"event_type": event.type, "actions": asked, "rules_skipped": skipped}
        self._log.info("event routed", extra=told)
        count(self._metrics, "ActionsRequested", asked)


def _fail_for_broken_rules(runs: Sequence[Run]) -> None:
    """Have the event parked: that tells of them, and redriving it runs nothing twice."""
    broken = [run for run in runs if run.outcome == "failed"]
    if not broken:
        return
    # A long reason is cut, so all names come first.
    reasons = {run.rule.rule_id: run.reason for run in broken}
    reason = f"rule {', '.join(reasons)}: {'; '.join(reasons.values())}"
    if {run.code for run in broken} == {NOT_TOLD}:
        raise NotTold(reason)
    raise InvalidTemplate(reason)
