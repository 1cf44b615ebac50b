"""Freshbridge itself, as it is deployed on the local stack."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections import Counter
from typing import Any

from bench import workers
from bench.accounts import Accounts
from bench.dynamodb_meter import DynamoDbMeter
from bench.emulator import forget_budget
from bench.interactive import InteractiveCaller
from bench.subject import Answered, Setting
from local.stack import Stack

FUNCTION = "ActionExecutor"
VISIBILITY_S, TIMEOUT_S = 720, 120
"""As the template says."""
KILL_VISIBILITY_S, KILL_TIMEOUT_S = 60, 50
"""In their place where executors are killed: see the table's foot."""
_RECEIVED = ("action done", "message put off", "message parked", "action goes on later")
"""Each message that was received leaves one of these lines, unless its process was killed."""


class Freshbridge:
    """The deployed stack with two instances, each connected to a simulated account."""

    name = "freshbridge"

    def __init__(self, stack: Stack, accounts: Accounts, meter: DynamoDbMeter) -> None:
        """Nothing is changed before `start`."""
        self._stack = stack
        self._accounts = accounts
        self._meter = meter
        self._since_ms = 0
        self._answered: list[Answered] = []
        self._calls = contextlib.ExitStack()
        self._timeout_s = TIMEOUT_S
        self._caller = InteractiveCaller(
            stack.api_url, stack.user_secret, stack.organization_secret
        )

    @property
    def queue_url(self) -> str:
        """The action queue."""
        return self._stack.outputs["ActionQueueUrl"]

    @property
    def dead_letter_url(self) -> str:
        """The action queue's dead letters."""
        return self._stack.outputs["ActionDeadLetterQueueUrl"]

    def measure_dynamodb(self) -> None:
        """Lead the executor's calls of DynamoDB through the meter."""
        functions = self._stack.clients.functions
        known = functions.get_function_configuration(FunctionName=self.function)
        variables = dict(known["Environment"]["Variables"])
        variables["AWS_ENDPOINT_URL_DYNAMODB"] = self._meter.url
        functions.update_function_configuration(
            FunctionName=self.function, Environment={"Variables": variables}
        )

    def start(self, setting: Setting) -> None:
        """Forget what the budget has learned, and set the queue up for kills if there are any."""
        self._set_times(setting)
        self._answered = []
        if setting.interactive_every_s:
            self._caller.warm(self._accounts.first, setting.ticket_id)
        forget_budget(self._stack)
        self._meter.clear()
        self._since_ms = int(time.time() * 1000)
        if setting.interactive_every_s:
            calling = self._caller.calling(
                setting.interactive_every_s, self._accounts.first, setting.ticket_id
            )
            self._answered = self._calls.enter_context(calling)

    def stop(self) -> None:
        """End the interactive calls, and empty what a run that did not end has left."""
        self._calls.close()
        for url in (self.queue_url, self.dead_letter_url):
            self._stack.clients.queues.purge_queue(QueueUrl=url)

    def kill_one(self, chance: random.Random) -> bool:
        """SIGKILL one of the executor's processes."""
        emulator = self._stack.children[0].process.pid
        return workers.kill_one(workers.workers_of(emulator, self.function), chance)

    def interactive_calls(self) -> list[Answered]:
        """The calls of this run that were answered."""
        return list(self._answered)

    def figures(self, calls: int, messages: int) -> dict[str, float]:
        """Receives, as the executor's log tells them, and what it asked of DynamoDB."""
        told = Counter(str(entry.get("message", "")) for entry in self.entries())
        ledger = self._meter.writes(self._stack.outputs["BudgetTableName"])
        return {
            "receives_per_message": sum(told[line] for line in _RECEIVED) / messages,
            "ledger_writes_per_call": ledger / max(calls, 1),
            "writes_per_message": self._meter.writes() / messages,
        }

    def entries(self) -> list[dict[str, Any]]:
        """The executor's structured log lines of this run."""
        logs = self._stack.clients.logs
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self.function}", startTime=self._since_ms
        )
        texts = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(text) for text in texts if text.startswith("{")]

    @property
    def function(self) -> str:
        """The executor's name."""
        return self._stack.deployment.resources[FUNCTION]

    def _set_times(self, setting: Setting) -> None:
        visibility = KILL_VISIBILITY_S if setting.kills else VISIBILITY_S
        timeout = KILL_TIMEOUT_S if setting.kills else TIMEOUT_S
        self._stack.clients.queues.set_queue_attributes(
            QueueUrl=self.queue_url, Attributes={"VisibilityTimeout": str(visibility)}
        )
        if timeout != self._timeout_s:  # a change ends the warm processes
            self._stack.clients.functions.update_function_configuration(
                FunctionName=self.function, Timeout=timeout
            )
            self._timeout_s = timeout
