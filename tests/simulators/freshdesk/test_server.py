"""The program: starting, a port in use, stopping, and requests of proxy clients."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator

ROOT = Path(__file__).parents[3]
DEADLINE_S = 20


@asynccontextmanager
async def program(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.freshdesk", *arguments, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_listens_and_stops_when_told(how: signal.Signals) -> None:
    async with (
        program("--port", "0", "--api-key", "another") as process,
        asyncio.timeout(DEADLINE_S),
    ):
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        found = re.fullmatch(r"Freshdesk simulator listening on http://127\.0\.0\.1:(\d+)\n", line)
        assert found
        reader, writer = await asyncio.open_connection("127.0.0.1", int(found[1]))
        # An idle kept-alive connection must not hold the program back.
        writer.write(b"GET /__sim/clock HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        process.send_signal(how)
        assert await process.wait() == 0
        writer.close()
        assert process.stderr is not None
        assert await process.stderr.read() == b""


async def test_a_port_in_use_ends_in_one_sentence(simulator: RunningSimulator) -> None:
    port = simulator.url.rpartition(":")[2]
    async with program("--port", port) as process, asyncio.timeout(DEADLINE_S):
        _, errors = await process.communicate()
        assert process.returncode == 1
        assert errors.decode().count("\n") == 1
        assert f"cannot listen on 127.0.0.1:{port}" in errors.decode()


async def test_an_absolute_target_is_served_and_named_in_links(simulator: RunningSimulator) -> None:
    await simulator.control("/seed", {"tickets": 3})
    port = int(simulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    authorization = simulator.headers["Authorization"]
    writer.write(
        b"GET http://acmedemo.freshdesk.com/api/v2/tickets?per_page=1 HTTP/1.1\r\n"
        b"Host: acmedemo.freshdesk.com\r\nConnection: close\r\n"
        b"Authorization: " + authorization.encode() + b"\r\n\r\n"
    )
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 200")
    assert body.startswith(b'[{"cc_emails"')
    link = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"link"))
    assert b"<http://acmedemo.freshdesk.com/api/v2/tickets?per_page=1&page=2>" in link


async def test_any_host_is_answered(simulator: RunningSimulator) -> None:
    answer = await simulator.send("GET", "/api/v2/account", headers={"Host": "x.freshdesk.com"})
    assert answer.status == 200
