"""Under which path an account's API is: it has two generations.

The suite's is under `/crm/sales/api`, the classic product's under `/api`; apart from that they are
one API, so which it is shows by the host, or else by who answers: at the wrong path there is a page
for people. What was found out is kept for the life of the process.
Facts: https://developers.freshworks.com/crm/api/#introduction
"""

from __future__ import annotations

from dataclasses import dataclass, field

SUITE, CLASSIC = "/crm/sales/api", "/api"
_CLASSIC_HOST = ".freshsales.io"


@dataclass
class Roots:
    """The paths of accounts by their origin; `confirmed` are those whose API has answered there."""

    kept: dict[str, str] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)

    def of(self, origin: str) -> str:
        """The path as far as it is known, by the host where nothing else was found out."""
        likely = CLASSIC if origin.endswith(_CLASSIC_HOST) else SUITE
        return self.kept.get(origin, likely)

    def other(self, origin: str) -> str:
        """The one that it is not, as far as is known."""
        return CLASSIC if self.of(origin) == SUITE else SUITE

    def found(self, origin: str, root: str) -> None:
        """The API has answered there."""
        self.kept[origin] = root
        self.confirmed.add(origin)


def root_in(path: str) -> str:
    """The one that a URL's path begins with."""
    return SUITE if path.startswith(f"{SUITE}/") else CLASSIC


KNOWN = Roots()
"""Those of this process."""
