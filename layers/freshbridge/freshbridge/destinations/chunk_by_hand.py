"""One request of the manual method that carries several records: all of them end alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshbridge.bulk.progress import Progress, RowState
from freshbridge.destinations.exchange import shown_reply, shown_request

if TYPE_CHECKING:
    from freshbridge.bulk.parts import Bulk
    from freshbridge.errors import Reject
    from freshbridge.freshsales.client import FreshsalesClient

Refusal = tuple[str, str]
"""A code, and why in a sentence."""


def refusal_of(error: Reject) -> Refusal:
    """Why none of them was taken."""
    return error.code, str(error)


def end_alike(bulk: Bulk, progress: Progress, numbers: list[int], refusal: Refusal | None) -> None:
    """End the rows as sent, or as refused."""
    pairs = []
    # They are RUNNING by now, or still were when their function died.
    for held in bulk.store.rows_at(progress.action_id, numbers):
        if refusal is None:
            ended = held.ended(RowState.SUCCEEDED, message="Sent", outcome="delivered")
        else:
            ended = held.ended(RowState.FAILED, *refusal, outcome="rejected")
        pairs.append((held, ended))
    bulk.store.move(progress.action_id, pairs)


def shown_exchange(client: FreshsalesClient) -> dict[str, Any] | None:
    """The last request and its response, as they may be shown; None where none was answered."""
    if client.last is None:
        return None
    request, reply = client.last
    return {"request": shown_request(request), "response": shown_reply(reply)}
