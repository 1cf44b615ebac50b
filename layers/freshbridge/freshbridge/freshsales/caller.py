"""What every Freshsales call goes through: one request out, one reply in, read or raised.

It sends each request once, but for one sent to the path of the other generation of the product,
which no API has received (see `roots`). Waiting, retrying and the budget belong to its user.

Facts: https://developers.freshworks.com/crm/api/
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Redirected
from freshbridge.freshsales import roots
from freshbridge.freshsales.error_reply import error_from
from freshbridge.freshsales.paging import Page, check_moves_on, is_last, total_in
from freshbridge.freshsales.wire import (
    ParamValue,
    Record,
    beside,
    build_request,
    decipher,
    is_page,
    nonsense,
    record_in,
    rows_in,
)
from freshbridge.http_message import ProviderReply, ProviderRequest, Timeouts

if TYPE_CHECKING:  # importing the transport loads requests, which a type annotation does not need
    from freshbridge.transport import Transport

PROMPT_S = 3.0
"""A reply that took longer may have been dated that long before it came."""
PROBE = "/selector/owners"
"""Cheap, and open to every user of both generations."""
OnReply = Callable[[ProviderRequest, ProviderReply, None], None]


@dataclass(frozen=True)
class Found:
    """One record, and the related ones that were asked for with it, by their plural."""

    record: Record
    beside: dict[str, Any] = field(default_factory=dict)


class Caller:
    """Calls one Freshsales account with one user's API key.

    `origin` is the account's, `https://acme.myfreshworks.com`. `on_reply` is called after every
    reply, errors included, before anything is raised. Every method raises the errors of
    `freshbridge.errors`; a record is returned as Freshsales' own JSON object, without its wrapper.
    """

    def __init__(
        self,
        transport: Transport,
        origin: str,
        api_key: str,
        *,
        on_reply: OnReply | None = None,
        timeouts: Timeouts | None = None,
        known: roots.Roots = roots.KNOWN,
    ) -> None:
        """`known`: what was found out about accounts' paths, shared by all callers."""
        self._transport = transport
        self._origin = origin
        self._api_key = api_key
        self._on_reply = on_reply
        self._timeouts = timeouts
        self._known = known
        self.wrote = False
        """Whether a call that changes something was answered with success."""
        self.told_time: datetime | None = None
        """The provider's time when its last reply came; None when that does not tell."""
        self.last: tuple[ProviderRequest, ProviderReply] | None = None
        """The last request that was answered, and its reply: the last that was to change something,
        once there was one."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._origin!r})"

    @property
    def root(self) -> str:
        """The path that the API is under, as far as it is known."""
        return self._known.of(self._origin)

    @property
    def fingerprint(self) -> str:
        """Tells one account and key from another, and gives neither away."""
        text = f"{self._origin} {self._api_key}"
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]

    def request_for(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> ProviderRequest:
        """The request that `call` would send."""
        return build_request(
            self._origin,
            self.root,
            self._api_key,
            method,
            path,
            body=body,
            timeouts=self._timeouts,
        )

    def request_as_it_is(
        self, method: str, path: str, *, headers: Mapping[str, str], content: bytes | None
    ) -> ProviderRequest:
        """The request that `send_as_it_is` would send."""
        plain = self.request_for(method, path)
        return replace(plain, headers={**headers, **plain.headers}, body=content)

    def send_as_it_is(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None,
        idempotent: bool,
    ) -> ProviderReply:
        """Send a body of any format to a path below the root; any 2xx is a success.

        `headers` come beside those of the client, which opens the account by itself.
        """
        request = self.request_as_it_is(method, path, headers=headers, content=content)
        request = replace(request, idempotent=request.idempotent or idempotent)
        reply = self._send(request)
        if _misplaced(reply) and reply.status == 404 and self._moves(request):
            request = self._moved(request)
            reply = self._send(request)
        if not 200 <= reply.status < 300:
            raise error_from(reply, request)
        return reply

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, ParamValue] | None = None,
        body: Mapping[str, Any] | None = None,
        read_only: bool | None = None,
        idempotent: bool | None = None,
    ) -> tuple[Any, ProviderReply, ProviderRequest]:
        """Send one request; returns its data (None for no body) and what it came from."""
        request = build_request(
            self._origin,
            self.root,
            self._api_key,
            method,
            path,
            params=params,
            body=body,
            timeouts=self._timeouts,
            read_only=read_only,
            idempotent=idempotent,
        )
        try:
            reply = self._send(request)
        except Redirected:
            # To the login page, where no API is.
            if not self._moves(request):
                raise
            request = self._moved(request)
            reply = self._send(request)
        if _misplaced(reply) and self._moves(request):
            if reply.status != 404 and not request.read_only:
                raise nonsense("Freshsales answered with a page for people", reply, request)
            request = self._moved(request)
            reply = self._send(request)
        return decipher(reply, request), reply, request

    def record(self, method: str, path: str, wrapper: str, **more: Any) -> Found:
        """Send what is answered with a record; `more` as of `call`."""
        data, reply, request = self.call(method, path, **more)
        record = record_in(data, wrapper)
        if record is None:
            raise nonsense("Freshsales' reply is not a record", reply, request)
        return Found(record, beside(data, wrapper) if wrapper in data else {})

    def rows(
        self,
        path: str,
        key: str,
        *,
        params: Mapping[str, ParamValue] | None = None,
        method: str = "GET",
        body: Mapping[str, Any] | None = None,
    ) -> tuple[list[Record], Any, ProviderRequest]:
        """Read what is answered with a list under `key`; returns its records and all of it."""
        data, reply, request = self.call(method, path, params=params, body=body, read_only=True)
        rows = rows_in(data, key)
        if rows is None:
            raise nonsense("Freshsales' reply is not a list of records", reply, request)
        return rows, data, request

    def pages(
        self,
        path: str,
        key: str,
        params: Mapping[str, ParamValue],
        *,
        page: int,
        per_page: int,
        body: Mapping[str, Any] | None = None,
    ) -> Iterator[Page]:
        """Yield a list from `page` on; with a `body` it is a search, which names pages there."""
        # What comes before `page` is not counted as seen, for its pages may have been short.
        number, seen, before = page, 0, list[Record]()
        while True:
            numbers: dict[str, ParamValue] = {"page": number, "per_page": per_page}
            if body is None:
                rows, data, request = self.rows(path, key, params={**params, **numbers})
            else:
                asked = {**body, **numbers}
                rows, data, request = self.rows(path, key, method="POST", body=asked)
            check_moves_on(number, rows, before, request.where)
            seen += len(rows)
            last = is_last(data, rows, number, seen)
            yield Page(rows, number, last, total_in(data), beside(data, key))
            if last:
                return
            number, before = number + 1, rows

    def _send(self, request: ProviderRequest) -> ProviderReply:
        reply = self._transport.send(request)
        if not request.read_only or self.last is None or self.last[0].read_only:
            self.last = (request, reply)
        self.told_time = reply.date if reply.elapsed_s <= PROMPT_S else None
        if self._on_reply is not None:
            self._on_reply(request, reply, None)
        if not is_page(reply):
            self.wrote = self.wrote or (not request.read_only and 200 <= reply.status < 300)
            if _is_of_an_api(reply):
                self._known.found(self._origin, roots.root_in(request.path))
        return reply

    def _moves(self, request: ProviderRequest) -> bool:
        """Whether the API is at the other path; from then on that one is used.

        Raises Retry where nobody can say at this moment: a 404 of the wrong path is no answer.
        """
        if self._origin in self._known.confirmed:
            return False
        other = self._known.other(self._origin)
        probe = build_request(
            self._origin, other, self._api_key, "GET", PROBE, timeouts=request.timeouts
        )
        try:
            reply = self._send(probe)
        except Redirected:
            # What came of the request itself says more.
            return False
        return _is_of_an_api(reply)

    def _moved(self, request: ProviderRequest) -> ProviderRequest:
        before = self._known.other(self._origin)
        path = request.url.removeprefix(f"{self._origin}{before}")
        return replace(request, url=f"{self._origin}{self.root}{path}")


def _misplaced(reply: ProviderReply) -> bool:
    """Whether a reply may be what it is because the path is the other generation's."""
    return reply.status == 404 or (200 <= reply.status < 300 and is_page(reply))


def _is_of_an_api(reply: ProviderReply) -> bool:
    """Whether an API answered; a refusal will do, but whatever serves a host knows no path."""
    answered = reply.status != 404 and reply.status < 500
    return answered and reply.body.lstrip()[:1] in (b"{", b"[", b"t")
