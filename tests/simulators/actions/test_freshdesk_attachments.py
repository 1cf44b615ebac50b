"""Files on their way to Freshdesk: exact on the wire, and never held in memory as a whole."""

from __future__ import annotations

import base64
import io
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freshbridge.actions.uploads import MOST_BYTES, StoredFile
from freshbridge.errors import InvalidRequest, Retry, Unreachable
from freshbridge.http_message import FilePart, ProviderRequest, Timeouts
from freshbridge.transport import RequestsTransport
from tests.fakes.actions import FakeUploads, run_action
from tests.simulators.actions.conftest import Desk

UPLOAD = "upl_" + "0" * 32
MB = 1024 * 1024
CHUNK = bytes(64 * 1024)


def kept(desk: Desk) -> list[tuple[str, str, bytes]]:
    """Name, type and bytes of every file that the account holds."""
    account = desk.account
    return [
        (one["name"], one["content_type"], account.attachment_bytes[number])
        for number, one in account.attachments.items()
    ]


def test_files_arrive_as_they_are(desk: Desk) -> None:
    ticket_id = desk.ticket()
    content = bytes(range(256)) * 3 + b"\r\n--boundary--\r\n"
    inline = {"name": "Größe 😀 50% (1).png", "content_base64": base64.b64encode(content).decode()}
    upload = {"upload_id": UPLOAD, "name": "../تقرير.pdf"}

    outcome = desk.run(
        "add_reply",
        {
            "ticket_id": ticket_id,
            "body": 'שלום "Mira"\n😀',
            "cc_emails": ["a@client.example", "b@client.example"],
            "attachments": [inline, upload],
        },
        uploads=FakeUploads(**{UPLOAD: ("x", b"%PDF")}),
    )

    assert kept(desk) == [
        ("Größe 😀 50% (1).png", "image/png", content),
        ("تقرير.pdf", "application/pdf", b"%PDF"),
    ]
    conversation = outcome.data["conversation"]
    assert conversation["body"] == 'שלום "Mira"\n😀'
    assert conversation["cc_emails"] == ["a@client.example", "b@client.example"]
    assert [one["name"] for one in conversation["attachments"]] == [
        one["name"] for one in outcome.data["attached"]
    ]


def test_booleans_and_lists_of_a_form_are_read_as_such(desk: Desk) -> None:
    outcome = desk.run(
        "add_note",
        {
            "ticket_id": desk.ticket(),
            "body": "<p>Seen</p>",
            "private": False,
            "incoming": True,
            "notify_emails": ["ravi@acme.example", "kim@acme.example"],
            "attachments": [{"name": "a.txt", "content_base64": "AAAA"}],
        },
    )

    note = outcome.data["conversation"]
    assert (note["private"], note["incoming"]) == (False, True)
    assert note["notified_to"] == ["ravi@acme.example", "kim@acme.example"]


def test_a_ticket_with_a_file_has_every_kind_of_field(desk: Desk) -> None:
    fields = {
        "email": "mira@client.example",
        "subject": "Blank page",
        "description": "<p>It is.</p>",
        "priority": 3,
        "status": 2,
        "tags": ["billing", "pdf"],
        "cc_emails": ["ops@client.example"],
        "custom_fields": {"cf_region": "EMEA"},
    }
    part = FilePart("attachments[]", "a.txt", b"x", "text/plain")

    ticket = desk.client._record("POST", "/tickets", body=fields, files=[part])

    shown = {name: ticket[name] for name in ("priority", "status", "tags", "cc_emails")}
    assert shown == {name: fields[name] for name in shown}
    assert ticket["custom_fields"]["cf_region"] == "EMEA"
    assert [one["name"] for one in ticket["attachments"]] == ["a.txt"]


def test_a_note_gets_another_file_and_loses_one(desk: Desk) -> None:
    note = {"ticket_id": desk.ticket(), "body": "Seen"}
    files = [{"name": "a.txt", "content_base64": "AAAA"}]
    made = desk.run("add_note", {**note, "attachments": files}).data["conversation"]

    changed = desk.run(
        "edit_note",
        {
            "conversation_id": made["id"],
            "attachments": [{"name": "b.txt", "content_base64": "AAAA"}],
        },
    ).data["conversation"]
    desk.run("delete_attachment", {"attachment_id": made["attachments"][0]["id"]})

    assert [one["name"] for one in changed["attachments"]] == ["a.txt", "b.txt"]
    assert [name for name, _type, _content in kept(desk)] == ["b.txt"]


def test_what_the_ticket_has_already_counts_at_freshdesk(desk: Desk) -> None:
    # Given a ticket with a file that leaves room for a few bytes
    ticket_id = desk.ticket()
    large = FakeUploads(**{UPLOAD: ("a.bin", bytes(MOST_BYTES - 2))})
    note = {"ticket_id": ticket_id, "body": "Seen", "attachments": [{"upload_id": UPLOAD}]}
    desk.run("add_note", note, uploads=large)
    desk.account.tickets[ticket_id]["attachments"] = list(desk.account.attachments.values())

    # When more is attached than is left, Freshdesk's refusal names the field
    with pytest.raises(InvalidRequest) as caught:
        files = [{"name": "b.txt", "content_base64": "AAAA"}]
        desk.run("add_note", {**note, "attachments": files})

    assert [found.field for found in caught.value.fields] == ["attachments"]


