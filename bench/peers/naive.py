"""A queue consumer as people write it: five processes of this, no limiter, the queue retries.

A 429 is slept out for as long as the server asks, and tried again; whatever else failed stays in
the queue, comes back after its visibility time-out, and goes to the dead-letter queue after five
receives.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.peers.given import CALL_TIMEOUT_S, LONG_POLL_S, Given, tell

TRIES = 5


def session_of(given: Given) -> requests.Session:
    """A pooled session with the account's key."""
    session = requests.Session()
    session.trust_env = False
    session.auth = (given.api_key, "X")
    return session


def consume(given: Given) -> None:
    """Take messages for ever."""
    queue, session = given.sqs(), session_of(given)
    tell("ready")
    while True:
        answer = queue.receive_message(
            QueueUrl=given.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=LONG_POLL_S
        )
        for message in answer.get("Messages", []):
            tell("received")
            if created(session, given, json.loads(message["Body"])):
                queue.delete_message(
                    QueueUrl=given.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )


def created(session: requests.Session, given: Given, request: dict[str, object]) -> bool:
    """Create the ticket; False leaves the message to the queue."""
    url = f"{given.accounts[str(request['instance_id'])]}/api/v2/tickets"
    for _ in range(TRIES):
        try:
            reply = session.post(url, json=request["parameters"], timeout=CALL_TIMEOUT_S)
        except requests.RequestException as error:
            tell("failed", error=type(error).__name__)
            return False
        if reply.status_code != 429:
            return reply.ok
        time.sleep(float(reply.headers.get("Retry-After", 1)))
    return False


def read_now_and_then(given: Given) -> None:
    """Somebody asks for a ticket, at fixed times, however long the answers before it take."""

    def read(due: float) -> None:
        session = session_of(given)
        while True:
            reply = session.get(given.interactive_url, timeout=CALL_TIMEOUT_S)
            if reply.status_code != 429:
                break
            time.sleep(float(reply.headers.get("Retry-After", 1)))
        tell("answered", seconds=time.monotonic() - due)

    with ThreadPoolExecutor(max_workers=32) as threads:
        due = time.monotonic()
        while True:
            due += given.interactive_every_s
            time.sleep(max(0.0, due - time.monotonic()))
            threads.submit(read, due)


if __name__ == "__main__":
    told = Given.from_text(sys.argv[1])
    if told.interactive_every_s:
        threading.Thread(target=read_now_and_then, args=(told,), daemon=True).start()
    consume(told)
