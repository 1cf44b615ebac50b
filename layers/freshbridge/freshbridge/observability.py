"""Structured logs and EMF metrics, the same in every function.

A log line holds ids, counts, statuses and waits. Ticket text, e-mail addresses, keys and secrets
are never passed to it: ids find the record, the record stays where it is. Every line about one
event carries that event's id as `correlation_id`, from the webhook to the action.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

__all__ = ["Logger", "MetricUnit", "Metrics", "count", "function_logger", "function_metrics"]


def function_logger() -> Logger:
    """A JSON logger; service and level come from POWERTOOLS_SERVICE_NAME and LOG_LEVEL."""
    return Logger(utc=True, log_uncaught_exceptions=True)


def function_metrics() -> Metrics:
    """EMF metrics printed at the end of each invocation; one dimension, the service."""
    return Metrics()


def count(metrics: Metrics, name: str, value: float = 1) -> None:
    """Add `value` to the counter `name`."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
