"""What a function calls providers with is put together from its settings, and calls nothing yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from freshbridge.errors import InvalidRequest
from freshbridge.instances import assembly
from freshbridge.instances.assembly import Providers, providers
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import UnknownInstance
from tests.fakes.provider import FakeTransport


@dataclass(frozen=True)
class Chosen:
    """A function's settings."""

    stack_name: str = "demo"
    instance_table: str = "demo-InstanceTable"
    trace_table: str = "demo-TraceTable"
    budget_table: str = "demo-BudgetTable"
    rate_window_seconds: str = "60"
    interactive_share: str = "0.2"
    allowed_provider_origins: tuple[str, ...] = ()


class CountingTable:
    """A table without instances that counts how often it was read."""

    def __init__(self) -> None:
        self.reads = 0

    def get_item(self, **_asked: Any) -> dict[str, Any]:
        """Nothing is there."""
        self.reads += 1
        return {}

    def query(self, **_asked: Any) -> dict[str, Any]:
        """As above."""
        return self.get_item() | {"Items": []}


def put_together(**options: Any) -> Providers:
    return providers(
        Chosen(), function="tested", logger=cast("Any", None), metrics=cast("Any", None), **options
    )


def reads_of_three(calling: Providers, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the table is read when one instance is asked for three times."""
    table = CountingTable()
    monkeypatch.setattr(calling.registry, "_injected", table)
    for _ in range(3):
        with pytest.raises(UnknownInstance):
            calling.connections.visit("ins_1", Instance.__repr__)
    return table.reads


def test_the_connections_look_an_instance_up_where_the_function_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert reads_of_three(put_together(), monkeypatch) == 1


def test_a_function_that_writes_instances_reads_them_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert reads_of_three(put_together(always_fresh=True), monkeypatch) == 3


def test_there_is_one_http_session_and_none_before_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[FakeTransport] = []

    def make() -> FakeTransport:
        made.append(FakeTransport())
        return made[-1]

    monkeypatch.setattr(assembly, "RequestsTransport", make)
    calling = put_together()

    assert made == []
    assert calling.transport() is calling.transport()
    assert len(made) == 1


def test_the_share_of_interactive_calls_is_the_settings_one() -> None:
    assert put_together().budgets.share == 0.2

    with pytest.raises(InvalidRequest, match="is no share"):
        providers(
            Chosen(interactive_share="most"),
            function="tested",
            logger=cast("Any", None),
            metrics=cast("Any", None),
        )
