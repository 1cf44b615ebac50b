"""Calls to AWS over HTTP: connections are kept, and one that broke is given up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import BotoCoreError

from freshbridge.aws_json import Caller, Sender, Sqs
from freshbridge.settings import AwsEnvironment


class Served:
    """A service that counts its connections and hangs up where it is told to."""

    def __init__(self) -> None:
        self.connections: set[tuple[str, int]] = set()
        self.hang_ups = 0
        self.bodies: list[object] = []


@pytest.fixture
def service() -> Iterator[tuple[Served, str]]:
    """The service and its address."""
    served = Served()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            served.connections.add(self.client_address)
            length = int(self.headers["Content-Length"])
            served.bodies.append(json.loads(self.rfile.read(length)))
            if served.hang_ups:
                served.hang_ups -= 1
                self.close_connection = True
                return
            answer = b'{"MessageId": "m-1"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def queue(url: str, sender: Sender) -> Sqs:
    environment = AwsEnvironment("eu-central-1", "key", "made-up", "", url)
    return Sqs(Caller(environment, sender, sleep=lambda _seconds: None))


def test_one_connection_serves_many_calls(service: tuple[Served, str]) -> None:
    served, url = service
    sender = Sender()

    for number in range(3):
        assert queue(url, sender).send_message(MessageBody=str(number)) == {"MessageId": "m-1"}

    assert len(served.connections) == 1
    assert served.bodies == [{"MessageBody": str(number)} for number in range(3)]
    sender.close()


def test_a_connection_that_broke_is_made_anew(service: tuple[Served, str]) -> None:
    served, url = service
    sender = Sender()
    queue(url, sender).send_message(MessageBody="first")
    served.hang_ups = 1

    assert queue(url, sender).send_message(MessageBody="second") == {"MessageId": "m-1"}

    assert len(served.connections) == 2
    sender.close()


def test_a_service_that_hangs_up_each_time_is_out_of_reach(service: tuple[Served, str]) -> None:
    served, url = service
    served.hang_ups = 3

    with pytest.raises(BotoCoreError):
        queue(url, Sender()).send_message(MessageBody="x")

    assert len(served.bodies) == 3
