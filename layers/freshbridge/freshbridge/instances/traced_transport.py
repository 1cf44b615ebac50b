"""Keeps a trace of the calls that go through a transport, those without a reply included.

Tracing watches; it never decides how a call ends. What goes wrong in it is logged and forgotten,
and a table that does not answer is left alone for a while, so that it cannot slow each call down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge import aws, timestamps
from freshbridge.instances.trace import Cause, entry_of, is_on

if TYPE_CHECKING:
    from freshbridge.http_message import ProviderReply, ProviderRequest
    from freshbridge.instances.model import Instance
    from freshbridge.instances.trace_store import TraceStore
    from freshbridge.observability import Logger
    from freshbridge.transport import Transport

PAUSE_S = 30.0
"""How long nothing is written after a write that failed."""
UNKNOWN = Cause()


class Tracer:
    """Writes the traces of one function's calls."""

    def __init__(
        self,
        store: TraceStore,
        *,
        function: str,
        logger: Logger,
        clock: Callable[[], float] = timestamps.epoch,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` is epoch seconds, `monotonic` measures how long a call takes."""
        self._store = store
        self._function = function
        self._logger = logger
        self._clock = clock
        self._monotonic = monotonic
        self._silent_until = float("-inf")

    def around(self, transport: Transport, instance: Instance, cause: Cause = UNKNOWN) -> Transport:
        """A transport that also keeps a trace, for as long as tracing of the instance is on."""
        if not is_on(instance, self._clock()):
            return transport
        return _TracedTransport(self, transport, instance, cause)

    def send(
        self, transport: Transport, request: ProviderRequest, instance: Instance, cause: Cause
    ) -> ProviderReply:
        """Send `request` and keep a trace of it; returns and raises what `transport` does."""
        at = self._clock()
        if not is_on(instance, at):
            return transport.send(request)
        began = self._monotonic()
        outcome: ProviderReply | Exception
        try:
            outcome = transport.send(request)
        except Exception as error:
            self._keep(request, error, instance, cause, at=at, began=began)
            raise
        self._keep(request, outcome, instance, cause, at=at, began=began)
        return outcome

    def _keep(
        self,
        request: ProviderRequest,
        outcome: ProviderReply | Exception,
        instance: Instance,
        cause: Cause,
        *,
        at: float,
        began: float,
    ) -> None:
        ended = self._monotonic()
        if ended < self._silent_until:
            return
        try:
            entry = entry_of(
                request,
                outcome,
                at=at,
                duration_s=ended - began,
                platform=instance.platform,
                function=self._function,
                cause=cause,
            )
            self._store.append(instance.instance_id, entry)
        except Exception as error:  # whatever it is: the call itself has been made
            self._silent_until = self._monotonic() + PAUSE_S
            self._logger.warning(
                "trace not written",
                extra={"instance_id": instance.instance_id, "error": aws.error_name(error)},
            )


class _TracedTransport:
    """A Transport of one instance and one cause."""

    def __init__(
        self, tracer: Tracer, transport: Transport, instance: Instance, cause: Cause
    ) -> None:
        self._tracer = tracer
        self._transport = transport
        self._instance = instance
        self._cause = cause

    def send(self, request: ProviderRequest) -> ProviderReply:
        """Send `request` once; see Transport for what it raises."""
        return self._tracer.send(self._transport, request, self._instance, self._cause)
