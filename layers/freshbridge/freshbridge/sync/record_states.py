"""What was last seen of each record, in the SyncTable beside the cursors.

One item a record: `pk` "records#<instance>#<object>", `sk` its id. It holds what changes are told
of, without any free text (see record_change), and goes when the record has not changed for
`KEPT_S`. The item `sk` "events#<object>" under the instance says since when changes are told, and
whether the first load is still under way. A page of records costs one read and four writes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from freshbridge import aws, timestamps
from freshbridge.errors import Retry
from freshbridge.sync.change_events import RecordState

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEPT_S = 400 * 86_400
READ_AT_ONCE, WRITTEN_AT_ONCE = 100, 25
ATTEMPTS = 6
FIRST_PAUSE_S = 0.05


class StatesUnavailable(Retry):
    """The table did not take or give all records' states."""

    code = "record_states_unavailable"


@dataclass(frozen=True)
class TellingState:
    """`since`: when the sync began to tell of changes; `baseline` while it only remembers."""

    since: str
    baseline: bool


class RecordStates:
    """The states of one table."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`table`: the stack's SyncTable. `clock`: epoch seconds."""
        self._table = table
        self._injected = client
        self._clock = clock
        self._sleep = sleep

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def telling(self, instance_id: str, object_name: str) -> TellingState | None:
        """Since when changes are told; None where they never were."""
        found = self._client.get_item(
            TableName=self._table, Key=_telling_key(instance_id, object_name), ConsistentRead=True
        )
        if "Item" not in found:
            return None
        return TellingState(**json.loads(found["Item"]["state"]["S"]))

    def note_telling(self, instance_id: str, object_name: str, state: TellingState) -> None:
        """Note how far the telling is."""
        text = json.dumps(asdict(state))
        key = _telling_key(instance_id, object_name)
        self._client.put_item(TableName=self._table, Item={**key, "state": {"S": text}})

    def load(
        self, instance_id: str, object_name: str, ids: Iterable[str]
    ) -> dict[str, RecordState]:
        """The states of these records, as far as there are any.

        Raises:
            StatesUnavailable, ClientError, BotoCoreError: not all could be read.
        """
        wanted = list(dict.fromkeys(ids))
        found: dict[str, RecordState] = {}
        for start in range(0, len(wanted), READ_AT_ONCE):
            keys: list[Any] = [
                _key(instance_id, object_name, one) for one in wanted[start : start + READ_AT_ONCE]
            ]
            for item in self._read(keys):
                found[item["sk"]["S"]] = RecordState(**json.loads(item["state"]["S"]))
        return found

    def save(self, instance_id: str, object_name: str, states: Mapping[str, RecordState]) -> None:
        """Keep the states of these records; those of the same id are replaced.

        Raises:
            StatesUnavailable, ClientError, BotoCoreError: some may not be kept.
        """
        expires_at = {"N": str(int(self._clock()) + KEPT_S)}
        writes: list[Any] = [
            {
                "PutRequest": {
                    "Item": {
                        **_key(instance_id, object_name, record_id),
                        "state": {"S": json.dumps(asdict(state), separators=(",", ":"))},
                        "expires_at": expires_at,
                    }
                }
            }
            for record_id, state in states.items()
        ]
        for start in range(0, len(writes), WRITTEN_AT_ONCE):
            self._write(writes[start : start + WRITTEN_AT_ONCE])

    def _read(self, keys: list[Any]) -> Iterable[dict[str, Any]]:
        for attempt in range(ATTEMPTS):
            self._pause(attempt)
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
            )
            yield from answer["Responses"].get(self._table, [])
            left: Any = answer.get("UnprocessedKeys", {}).get(self._table, {})
            keys = left.get("Keys", [])
            if not keys:
                return
        raise StatesUnavailable(f"{len(keys)} records' states could not be read")

    def _write(self, writes: list[Any]) -> None:
        for attempt in range(ATTEMPTS):
            self._pause(attempt)
            answer = self._client.batch_write_item(RequestItems={self._table: writes})
            writes = list(answer.get("UnprocessedItems", {}).get(self._table, []))
            if not writes:
                return
        raise StatesUnavailable(f"{len(writes)} records' states could not be kept")

    def _pause(self, attempt: int) -> None:
        if attempt:
            self._sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))


def _key(instance_id: str, object_name: str, record_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"records#{instance_id}#{object_name}"}, "sk": {"S": record_id}}


def _telling_key(instance_id: str, object_name: str) -> dict[str, Any]:
    return {"pk": {"S": instance_id}, "sk": {"S": f"events#{object_name}"}}
