"""What goes to a provider and what comes back, as values: no I/O, no HTTP library.

Their `repr` is safe to log: it shows no header value, no query value and no body.
"""

import io
import json as jsonlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from freshbridge.errors import InvalidRequest

_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_IDEMPOTENT_METHODS = _READING_METHODS | {"PUT", "DELETE"}
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?")
# No provider spoken to here has a window longer than an hour; a wait beyond a day is a fault of
# some proxy, and honouring it would park a message for good.
MAX_RETRY_AFTER_S = 86_400.0


class Headers(Mapping[str, str]):
    """Header fields under case-insensitive names; the last of two equal names wins."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self._fields = {name.lower(): value for name, value in (fields or {}).items()}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self._fields)})"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: for a connection, for each read, and for the whole reply."""

    connect_s: float = 3.0
    read_s: float = 20.0
    total_s: float = 60.0


class Readable(Protocol):
    """A file that is being read."""

    def read(self, size: int, /) -> bytes:
        """The next `size` bytes at most, none at the end."""
        ...  # pragma: no cover  # a protocol has no body

    def close(self) -> None:
        """Give up what reading it holds, such as a connection."""
        ...  # pragma: no cover  # as above


class FileSource(Protocol):
    """A file that is kept elsewhere: of known size, and read from the start as often as needed."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...  # pragma: no cover  # as above

    def open(self) -> Readable:
        """Begin to read it."""
        ...  # pragma: no cover  # as above


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of a multipart body. `name` is the form field's, such as `attachments[]`.

    `content` is the bytes themselves, or where they can be read from when the request is sent.
    """

    name: str
    filename: str
    content: bytes | FileSource = field(repr=False)
    content_type: str = "application/octet-stream"

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    def open(self) -> Readable:
        """Begin to read it; each call begins anew."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content)
        return self.content.open()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProviderRequest:
    """One request, ready to send.

    At most one of `json`, `body` and (`form`, `files`) is set; `json=None` means no body.
    `read_only` and `idempotent` follow the method (RFC 9110, sections 9.2.1 and 9.2.2) unless
    stated: a search by POST is read_only, an upsert by POST is idempotent. `told_path` stands for
    the path wherever it is told, where that is a secret or may hold a person's data. `takes_pages`
    says that HTML may be a proper answer, and not a proxy's page. `public_only` is for a host that
    a person chose and no deployer named: it is called at a public address or not at all.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=Headers)
    params: tuple[tuple[str, str], ...] = ()
    json: Any = None
    body: bytes | None = None
    form: tuple[tuple[str, str], ...] = ()
    files: tuple[FilePart, ...] = ()
    timeouts: Timeouts = Timeouts()
    read_only: bool = None  # type: ignore[assignment]  # never None after __post_init__
    idempotent: bool = None  # type: ignore[assignment]  # never None after __post_init__
    told_path: str = ""
    takes_pages: bool = False
    public_only: bool = False

    def __post_init__(self) -> None:
        settle = object.__setattr__
        settle(self, "method", self.method.upper())
        settle(self, "headers", Headers(self.headers))
        if self.read_only is None:
            settle(self, "read_only", self.method in _READING_METHODS)
        if self.idempotent is None:
            settle(self, "idempotent", self.read_only or self.method in _IDEMPOTENT_METHODS)
        try:
            urlsplit(self.url)
        except ValueError:
            raise InvalidRequest(
                "The address cannot be read as a URL",
                where=self.method,
                advice="Write it as https://host/path.",
            ) from None
        bodies = (self.json is not None, self.body is not None, bool(self.form or self.files))
        if sum(bodies) > 1:
            raise ValueError("A request has one body: give json, body or form and files, not two.")

    @property
    def path(self) -> str:
        """The URL's path, without query."""
        return urlsplit(self.url).path

    @property
    def where(self) -> str:
        """Verb and path, the place an error names; the query is left out, it may hold addresses."""
        return f"{self.method} {self.told_path or self.path}"

    @property
    def full_url(self) -> str:
        """The URL with `params` in its query; a space is `%20`, which every provider reads."""
        if not self.params:
            return self.url
        joint = "&" if urlsplit(self.url).query else "?"
        return f"{self.url}{joint}{urlencode(self.params, quote_via=quote, safe='')}"

    def content(self) -> bytes | None:
        """Return the body's bytes, or None for no body or a multipart one.

        Raises InvalidRequest when `json` holds what JSON cannot: NaN, a datetime, a cycle.
        """
        if self.json is None:
            return self.body
        try:
            return jsonlib.dumps(self.json, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidRequest(
                f"The request's body cannot be written as JSON ({type(error).__name__})",
                where=self.where,
                advice="Use text, finite numbers, booleans, null, lists and objects only.",
            ) from None  # the original names the offending value, which may be personal data

    def __repr__(self) -> str:
        names = ",".join(name for name, _ in self.params)
        return f"ProviderRequest({self.where}, query names: [{names}])"


@dataclass(frozen=True, slots=True, repr=False)
class ProviderReply:
    """One complete reply: HTTP status, header fields, decoded body, seconds it took."""

    status: int
    headers: Mapping[str, str] = field(default_factory=Headers)
    body: bytes = b""
    elapsed_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", Headers(self.headers))

    @property
    def retry_after_s(self) -> float | None:
        """The wait the reply asks for, in seconds, 0 to MAX_RETRY_AFTER_S; None when it names none.

        Reads both forms of RFC 9110, section 10.2.3. A date is measured against the reply's own
        `Date`, so that this machine's clock plays no part; without one it is ignored, as is
        anything that is neither a number nor a date.
        """
        value = self.headers.get("retry-after", "").strip()
        if _SECONDS.fullmatch(value):
            return min(float(value), MAX_RETRY_AFTER_S)
        until, sent = _http_date(value), _http_date(self.headers.get("date", ""))
        if until is None or sent is None:
            return None
        return min(max(0.0, (until - sent).total_seconds()), MAX_RETRY_AFTER_S)

    @property
    def date(self) -> datetime | None:
        """When it was made, by its sender's clock; None when it does not say, or was kept since.

        Source: RFC 9110, section 6.6.1, and RFC 9111, section 5.1 (`Age`).
        """
        if self.headers.get("age", "0").strip() != "0":
            return None
        return _http_date(self.headers.get("date", ""))

    def __repr__(self) -> str:
        return f"ProviderReply({self.status}, {len(self.body)} bytes, {self.elapsed_s:.3f} s)"


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # "-0000" parses to a naive time that is UTC by definition (RFC 5322, section 3.3).
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
