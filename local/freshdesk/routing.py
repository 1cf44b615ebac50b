"""What a resource family is made of: routes, requests and replies.

A family is a module with a ``ROUTES`` table and short handlers, listed in ``route_table``::

    def view_group(request: Request) -> Reply:
        group = request.account.groups.get(request.ids["id"])
        if group is None:
            raise not_found()
        return Reply(200, group)

    ROUTES = (
        Route("GET", "/groups/{id}", view_group, admin_only=True),
        Route("POST", "/groups", create_group, admin_only=True),
    )

Paths are relative to ``/api/v2`` (control routes: to ``/__sim``). ``{id}`` takes digits only and
lands in ``request.ids`` as int; ``{id:text}`` takes any one segment and lands in ``request.texts``.
Literal routes win over patterns. Handlers are synchronous: a request is one atomic step, so state
needs no locks. They answer with a ``Reply`` or raise ``errors.ApiError``. Authentication, rate
limits, JSON, content types, 404 and 405 of paths are done in ``app`` before a handler runs.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from local.freshdesk.account import Account, Record

Bucket = Literal["ticket_create", "ticket_update", "ticket_list", "contact_list"]


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One file part. ``field`` is the part's name without ``[]`` (``attachments``, ``avatar``)."""

    field: str
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """One authenticated call.

    ``agent`` is the caller's record (for control routes, that need no key: an empty dict).
    ``body`` is the parsed JSON, or for multipart a dict of text values in which ``tags[]`` became
    a list and ``custom_fields[cf_x]`` a nested dict; None when no body was sent. ``base_url`` is
    scheme and host as the client wrote them, for ``Location`` and ``link``.
    """

    account: Account
    agent: Record
    method: str
    path: str
    ids: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    files: Sequence[UploadedFile] = ()
    is_form: bool = False
    base_url: str = "http://localhost"


@dataclass(frozen=True, slots=True)
class Reply:
    """``body`` is serialised as JSON; None sends zero bytes; ``bytes`` go out as they are, with
    the ``Content-Type`` given in ``headers``."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Reply]


def created(request: Request, resource: str, record: Record) -> Reply:
    """201 with the ``Location`` header: ``created(request, "tickets", body)``."""
    location = f"{request.base_url}/api/v2/{resource}/{record['id']}"
    return Reply(201, record, {"Location": location})


def no_includes(_: Mapping[str, str]) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path.

    ``bucket`` names the sub-limit the call also counts in; ``cost`` gives its credits from the
    query (1 unless it embeds something); ``admin_only`` answers 403 to plain agents; ``files``
    says multipart bodies are taken.
    """

    method: str
    path: str
    handler: Handler
    bucket: Bucket | None = None
    admin_only: bool = False
    files: bool = False
    cost: Callable[[Mapping[str, str]], int] = no_includes

    @property
    def name(self) -> str:
        """What statistics call it: ``GET /tickets/{id}``."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    ids: dict[str, int]
    texts: dict[str, str]


class Router:
    """Finds the route of a path. ``match`` gives a Match, or the verbs allowed there instead."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._literal: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            verbs = by_path.setdefault(route.path, {})
            if route.method in verbs:
                raise ValueError(f"two routes for {route.name}")
            verbs[route.method] = route
        for path, verbs in by_path.items():
            if "{" in path:
                self._patterns.append((_pattern(path), verbs))
            else:
                self._literal[path] = verbs

    def match(self, method: str, path: str) -> Match | list[str]:
        """An empty list means that no such path exists."""
        allowed: set[str] = set()
        if verbs := self._literal.get(path):
            if route := verbs.get(method):
                return Match(route, {}, {})
            allowed |= verbs.keys()
        for pattern, verbs in self._patterns:
            if not (found := pattern.fullmatch(path)):
                continue
            if route := verbs.get(method):
                parts = found.groupdict()
                ids = {name[3:]: int(text) for name, text in parts.items() if name[:3] == "id_"}
                texts = {name[5:]: text for name, text in parts.items() if name[:5] == "text_"}
                return Match(route, ids, texts)
            allowed |= verbs.keys()
        return sorted(allowed)


def _pattern(path: str) -> re.Pattern[str]:
    escaped = re.sub(r"\{(\w+):text\}", r"(?P<text_\1>[^/]+)", path)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<id_\1>\\d{1,19})", escaped))
