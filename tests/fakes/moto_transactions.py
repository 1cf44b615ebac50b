"""Makes moto's DynamoDB transactions cheap enough for batches of hundreds of rows.

moto 5.2.5 copies the whole table before a transaction once for each of the items in it, so that a
hundred rows are a hundred copies. They are all the same: nothing is written between them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.dynamodb import models
from moto.dynamodb.models.table import Table


@contextmanager
def one_copy_each() -> Iterator[None]:
    """While this is open, a transaction copies each of its tables once."""
    real = models.DynamoDBBackend.transact_write_items
    kept: dict[int, Table] = {}

    def deepcopy(value: Any) -> Any:
        if not isinstance(value, Table):
            return copy.deepcopy(value)
        if id(value) not in kept:
            kept[id(value)] = copy.deepcopy(value)
        return kept[id(value)]

    def write(backend: models.DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        kept.clear()
        try:
            real(backend, transact_items)
        finally:
            kept.clear()

    with (
        patch.object(models, "copy", SimpleNamespace(deepcopy=deepcopy)),
        patch.object(models.DynamoDBBackend, "transact_write_items", write),
    ):
        yield
