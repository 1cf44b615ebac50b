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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from local.freshdesk.account import Account, Record
from local.simulator.routing import Reply

__all__ = ["Bucket", "Handler", "Reply", "Request", "Route", "UploadedFile", "created"]

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
