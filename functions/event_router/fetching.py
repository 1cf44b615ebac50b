"""What the router fetches for its events, and how long that may wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge import settings
from freshbridge.budget.assembly import patience
from freshbridge.budget.ledger import Use
from freshbridge.events.record_fetcher import RecordFetcher
from freshbridge.http_message import Timeouts
from freshbridge.instances.assembly import providers
from freshbridge.observability import function_logger, function_metrics
from freshbridge.queues.verdict import Patience
from freshbridge.rules.enricher import Enricher

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from freshbridge.budget.budgeted_transport import Waiting

TIMEOUTS = Timeouts(connect_s=3.0, read_s=8.0, total_s=12.0)
PATIENCE = Patience(reserve_ms=15_000)
"""A fetch that is begun is not to be cut off in the middle."""
LONGEST_WAIT_S = 1.0
"""A slot in the rate budget is waited for here; for one further away the event is put off."""
LONGEST_WAIT_BEGUN_S = 10.0
"""An event that has made one of several calls is not put off for a wait up to this."""


class Fetching:
    """Asks providers for what events lack, within the rate budget."""

    def __init__(self, chosen: settings.RouterSettings) -> None:
        """Nothing is called before the first event that needs it."""
        calling = providers(
            chosen,
            function="event_router",
            logger=function_logger(),
            metrics=function_metrics(),
            timeouts=TIMEOUTS,
        )
        self.instances, self.budgets = calling.registry, calling.budgets
        self.records = RecordFetcher(calling.connections)
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
