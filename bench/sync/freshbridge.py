"""Freshbridge itself, as it is deployed on the local stack: the sync's own functions and queue."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from bench import workers
from bench.emulator import forget_budget
from bench.messages import waiting_in
from bench.sync.comparison import Version, version_of
from bench.sync.figures import Ran
from bench.sync.kills import until
from bench.sync.lake import current_rows, writes_per_file
from bench.sync.memory import PeakMemory
from bench.sync.scenarios import SyncScenario
from local.api_client import ConnectorApi
from local.simulators import Simulator
from local.stack import Stack

WORKER = "SyncWorker"
OBJECT = "tickets"
VISIBILITY_S, TIMEOUT_S = 1800, 300
"""As the template says."""
KILL_VISIBILITY_S, KILL_TIMEOUT_S = 11, 10
"""In their place where workers are killed: see the table's foot."""


class Freshbridge:
    """The deployed stack; each scenario connects an instance of its own."""

    name = "freshbridge"

    def __init__(self, stack: Stack, simulator: Simulator) -> None:
        """Nothing is connected before `prepare`."""
        self._stack = stack
        self._simulator = simulator
        self._api = ConnectorApi(stack.api_url, stack.user_secret, stack.organization_secret)
        self._instance = ""
        self._timeout_s = TIMEOUT_S
        self._chance = random.Random(1)  # noqa: S311 - chance, not secrecy
        self._s3 = stack.client("s3")

    def prepare(self, scenario: SyncScenario) -> None:
        """Connect the account anew, with a budget that knows nothing."""
        if self._instance:
            self._api.call("DELETE", f"/api/integrations/{self._instance}")
        queues = self._stack.clients.queues
        queues.purge_queue(QueueUrl=self._queue_url)
        self._set_times(kills=scenario.kill_every_s > 0)
        credentials = {"domain": self._simulator.domain, "api_key": self._simulator.api_key}
        body = {
            "platform": "freshdesk",
            "name": scenario.name,
            "credentials": credentials,
            "config": {
                "sync_objects": [OBJECT],
                "sync": {OBJECT: {"include": list(scenario.include)}},
            },
        }
        self._instance = str(self._api.call("POST", "/api/integrations", body)["id"])
        forget_budget(self._stack)

    def run(self, scenario: SyncScenario, *, kills: bool) -> Ran:
        """Start a run over the API; it is over when nothing of it is queued any more."""
        with PeakMemory(self._workers).watched() as memory:
            self._api.call("POST", f"/api/integrations/{self._instance}/sync")
            in_time, killed = until(
                self._is_over,
                scenario.own_longest_s,
                self._kill_one,
                scenario.kill_every_s if kills else 0.0,
            )
            over_at = time.time()
        failure = "" if in_time else f"not done after {scenario.own_longest_s:.0f} s"
        bucket = self._stack.outputs["LakeBucketName"]
        written = writes_per_file(self._s3, bucket, self._instance, OBJECT)
        return Ran(over_at, failure or self._standing(), killed, memory.bytes, written)

    def copy(self) -> Iterator[tuple[int, Version]]:
        """The lake's current view."""
        bucket = self._stack.outputs["LakeBucketName"]
        for row in current_rows(self._s3, bucket, self._instance, OBJECT):
            yield int(row["id"]), version_of(row)

    def warm(self) -> None:
        """Nothing yet runs: have a worker started by an empty batch."""
        payload = b'{"Records": []}'
        self._stack.clients.functions.invoke(FunctionName=self._function, Payload=payload)

    @property
    def _function(self) -> str:
        return self._stack.deployment.resources[WORKER]

    @property
    def _queue_url(self) -> str:
        return self._stack.outputs["SyncQueueUrl"]

    def _set_times(self, *, kills: bool) -> None:
        visibility = KILL_VISIBILITY_S if kills else VISIBILITY_S
        self._stack.clients.queues.set_queue_attributes(
            QueueUrl=self._queue_url, Attributes={"VisibilityTimeout": str(visibility)}
        )
        timeout = KILL_TIMEOUT_S if kills else TIMEOUT_S
        if timeout != self._timeout_s:  # a change ends the warm processes
            self._stack.clients.functions.update_function_configuration(
                FunctionName=self._function, Timeout=timeout
            )
            self._timeout_s = timeout
            self.warm()

    def _workers(self) -> list[int]:
        return workers.workers_of(self._stack.children[0].process.pid, self._function)

    def _kill_one(self) -> bool:
        return workers.kill_one(self._workers(), self._chance)

    def _is_over(self) -> bool:
        self._stack.check()
        return waiting_in(self._stack.clients.queues, self._queue_url) == 0

    def _standing(self) -> str:
        """Why the run did not end well, as the API tells it; "" when it did."""
        state: dict[str, Any] = self._api.call("GET", f"/api/integrations/{self._instance}/sync")
        return "" if state.get(OBJECT) else "the API knows of no run"
