"""Puts together what a function calls providers with, for every function that does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from freshbridge.budget.assembly import budgets
from freshbridge.circuit.assembly import circuits
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.trace_store import TraceStore
from freshbridge.instances.traced_transport import Tracer
from freshbridge.instances.vault import Vault
from freshbridge.transport import RequestsTransport

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Budgets
    from freshbridge.circuit.circuits import Circuits
    from freshbridge.freshdesk.client import OnReply
    from freshbridge.http_message import Timeouts
    from freshbridge.observability import Logger, Metrics
    from freshbridge.transport import Transport


class Names(Protocol):
    """The settings that every function has which calls providers."""

    @property
    def stack_name(self) -> str:
        """Whose secrets are read."""
        ...  # pragma: no cover  # a protocol has no body

    @property
    def instance_table(self) -> str:
        """Instances."""
        ...  # pragma: no cover  # as above

    @property
    def trace_table(self) -> str:
        """The traces of their calls."""
        ...  # pragma: no cover  # as above

    @property
    def budget_table(self) -> str:
        """Rate budgets, and circuits beside them."""
        ...  # pragma: no cover  # as above

    @property
    def rate_window_seconds(self) -> str:
        """How long a window of the providers' limits lasts."""
        ...  # pragma: no cover  # as above

    @property
    def interactive_share(self) -> str:
        """What of each limit is kept from background work."""
        ...  # pragma: no cover  # as above

    @property
    def allowed_provider_origins(self) -> tuple[str, ...]:
        """Where calls may go beside the providers' own hosts."""
        ...  # pragma: no cover  # as above


@dataclass(frozen=True)
class Providers:
    """What one function reaches providers through; `connections` is made of all the others.

    `transport` gives the one pooled HTTP session, made at its first call.
    """

    registry: Registry
    vault: Vault
    transport: Callable[[], Transport]
    tracer: Tracer
    budgets: Budgets
    circuits: Circuits
    connections: Connections


def providers(
    chosen: Names,
    *,
    function: str,
    logger: Logger,
    metrics: Metrics,
    always_fresh: bool = False,
    timeouts: Timeouts | None = None,
    on_reply: OnReply | None = None,
    on_wait: Callable[[float], None] | None = None,
) -> Providers:
    """The providers as `function` reaches them; that name stands in its traces.

    `always_fresh`: instances and secrets are read at each use, for a function that also writes
    them. `on_reply` hears of each of Freshdesk's replies, `on_wait` how many seconds each wait for
    the rate budget is to be. Nothing is called before the first use. Raises InvalidRequest for a
    share of the rate limit that is none.
    """
    if always_fresh:
        registry = Registry(chosen.instance_table, age_s=0)
        vault = Vault(chosen.stack_name, age_s=0)
    else:
        registry, vault = Registry(chosen.instance_table), Vault(chosen.stack_name)
    transport: Callable[[], Transport] = lru_cache(maxsize=1)(RequestsTransport)
    tracer = Tracer(TraceStore(chosen.trace_table), function=function, logger=logger)
    kept_budgets = budgets(
        chosen.budget_table,
        chosen.rate_window_seconds,
        interactive_share=chosen.interactive_share,
        on_wait=on_wait,
    )
    kept_circuits = circuits(chosen.budget_table, logger, metrics)
    connections = Connections(
        registry,
        vault,
        transport,
        allowed_origins=chosen.allowed_provider_origins,
        on_reply=on_reply,
        tracer=tracer,
        timeouts=timeouts,
        budgets=kept_budgets,
        circuits=kept_circuits,
    )
    return Providers(registry, vault, transport, tracer, kept_budgets, kept_circuits, connections)
