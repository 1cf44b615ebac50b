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
DEADLINE_S = 60


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


@pytest.mark.parametrize("path", ["/api/v2/tickets", "/api/v2/tickets/1", "/api/v2/contacts"])
async def test_head_answers_like_get_without_the_body(
    simulator: RunningSimulator, path: str
) -> None:
    await simulator.control("/seed", {"tickets": 40, "contacts": 40})
    whole = await simulator.send("GET", path)
    head = await simulator.send("HEAD", path)
    assert (head.status, head.content) == (200, b"")
    for name in ("Content-Type", "Content-Length", "link"):
        assert head.headers.get(name) == whole.headers.get(name)
    used = "X-RateLimit-Remaining"
    assert int(head.headers[used]) == int(whole.headers[used]) - 1
    assert (await simulator.send("HEAD", "/api/v2/nothing")).status == 404


async def test_an_empty_host_is_answered(simulator: RunningSimulator) -> None:
    await simulator.control("/seed", {"tickets": 3})
    answer = await simulator.send("GET", "/api/v2/tickets?per_page=1", headers={"Host": ""})
    assert answer.status == 200
    assert answer.headers["link"].startswith("<http://")


async def test_a_proxy_that_speaks_tls_is_named_in_links(simulator: RunningSimulator) -> None:
    await simulator.control("/seed", {"tickets": 3})
    headers = {"Host": "acmedemo.freshdesk.com", "X-Forwarded-Proto": "https"}
    answer = await simulator.send("GET", "/api/v2/tickets?per_page=1", headers=headers)
    assert answer.headers["link"].startswith("<https://acmedemo.freshdesk.com/api/v2/tickets?")


async def test_doubled_slashes_are_one(simulator: RunningSimulator) -> None:
    for path in ("/api/v2//agents/me", "/api//v2/agents/me", "//api/v2/agents//me/"):
        assert (await simulator.send("GET", path)).status == 200


async def test_a_body_may_come_in_chunks_after_a_go_ahead(simulator: RunningSimulator) -> None:
    port = int(simulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    authorization = simulator.headers["Authorization"]
    writer.write(
        b"POST http://acme.freshdesk.com/api/v2/tickets HTTP/1.1\r\nHOST: acme.freshdesk.com\r\n"
        b"content-type: application/json;charset=UTF-8\r\nTransfer-Encoding: chunked\r\n"
        b"EXPECT: 100-continue\r\nConnection: close\r\nAccept-Encoding: gzip, deflate\r\n"
        b"AUTHORIZATION: " + authorization.encode() + b"\r\n\r\n"
    )
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    body = b'{"email":"mira@client.example","subject":"Blank","description":"It is."}'
    for part in (body[:7], body[7:30], body[30:], b""):
        writer.write(b"%x\r\n%b\r\n" % (len(part), part))
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 201")
    assert b"Location: http://acme.freshdesk.com/api/v2/tickets/1\r\n" in answer


async def test_a_connection_serves_many_requests(simulator: RunningSimulator) -> None:
    port = int(simulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    authorization = simulator.headers["Authorization"]
    for _ in range(200):
        writer.write(
            b"GET http://acme.freshdesk.com/api/v2/agents/me HTTP/1.1\r\n"
            b"Host: acme.freshdesk.com\r\nAuthorization: " + authorization.encode() + b"\r\n\r\n"
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length
        await reader.readexactly(int(length[1]))
    writer.close()
