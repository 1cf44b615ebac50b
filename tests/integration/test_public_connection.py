"""A call to an address that a person typed: to the address that was checked, under its own name.

A server of TLS on this machine stands for one on the Internet; that its address may be called is
what these tests pretend.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from freshbridge import public_address
from freshbridge.errors import Unreachable
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.public_address import HostUnresolved, PrivateAddress, UnreadableUrl
from freshbridge.transport import PublicAddressAdapter, RequestsTransport, system_addresses

HOST = "events.example.com"


@dataclass
class Server:
    """A server whose certificate is for HOST; `hosts` and `names` are what its callers said."""

    port: int
    certificate: Path
    hosts: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    def call(self, host: str, *addresses: str, **options: Any) -> ProviderReply:
        """Call it by a name that resolves to these addresses."""
        adapter = PublicAddressAdapter(resolve=lambda _host: addresses, **options)
        transport = RequestsTransport(adapter=adapter)
        transport._session.verify = str(self.certificate)
        url = f"https://{host}:{self.port}/in"
        try:
            return transport.send(ProviderRequest(method="POST", url=url, body=b"x"))
        finally:
            transport.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(_certificate())
    found = Server(0, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: found.names.append(name)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.hosts.append(self.headers["Host"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.handle_error = lambda *_arguments: None  # type: ignore[method-assign]  # a refused certificate is no news
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    found.port = listener.server_address[1]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture
def loopback_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this machine's address were one on the Internet."""
    monkeypatch.setattr(public_address, "is_public", lambda address: address == "127.0.0.1")


def _certificate() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.usefixtures("loopback_is_public")
def test_the_checked_address_is_called_under_the_name_that_was_asked_for(server: Server) -> None:
    assert server.call(HOST, "127.0.0.1").status == 204

    assert server.names == [HOST]
    assert server.hosts == [f"{HOST}:{server.port}"]


@pytest.mark.usefixtures("loopback_is_public")
def test_a_certificate_for_another_name_is_refused(server: Server) -> None:
    with pytest.raises(Unreachable, match="secure connection"):
        server.call("other.example.com", "127.0.0.1")
    assert server.hosts == []


def test_a_name_that_leads_to_a_private_address_is_not_called(server: Server) -> None:
    with pytest.raises(PrivateAddress):
        server.call(HOST, "127.0.0.1")
    with pytest.raises(PrivateAddress):
        server.call("127.0.0.1")
    with pytest.raises(HostUnresolved):
        server.call(HOST)
    assert server.names == []


@pytest.mark.usefixtures("loopback_is_public")
def test_an_answer_that_changes_between_check_and_call_changes_nothing(server: Server) -> None:
    # Given a name that is public when it is looked up first, and private ever after
    asked = []

    def rebinding(_host: str) -> list[str]:
        asked.append(_host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    adapter = PublicAddressAdapter(resolve=rebinding)
    transport = RequestsTransport(adapter=adapter)
    transport._session.verify = str(server.certificate)
    request = ProviderRequest(method="POST", url=f"https://{HOST}:{server.port}/", body=b"")

    # Then the call goes to what was checked, and the next one is checked anew
    assert transport.send(request).status == 204
    with pytest.raises(PrivateAddress):
        transport.send(request)
    transport.close()
    assert len(asked) == 2
    assert len(server.hosts) == 1


def test_an_origin_that_was_let_through_is_called_as_it_is(server: Server) -> None:
    # Given a private host: it is reached, though its certificate then does not fit
    origin = f"https://localhost:{server.port}"

    with pytest.raises(PrivateAddress):
        server.call("localhost", allowed_origins=["https://localhost:1"])
    with pytest.raises(Unreachable, match="secure connection"):
        server.call("localhost", allowed_origins=[origin])

    assert server.names == ["localhost"]


def test_plain_http_is_for_origins_that_were_let_through() -> None:
    transport = RequestsTransport(adapter=PublicAddressAdapter(resolve=lambda _host: ["8.8.8.8"]))
    with pytest.raises(UnreadableUrl):
        transport.send(ProviderRequest(method="POST", url="http://events.example.com/", body=b""))


def test_the_system_answers_with_texts() -> None:
    assert system_addresses("127.0.0.1") == ["127.0.0.1"]
