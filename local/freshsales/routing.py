"""What a resource family is made of: routes and requests.

A family is a module with a ``ROUTES`` table and short handlers, listed in ``route_table``. Paths
are relative to the API's root (control routes: to ``/__sim``). ``{id}`` takes digits only and lands
in ``request.ids`` as int; ``{id:text}`` takes any one segment and lands in ``request.texts``.
Handlers are synchronous: a request is one atomic step, so state needs no locks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.freshsales.account import Account, Record
from local.freshsales.errors import missing_wrapper
from local.simulator.routing import Reply

__all__ = ["Handler", "Reply", "Request", "Route", "UploadedFile", "created"]


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One file part of a form."""

    field: str
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """One authenticated call; ``user`` is the record of the key's owner (control routes: empty).

    ``body`` is the parsed JSON (a form's text values for multipart), None when nothing was sent.
    ``base_url`` is scheme and host as the client wrote them.
    """

    account: Account
    user: Record
    method: str
    path: str
    ids: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    files: Sequence[UploadedFile] = ()
    base_url: str = "http://localhost"

    @property
    def includes(self) -> list[str]:
        """The names in ``include``, which some calls also take in the body."""
        asked = self.query.get("include") or ""
        if not asked and isinstance(self.body, dict) and isinstance(self.body.get("include"), str):
            asked = self.body["include"]
        return [name.strip() for name in asked.split(",") if name.strip()]

    def attributes(self, wrapper: str, *, flat: bool = True) -> Record:
        """The record in the body: below ``wrapper``, or the body itself where ``flat`` is taken.

        Raises ApiError 400 when there is none.
        """
        if not isinstance(self.body, dict):
            raise missing_wrapper(wrapper)
        inner = self.body.get(wrapper)
        if isinstance(inner, dict):
            return inner
        if not flat or wrapper in self.body or not self.body:
            raise missing_wrapper(wrapper)
        return self.body


Handler = Callable[[Request], Reply]


def created(request: Request, body: object) -> Reply:
    return Reply(request.account.settings.create_status, body)


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path; permission is asked for ``resource``, and ``personas`` have the call."""

    method: str
    path: str
    handler: Handler
    resource: str = ""
    personas: tuple[str, ...] = ("suite", "classic")
    files: bool = False

    @property
    def name(self) -> str:
        """What statistics call it: ``GET /contacts/{id}``."""
        return f"{self.method} {self.path}"
