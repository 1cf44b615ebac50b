"""Finding the route of a path, and the shape of an answer."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Reply:
    """``body`` is serialised as JSON; None sends zero bytes; ``bytes`` go out as they are, with
    the ``Content-Type`` given in ``headers``."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class AnyRoute(Protocol):
    """One method and path; a provider's own has a handler and what else it needs."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str:
        """``{id}`` takes digits only, ``{id:text}`` any one segment; literal routes win."""

    @property
    def name(self) -> str:
        """What statistics call it: ``GET /tickets/{id}``."""


R = TypeVar("R", bound=AnyRoute)


@dataclass(frozen=True, slots=True)
class Match(Generic[R]):
    route: R
    ids: dict[str, int]
    texts: dict[str, str]


class Router(Generic[R]):
    """Finds the route of a path. ``match`` gives a Match, or the verbs allowed there instead."""

    def __init__(self, routes: Iterable[R]) -> None:
        self._literal: dict[str, dict[str, R]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, R]]] = []
        by_path: dict[str, dict[str, R]] = {}
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

    def match(self, method: str, path: str) -> Match[R] | list[str]:
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
