"""The transport on an in-memory adapter: what it sends, and how it names each failure."""

import gzip
import io
import socket
import ssl
from collections.abc import Callable, Iterable
from email.message import Message
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter
from urllib3 import exceptions as urllib3_errors

from freshbridge import __version__
from freshbridge.errors import InvalidRequest, Redirected, ReplyTooLarge, Unreachable
from freshbridge.http_message import FilePart, ProviderRequest, Timeouts
from freshbridge.multipart import FileInterrupted
from freshbridge.transport import RequestsTransport

URL = "https://acme.freshdesk.com/api/v2/tickets"


class Wire(io.RawIOBase):
    """A body that arrives packet by packet; a packet that is an exception is raised."""

    def __init__(self, packets: Iterable[bytes | Exception], tick: Callable[[], None]) -> None:
        super().__init__()
        self._packets = list(packets)
        self._tick = tick

    def read1(self, _amount: int = -1) -> bytes:
        self._tick()
        packet = self._packets.pop(0) if self._packets else b""
        if isinstance(packet, Exception):
            raise packet
        return packet


class Cookies:
    """What requests looks at to find cookies: the reply as http.client would hold it."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.msg = Message()
        for name, value in headers.items():
            self.msg[name] = value

    def isclosed(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to close."""


class MemoryAdapter(BaseAdapter):
    """Stands where the network stands: remembers what was sent, answers what it was told."""

    def __init__(self, *packets: bytes | Exception, status: int = 200, **headers: str) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []
        self.failure: Exception | None = None
        self.now = 0.0
        self._packets, self._status = packets, status
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # the options are only remembered
        self.sent.append(request)
        self.options.append(options)
        if self.failure is not None:
            raise self.failure
        response = requests.Response()
        response.status_code, response.request, response.url = self._status, request, URL
        response.headers.update(self._headers)
        response.raw = urllib3.HTTPResponse(
            Wire(self._packets, self._tick),
            self._headers,
            self._status,
            preload_content=False,
            original_response=Cookies(self._headers),  # type: ignore[arg-type]  # stands for http.client's reply
        )
        return response

    def close(self) -> None:
        """Nothing to close."""

    def _tick(self) -> None:
        self.now += 1.0


class Sending(MemoryAdapter):
    """Takes a streamed body as a connection does, `most` bytes of it, then answers or fails."""

    def __init__(self, most: int = 10**9, failure: Exception | None = None) -> None:
        super().__init__(b"{}", status=201)
        self.bodies: list[bytes] = []
        self._most, self._late_failure = most, failure

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # as above
        body: Any = request.body
        taken = b""
        while len(taken) < self._most and (chunk := body.read(16_384)):
            taken += chunk
        self.bodies.append(taken)
        self.failure = self._late_failure
        return super().send(request, **options)


def _transport(adapter: MemoryAdapter, **options: Any) -> RequestsTransport:
    return RequestsTransport(adapter=adapter, monotonic=lambda: adapter.now, **options)


def _request(method: str = "GET", **fields: Any) -> ProviderRequest:
    return ProviderRequest(method=method, url=URL, **fields)


def test_a_request_goes_out_once_as_it_is() -> None:
    # Given a provider that answers
    adapter = MemoryAdapter(b'{"id"', b":1}", status=201, X_Ratelimit_Total="50")
    request = _request(
        "POST",
        headers={"Authorization": "Basic a2V5Olg="},
        params=(("a", "b c"),),
        json={"subject": "x"},
        timeouts=Timeouts(connect_s=1, read_s=2),
    )

    # When it is sent
    reply = _transport(adapter).send(request)

    # Then the wire saw exactly that, with explicit time-outs
    (sent,) = adapter.sent
    assert (sent.method, sent.url, sent.body) == ("POST", f"{URL}?a=b%20c", b'{"subject":"x"}')
    assert sent.headers["authorization"] == "Basic a2V5Olg="
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["User-Agent"] == f"Freshbridge/{__version__}"
    assert sent.headers["Accept-Encoding"] == "gzip"
    assert adapter.options[0]["timeout"] == (1, 2)

    # And the reply came back whole, timed by the given clock: two packets and the end
    assert (reply.status, reply.body, reply.elapsed_s) == (201, b'{"id":1}', 3.0)
    assert reply.headers["x-ratelimit-total"] == "50"


