"""The circuits of one process, told of in its log and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.circuit.circuits import Circuits, Event, Told
from freshbridge.circuit.store import DynamoStore
from freshbridge.observability import count

if TYPE_CHECKING:
    from freshbridge.observability import Logger, Metrics


def circuits(table: str, logger: Logger, metrics: Metrics) -> Circuits:
    """The circuits kept in `table`, beside the rate budgets."""

    def tell(told: Told) -> None:
        circuit = told.circuit
        details = {"instance_id": told.instance_id}
        if circuit.reason is not None:
            details |= {"reason": circuit.reason.value, "seen": circuit.what}
        if told.event in (Event.OPENED, Event.STAYS_OPEN):
            details["next_try_at"] = timestamps.to_text(timestamps.from_epoch(circuit.until))
        logger.warning(told.event.value, extra=details)
        if told.event is Event.OPENED:
            count(metrics, "CircuitOpened")
        elif told.event is Event.CLOSED:
            count(metrics, "CircuitClosed")

    return Circuits(DynamoStore(table), on_change=tell)
