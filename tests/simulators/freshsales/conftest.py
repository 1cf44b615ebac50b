"""A simulator served on a free loopback port, and a plain HTTP client to ask it with."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest

from local.freshsales.account import DEMO_API_KEY, Account
from local.freshsales.app import Simulator
from local.freshsales.wire import root_of

Record = dict[str, Any]


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
    def messages(self) -> list[str]:
        """The sentences of a refusal."""
        assert self.body["errors"]["code"] == self.status
        found: list[str] = self.body["errors"]["message"]
        return found


class RunningSimulator:
    """The server's address and account, with calls below the API's root and ``/__sim``."""

    def __init__(self, url: str, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.simulator = simulator
        self._session = session
        self.headers = {"Authorization": f"Token token={DEMO_API_KEY}"}

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

    async def call(self, method: str, path: str, body: object = None, **query: Any) -> Answer:
        """A request below the API's root."""
        options: Record = {"params": query} if query else {}
        if body is not None:
            options |= {
                "data": orjson.dumps(body), "headers": {"Content-Type": "application/json"}
            }  # fmt: skip
        return await self.send(method, root_of(self.account) + path, **options)

    async def call_with_timeout(self, path: str, body: object, seconds: float) -> Answer:
        """A POST that is given up. Raises TimeoutError."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        return await self.send("POST", root_of(self.account) + path, json=body, timeout=timeout)

    async def get(self, path: str, **query: Any) -> Answer:
        return await self.call("GET", path, **query)

    async def post(self, path: str, body: object = None, **query: Any) -> Answer:
        return await self.call("POST", path, body, **query)

    async def put(self, path: str, body: object = None, **query: Any) -> Answer:
        return await self.call("PUT", path, body, **query)

    async def delete(self, path: str, **query: Any) -> Answer:
        return await self.call("DELETE", path, **query)

    async def control(self, path: str, body: object = None) -> Any:
        """``POST /__sim/…`` with a body, ``GET`` without; must succeed."""
        method = "GET" if body is None else "POST"
        options = {} if body is None else {"data": orjson.dumps(body)}
        answer = await self.send(method, f"/__sim{path}", **options)
        assert answer.status == 200, answer.content
        return answer.body

    async def made(self, table: str, **fields: Any) -> Record:
        """A new record by the API; must succeed. ``made("contacts", emails="a@b.example")``."""
        singular = _SINGULARS[table]
        answer = await self.post(f"/{table}", {singular: fields})
        assert answer.status == 200, answer.content
        record: Record = answer.body[singular]
        return record

    async def contact(self, email: str = "ana@client.example", **fields: Any) -> Record:
        return await self.made("contacts", emails=email, last_name="Ruiz", **fields)

    async def selector(self, name: str, entry: str | None = None) -> Any:
        """The id of the entry called so, or of the first one."""
        key = "users" if name == "owners" else name
        rows = (await self.get(f"/selector/{name}")).body[key]
        return next(one["id"] for one in rows if entry in (None, one.get("name")))

    async def view(self, table: str, name: str) -> str:
        """The path of the view called so."""
        views = (await self.get(f"/{table}/filters")).body["filters"]
        return f"/{table}/view/" + str(next(one["id"] for one in views if one["name"] == name))


_SINGULARS = {
    "contacts": "contact", "sales_accounts": "sales_account", "deals": "deal", "leads": "lead",
    "tasks": "task", "appointments": "appointment", "notes": "note",
    "sales_activities": "sales_activity",
}  # fmt: skip


@asynccontextmanager
async def running(persona: str) -> AsyncIterator[RunningSimulator]:
    simulator = Simulator(Account(persona=persona))
    async with simulator.serve("127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
        yield RunningSimulator(url, simulator, session)


@pytest.fixture
async def suite() -> AsyncIterator[RunningSimulator]:
    """An account of the current generation."""
    async with running("suite") as one:
        yield one


@pytest.fixture
async def classic() -> AsyncIterator[RunningSimulator]:
    """An account of the older generation, which has leads."""
    async with running("classic") as one:
        yield one
