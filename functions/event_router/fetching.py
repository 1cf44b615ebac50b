"""What the router fetches for its events, and how long that may wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge import settings
from freshbridge.budget.assembly import budgets, patience
from freshbridge.budget.ledger import Use
from freshbridge.circuit.assembly import circuits
from freshbridge.events.record_fetcher import RecordFetcher
from freshbridge.http_message import Timeouts
from freshbridge.instances.connection import Connections
from freshbridge.instances.trace_store import TraceStore
from freshbridge.instances.traced_transport import Tracer
from freshbridge.instances.vault import Vault
from freshbridge.observability import function_logger, function_metrics
from freshbridge.queues.batch import Patience
from freshbridge.rules.enricher import Enricher

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.instances.registry import Registry
    from freshbridge.transport import Transport

TIMEOUTS = Timeouts(connect_s=3.0, read_s=8.0, total_s=12.0)
PATIENCE = Patience(reserve_ms=15_000)
"""A fetch that is begun is not to be cut off in the middle."""
LONGEST_WAIT_S = 1.0
"""A slot in the rate budget is waited for here; for one further away the event is put off."""
LONGEST_WAIT_BEGUN_S = 10.0
"""An event that has made one of several calls is not put off for a wait up to this."""


class Fetching:
    """Asks providers for what events lack, within the rate budget."""

    def __init__(
        self,
        chosen: settings.RouterSettings,
        instances: Registry,
        transport: Callable[[], Transport],
    ) -> None:
        """Nothing is called before the first event that needs it."""
        self.budgets = budgets(
            chosen.budget_table,
            chosen.rate_window_seconds,
            interactive_share=chosen.interactive_share,
        )
        logger = function_logger()
        connections = Connections(
            instances,
            Vault(chosen.stack_name),
            transport,
            allowed_origins=chosen.allowed_provider_origins,
            tracer=Tracer(TraceStore(chosen.trace_table), function="event_router", logger=logger),
            timeouts=TIMEOUTS,
            budgets=self.budgets,
            circuits=circuits(chosen.budget_table, logger, function_metrics()),
        )
        self.records = RecordFetcher(connections)
        self.enricher = Enricher(self.records)

    def waiting(self, context: LambdaContext, *, returning: bool) -> Waiting:
        """How long the calls for one event may wait; `returning`: its message came before."""
        return patience(
            context,
            longest_s=LONGEST_WAIT_S,
            begun_s=LONGEST_WAIT_BEGUN_S,
            reserve_s=PATIENCE.reserve_ms / 1000,
            use=Use(within_s=0.0, returning=returning, lane="enrichment"),
        )
