"""Calls to the deployed API and to the Freshdesk simulator, as a person with curl would make them.

Two small clients for the scenario and the end-to-end tests; neither is the product's own.
"""

from dataclasses import dataclass
from typing import Any

import requests

TIMEOUT_S = 30.0


class CallError(Exception):
    """A call was answered with something else than success; the text says which and what came."""


def _session() -> requests.Session:
    session = requests.Session()
    # The servers are on this machine: a proxy from the environment would lead away from them.
    session.trust_env = False
    return session


def _checked(reply: requests.Response) -> Any:
    if reply.status_code >= 400:
        method, path = reply.request.method, reply.request.path_url
        raise CallError(f"{method} {path} answered {reply.status_code}: {reply.text[:300]}")
    return reply.json() if reply.content else None


@dataclass
class ConnectorApi:
    """The stack's own API, with the secrets of its callers."""

    url: str
    user_secret: str
    organization_secret: str

    def __post_init__(self) -> None:
        self._session = _session()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The `data` of a successful answer; raises CallError otherwise."""
        return _checked(self.send(method, path, body))["data"]

    def send(self, method: str, path: str, body: Any = None) -> requests.Response:
        """The answer as it came."""
        access = f"User {self.user_secret}, Organization {self.organization_secret}"
        return self._session.request(
            method,
            self.url + path,
            json=body,
            headers={"Authorization": access},
            timeout=TIMEOUT_S,
        )


@dataclass
class FreshdeskAccount:
    """The simulated account: its API with the agent's key, and what steers the simulator."""

    url: str
    api_key: str

    def __post_init__(self) -> None:
        self._session = _session()

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """A call of Freshdesk's own API; raises CallError when it is refused."""
        address = f"{self.url}/api/v2{path}"
        auth = (self.api_key, "X")
        return _checked(
            self._session.request(method, address, json=body, auth=auth, timeout=TIMEOUT_S)
        )

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        """A control call; raises CallError when it is refused."""
        address = f"{self.url}/__sim{path}"
        return _checked(self._session.request(method, address, json=body, timeout=TIMEOUT_S))
