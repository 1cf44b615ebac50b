"""Counts what the executor asks of DynamoDB: a relay between the functions and the emulator.

The emulator keeps no count of its own. A write that a condition refused is counted like any other,
as AWS charges it like any other. The relay reads the operation and the table of each request and
passes everything on as it came.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from io import BufferedIOBase
from urllib.parse import urlsplit

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem")


class DynamoDbMeter:
    """`counts` of requests by (operation, table); several threads may read it."""

    def __init__(self, endpoint: str) -> None:
        """`endpoint`: the emulator's URL."""
        parts = urlsplit(endpoint)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._lock = threading.Lock()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.url = ""

    def clear(self) -> None:
        """Count from zero."""
        self.counts.clear()

    def writes(self, table: str = "") -> int:
        """Write requests, to one table or to all."""
        return sum(
            count
            for (operation, name), count in self.counts.items()
            if operation in WRITES and name == (table or name)
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Relay from threads, at `url`."""
        meter = self

        class Relay(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError, EOFError):
                    meter.relay(self.rfile, self.connection)

        with _Server(("127.0.0.1", 0), Relay) as server:
            self.url = f"http://127.0.0.1:{server.server_address[1]}"
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()

    def relay(self, requests: BufferedIOBase, client: socket.socket) -> None:
        """Pass on what comes over one connection, over one of its own to the emulator.

        Raises EOFError or ConnectionError when either side closes.
        """
        with socket.create_connection(self._address) as emulator:
            emulator.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = emulator.makefile("rb")
            while True:
                head, body = _message(requests)
                self._count(head, body)
                emulator.sendall(head + body)
                client.sendall(b"".join(_message(answers)))

    def _count(self, head: bytes, body: bytes) -> None:
        operation = _header(head, b"x-amz-target").rpartition(".")[2]
        request = json.loads(body) if body else {}
        with self._lock:
            self.counts[operation, str(request.get("TableName", ""))] += 1


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False  # a function keeps its connection open for as long as it lives


def _message(stream: BufferedIOBase) -> tuple[bytes, bytes]:
    """Head and body of a request or an answer; raises EOFError at the end."""
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        if not (line := stream.readline()):
            raise EOFError
        head += line
    return bytes(head), stream.read(int(_header(bytes(head), b"content-length") or 0))


def _header(head: bytes, name: bytes) -> str:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().decode("latin-1")
    return ""
