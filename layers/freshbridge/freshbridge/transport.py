"""The only place that speaks HTTP to providers: one request in, one complete reply out.

Nothing here knows a provider, reads a status (redirects apart) or tries twice: retrying is the
queue's business. Other modules name `Transport` in annotations only, so that importing them does
not load requests.
"""

import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import exceptions as urllib3_errors
from urllib3.util import Retry as Urllib3Retry

from freshbridge import __version__
from freshbridge.errors import InvalidRequest, Redirected, ReplyTooLarge, Unreachable
from freshbridge.http_message import Headers, ProviderReply, ProviderRequest
from freshbridge.multipart import MultipartBody
from freshbridge.public_address import Resolve, callable_url, is_allowed, public_addresses

USER_AGENT = f"Freshbridge/{__version__}"
MAX_REPLY_BYTES = 32 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024

# Raised before a byte of the request has left: the address cannot be parsed or a header is illegal.
_UNSENDABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)

# What to call a failure, by the first type that matches it or what urllib3 reports beneath it.
_SENTENCES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((requests.ConnectTimeout,), "No connection within the connect time-out"),
    ((urllib3_errors.ReadTimeoutError,), "No reply within the read time-out"),
    ((urllib3_errors.SSLError,), "The secure connection failed"),
    ((urllib3_errors.NameResolutionError,), "The host's name cannot be resolved"),
    ((urllib3_errors.NewConnectionError,), "The host cannot be reached"),
    ((urllib3_errors.DecodeError,), "The reply's compression is broken"),
)


def system_addresses(host: str) -> list[str]:
    """What this machine's resolver answers; raises OSError for a name that has no address."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Transport(Protocol):
    """Sends a request and returns its complete reply, whatever its status.

    Raises Unreachable when no complete reply came, Redirected, ReplyTooLarge, and InvalidRequest
    for a request that cannot be put on the wire.
    """

    def send(self, request: ProviderRequest) -> ProviderReply:
        """Send `request` once."""
        ...  # pragma: no cover  # a protocol has no body


class PublicAddressAdapter(HTTPAdapter):
    """Connects to public addresses only, each time to the very address that was checked.

    For URLs that a person typed; `allowed_origins` are those that the deployer let through. The
    name stays the one that the certificate and the Host header are about.
    """

    def __init__(
        self, *, allowed_origins: Iterable[str] = (), resolve: Resolve = system_addresses
    ) -> None:
        """`resolve`: a name to its addresses; asked for every request, kept for none."""
        self._allowed = tuple(allowed_origins)
        self._resolve = resolve
        super().__init__(max_retries=Urllib3Retry(total=0, read=False, redirect=False))

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:  # two dictionaries; their types have names in the stubs only
        """Name the checked address as the host to connect to.

        Raises:
            PrivateAddress, UnreadableUrl, HostUnresolved: nothing was sent.
        """
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(
            request, verify, cert
        )
        parts = callable_url(request.url or "", self._allowed)
        if is_allowed(parts, self._allowed):
            return host_params, pool_kwargs
        host = parts.hostname or ""
        names = {"server_hostname": host, "assert_hostname": host}
        address = public_addresses(host, self._resolve)[0]
        return host_params | {"host": address}, pool_kwargs | names

    def add_headers(self, request: requests.PreparedRequest, **_options: Any) -> None:
        """Send the name that was asked for, not the address that was connected to."""
        request.headers["Host"] = urlsplit(request.url or "").netloc


class _PlainSession(requests.Session):
    """A session that never looks at where a redirect leads.

    requests prepares the redirected request even when told not to follow it, and reads the whole
    body first, past any size cap.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:  # overrides
        """Tell requests that there is nothing to follow."""


