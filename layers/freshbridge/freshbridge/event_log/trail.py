"""The whole way of one event: received, rules, actions, results, outgoing, dead letters.

The event's own entry names the runs of its rules; these name their actions; both, and the dead
letters, are looked up when somebody asks, so that the trail tells how things stand now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge import aws, timestamps
from freshbridge.actions.record_item import record_of
from freshbridge.dead_letters.items import from_item as letter_of
from freshbridge.dead_letters.subject import Queue, letter_id_of
from freshbridge.dead_letters.view import summary as letter_summary
from freshbridge.event_log.batch_get import batch_get
from freshbridge.event_log.entry import Entry, RuleRun
from freshbridge.event_log.trail_view import (
    Found,
    called_run,
    enrichment_view,
    received_view,
    run_view,
)
from freshbridge.rules.route import DEEPEST_CHAIN
from freshbridge.rules.run_store import shown_run

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


_OF_RECORD = (
    "pk", "instance_id", "platform", "action", "state", "submitted_at", "origin", "started_at",
    "finished_at", "next_at", "running_until", "queued", "attempts", "code", "message", "data",
    "expires_at",
)  # fmt: skip
_OF_LETTER = (
    "pk", "queue", "state", "round", "code", "message", "attempts", "parked_by", "instance_id",
    "platform", "action", "action_id", "event_id", "origin", "first_sent_at", "first_parked_at",
    "parked_at", "return_at", "returns", "expires_at",
)  # fmt: skip


class Notified(Protocol):
    """Who was told of an event beside the event bus."""

    def of_event(self, entry: Entry) -> list[dict[str, Any]]:
        """Each notification, with where it went and how that stands."""
        ...  # pragma: no cover  # a protocol has no body


class Trails:
    """Joins an event with what is kept elsewhere of it."""

    def __init__(
        self,
        action_table: str,
        dead_letter_table: str,
        *,
        notified: Notified,
        client: DynamoDBClient | None = None,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`action_table` has rules' runs and actions' records. `clock`: epoch seconds."""
        self._action_table = action_table
        self._dead_letter_table = dead_letter_table
        self._notified = notified
        self._injected = client
        self._clock = clock

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def of(self, entry: Entry) -> dict[str, Any]:
        """`{"received", "enrichment", "rules", "outgoing", "dead_letters"}` of one event.

        Raises:
            ReadIncomplete, ClientError, BotoCoreError: a table did not answer.
        """
        callbacks = self._notified.of_event(entry)
        found = self._found(entry, callbacks)
        letters = sorted(found.letters.values(), key=lambda letter: letter.parked_at)
        return {
            "received": received_view(entry),
            "enrichment": enrichment_view(entry),
            "rules": {
                "considered": entry.considered,
                "routed_at": entry.routed_at or None,
                "runs": [run_view(run, found) for run in (*entry.runs, *found.called)],
            },
            "outgoing": {
                "bus": {"published_at": entry.published_at or None},
                "callbacks": callbacks,
            },
            "dead_letters": [letter_summary(letter) for letter in letters],
        }

    def _found(self, entry: Entry, callbacks: Iterable[Mapping[str, Any]]) -> Found:
        found = Found()
        runs: Sequence[RuleRun] = entry.runs
        for _ in range(DEEPEST_CHAIN + 1):
            if not runs:
                break
            action_ids = self._follow(found, runs)
            runs = [run for one in action_ids if (run := called_run(one, found))]
            found.called.extend(runs)
        letters = self._read(
            self._dead_letter_table,
            (
                letter_id_of(Queue.EVENTS, entry.event_id),
                letter_id_of(Queue.CALLBACKS, entry.event_id),
                *(
                    letter_id_of(
                        Queue.CALLBACKS,
                        "delivery",
                        str(one["notificationId"]),
                        str(one["subscriptionId"]),
                    )
                    for one in callbacks
                ),
                *(
                    letter_id_of(Queue.ACTIONS, one["action_id"])
                    for run in found.runs.values()
                    for one in run["actions"]
                ),
            ),
            _OF_LETTER,
        )
        found.letters.update({key: letter_of(item) for key, item in letters.items()})
        return found

    def _follow(self, found: Found, runs: Iterable[RuleRun]) -> list[str]:
        """Look up runs and their actions; the actions' ids."""
        items = self._read(self._action_table, (f"run#{run.run_id}" for run in runs))
        shown = {key.removeprefix("run#"): shown_run(item) for key, item in items.items()}
        found.runs.update(shown)
        action_ids = [one["action_id"] for run in shown.values() for one in run["actions"]]
        records = self._read(self._action_table, action_ids, _OF_RECORD)
        now = timestamps.to_text(timestamps.from_epoch(self._clock()))
        for action_id, item in records.items():
            found.records[action_id] = record_of(item, None).as_of(now)
            if "data" in item:
                found.results[action_id] = item["data"]["S"]
        return action_ids

    def _read(
        self, table: str, keys: Iterable[str], attributes: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        items = batch_get(self._client, table, keys, attributes)
        now = self._clock()
        return {key: item for key, item in items.items() if int(item["expires_at"]["N"]) > now}
