"""One piece of work on its way through a circuit: its calls tell the circuit what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge.circuit.verdict import Sign, sign_of
from freshbridge.errors import Unreachable

if TYPE_CHECKING:
    from freshbridge.circuit.breaker import Circuit
    from freshbridge.circuit.circuits import Circuits
    from freshbridge.circuit.refusal import CircuitOpen
    from freshbridge.errors import Unauthorized
    from freshbridge.http_message import ProviderReply, ProviderRequest
    from freshbridge.transport import Transport


class Passage:
    """One piece of work on its way through a circuit."""

    def __init__(self, circuits: Circuits, instance_id: str, work: str, probe: str) -> None:
        """`probe`: what the probe is held by; "" for work that holds none."""
        self._circuits = circuits
        self._instance_id = instance_id
        self._work = work
        self._probe = probe

    def around(self, transport: Transport, platform: str = "") -> Transport:
        """A transport whose calls, of a provider of `platform`, tell what came of them."""
        return _WatchedTransport(transport, self, platform)

    def heard(self, reply: ProviderReply, sign: Sign) -> None:
        """A complete reply came, which is a `sign` of how the provider is."""
        if sign is Sign.ANSWERED:
            probe, self._probe = self._probe, ""
            self._circuits.answered(self._instance_id, probe)
        elif sign is Sign.FAILED:
            self.failed(f"HTTP {reply.status}", reply.retry_after_s)

    def failed(self, what: str, asked_s: float | None = None) -> None:
        """No reply came, or none that its API would give."""
        probe, self._probe = self._probe, ""
        now, jitter = self._circuits.clock(), self._circuits.jitter()

        def edit(held: Circuit) -> Circuit:
            return held.failed(
                self._work, what, now=now, jitter=jitter, asked_s=asked_s, probe=probe
            )

        self._circuits.change(self._instance_id, edit)

    def refused(self, error: Unauthorized) -> Unauthorized | CircuitOpen:
        """The key was refused, twice; returns what the work is to end with.

        That opens the circuit. The probe's work did nothing but find that it is still refused: it
        waits as all the others do.
        """
        probe, self._probe = self._probe, ""
        now, jitter = self._circuits.clock(), self._circuits.jitter()
        found = self._circuits.change(
            self._instance_id,
            lambda held: held.refused("HTTP 401", now=now, jitter=jitter, probe=probe),
        )
        if not probe or found is None or found.reason is None:
            return error
        return self._circuits.held(self._instance_id, found)

    def leave(self) -> None:
        """The work is over; a probe that called nobody is given back."""
        if self._probe:
            probe, self._probe = self._probe, ""
            self._circuits.change(self._instance_id, lambda held: held.released(probe))


class _WatchedTransport:
    """A Transport that tells a passage what came of each call."""

    def __init__(self, transport: Transport, passage: Passage, platform: str) -> None:
        self._transport = transport
        self._passage = passage
        self._platform = platform

    def send(self, request: ProviderRequest) -> ProviderReply:
        """Send `request` once; see Transport for what it raises."""
        try:
            reply = self._transport.send(request)
        except Unreachable as error:
            self._passage.failed(error.what)
            raise
        self._passage.heard(reply, sign_of(reply, request, self._platform))
        return reply
