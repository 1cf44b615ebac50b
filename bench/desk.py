"""The simulated account: set up for a run, made to misbehave, and asked what it saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.rates import Rates
from local.api_client import FreshdeskAccount
from local.simulators import Simulator

CREATE = "POST /tickets"
_PAGE = 1000


@dataclass
class Desk:
    """One simulated account; `first_id` is the ticket that it holds from the start."""

    account: FreshdeskAccount
    first_id: int = 0
    read_up_to: int = 0

    @classmethod
    def of(cls, simulator: Simulator) -> Desk:
        """The account that a running simulator serves."""
        return cls(FreshdeskAccount(simulator.url, simulator.api_key))

    def empty(self) -> None:
        """Begin with an account that holds one ticket, to be asked for.

        Not between runs: a ticket's id is never given twice, and Freshbridge relies on that.
        """
        self.account.steer("POST", "/reset")
        self.account.steer("POST", "/seed", {"tickets": 1})
        self.first_id = int(self.account.steer("GET", "/truth?object=tickets&limit=1")[0]["id"])

    def prepare(self, rates: Rates, faults: Sequence[Mapping[str, Any]]) -> None:
        """Set its limits, and have it go wrong as `faults` say."""
        self.account.steer("POST", "/config", rates.config())
        self.account.steer("POST", "/faults", list(faults))
        self.forget_calls()
        self.read_up_to = max((ticket["id"] for ticket in self.tickets()), default=0)

    def now(self) -> float:
        """The account's own time, in epoch seconds: windows begin at multiples of their length."""
        return float(self.account.steer("GET", "/clock")["seconds"])

    def forget_calls(self) -> None:
        """Count from zero."""
        self.account.steer("DELETE", "/stats")

    @property
    def ticket_url(self) -> str:
        """Where the API has the first ticket."""
        return f"{self.account.url}/api/v2/tickets/{self.first_id}"

    def stats(self) -> dict[str, Any]:
        """Calls by endpoint and by window, as the account counted them."""
        found: dict[str, Any] = self.account.steer("GET", "/stats")
        return found

    def tickets(self) -> Iterator[dict[str, Any]]:
        """Every ticket that was made since it was prepared."""
        after = self.read_up_to
        while page := self.account.steer(
            "GET", f"/truth?object=tickets&after={after}&limit={_PAGE}"
        ):
            yield from page
            after = page[-1]["id"]
