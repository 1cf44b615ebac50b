"""http.request against a server, over real HTTP, as the executor would run it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from freshbridge.actions.action import Outcome
from freshbridge.errors import ProviderDown, Redirected, Throttled, Unreachable
from freshbridge.events.signature import signed_at
from freshbridge.http_api.client import HttpClient
from freshbridge.public_address import PrivateAddress, UnreadableUrl
from freshbridge.transport import RequestsTransport
from tests import builders
from tests.fakes.actions import run_action

KEY = "signing-made-up"


class Api(BaseHTTPRequestHandler):
    """Answers with what it was sent; its paths say what goes wrong."""

    protocol_version = "HTTP/1.1"
    seen: list[dict[str, Any]]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = {"method": self.command, "path": self.path, "headers": dict(self.headers),
                "body": body.decode()}  # fmt: skip
        self.seen.append(told)
        status = {"/busy": 429, "/down": 500, "/moved": 302}.get(self.path, 200)
        content = json.dumps(told).encode()
        if self.path == "/drop":
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Retry-After", "7")
        self.send_header("Location", "https://evil.example/")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the server's names

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


class World:
    """A served API, and the action on it."""

    def __init__(self, url: str, seen: list[dict[str, Any]]) -> None:
        self.url = url
        self.seen = seen
        self.transport = RequestsTransport()

    def request(self, parameters: dict[str, Any], *, named: bool = True) -> Outcome:
        """Run it; `named` says whether the deployer allowed this very origin."""
        secrets = {"authorization": "Bearer made-up", "signing.key": KEY}
        allowed = (self.url,) if named else ()
        return run_action(
            "request",
            parameters,
            self.transport,
            platform="http",
            client=HttpClient(self.transport, self.url, secrets, allowed_origins=allowed),
            instance=builders.instance(platform="http", origin=self.url),
        )


@pytest.fixture
def api() -> Iterator[World]:
    seen: list[dict[str, Any]] = []
    handler = type("Handler", (Api,), {"seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    world = World(f"http://127.0.0.1:{server.server_address[1]}", seen)
    yield world
    world.transport.close()
    server.shutdown()
    server.server_close()
    thread.join(30)


def test_what_arrives_is_what_was_signed(api: World) -> None:
    outcome = api.request({"path": "/orders/7 a", "query": {"q": "ü&"}, "json": {"text": "grüße"}})

    [seen] = api.seen
    assert (seen["method"], seen["path"]) == ("POST", "/orders/7%20a?q=%C3%BC%26")
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert headers["authorization"] == "Bearer made-up"
    assert headers["idempotency-key"] == builders.action_request().idempotency_key
    signed = headers["x-freshbridge-signature"]
    assert signed_at(signed, seen["body"].encode(), [KEY]) is not None
    assert signed_at(signed, seen["body"].encode() + b" ", [KEY]) is None
    assert outcome.data["json"]["path"] == seen["path"]


def test_an_answer_that_is_none_is_told_as_what_it_is(api: World) -> None:
    with pytest.raises(Throttled) as throttled:
        api.request({"path": "/busy"})
    with pytest.raises(ProviderDown) as down:
        api.request({"path": "/down"})
    with pytest.raises(Redirected):
        api.request({"path": "/moved"})
    with pytest.raises(Unreachable) as dropped:
        api.request({"path": "/drop"})

    assert throttled.value.after == 7
    assert (down.value.outcome_unknown, dropped.value.outcome_unknown) == (True, True)
    assert [one["path"] for one in api.seen] == ["/busy", "/down", "/moved", "/drop"]


def test_a_private_address_that_no_deployer_named_is_not_called(api: World) -> None:
    with pytest.raises((PrivateAddress, UnreadableUrl)):
        api.request({"path": "/orders"}, named=False)

    assert api.seen == []
