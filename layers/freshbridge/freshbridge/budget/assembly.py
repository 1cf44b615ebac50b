"""Puts together the budgets of one process, for every function that calls providers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from freshbridge.budget.budgeted_transport import Budgets, Waiting
from freshbridge.budget.ledger import Use
from freshbridge.budget.limits import Freshdesk, Freshsales, Provider
from freshbridge.budget.store import DynamoStore
from freshbridge.errors import InvalidRequest

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LARGEST_SHARE = 0.9


def budgets(
    table: str,
    window_s: str,
    *,
    interactive_share: str = "0.1",
    on_wait: Callable[[float], None] | None = None,
) -> Budgets:
    """The budgets kept in `table`, of accounts whose windows last `window_s` seconds.

    `interactive_share` of each limit, 0 to 0.9, is kept from background work. `on_wait` hears how
    many seconds each wait is to be. Raises InvalidRequest for a share that is none.
    """
    seconds = float(window_s)
    providers: dict[str, Provider] = {
        "freshdesk": Freshdesk(window_s=seconds),
        "freshsales": Freshsales(window_s=seconds),
    }
    return Budgets(DynamoStore(table), providers, share=_share(interactive_share), on_wait=on_wait)


def _share(text: str) -> float:
    with suppress(ValueError):
        if 0 <= (share := float(text)) <= LARGEST_SHARE:
            return share
    raise InvalidRequest(
        f"{text[:32]!r} is no share",
        where="interactive share of the rate limit",
        advice=f"Give a number from 0 to {LARGEST_SHARE}, such as 0.1 for a tenth.",
    )


def patience(
    context: LambdaContext,
    *,
    longest_s: float,
    reserve_s: float,
    use: Use,
    begun_s: float = 0.0,
    then_ahead: int = 0,
) -> Waiting:
    """How long one invocation's calls may wait, as Waiting says; `reserve_s` stay for the call."""
    return Waiting(
        longest_s=longest_s,
        begun_s=begun_s,
        remaining_s=lambda: context.get_remaining_time_in_millis() / 1000,
        reserve_s=reserve_s,
        use=use,
        then_ahead=then_ahead,
    )
