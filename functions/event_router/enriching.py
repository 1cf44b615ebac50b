"""What the router fetches for its events, and what it does while that has to wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge import settings, timestamps
from freshbridge.budget.assembly import budgets, patience
from freshbridge.budget.ledger import Use
from freshbridge.circuit.assembly import circuits
from freshbridge.errors import Retry
from freshbridge.events.record_fetcher import RecordFetcher
from freshbridge.http_message import Timeouts
from freshbridge.instances.connection import Connections
from freshbridge.instances.trace_store import TraceStore
from freshbridge.instances.traced_transport import Tracer
from freshbridge.instances.vault import Vault
from freshbridge.observability import count, function_logger, function_metrics
from freshbridge.queues.batch import Patience
from freshbridge.rules.comparison import own_statuses
from freshbridge.rules.enricher import Enricher, choice_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.events.normalised import Event
    from freshbridge.instances.model import Instance
    from freshbridge.instances.registry import Registry
    from freshbridge.rules.dispatch import Dispatcher
    from freshbridge.rules.model import Rule
    from freshbridge.transport import Transport

logger = function_logger()
metrics = function_metrics()

TIMEOUTS = Timeouts(connect_s=3.0, read_s=8.0, total_s=12.0)
PATIENCE = Patience(reserve_ms=15_000)
"""A fetch that is begun is not to be cut off in the middle."""
LONGEST_WAIT_S = 1.0
"""A slot in the rate budget is waited for here; for one further away the event is put off."""
LONGEST_WAIT_BEGUN_S = 10.0
"""An event that has made one of several calls is not put off for a wait up to this."""


class Enriching:
    """Fetches what rules and subscribers need of events."""

    def __init__(
        self,
        chosen: settings.RouterSettings,
        instances: Registry,
        dispatcher: Dispatcher,
        transport: Callable[[], Transport],
    ) -> None:
        """Nothing is called before the first event that needs it."""
        self._dispatcher = dispatcher
        self.budgets = budgets(
            chosen.budget_table,
            chosen.rate_window_seconds,
            interactive_share=chosen.interactive_share,
        )
        connections = Connections(
            instances,
            Vault(chosen.stack_name),
            transport,
            allowed_origins=chosen.allowed_provider_origins,
            tracer=Tracer(TraceStore(chosen.trace_table), function="event_router", logger=logger),
            timeouts=TIMEOUTS,
            budgets=self.budgets,
            circuits=circuits(chosen.budget_table, logger, metrics),
        )
        self._enricher = Enricher(RecordFetcher(connections))

    def event(
        self,
        event: Event,
        rules: list[Rule],
        instance: Instance | None,
        context: LambdaContext,
        record: SQSRecord,
    ) -> Event:
        """The event with what is needed of it.

        Where that has to wait, the rules that need nothing more run now. With the event, later,
        they ask for the same once more, which does nothing: once is enough of that.

        Raises:
            Retry: the event comes again.
        """
        if instance is None:
            return event
        receives = int(record.raw_event["attributes"]["ApproximateReceiveCount"])
        try:
            whole = self._enricher.enriched(
                event,
                rules,
                config=instance.config,
                choice=choice_of(instance.config, instance.configuration),
                waiting=_waiting(context, returning=receives > 1),
            )
        except Retry:
            if receives == 1:
                self._dispatcher.dispatch(
                    event,
                    self._enricher.independent(event, rules, config=instance.config),
                    now=timestamps.now(),
                    statuses=own_statuses(instance.config),
                )
            raise
        if whole.enriched:
            told = {"enriched": whole.enriched, "reason": whole.enrichment_error}
            logger.info("event enriched", extra=told)
            fetched = whole.enriched == "fetched"
            count(metrics, "EventsEnriched" if fetched else "EventsNotEnriched")
        return whole


def _waiting(context: LambdaContext, *, returning: bool) -> Waiting:
    return patience(
        context,
        longest_s=LONGEST_WAIT_S,
        begun_s=LONGEST_WAIT_BEGUN_S,
        reserve_s=PATIENCE.reserve_ms / 1000,
        use=Use(within_s=0.0, returning=returning, lane="enrichment"),
    )