def test_a_failed_upload_is_sent_again_from_its_start(desk: Desk) -> None:
    # Given a provider that fails once, before it has read the file
    ticket_id = desk.ticket()
    uploads = FakeUploads(**{UPLOAD: ("a.bin", b"x" * MB)})
    note = {"ticket_id": ticket_id, "body": "Seen", "attachments": [{"upload_id": UPLOAD}]}
    fault = {"match": "POST /tickets/{id}/notes", "kind": "status", "count": 1}
    requests.post(f"{desk.url}/__sim/faults", json=fault, timeout=30).raise_for_status()
    with pytest.raises(Retry):
        desk.run("add_note", note, uploads=uploads)

    # When the action runs again
    desk.run("add_note", note, uploads=uploads)

    # Then the file is there once, as a whole
    assert [content for _name, _type, content in kept(desk)] == [b"x" * MB]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=60), content=st.binary(min_size=1, max_size=2000))
def test_any_name_and_any_bytes_arrive(desk: Desk, name: str, content: bytes) -> None:
    file = {"name": name or "a", "content_base64": base64.b64encode(content).decode()}
    note = {"ticket_id": desk.ticket(), "body": "Seen", "attachments": [file]}

    sent = desk.run("add_note", note).data["attached"][0]["name"]

    arrived, _type, found = kept(desk)[-1]
    assert (arrived, found) == (sent, content)


class Zeros:
    """A file of a size, made while it is read."""

    def __init__(self, size: int) -> None:
        self.size = size

    def open(self) -> Zeros:
        return self

    def read(self, size: int, /) -> bytes:
        return CHUNK[:size]

    def close(self) -> None:
        """Nothing to close."""


class Sink:
    """A server that counts the bytes of one request and keeps none; then it answers."""

    def __init__(self, *, hang_up_after: int | None = None) -> None:
        self.received = 0
        self.head = b""
        self._hang_up_after = hang_up_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api/v2/tickets/7/notes"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join(30)
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            stream = connection.makefile("rb", buffering=0)
            while not self.head.endswith(b"\r\n\r\n"):
                self.head += stream.read(1)
            wanted = int(dict(self._fields())[b"content-length"])
            buffer = memoryview(bytearray(64 * 1024))
            while self.received < min(wanted, self._hang_up_after or wanted):
                self.received += connection.recv_into(buffer)
            if self._hang_up_after is None:
                connection.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n{"id":7}')

    def _fields(self) -> Iterator[tuple[bytes, bytes]]:
        for line in self.head.split(b"\r\n")[1:-2]:
            name, _, value = line.partition(b":")
            yield name.lower(), value.strip()


@contextmanager
def sink(**options: Any) -> Iterator[Sink]:
    server = Sink(**options)
    try:
        yield server
    finally:
        server.close()


def post(url: str, *parts: FilePart) -> ProviderRequest:
    timeouts = Timeouts(connect_s=10, read_s=10, total_s=60)
    return ProviderRequest(method="POST", url=url, files=parts, timeouts=timeouts)


def test_the_largest_upload_is_streamed() -> None:
    transport = RequestsTransport()
    with sink() as server:
        request = post(server.url, FilePart("attachments[]", "a.bin", Zeros(MOST_BYTES)))
        tracemalloc.start()
        try:
            reply = transport.send(request)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    transport.close()

    assert reply.status == 201
    assert server.received > MOST_BYTES
    assert b"transfer-encoding" not in server.head.lower()
    # A few chunks, where one copy alone would be 20 MB.
    assert peak < 1 * MB


def test_an_inline_file_is_decoded_once() -> None:
    # Given the base64 of the largest inline file, held by the request's message anyway
    content = base64.b64encode(bytes(3 * MB)).decode()
    note = {
        "ticket_id": 7,
        "body": "Seen",
        "attachments": [{"name": "a.bin", "content_base64": content}],
    }
    transport = RequestsTransport()
    with sink() as server:
        tracemalloc.start()
        try:
            run_action("add_note", note, transport, base_url=server.url.partition("/api")[0])
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    transport.close()

    assert server.received > 3 * MB
    # Decoding needs its bytes and its input's for a moment; a second copy would be 3 MB more.
    assert peak < 8.5 * MB


def test_a_provider_that_hangs_up_in_the_middle_has_not_taken_the_request() -> None:
    transport = RequestsTransport()
    with sink(hang_up_after=MB) as server, pytest.raises(Unreachable) as caught:
        transport.send(post(server.url, FilePart("attachments[]", "a.bin", Zeros(MOST_BYTES))))
    transport.close()

    assert caught.value.outcome_unknown is False


def test_a_stored_file_is_a_source() -> None:
    stored = StoredFile("a", None, Zeros(3))

    part = FilePart("f", stored.name, stored.content)

    assert (part.size, part.open().read(3)) == (3, b"\x00" * 3)
    assert isinstance(FilePart("f", "n", b"x").open(), io.BytesIO)
