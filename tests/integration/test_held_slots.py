"""Every function that reserves slots of a rate budget gives back those it did not use."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from freshbridge.budget import assembly
from freshbridge.budget.budgeted_transport import Budgets
from tests import builders

if TYPE_CHECKING:
    from tests.integration.conftest import Start


class CountingBudgets(Budgets):
    """Counts how often all that is held was given up."""

    def __init__(self, *given: Any, ends: list[int], **options: Any) -> None:
        super().__init__(*given, **options)
        self._ends = ends

    def give_back(self) -> int:
        """As it is, and counted."""
        self._ends.append(super().give_back())
        return self._ends[-1]


@pytest.mark.parametrize(
    "function", ["ActionExecutor", "CustomerSync", "EventRouter", "SyncWorker"]
)
def test_held_slots_are_given_back_once_a_batch_even_of_failed_messages(
    start: Start, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """Given a batch whose messages fail, then the slots are given back once, after all of them."""
    ends: list[int] = []
    monkeypatch.setattr(assembly, "Budgets", partial(CountingBudgets, ends=ends))
    handler = start(function).handler
    batch = [builders.sqs_record("no message", message_id=name) for name in ("m-1", "m-2")]

    handler({"Records": batch}, builders.Context())
    handler({"Records": batch[:1]}, builders.Context())

    assert ends == [0, 0]
