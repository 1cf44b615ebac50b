"""Both simulators, a link, and empty tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.customers.world import World, world


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Accounts of the suite, without limits."""
    with world(monkeypatch) as made:
        yield made
