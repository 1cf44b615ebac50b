"""Fetch what an event does not carry, and let it hold up no rule that needs nothing more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.errors import Retry
from freshbridge.observability import count
from freshbridge.rules.comparison import own_statuses
from freshbridge.rules.enricher import choice_of

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.events.normalised import Event
    from freshbridge.instances.model import Instance
    from freshbridge.observability import Logger, Metrics
    from freshbridge.routing.ports import Dispatcher
    from freshbridge.rules.enricher import Enricher
    from freshbridge.rules.model import Rule


class Enriching:
    """Implements `freshbridge.routing.ports.Enricher`."""

    def __init__(
        self,
        enricher: Enricher,
        dispatcher: Dispatcher,
        *,
        logger: Logger,
        metrics: Metrics,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        """`dispatcher`: runs the rules that need nothing more."""
        self._enricher = enricher
        self._dispatcher = dispatcher
        self._log = logger
        self._metrics = metrics
        self._clock = clock

    def event(
        self,
        event: Event,
        rules: list[Rule],
        instance: Instance | None,
        *,
        waiting: Waiting,
        first: bool,
    ) -> Event:
        """The event with what is needed of it; as it is where its instance is gone.

        Where that has to wait, the rules that need nothing more run now. With the event, later,
        they ask for the same once more, which does nothing: once is enough of that, so they do it
        only when the message comes for the `first` time.

        Raises:
            Retry: the event comes again.
        """
        if instance is None:
            return event
        config = instance.config
        try:
            whole = self._enricher.enriched(
                event,
                rules,
                config=config,
                choice=choice_of(config, instance.configuration),
                waiting=waiting,
            )
        except Retry:
            if first:
                independent = self._enricher.independent(event, rules, config=config)
                statuses = own_statuses(config)
                self._dispatcher.dispatch(event, independent, now=self._clock(), statuses=statuses)
            raise
        if whole.enriched:
            told = {"enriched": whole.enriched, "reason": whole.enrichment_error}
            self._log.info("event enriched", extra=told)
            fetched = whole.enriched == "fetched"
            count(self._metrics, "EventsEnriched" if fetched else "EventsNotEnriched")
        return whole
