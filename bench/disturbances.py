"""What goes on beside a run: another client, sudden deaths, a second account's single actions."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from bench.desk import Desk
from local.api_client import FreshdeskAccount

OUTSIDE = "GET /admin/groups"
"""The endpoint that the other client calls: nobody else does, so its calls can be told apart."""
_LOOK_S = 0.1


@contextlib.contextmanager
def outside_client(account: FreshdeskAccount, per_second: float, seed: int) -> Iterator[None]:
    """Call at random times, `per_second` on average, whatever is answered, as another client's
    own jobs would."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    url = f"{account.url}/api/v2{OUTSIDE.partition(' ')[2]}"
    local = threading.local()

    def call() -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
            local.session.auth = (account.api_key, "X")
        with contextlib.suppress(requests.RequestException):
            local.session.get(url, timeout=30)

    with ThreadPoolExecutor(max_workers=4) as threads:

        def each() -> float:
            threads.submit(call)
            return chance.expovariate(per_second)

        with repeated(each, chance.expovariate(per_second)):
            yield


@contextlib.contextmanager
def sudden_deaths(
    kill: Callable[[random.Random], bool], every_s: float, for_s: float, seed: int
) -> Iterator[list[float]]:
    """Call `kill` every few seconds, for `for_s` seconds at most; yields the times of the kills.

    The last ones' messages come back only after the queue's visibility time-out: hence an end.
    """
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    begin = time.monotonic()
    killed: list[float] = []

    def each() -> float | None:
        if time.monotonic() - begin > for_s:
            return None
        if kill(chance):
            killed.append(time.monotonic() - begin)
        return every_s * chance.uniform(0.5, 1.5)

    with repeated(each, every_s):
        yield killed


@dataclass
class SecondAccount:
    """Queues one action of another account's instance at a time, and waits for its ticket."""

    desk: Desk
    enqueue: Callable[[str], None]
    latencies: list[float] = field(default_factory=list)
    pending: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def calling(self, prefix: str, every_s: float) -> Iterator[None]:
        """Queue one every few seconds until the block is left."""
        next_at = time.monotonic() + every_s
        number = 0

        def each() -> float:
            nonlocal next_at, number
            if time.monotonic() >= next_at:
                next_at += every_s
                number += 1
                subject = f"{prefix}-second-{number:03d}"
                self.pending[subject] = time.monotonic()
                self.enqueue(subject)
            self._look()
            return _LOOK_S

        with repeated(each, every_s):
            yield

    def settle(self, longest_s: float) -> Sequence[str]:
        """Wait for what is still on its way; returns the subjects that never came."""
        end = time.monotonic() + longest_s
        while self.pending and time.monotonic() < end:
            self._look()
            time.sleep(_LOOK_S)
        return list(self.pending)

    def _look(self) -> None:
        if not self.pending:
            return
        made = self.desk.stats()["creates"]["tickets"]
        for subject in [one for one in self.pending if one in made]:
            self.latencies.append(time.monotonic() - self.pending.pop(subject))


@contextlib.contextmanager
def repeated(each: Callable[[], float | None], first_s: float) -> Iterator[None]:
    """Call `each` from a thread after `first_s`, then whenever the seconds that it returned are
    over, until it returns None or the block is left. Raises at the end what `each` raised."""
    stop = threading.Event()
    failed: list[Exception] = []

    def loop() -> None:
        wait: float | None = first_s
        try:
            while wait is not None and not stop.wait(wait):
                wait = each()
        except Exception as error:  # raised again in the thread that can tell it
            failed.append(error)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed[0]
