"""AWS clients that fail where a test wants them to, and are the real thing everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


def client_error(operation: str, code: str = "InternalError") -> ClientError:
    """The error that botocore raises once its own retries are used up."""
    return ClientError({"Error": {"Code": code, "Message": "made up"}}, operation)


class Failing:
    """Passes calls on to `client`, but calls `instead[name]` in place of the methods named there.

    `calls` holds the names of all that was called, in order.
    """

    def __init__(self, client: Any, **instead: Callable[..., Any]) -> None:
        self._client = client
        self._instead = instead
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        """The client's attribute, or what stands in for it."""
        self.calls.append(name)
        return self._instead.get(name) or getattr(self._client, name)


def raising(error: Exception) -> Callable[..., Any]:
    """A method that always raises."""

    def call(**_arguments: Any) -> Any:
        raise error

    return call
