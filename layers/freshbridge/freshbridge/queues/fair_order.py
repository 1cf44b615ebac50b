"""In which order a batch's messages are taken. Pure.

Amazon SQS keeps one group's backlog from delaying another's messages, but a batch that it has put
together is worked off one by one: whoever waits for a rate budget keeps those behind it waiting.
So people's own calls go first, and then each group has its turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from freshbridge.queues.envelope import INTERACTIVE


def fair_order(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records of an SQS event, every one once, in the order to take them.

    Within a group they stay as they came; a message without a group is one of its own kind.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        name = str(record.get("attributes", {}).get("MessageGroupId", ""))
        groups.setdefault(name, []).append(record)
    first = [r for name, found in groups.items() if name.endswith(f".{INTERACTIVE}") for r in found]
    others = [found for name, found in groups.items() if not name.endswith(f".{INTERACTIVE}")]
    turns = max((len(found) for found in others), default=0)
    return first + [found[turn] for turn in range(turns) for found in others if turn < len(found)]
