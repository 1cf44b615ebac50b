"""What this function talks to."""

from __future__ import annotations

from functools import lru_cache

from freshbridge import settings
from freshbridge.actions.record_store import RecordStore
from freshbridge.circuit.assembly import circuits
from freshbridge.dead_letters import assembly
from freshbridge.dead_letters.schedule import Schedule
from freshbridge.dead_letters.sweep import Sweep
from freshbridge.observability import function_logger, function_metrics
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.redrive import Mover

FUNCTION = "dead_letter_redrive"


class Ports:
    """One per warm function."""

    def __init__(self, chosen: settings.RedriveSettings) -> None:
        """Nothing is called before the first event."""
        self.stack_name = chosen.stack_name
        payloads = PayloadStore(chosen.payload_bucket)
        records = RecordStore(chosen.action_table, payloads, days=int(chosen.action_record_days))
        self.desk = assembly.desk(chosen, records)
        self.jobs = assembly.jobs(chosen, self.desk)
        keys = circuits(chosen.budget_table, function_logger(), function_metrics())
        self.schedule = Schedule(self.desk, keys.closed)
        self.movers = {queue: Mover(carrier) for queue, carrier in self.desk.carriers.items()}
        self.sweeps = {
            queue: Sweep(
                carrier,
                assembly.intake(chosen, queue, payloads, function=FUNCTION),
                self.desk.store,
            )
            for queue, carrier in self.desk.carriers.items()
        }


@lru_cache(maxsize=1)
def ports() -> Ports:
    """The warm function's one."""
    return Ports(settings.load(settings.RedriveSettings))
