"""What work is told that a circuit holds back."""

from __future__ import annotations

from typing import Any, ClassVar

from freshbridge.circuit.breaker import Circuit, Reason
from freshbridge.errors import Retry


class CircuitOpen(Retry):
    """The instance's provider is down, or refuses its key; nothing was sent.

    Waiting counts as no attempt. `circuit` is what a person is shown of it.
    """

    code = "circuit_open"
    default_advice = "It is sent as soon as the provider answers again."
    costs_no_attempt: ClassVar[bool] = True

    def __init__(self, what: str, *, after: float, advice: str, circuit: dict[str, Any]) -> None:
        super().__init__(what, after=after, advice=advice)
        self.circuit = circuit
        self.hopeless = circuit.get("reason") == Reason.KEY_REFUSED
        """Whether somebody has to act first, so that waiting for it is no use to a caller."""


_SENTENCES = {
    Reason.PROVIDER_DOWN: (
        "The provider has not answered properly",
        CircuitOpen.default_advice,
    ),
    Reason.KEY_REFUSED: (
        "The provider has refused the instance's key",
        "Give the instance a key that is valid: that closes the circuit at once, and what "
        "waits comes back by itself.",
    ),
}


def refusal(circuit: Circuit, now: float, *, after: float) -> CircuitOpen:
    """The refusal of work that may come back in `after` seconds."""
    told = circuit.shown(now)
    what, advice = _SENTENCES[circuit.reason or Reason.PROVIDER_DOWN]
    return CircuitOpen(
        f"{what} since {told['since']} ({circuit.what}); next try at {told['next_try_at']}",
        after=after,
        advice=advice,
        circuit=told,
    )
