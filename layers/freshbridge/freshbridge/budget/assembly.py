"""Puts together the budgets of one process, for every function that calls providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge.budget.budgeted_transport import Budgets, Waiting
from freshbridge.budget.ledger import Use
from freshbridge.budget.limits import Freshdesk, Freshsales, Provider
from freshbridge.budget.store import DynamoStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def budgets(
    table: str, window_s: str, *, on_wait: Callable[[float], None] | None = None
) -> Budgets:
    """The budgets kept in `table`, of accounts whose windows last `window_s` seconds.

    `on_wait` hears how many seconds each wait is to be.
    """
    seconds = float(window_s)
    providers: dict[str, Provider] = {
        "freshdesk": Freshdesk(window_s=seconds),
        "freshsales": Freshsales(window_s=seconds),
    }
    return Budgets(DynamoStore(table), providers, on_wait=on_wait)


def patience(context: LambdaContext, *, longest_s: float, reserve_s: float, use: Use) -> Waiting:
    """How long one invocation's calls may wait; `reserve_s` of its time stay for the call."""
    return Waiting(
        longest_s=longest_s,
        remaining_s=lambda: context.get_remaining_time_in_millis() / 1000,
        reserve_s=reserve_s,
        use=use,
    )
