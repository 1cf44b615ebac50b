"""EventBridge Scheduler starts the sync by itself."""

import json

from local.scenario import Scenario
from tests.e2e.conftest import eventually


def test_the_schedule_starts_a_run_that_the_worker_finishes(connected: Scenario) -> None:
    # The stack is deployed with rate(1 minute); the emulator's clock ticks every ten seconds.
    lines = eventually(
        lambda: [
            line for line in connected.stack.logs("ScheduledSync") if '"sync started"' in line
        ],
        "the schedule to fire",
        deadline_s=150,
    )
    assert any('"queued":' in line for line in lines)

    def finished() -> bool:
        runs = {json.loads(line)["correlation_id"] for line in lines}
        worked = [
            json.loads(line)
            for line in connected.stack.logs("SyncWorker")
            if '"records synced"' in line
        ]
        return any(entry["correlation_id"] in runs and entry["finished"] for entry in worked)

    eventually(finished, "the worker to finish the scheduled run")
