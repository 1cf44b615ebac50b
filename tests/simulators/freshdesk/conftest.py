"""A simulator served on a free loopback port, and a plain HTTP client to ask it with."""

import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest

from local.freshdesk.account import DEMO_API_KEY, Account
from local.freshdesk.app import Simulator


def basic(key: str) -> str:
    """The Authorization header of an API key; the password is a dummy by convention."""
    return "Basic " + base64.b64encode(f"{key}:X".encode()).decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, read to its end. ``body`` is its JSON; None when there are no bytes."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return orjson.loads(self.content) if self.content else None

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The field errors of a 400 or 409."""
        assert self.body["description"] == "Validation failed"
        found: list[dict[str, Any]] = self.body["errors"]
        return found


class RunningSimulator:
    """The server's address and account, with calls below ``/api/v2`` and ``/__sim``."""

    def __init__(self, url: str, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.simulator = simulator
        self._session = session
        self.headers = {"Authorization": basic(DEMO_API_KEY)}

    @property
    def account(self) -> Account:
        return self.simulator.account

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        """Any request to any path of the server, with the demo key unless ``headers`` says."""
        headers = {**self.headers, **options.pop("headers", {})}
        headers = {name: value for name, value in headers.items() if value is not None}
        async with self._session.request(
            method, self.url + path, headers=headers, **options
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **query: Any) -> Answer:
        return await self.send("GET", f"/api/v2{path}", params=query)

    async def post(self, path: str, body: object = None) -> Answer:
        return await self.send("POST", f"/api/v2{path}", **_json(body))

    async def put(self, path: str, body: object = None) -> Answer:
        return await self.send("PUT", f"/api/v2{path}", **_json(body))

    async def delete(self, path: str) -> Answer:
        return await self.send("DELETE", f"/api/v2{path}")

    async def control(self, path: str, body: object = None) -> Any:
        """``POST /__sim/…`` with a body, ``GET`` without; must succeed."""
        method = "GET" if body is None else "POST"
        answer = await self.send(method, f"/__sim{path}", **_json(body))
        assert answer.status in {200, 201}, answer.content
        return answer.body

    async def ticket(self, **fields: Any) -> dict[str, Any]:
        """A new ticket by the API, with whatever ``fields`` say over plain defaults."""
        body = {"email": "mira@client.example", "subject": "Blank page", "description": "It is."}
        answer = await self.post("/tickets", {**body, **fields})
        assert answer.status == 201, answer.content
        created: dict[str, Any] = answer.body
        return created


def _json(body: object) -> dict[str, Any]:
    if body is None:
        return {}
    return {"data": orjson.dumps(body), "headers": {"Content-Type": "application/json"}}


@pytest.fixture
async def simulator() -> AsyncIterator[RunningSimulator]:
    running = Simulator()
    async with running.serve("127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
        yield RunningSimulator(url, running, session)
