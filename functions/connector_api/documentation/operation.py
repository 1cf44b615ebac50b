"""The shape of a route's documentation.

A family is one module of handlers; its operations are keyed by the handler's name. Path, method,
path parameters and summary are the route's own and are written nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel


class Nothing(BaseModel):
    """An empty object: all that there is to answer."""


@dataclass(frozen=True)
class Body:
    """`type` is anything that pydantic reads; `examples` are bodies by a short title."""

    type: Any
    examples: Mapping[str, Any] = field(default_factory=dict)
    required: bool = True


@dataclass(frozen=True)
class Parameter:
    """One parameter of the query, or a header; `schema` is JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    place: Literal["query", "header"] = "query"


@dataclass(frozen=True)
class Operation:
    """What one handler takes and answers.

    `answer` is the type of the success's data, of all of its body when not `wrapped`; None for a
    page of HTML. `accepted` is the type of a 202's whole body, where there is one beside `answer`.
    `refusals` are statuses beside those that every such route has. `headers` are the
    success's, with a description each. `security` names a scheme when it is not the usual one.
    """

    answer: Any
    status: int = 200
    wrapped: bool = True
    body: Body | None = None
    query: tuple[Parameter, ...] = ()
    refusals: tuple[int, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    security: tuple[str, ...] = ("access",)
    accepted: Any = None


@dataclass(frozen=True)
class Family:
    """One module's operations, shown under one heading."""

    tag: str
    description: str
    operations: Mapping[str, Operation]


@dataclass(frozen=True)
class ServedRoute:
    """A route as its function serves it; `handler` is the module's name and the function's."""

    method: str
    path: str
    handler: tuple[str, str]
    text: str
