"""Sends requests to one HTTP API, signed and with the header that opens it. Each is sent once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from freshbridge.events.signature import SIGNATURE_HEADER, signature
from freshbridge.http_api.target import target_url
from freshbridge.http_message import ProviderRequest, Timeouts
from freshbridge.instances.origin import named_origin
from freshbridge.instances.trace import shown_path

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.http_message import ProviderReply
    from freshbridge.transport import Transport

OnReply = Callable[["ProviderRequest", "ProviderReply", Any], None]


@dataclass(frozen=True)
class HttpCall:
    """What is to be sent; `path` is below the base URL, `body` the bytes as they are signed."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float = 10.0
    idempotent: bool = False


class HttpClient:
    """Calls one API. Raises what the transport does, and InvalidPath."""

    def __init__(
        self,
        transport: Transport,
        base_url: str,
        secrets: Mapping[str, str],
        *,
        allowed_origins: Iterable[str] = (),
        on_reply: OnReply | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        """`secrets`: the instance's `authorization` and `signing.key`, as far as it has them."""
        self._transport = transport
        self._base_url = base_url
        self._secrets = secrets
        self._allowed = tuple(allowed_origins)
        self._on_reply = on_reply
        self._timeouts = timeouts or Timeouts()
        self.wrote = False
        """Whether a request that changes something was answered with success."""
        self.told_time: datetime | None = None
        """The API's time when its last reply came."""

    def send(self, call: HttpCall, *, at: int) -> tuple[ProviderReply, ProviderRequest]:
        """Send it; `at` is the present, in seconds since the epoch, which the signature holds."""
        request = self._request(call, at)
        reply = self._transport.send(request)
        self.told_time = reply.date
        self.wrote = self.wrote or (not request.read_only and 200 <= reply.status < 300)
        if self._on_reply is not None:
            self._on_reply(request, reply, None)
        return reply, request

    def _request(self, call: HttpCall, at: int) -> ProviderRequest:
        url = target_url(self._base_url, call.path)
        headers = dict(call.headers)
        if authorization := self._secrets.get("authorization"):
            headers["Authorization"] = authorization
        if key := self._secrets.get("signing.key"):
            headers[SIGNATURE_HEADER] = signature(call.body or b"", key, at)
        plain = ProviderRequest(method=call.method, url=url)
        return ProviderRequest(
            method=call.method,
            url=url,
            headers=headers,
            params=call.params,
            body=call.body,
            timeouts=Timeouts(
                connect_s=min(self._timeouts.connect_s, call.timeout_s),
                read_s=min(self._timeouts.read_s, call.timeout_s),
                total_s=min(self._timeouts.total_s, call.timeout_s),
            ),
            idempotent=call.idempotent or None,  # type: ignore[arg-type]  # None: as the method says
            # A path may hold whatever a template put there.
            told_path=shown_path(plain.path),
            takes_pages=True,
            # A name that an entry with a star let through may lead anywhere.
            public_only=not named_origin(_origin(url), self._allowed),
        )


def _origin(url: str) -> str:
    # A query may follow the host at once.
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
