"""The program: starting as either generation, a port in use, stopping."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.simulators.freshsales.conftest import RunningSimulator

ROOT = Path(__file__).parents[3]
DEADLINE_S = 60


@asynccontextmanager
async def program(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.freshsales", *arguments, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize(
    ("how", "persona", "root"),
    [(signal.SIGTERM, "suite", "/crm/sales/api"), (signal.SIGINT, "classic", "/api")],
)
async def test_it_says_where_it_listens_and_stops_when_told(
    how: signal.Signals, persona: str, root: str
) -> None:
    arguments = ("--port", "0", "--api-key", "another", "--persona", persona)
    async with program(*arguments) as process, asyncio.timeout(DEADLINE_S):
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        said = rf"Freshsales simulator \({persona}\) listening on http://127\.0\.0\.1:(\d+){root}\n"
        found = re.fullmatch(said, line)
        assert found, line
        # A client behind a proxy sends the whole address; its connection stays open, idle.
        reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
        host = "acme.freshsales.io" if persona == "classic" else "acme.myfreshworks.com"
        writer.write(
            f"GET http://{host}{root}/selector/owners HTTP/1.1\r\nHost: {host}\r\n"
            "Authorization: Token token=another\r\n\r\n".encode()
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        process.send_signal(how)
        assert await process.wait() == 0
        writer.close()
        assert process.stderr is not None
        assert await process.stderr.read() == b""


async def test_a_port_in_use_ends_in_one_sentence(suite: RunningSimulator) -> None:
    port = suite.url.rpartition(":")[2]
    async with program("--port", port) as process, asyncio.timeout(DEADLINE_S):
        _, errors = await process.communicate()
        assert process.returncode == 1
        assert errors.decode().count("\n") == 1
        assert f"cannot listen on 127.0.0.1:{port}" in errors.decode()


async def test_a_jobs_address_is_the_clients_own(suite: RunningSimulator) -> None:
    answer = await suite.send(
        "POST", "/crm/sales/api/contacts/bulk_upsert",
        json={"contacts": [{"emails": "a@x.example", "data": {}}]},
        headers={"Host": "acme.myfreshworks.com", "X-Forwarded-Proto": "https"},
    )  # fmt: skip
    url = answer.body["job_status_url"]
    assert url.startswith("https://acme.myfreshworks.com/crm/sales/api/job_statuses/")
