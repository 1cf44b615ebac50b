"""Dead letters in DynamoDB, one item a letter.

Every change is one conditional write of what was read: of two that change a letter at once, one
wins and the other looks again. A letter expires by itself some days after it was last parked.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge.dead_letters.items import DUE, from_item, listing, to_item
from freshbridge.dead_letters.letter import Letter, State, text_of
from freshbridge.errors import NotFound, Retry
from freshbridge.table_store import ExpiringStore

if TYPE_CHECKING:
    from freshbridge.dead_letters.filters import Filter
    from freshbridge.dead_letters.subject import Queue

LONGEST_ID = 256
_TRIES = 8
_PAGE = 250
"""Letters read at a time: enough for few calls, not so many that a short list reads a megabyte."""


class UnknownLetter(NotFound):
    """No dead letter has this id, or it has expired."""

    code = "unknown_dead_letter"
    default_advice = "Check the id; GET /api/dead-letters lists those that are kept."


class LetterContended(Retry):
    """Others changed the letter each time; nothing was written."""

    code = "dead_letter_contended"


@dataclass(frozen=True)
class LetterPage:
    """Letters as lists show them, newest first; `after` asks for the next page.

    `after` is None on the last page. A page may be shorter than asked for, even empty, and not the
    last one: so many were looked at that did not fit.
    """

    letters: list[Letter]
    after: str | None


class LetterStore(ExpiringStore):
    """The letters of one table; `days` count from a letter's last parking."""

    def find(self, letter_id: str) -> Letter | None:
        """The letter, or None when there is none."""
        if not 0 < len(letter_id) <= LONGEST_ID:
            return None
        found = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": letter_id}}, ConsistentRead=True
        )
        item: Any = found.get("Item")
        if item is None or "queue" not in item:
            return None
        letter = from_item(item)
        return letter if letter.expires_at > self.clock() else None

    def get(self, letter_id: str) -> Letter:
        """The letter.

        Raises:
            UnknownLetter: there is none.
        """
        letter = self.find(letter_id)
        if letter is None:
            raise UnknownLetter(f"no dead letter {letter_id[:64]}")
        return letter

    def put(self, letter: Letter) -> Letter | None:
        """Keep what was made of the letter that was read; None when somebody else was faster."""
        kept = replace(letter, version=letter.version + 1)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_item(kept),
                # One that has expired is as good as none: DynamoDB takes days to remove it.
                ConditionExpression=(
                    "attribute_not_exists(pk) OR #version = :read OR expires_at <= :now"
                ),
                ExpressionAttributeNames={"#version": "version"},
                ExpressionAttributeValues={
                    ":read": {"N": str(letter.version)},
                    ":now": {"N": str(int(self.clock()))},
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return kept

    def change(
        self, letter_id: str, change: Callable[[Letter | None], Letter | None]
    ) -> Letter | None:
        """Write what `change` makes of the letter; None, and nothing written, where it says None.

        `change` is called anew with what is there each time that somebody else was faster.

        Raises:
            LetterContended: others were, every time.
            Whatever `change` raises.
        """
        for _ in range(_TRIES):
            wanted = change(self.find(letter_id))
            if wanted is None:
                return None
            if (kept := self.put(wanted)) is not None:
                return kept
        raise LetterContended(f"dead letter {letter_id} is being changed by others")

    def page(self, chosen: Filter, *, limit: int, after: str | None, reads: int) -> LetterPage:
        """Up to `limit` letters that fit, having looked at up to `reads` for them."""
        found: list[Letter] = []
        last = after
        looked = 0
        for letter in islice(self.newest(chosen, after), reads):
            looked += 1
            last = position(letter)
            if chosen.matches(letter):
                found.append(letter)
                if len(found) == limit:
                    return LetterPage(found, last)
        return LetterPage(found, last if looked == reads else None)

    def newest(self, chosen: Filter, after: str | None = None) -> Iterator[Letter]:
        """Every letter of the filter's queues and states, newest first, from behind `after`."""
        if chosen.instance_id:
            parts = [self._query("by_instance", "instance_id", chosen.instance_id, chosen, after)]
        else:
            parts = [
                self._query("by_state", "listing", listing(queue, state), chosen, after)
                for queue in chosen.queues
                for state in chosen.states
            ]
        return heapq.merge(*parts, key=position, reverse=True)

    def oldest(self, queue: Queue) -> Letter | None:
        """The letter of a queue that has been parked for the longest time."""
        found = self._client.query(
            TableName=self._table,
            IndexName="by_state",
            KeyConditionExpression="listing = :listing",
            FilterExpression="expires_at > :now",
            ExpressionAttributeValues={
                ":listing": {"S": listing(queue, State.PARKED)},
                ":now": {"N": str(int(self.clock()))},
            },
            Limit=10,
        )
        return from_item(found["Items"][0]) if found["Items"] else None

    def due(self) -> Iterator[str]:
        """The ids of letters whose moment has come, those first that have waited the longest."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by_due",
            KeyConditionExpression="due = :due AND return_at <= :now",
            ExpressionAttributeValues={
                ":due": {"S": DUE},
                ":now": {"S": text_of(self.clock())},
            },
        )
        for page in pages:
            yield from (item["pk"]["S"] for item in page["Items"])

    def _query(
        self, index: str, key: str, value: str, chosen: Filter, after: str | None
    ) -> Iterator[Letter]:
        # "~" is behind every digit and letter: all that were parked in that second.
        latest = f"{chosen.parked_to}~" if chosen.parked_to else "~"
        first, last = chosen.parked_from or "0", min(after or latest, latest)
        if first > last:
            # DynamoDB takes such a range for a mistake.
            return
        values = {
            ":value": {"S": value},
            ":first": {"S": first},
            ":last": {"S": last},
            ":now": {"N": str(int(self.clock()))},
        }
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=f"{key} = :value AND listed BETWEEN :first AND :last",
            FilterExpression="expires_at > :now",
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            PaginationConfig={"PageSize": _PAGE},
        )
        for page in pages:
            for item in page["Items"]:
                letter = from_item(item)
                # BETWEEN has both its ends, and the page before has shown this one.
                if position(letter) != after:
                    yield letter


def position(letter: Letter) -> str:
    """Where a letter stands in a list."""
    return f"{letter.parked_at}#{letter.letter_id}"
