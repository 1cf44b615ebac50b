"""Accounts and the stack that runs are sent from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.moto_transactions import one_copy_each
from tests.integration.conftest import Stack
from tests.simulators.actions.freshsales_crm import served, stack_in_memory
from tests.simulators.destinations.run_world import RunWorld


@pytest.fixture(scope="package")
def _stack() -> Iterator[Stack]:
    with one_copy_each(), stack_in_memory() as made:
        yield made


@pytest.fixture
def world(_stack: Stack) -> Iterator[RunWorld]:
    """A suite account."""
    with served() as crm:
        crm.settle(limits={"hour": None, "minute": None})
        yield RunWorld(crm, _stack)


@pytest.fixture
def classic(_stack: Stack) -> Iterator[RunWorld]:
    """An account of the older generation."""
    with served("classic") as crm:
        crm.settle(limits={"hour": None, "minute": None})
        yield RunWorld(crm, _stack)
