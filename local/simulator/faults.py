"""Faults on demand: which requests go wrong, how, and how often.

A fault is described by JSON: ``{"match": "POST /tickets", "kind": "commit_then_drop",
"rate": 0.03, "count": null, "seed": 1}``.

``match`` is a verb (or ``*``) and a path below the API's root, taken as a prefix of whole segments;
``{id}`` stands for any one segment, and ``$`` at the end asks for the whole path: ``POST /tickets``
also matches notes on a ticket, ``POST /tickets$`` only creation.
``rate`` is the share of matching requests, drawn from a generator seeded with ``seed``; ``count``
ends the fault after so many hits. Kinds: ``status`` answers ``status`` (503) with ``body`` and no
effect; ``html_500`` a proxy's HTML page and no effect; ``throttle`` a 429 asking for
``retry_after`` (30) seconds; ``drop_before`` closes the connection, nothing done;
``commit_then_drop`` does the work, then closes it; ``commit_then_500`` does the work and answers
500; ``slow`` does the work and answers ``delay_s`` (30) real seconds late. A provider may have
kinds of its own.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "status", "html_500", "throttle", "drop_before", "commit_then_drop", "commit_then_500", "slow",
)  # fmt: skip

HTML_PAGE = (
    b"<html><head><title>500 Internal Server Error</title></head>"
    b"<body><h1>Something went wrong</h1><p>The gateway had no answer.</p></body></html>"
)


class FaultError(ValueError):
    """A fault's description is wrong; the text says where."""


@dataclass(slots=True)
class Fault:
    match: str
    kind: str
    rate: float = 1.0
    count: int | None = None
    seed: int = 0
    status: int = 503
    body: Any = None
    delay_s: float = 30.0
    retry_after: int = 30
    hits: int = 0
    _pattern: re.Pattern[str] = field(init=False, repr=False)
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._pattern = _pattern_of(self.match)
        self._random = random.Random(self.seed)  # noqa: S311 - chance, not secrecy

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is hit; counts the hit."""
        if self.count is not None and self.hits >= self.count:
            return False
        if not self._pattern.match(f"{method} {path}"):
            return False
        if self._random.random() >= self.rate:
            return False
        self.hits += 1
        return True

    def described(self) -> dict[str, Any]:
        names = ("match", "kind", "rate", "count", "seed", "hits")
        return {name: getattr(self, name) for name in names}


def _pattern_of(match: str) -> re.Pattern[str]:
    verb, _, path = match.partition(" ")
    if not verb or not path.startswith("/"):
        raise FaultError(f'match is a verb and a path, as in "POST /tickets", not {match!r}')
    whole = path.endswith("$")
    path = path.removesuffix("$").rstrip("/")
    segments = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
    name = "[A-Z]+" if verb == "*" else re.escape(verb.upper())
    return re.compile(f"^{name} {segments}{'$' if whole else '(?=/|$)'}")


def fault_of(description: object, own_kinds: tuple[str, ...] = ()) -> Fault:
    """A fault from its JSON; ``own_kinds`` are the provider's beside the common ones.

    Raises FaultError naming what is wrong.
    """
    kinds = (*KINDS, *own_kinds)
    if not isinstance(description, Mapping):
        raise FaultError("a fault is an object with match and kind")
    known = {
        "match": str, "kind": str, "rate": float, "count": int, "seed": int,
        "status": int, "body": object, "delay_s": float, "retry_after": int,
    }  # fmt: skip
    for name, value in description.items():
        if name not in known:
            raise FaultError(f"unknown key {name!r}; known: {', '.join(known)}")
        wanted = (int, float) if known[name] is float else known[name]
        if not isinstance(value, wanted) and not (name == "count" and value is None):
            raise FaultError(f"{name} cannot be {value!r}")
    if description.get("kind") not in kinds:
        raise FaultError(f"kind is one of {', '.join(kinds)}, not {description.get('kind')!r}")
    if not 0 <= description.get("rate", 1) <= 1:
        raise FaultError(f"rate is a share between 0 and 1, not {description['rate']!r}")
    if "match" not in description:
        raise FaultError('match is missing: a verb and a path, as in "POST /tickets"')
    return Fault(**description)
