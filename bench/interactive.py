"""Somebody who asks through the API, at fixed times, whatever else is going on."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import requests

from bench.subject import Answered
from local.api_client import CallError, ConnectorApi

_POLL_S = 0.1
_LONGEST_S = 60.0
THREADS = 16


class InteractiveCaller:
    """Reads one ticket through Freshbridge's API; what is answered 202 is waited for."""

    def __init__(self, url: str, user_secret: str, organization_secret: str) -> None:
        self._own = threading.local()
        self._access = (url, user_secret, organization_secret)

    def warm(self, instance_id: str, ticket_id: int) -> None:
        """Have as many function processes started as may be needed at once."""
        with ThreadPoolExecutor(max_workers=4) as threads:
            list(threads.map(lambda _: self._read(instance_id, ticket_id), range(8)))

    @contextlib.contextmanager
    def calling(self, every_s: float, instance_id: str, ticket_id: int) -> Iterator[list[Answered]]:
        """Call until the block is left; yields the list that answers are added to."""
        answered: list[Answered] = []
        stop = threading.Event()

        def call(due: float) -> None:
            try:
                self._read(instance_id, ticket_id)
            except (CallError, requests.RequestException):
                seconds = _LONGEST_S  # as bad as waiting for ever
            else:
                seconds = time.monotonic() - due
            answered.append(Answered(time.time(), seconds))

        def clock() -> None:
            due = time.monotonic()
            while not stop.wait(max(0.0, due - time.monotonic())):
                threads.submit(call, due)
                due += every_s

        with ThreadPoolExecutor(max_workers=THREADS) as threads:
            ticking = threading.Thread(target=clock, daemon=True)
            ticking.start()
            try:
                yield answered
            finally:
                stop.set()
                ticking.join()

    def _read(self, instance_id: str, ticket_id: int) -> None:
        """Raises CallError when the API refuses, or does not get it done."""
        api = self._api()
        path = f"/api/integrations/{instance_id}/actions"
        body = {"action": "get_ticket_info", "parameters": {"ticket_id": ticket_id}}
        answer = api.send("POST", path, body)
        if answer.status_code >= 400:
            raise CallError(f"POST {path} answered {answer.status_code}: {answer.text[:200]}")
        if answer.status_code == 202:
            self._await(api, answer.json()["action_id"])

    def _await(self, api: ConnectorApi, action_id: str) -> None:
        end = time.monotonic() + _LONGEST_S
        while (state := api.call("GET", f"/api/actions/{action_id}")["state"]) != "succeeded":
            if state in ("failed", "dead") or time.monotonic() > end:
                raise CallError(f"action {action_id} is {state}")
            time.sleep(_POLL_S)

    def _api(self) -> ConnectorApi:
        if not hasattr(self._own, "api"):
            self._own.api = ConnectorApi(*self._access)
        found: ConnectorApi = self._own.api
        return found
