"""Gives each test an account of its own in moto without making its tables and queues anew.

Making a table or a queue goes through botocore's signing and moto's parsing: two dozen calls for a
stack, which took more time than most of the tests that use it. They are made once, by those calls,
and what moto holds then is copied into each further account.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from threading import Condition
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

_ACCOUNT = "123456789012"
"""The account whose credentials moto takes any to be."""


class KeptAccount:
    """The tables and queues of a region as they were once made, before anything was put in."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._kept: tuple[dict[str, Any], dict[str, Any], dict[str, str]] | None = None

    def fill(self, make: Callable[[], dict[str, str]]) -> dict[str, str]:
        """The names of what is in the empty account now: by `make` the first time, else copied."""
        tables = dynamodb_backends[_ACCOUNT][self._region].tables
        queues = sqs_backends[_ACCOUNT][self._region].queues
        assert not tables, "the account has tables already"
        assert not queues, "the account has queues already"
        if self._kept is None:
            names = make()
            self._kept = copy.deepcopy(dict(tables)), _copied(queues), names
            return names
        kept_tables, kept_queues, names = self._kept
        tables.update(copy.deepcopy(kept_tables))
        queues.update(_copied(kept_queues))
        return names


def _copied(queues: dict[str, Any]) -> dict[str, Any]:
    """Queues that refer to one another as the originals do, each with a lock of its own."""
    locks: dict[int, Any] = {id(queue._messages_lock): Condition() for queue in queues.values()}
    return copy.deepcopy(dict(queues), locks)