def test_files_go_out_as_multipart() -> None:
    adapter = Sending()
    _transport(adapter).send(
        _request(
            "POST",
            form=(("tags[]", "billing"),),
            files=(FilePart("attachments[]", "note.txt", b"hello", "text/plain"),),
        )
    )
    (sent,) = adapter.sent
    assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
    (body,) = adapter.bodies
    # The length is told: a chunked body is what some proxies refuse.
    assert sent.headers["Content-Length"] == str(len(body))
    assert "Transfer-Encoding" not in sent.headers
    for part in (b'name="tags[]"\r\n\r\nbilling', b'name="attachments[]"; filename="note.txt"'):
        assert part in body
    assert b"Content-Type: text/plain\r\n\r\nhello" in body


class _Tape:
    """A file kept elsewhere, that remembers how it was handled."""

    def __init__(self, content: bytes, size: int | None = None) -> None:
        self.size = len(content) if size is None else size
        self.opened = self.closed = 0
        self._content = content
        self._at = 0

    def open(self) -> "_Tape":
        self.opened += 1
        self._at = 0
        return self

    def read(self, size: int, /) -> bytes:
        found = self._content[self._at : self._at + size]
        self._at += len(found)
        return found

    def close(self) -> None:
        self.closed += 1


def test_a_file_is_opened_anew_for_each_try() -> None:
    # Given a provider that answers, and a file that can be read twice
    tape = _Tape(b"x" * 100_000)
    request = _request("POST", files=(FilePart("attachments[]", "a.bin", tape),))
    adapter = Sending()

    # When the same request is sent twice
    for _ in range(2):
        _transport(adapter).send(request)

    # Then both carried the whole file, under a boundary of their own
    assert [body.count(b"x" * 100_000) for body in adapter.bodies] == [1, 1]
    assert adapter.bodies[0] != adapter.bodies[1]
    assert (tape.opened, tape.closed) == (2, 2)


@pytest.mark.parametrize(("taken", "unknown"), [(50_000, False), (10**9, True)])
def test_a_break_before_the_last_byte_leaves_nothing_in_doubt(taken: int, unknown: bool) -> None:
    # Given a connection that breaks, in the middle of the body or after its end
    tape = _Tape(b"x" * 100_000)
    adapter = Sending(taken, requests.ConnectionError(ConnectionResetError()))

    # When the request is sent
    with pytest.raises(Unreachable) as caught:
        _transport(adapter).send(_request("POST", files=(FilePart("f", "a.bin", tape),)))

    # Then only a request that left as a whole may have taken effect, and no file stays open
    assert caught.value.outcome_unknown is unknown
    assert (tape.opened, tape.closed) == (1, 1)


def test_a_file_that_breaks_off_is_told_as_such() -> None:
    tape = _Tape(b"x" * 10, size=20)
    adapter = Sending()

    with pytest.raises(FileInterrupted) as caught:
        _transport(adapter).send(_request("POST", files=(FilePart("f", "a.bin", tape),)))

    assert caught.value.outcome_unknown is False
    assert tape.closed == 1


def test_a_compressed_reply_is_unpacked() -> None:
    adapter = MemoryAdapter(gzip.compress(b'{"id":1}'), Content_Encoding="gzip")
    assert _transport(adapter).send(_request()).body == b'{"id":1}'


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    # Given a machine with a proxy and a netrc entry for the provider's host
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.freshdesk.com login thief password thief\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    adapter = MemoryAdapter(b"{}")

    # When a request with the provider's key is sent
    _transport(adapter).send(_request(headers={"Authorization": "Basic a2V5Olg="}))

    # Then neither touched it
    assert adapter.sent[0].headers["authorization"] == "Basic a2V5Olg="
    assert not adapter.options[0]["proxies"]
    assert adapter.options[0]["verify"] is True


