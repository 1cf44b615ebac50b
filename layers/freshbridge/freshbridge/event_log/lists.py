"""Lists of kept events: of an instance, of one record of it, of what is not done.

Pages go by position, so an event that comes or expires meanwhile moves no other from its page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshbridge.event_log.batch_get import MOST_KEYS, batch_get
from freshbridge.event_log.content import body_of
from freshbridge.event_log.entry import UNDONE, Entry, State
from freshbridge.event_log.items import from_item, of_state, of_subject
from freshbridge.table_store import TimedStore

if TYPE_CHECKING:
    from freshbridge.event_log.filters import Filter

POINTER = '{"payload_pointer"'
_PAGE = 250


@dataclass(frozen=True)
class EntryPage:
    """Entries as lists show them; `after` goes on behind them, None where there are no more.

    A page may be shorter than asked for, even empty, and not the last one: so many were looked at
    that did not fit.
    """

    entries: list[Entry]
    after: str | None


class EventLists(TimedStore):
    """The lists of one table."""

    def page(
        self,
        instance_id: str,
        chosen: Filter,
        *,
        limit: int,
        after: str | None,
        reads: int,
        oldest_first: bool = False,
    ) -> EntryPage:
        """Up to `limit` events that fit, having looked at up to `reads` for them."""
        found: list[Entry] = []
        last = after
        entries = self.each(instance_id, chosen, after, oldest_first=oldest_first)
        for looked, entry in enumerate(entries):
            if looked == reads or len(found) == limit:
                return EntryPage(found, last)
            last = entry.listed
            if chosen.matches(entry):
                found.append(entry)
        return EntryPage(found, None)

    def each(
        self, instance_id: str, chosen: Filter, after: str | None = None, *, oldest_first: bool
    ) -> Iterator[Entry]:
        """Every event of the filter's time, record and state, from behind `after`.

        What else the filter says is for the caller to look at.
        """
        # "~" is behind every digit and letter: all that came in that second.
        first = chosen.since or "0"
        last = f"{chosen.until}~" if chosen.until else "~"
        if after and oldest_first:
            first = max(after, first)
        elif after:
            last = min(after, last)
        if first > last:
            # DynamoDB takes such a range for a mistake.
            return
        index, key, value = _index(instance_id, chosen)
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=f"{key} = :value AND listed BETWEEN :first AND :last",
            FilterExpression="expires_at > :now",
            ExpressionAttributeValues={
                ":value": {"S": value},
                ":first": {"S": first},
                ":last": {"S": last},
                ":now": {"N": str(int(self.clock()))},
            },
            ScanIndexForward=oldest_first,
            PaginationConfig={"PageSize": _PAGE},
        )
        for page in pages:
            for item in page["Items"]:
                entry = from_item(item)
                # BETWEEN has both its ends, and the page before has shown this one.
                if entry.listed != after:
                    yield entry

    def bodies(self, entries: Sequence[Entry], *, most: int) -> dict[str, str]:
        """The bodies of listed events by their ids, up to `most` characters of them altogether.

        Those that lie in S3 are left out as well: a list has no time for them.

        Raises:
            ReadIncomplete, ClientError, BotoCoreError: the table did not answer.
        """
        found: dict[str, str] = {}
        for start in range(0, len(entries), MOST_KEYS):
            ids = [entry.event_id for entry in entries[start : start + MOST_KEYS]]
            items = batch_get(self._client, self._table, ids, ("pk", "envelope"))
            for event_id in ids:
                text = items.get(event_id, {}).get("envelope", {}).get("S", "")
                if not text or text.startswith(POINTER):
                    continue
                body = body_of(text)
                most -= len(body)
                if most < 0:
                    return found
                found[event_id] = body
        return found


def _index(instance_id: str, chosen: Filter) -> tuple[str, str, str]:
    """The index that has the fewest events to look at, its key, and the key's value."""
    if chosen.subject:
        return "by_subject", "instance_subject", of_subject(instance_id, chosen.subject)
    if chosen.state and State(chosen.state) in UNDONE:
        return "by_state", "instance_state", of_state(instance_id, State(chosen.state))
    return "by_instance", "instance_id", instance_id
