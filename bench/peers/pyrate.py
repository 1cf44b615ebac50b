"""A queue consumer with pyrate-limiter and tenacity: one process of eight threads.

The limiter and its session are those of the library's own factory and requests extra, with the
account's limit, which a person has to look up and keep right; tenacity tries five times, waits as
long as the server asks, else a random time that grows. What still failed stays in the queue.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests
import tenacity
from pyrate_limiter import Limiter, limiter_factory
from pyrate_limiter.extras.requests_limiter import RateLimitedRequestsSession

from bench.peers.given import CALL_TIMEOUT_S, LONG_POLL_S, Given, tell

THREADS = 8


class Again(Exception):
    """An answer that another try may change; `after` is what the server asked for, in seconds."""

    def __init__(self, after: float | None) -> None:
        super().__init__("try again")
        self.after = after


_grows = tenacity.wait_random_exponential(multiplier=0.5, max=10)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.after if isinstance(error, Again) else None
    return _grows(state) if asked is None else asked


_retried = tenacity.retry(
    retry=tenacity.retry_if_exception_type((requests.RequestException, Again)),
    wait=_wait,
    stop=tenacity.stop_after_attempt(5),
    reraise=True,
)


class Account:
    """One account with its limiters, which all threads share."""

    def __init__(self, origin: str, given: Given) -> None:
        self._origin = origin
        self._given = given
        window_ms = round(given.window_s * 1000)
        self._total = limiter_factory.create_inmemory_limiter(given.total, window_ms)
        self._creations: Limiter | None = None
        if given.creations < given.total:
            self._creations = limiter_factory.create_inmemory_limiter(given.creations, window_ms)
        self._threads = threading.local()

    def create(self, ticket: object) -> None:
        """Create a ticket; raises what the last try failed with."""
        self._create(ticket)

    @_retried
    def _create(self, ticket: object) -> None:
        if self._creations is not None:
            self._creations.try_acquire("creations")
        url = f"{self._origin}/api/v2/tickets"
        checked(self._session().post(url, json=ticket, timeout=CALL_TIMEOUT_S))

    @_retried
    def read(self, url: str) -> None:
        """Read a ticket."""
        checked(self._session().get(url, timeout=CALL_TIMEOUT_S))

    def _session(self) -> RateLimitedRequestsSession:
        """A session for this thread: requests does not promise to share one."""
        if not hasattr(self._threads, "session"):
            session = RateLimitedRequestsSession(self._total)
            session.trust_env = False
            session.auth = (self._given.api_key, "X")
            self._threads.session = session
        found: RateLimitedRequestsSession = self._threads.session
        return found


def checked(reply: requests.Response) -> None:
    """Raise Again for what may pass, HTTPError for what will not."""
    if reply.status_code == 429 or reply.status_code >= 500:
        asked = reply.headers.get("Retry-After")
        raise Again(float(asked) if asked else None)
    reply.raise_for_status()


def consume(given: Given, accounts: dict[str, Account]) -> None:
    """Take messages for ever."""
    queue = given.sqs()
    tell("ready")
    while True:
        answer = queue.receive_message(
            QueueUrl=given.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=LONG_POLL_S
        )
        for message in answer.get("Messages", []):
            tell("received")
            request = json.loads(message["Body"])
            try:
                accounts[request["instance_id"]].create(request["parameters"])
            except (requests.RequestException, Again) as error:
                tell("failed", error=type(error).__name__)
                continue
            queue.delete_message(QueueUrl=given.queue_url, ReceiptHandle=message["ReceiptHandle"])


def read_now_and_then(given: Given, account: Account) -> None:
    """Somebody asks for a ticket, at fixed times, through the same limiter."""

    def read(due: float) -> None:
        account.read(given.interactive_url)
        tell("answered", seconds=time.monotonic() - due)

    with ThreadPoolExecutor(max_workers=32) as threads:
        due = time.monotonic()
        while True:
            due += given.interactive_every_s
            time.sleep(max(0.0, due - time.monotonic()))
            threads.submit(read, due)


def main(given: Given) -> None:
    """Start the threads and stay."""
    accounts = {name: Account(origin, given) for name, origin in given.accounts.items()}
    if given.interactive_every_s:
        first = next(iter(accounts.values()))
        threading.Thread(target=read_now_and_then, args=(given, first), daemon=True).start()
    with ThreadPoolExecutor(max_workers=THREADS) as threads:
        for future in [threads.submit(consume, given, accounts) for _ in range(THREADS)]:
            future.result()


if __name__ == "__main__":
    main(Given.from_text(sys.argv[1]))