def test_nothing_below_tries_again() -> None:
    # Given the transport as production builds it
    session = RequestsTransport(pool_size=3)._session

    # Then its adapter gives up at the first failure of any kind
    retries = session.get_adapter(URL).max_retries  # type: ignore[attr-defined]  # HTTPAdapter's
    assert (retries.total, retries.read, retries.redirect) == (0, False, False)


def test_cookies_of_one_account_do_not_travel_to_another() -> None:
    # Given a provider that sets a cookie with every reply
    adapter = MemoryAdapter(Set_Cookie="_x_w=1; Path=/")
    transport = _transport(adapter)

    # When it is called twice over one session
    for _ in range(2):
        transport.send(_request())

    # Then no call carried a cookie
    assert all("Cookie" not in sent.headers for sent in adapter.sent)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["https://elsewhere.example/", "http://[::bad/", "/api/v2/x"])
def test_a_redirect_is_an_error_and_is_not_followed(status: int, target: str) -> None:
    # Given a provider that points elsewhere, with a body that would break when read
    adapter = MemoryAdapter(OSError("read"), status=status, Location=target)

    # When a request is sent
    with pytest.raises(Redirected, match="not followed") as caught:
        _transport(adapter).send(_request())

    # Then nothing else went out
    assert len(adapter.sent) == 1
    assert caught.value.status == status
    assert "elsewhere" not in str(caught.value)


def test_any_other_status_is_a_reply() -> None:
    for status in (204, 304, 404, 429, 500, 503):
        assert _transport(MemoryAdapter(status=status)).send(_request()).status == status


@pytest.mark.parametrize("size", [10, 11])
def test_a_reply_is_cut_off_at_the_cap(size: int) -> None:
    transport = _transport(MemoryAdapter(b"x" * 6, b"x" * (size - 6)), max_reply_bytes=10)
    if size <= 10:
        assert len(transport.send(_request()).body) == size
    else:
        with pytest.raises(ReplyTooLarge, match="10 bytes"):
            transport.send(_request())


def test_a_compression_bomb_is_cut_off_by_its_unpacked_size() -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    adapter = MemoryAdapter(bomb, Content_Encoding="gzip")
    with pytest.raises(ReplyTooLarge):
        _transport(adapter, max_reply_bytes=1_000_000).send(_request())
    assert len(bomb) < 100_000


@pytest.mark.parametrize(("method", "unknown"), [("GET", False), ("POST", True)])
def test_a_trickling_reply_ends_at_the_total_time_out(method: str, unknown: bool) -> None:
    # Given a reply of one byte a second
    adapter = MemoryAdapter(*[b"x"] * 100)

    # When it may take five seconds in all
    with pytest.raises(Unreachable, match="after 5 seconds") as caught:
        _transport(adapter).send(_request(method, timeouts=Timeouts(total_s=5)))

    # Then it is given up there, and a write may have been done
    assert adapter.now == 6.0
    assert caught.value.outcome_unknown is unknown


def _pool_error(reason: Exception) -> urllib3_errors.MaxRetryError:
    return urllib3_errors.MaxRetryError(urllib3.HTTPSConnectionPool("h"), "/?email=a@b.c", reason)


_POOL = urllib3.HTTPSConnectionPool("h")
_CONNECTION = urllib3.connection.HTTPSConnection("h")
_UNTRUSTED = urllib3_errors.SSLError(ssl.SSLCertVerificationError("self-signed"))
_BROKEN_TLS = urllib3_errors.SSLError(ssl.SSLError("bad record mac"))
_ABORTED = urllib3_errors.ProtocolError("Connection aborted.", ConnectionResetError())