class RequestsTransport:
    """A pooled requests session with every convenience that surprises switched off.

    A request that is for a public address only goes through a session of its own, which checks what
    it connects to. `max_reply_bytes` caps a reply after decompression. `adapter` replaces the
    network, `monotonic` the clock that measures replies, in seconds.
    """

    def __init__(
        self,
        *,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        pool_size: int = 10,
        adapter: BaseAdapter | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_reply_bytes = max_reply_bytes
        self._monotonic = monotonic
        self._session = self._prepared(
            adapter
            or HTTPAdapter(
                pool_connections=pool_size,
                pool_maxsize=pool_size,
                # Said outright because a second, hidden loop of retries would break the rate budget
                # and could create a ticket twice.
                max_retries=Urllib3Retry(total=0, read=False, redirect=False),
            )
        )
        self._public = self._session if adapter else self._prepared(PublicAddressAdapter())

    @staticmethod
    def _prepared(adapter: BaseAdapter) -> requests.Session:
        session = _PlainSession()
        # The environment must not decide where a provider's key goes: no HTTP(S)_PROXY, and no
        # ~/.netrc, whose entry would replace the Authorization header.
        session.trust_env = False
        # One session serves many accounts; a cookie from one must not travel with another.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers.clear()
        session.headers.update(
            {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}
        )
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def send(self, request: ProviderRequest) -> ProviderReply:
        """Send `request` once; see Transport for what it raises."""
        headers = dict(request.headers)
        if request.json is not None:
            headers.setdefault("content-type", "application/json")
        multipart = _multipart(request)
        if multipart is not None:
            headers["content-type"] = multipart.content_type
        content = request.content()
        began = self._monotonic()
        try:
            session = self._public if request.public_only else self._session
            response = session.request(
                request.method,
                request.full_url,
                headers=headers,
                data=multipart or (list(request.form) if content is None else content),
                timeout=(request.timeouts.connect_s, request.timeouts.read_s),
                allow_redirects=False,
                stream=True,
            )
            with response:
                _refuse_redirect(response, request)
                body = self._read(response, request, began)
        except _UNSENDABLE as error:
            raise InvalidRequest(
                f"The request cannot be sent ({type(error).__name__})",
                where=request.where,
                advice="Check the address: it must read https://host/path.",
            ) from None  # the original quotes the URL with its query
        except (requests.RequestException, urllib3_errors.HTTPError) as error:
            raise _unreachable(error, request, multipart) from None  # as above
        finally:
            if multipart is not None:
                multipart.close()
        return ProviderReply(
            status=response.status_code,
            headers=Headers(response.headers),
            body=body,
            elapsed_s=self._monotonic() - began,
        )

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()
        self._public.close()

    def _read(self, response: requests.Response, request: ProviderRequest, began: float) -> bytes:
        """Collect the body, stopping at the size cap and at the total time-out.

        The read time-out starts anew with every packet, so a trickling reply would never hit it;
        hence read1, which returns with what one packet brought, where requests' own iterator
        waits for a full chunk.
        """
        chunks: list[bytes] = []
        size = 0
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            size += len(chunk)
            if size > self._max_reply_bytes:
                raise ReplyTooLarge(
                    f"The reply is larger than {self._max_reply_bytes} bytes",
                    where=request.where,
                    status=response.status_code,
                )
            if self._monotonic() - began > request.timeouts.total_s:
                raise Unreachable(
                    f"The reply was not complete after {request.timeouts.total_s:g} seconds",
                    where=request.where,
                    status=response.status_code,
                    outcome_unknown=not request.read_only,
                )
            chunks.append(chunk)
        return b"".join(chunks)


def _refuse_redirect(response: requests.Response, request: ProviderRequest) -> None:
    """Raise Redirected: following would send the key to whatever host the reply names."""
    if response.is_redirect:
        raise Redirected(
            "The address redirects to another one",
            where=request.where,
            status=response.status_code,
        )


def _multipart(request: ProviderRequest) -> MultipartBody | None:
    if not request.files:
        return None
    return MultipartBody(request.form, request.files, secrets.token_hex(16))


def _unreachable(
    error: Exception, request: ProviderRequest, multipart: MultipartBody | None
) -> Unreachable:
    root = _root(error)
    sentence = next(
        (text for kinds, text in _SENTENCES if isinstance(error, kinds) or isinstance(root, kinds)),
        "The connection broke before the reply was complete",
    )
    unsent = _certainly_unsent(error, root) or (multipart is not None and not multipart.complete)
    return Unreachable(
        sentence, where=request.where, outcome_unknown=not request.read_only and not unsent
    )


def _root(error: Exception) -> object:
    """Return what urllib3 says went wrong, beneath the wrapping of requests and of its retries."""
    inner = error.args[0] if isinstance(error, requests.RequestException) and error.args else error
    return inner.reason if isinstance(inner, urllib3_errors.MaxRetryError) else inner


def _certainly_unsent(error: Exception, root: object) -> bool:
    """Tell whether the failure proves that no byte of the request left this machine.

    Only a connection that never came to be proves it: unresolved name, refused, connect time-out,
    certificate not trusted. Every other TLS error can also strike after the request was sent.
    """
    if isinstance(error, requests.ConnectTimeout):
        return True
    if isinstance(root, urllib3_errors.SSLError):
        return bool(root.args) and isinstance(root.args[0], ssl.SSLCertVerificationError)
    return isinstance(root, urllib3_errors.NewConnectionError | urllib3_errors.ConnectTimeoutError)
