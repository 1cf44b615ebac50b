"""A logger and metrics that remember what they were told."""

from __future__ import annotations

from typing import Any, cast

from freshbridge.observability import Logger, Metrics


class Observed:
    """What a room was given to log and to count with."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.counts: dict[str, float] = {}
        self.correlation_ids: list[str] = []

    @property
    def logger(self) -> Logger:
        """Passes for a logger."""
        return cast("Logger", self)

    @property
    def metrics(self) -> Metrics:
        """Passes for the metrics."""
        return cast("Metrics", self)

    def info(self, message: str, extra: dict[str, Any] | None = None) -> None:
        """Remember a line."""
        self.lines.append((message, extra or {}))

    def set_correlation_id(self, value: str) -> None:
        """Remember whom the next lines are about."""
        self.correlation_ids.append(value)

    def add_metric(self, name: str, unit: object, value: float) -> None:
        """Add to a counter."""
        assert unit is not None
        self.counts[name] = self.counts.get(name, 0) + value