NEVER_SENT = {
    "time-out while connecting": (
        requests.ConnectTimeout(_pool_error(urllib3_errors.ConnectTimeoutError())),
        "connect time-out",
    ),
    "refused": (
        requests.ConnectionError(
            _pool_error(urllib3_errors.NewConnectionError(_CONNECTION, "refused"))
        ),
        "cannot be reached",
    ),
    "unknown name": (
        requests.ConnectionError(
            _pool_error(
                urllib3_errors.NameResolutionError("h", _CONNECTION, socket.gaierror(-2, "x"))
            )
        ),
        "cannot be resolved",
    ),
    "certificate not trusted": (
        requests.exceptions.SSLError(_pool_error(_UNTRUSTED)),
        "secure connection failed",
    ),
}

PERHAPS_SENT = {
    "no reply in time": (
        requests.ReadTimeout(urllib3_errors.ReadTimeoutError(_POOL, "/", "x")),
        "read time-out",
    ),
    "reset": (requests.ConnectionError(_ABORTED, request=None), "connection broke"),
    "broken TLS": (
        requests.exceptions.SSLError(_pool_error(_BROKEN_TLS)),
        "secure connection failed",
    ),
    "TLS error of no kind": (
        requests.exceptions.SSLError(_pool_error(urllib3_errors.SSLError())),
        "secure connection failed",
    ),
    "something else": (requests.RequestException(), "connection broke"),
}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("name", NEVER_SENT)
def test_a_connection_that_never_was_has_no_effect(name: str, method: str) -> None:
    adapter = MemoryAdapter()
    adapter.failure, sentence = NEVER_SENT[name]
    with pytest.raises(Unreachable, match=sentence) as caught:
        _transport(adapter).send(_request(method, params=(("email", "a@b.c"),)))
    assert caught.value.outcome_unknown is False
    assert "email" not in str(caught.value)
    assert len(adapter.sent) == 1


@pytest.mark.parametrize(
    ("method", "unknown"), [("GET", False), ("POST", True), ("PUT", True), ("DELETE", True)]
)
@pytest.mark.parametrize("name", PERHAPS_SENT)
def test_a_failure_after_that_leaves_a_write_unknown(name: str, method: str, unknown: bool) -> None:
    adapter = MemoryAdapter()
    adapter.failure, sentence = PERHAPS_SENT[name]
    with pytest.raises(Unreachable, match=sentence) as caught:
        _transport(adapter).send(_request(method))
    assert caught.value.outcome_unknown is unknown


def test_a_search_by_post_has_no_outcome_to_be_unsure_of() -> None:
    adapter = MemoryAdapter()
    adapter.failure = PERHAPS_SENT["reset"][0]
    with pytest.raises(Unreachable) as caught:
        _transport(adapter).send(_request("POST", read_only=True))
    assert caught.value.outcome_unknown is False


@pytest.mark.parametrize(
    ("packets", "headers", "sentence"),
    [
        ([b"abc"], {"Content_Length": "10"}, "connection broke"),
        ([b"abc", ConnectionResetError()], {}, "connection broke"),
        ([b"abc", TimeoutError()], {}, "read time-out"),
        ([b"not gzip"], {"Content_Encoding": "gzip"}, "compression is broken"),
    ],
)
def test_a_reply_that_breaks_off_leaves_a_write_unknown(
    packets: list[bytes | Exception], headers: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Unreachable, match=sentence) as caught:
        _transport(MemoryAdapter(*packets, **headers)).send(_request("POST"))
    assert caught.value.outcome_unknown is True


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "acme.freshdesk.com/x"},
        {"url": "https:///x"},
        {"url": "ftp://acme.freshdesk.com/x"},
        {"url": URL, "headers": {"Authorization": "Basic a\r\nX-Other: b"}},
    ],
)
def test_what_cannot_be_sent_is_the_callers_error(fields: dict[str, Any]) -> None:
    adapter = MemoryAdapter(b"{}")
    with pytest.raises(InvalidRequest, match="cannot be sent"):
        _transport(adapter).send(ProviderRequest(method="GET", **fields))
    assert adapter.sent == []
