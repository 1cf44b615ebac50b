"""A peer's consumers as a subject: their queue, their processes, what they logged."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.accounts import Accounts
from bench.peers.given import Given
from bench.subject import Answered, Setting
from local.installer import ROOT
from local.processes import Child, Processes
from local.stack import Stack, StackError

if TYPE_CHECKING:
    from types_boto3_sqs.literals import QueueAttributeNameType

RECEIVES = 5
READY_S = 20.0


@dataclass
class Peer:
    """`module` is run `processes` times; all of them read one queue."""

    name: str
    module: str
    processes: int
    stack: Stack
    accounts: Accounts
    runner: Processes
    _children: list[Child] = field(default_factory=list)
    _logs: list[Path] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _given: Given | None = None
    _url: str = ""
    _dead_url: str = ""

    @property
    def queue_url(self) -> str:
        """Its own queue, made anew for each run."""
        return self._url

    @property
    def dead_letter_url(self) -> str:
        """Where SQS puts what was received too often."""
        return self._dead_url

    def start(self, setting: Setting) -> None:
        """Make the queues and start the consumers; returns when each waits for messages."""
        self._url = self._make_queues(setting)
        self._logs.clear()
        rates = setting.rates
        self._given = Given(
            queue_url=self._url,
            endpoint=self.stack.aws_endpoint_url,
            api_key=self.accounts.api_key,
            accounts=dict(self.accounts.origins),
            total=rates.total,
            creations=rates.creations,
            window_s=rates.window_s,
            interactive_every_s=setting.interactive_every_s,
            interactive_url=setting.interactive_url,
        )
        self._children = [self._launch(first=number == 0) for number in range(self.processes)]
        for child in self._children:
            self._await_ready(child)

    def stop(self) -> None:
        """End the consumers."""
        for child in self._children:
            self.runner.end(child)
        self._children.clear()

    def kill_one(self, chance: random.Random) -> bool:
        """SIGKILL one process and start another in its place at once, as a supervisor would."""
        index = chance.randrange(len(self._children))
        old = self._children[index]
        os.killpg(old.process.pid, signal.SIGKILL)
        self.runner.end(old)
        self._children[index] = self._launch(first=index == 0)
        return True

    def figures(self, calls: int, messages: int) -> dict[str, float]:
        """Receives, as its log tells them."""
        del calls
        return {"receives_per_message": len(self._events("received")) / messages}

    def interactive_calls(self) -> list[Answered]:
        """The calls of this run that were answered."""
        return [Answered(event["at"], event["seconds"]) for event in self._events("answered")]

    def _events(self, kind: str) -> list[dict[str, Any]]:
        found = []
        for log in self._logs:
            for line in log.read_text().splitlines():
                if line.startswith("{"):
                    found.append(json.loads(line))
        return [event for event in found if event["event"] == kind]

    def _make_queues(self, setting: Setting) -> str:
        queues = self.stack.clients.queues
        name = f"bench-{self.name}-{int(time.time() * 1000)}"
        self._dead_url = queues.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        answer = queues.get_queue_attributes(QueueUrl=self._dead_url, AttributeNames=["QueueArn"])
        policy = {
            "deadLetterTargetArn": answer["Attributes"]["QueueArn"],
            "maxReceiveCount": RECEIVES,
        }
        attributes: Mapping[QueueAttributeNameType, str] = {
            # A batch may meet a closed window twice before anybody else gets it.
            "VisibilityTimeout": str(max(30, round(3 * setting.rates.window_s))),
            "RedrivePolicy": json.dumps(policy),
        }
        return queues.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def _launch(self, *, first: bool) -> Child:
        if self._given is None:
            raise RuntimeError(f"{self.name} was not started")
        given = self._given
        if not first:  # one process asks, as one web server would
            given = Given(**{**given.__dict__, "interactive_every_s": 0.0})
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.stack.run_dir),
            "PYTHONUNBUFFERED": "1",
        }
        name = f"peer-{self.name}-{next(self._numbers)}"
        command = [sys.executable, "-m", self.module, given.to_text()]
        child = self.runner.start(name, command, environment, cwd=ROOT)
        self._logs.append(child.log)
        return child

    def _await_ready(self, child: Child) -> None:
        end = time.monotonic() + READY_S
        while '"ready"' not in child.log.read_text():
            if not child.is_alive() or time.monotonic() > end:
                raise StackError(f"{child.name} did not start:\n{child.last_lines()}")
            time.sleep(0.05)
