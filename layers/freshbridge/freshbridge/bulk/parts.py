"""What bulk actions stand on, made once per warm function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freshbridge.actions.action import Action, Parameters
    from freshbridge.actions.record_store import RecordStore
    from freshbridge.bulk.inputs import RowInputs
    from freshbridge.bulk.source import RowFiles
    from freshbridge.bulk.store import BulkStore
    from freshbridge.queues.publish import Publisher


@dataclass(frozen=True)
class Bulk:
    """`find` and `validate` are the catalogue's, which knows the bulk actions in turn.

    `queue` is the ActionQueue, where every row goes as an action request of its own.
    """

    store: BulkStore
    inputs: RowInputs
    files: RowFiles
    queue: Publisher
    records: RecordStore
    find: Callable[[str, str], Action]
    validate: Callable[[Action, dict[str, Any]], Parameters]
