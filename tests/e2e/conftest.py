"""The deployed local stack, once for the whole session, with IAM enforced.

A permission that a function lacks is refused here as it would be on AWS, so every test below also
tests the template's policies.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from local.scenario import Scenario
from local.stack import Options, Stack, running_stack
from tests.e2e.receiver import Receiver, listening

T = TypeVar("T")
DEADLINE_S = 150.0
"""More than two windows of a rate limit that all tests of an account share."""
RUN_DIR = Path(".local/e2e")
EVERY_MINUTE = {"SyncSchedule": "rate(1 minute)"}


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """Whoever wants to hear of events, on a port that the stack is allowed to call."""
    with listening() as found:
        yield found


@pytest.fixture(scope="session")
def stack(receiver: Receiver) -> Iterator[Stack]:
    """Emulator, simulator and the real template, built and deployed by SAM."""
    options = Options(
        auth=True, run_dir=RUN_DIR, parameters=EVERY_MINUTE, origins=(receiver.origin,)
    )
    with running_stack(options) as running:
        yield running


@pytest.fixture(scope="session")
def connected(stack: Stack) -> Scenario:
    """An instance with the demo rule, and an automation that calls its webhook."""
    scenario = Scenario(stack)
    scenario.connect()
    scenario.save_rule()
    scenario.install_webhook()
    return scenario


def eventually(check: Callable[[], T], what: str, deadline_s: float = DEADLINE_S) -> T:
    """Poll until `check` gives something true; fail with `what` was waited for."""
    end = time.monotonic() + deadline_s
    while not (seen := check()):
        assert time.monotonic() < end, f"waited {deadline_s:.0f} s for {what}"
        time.sleep(0.05)
    return seen
