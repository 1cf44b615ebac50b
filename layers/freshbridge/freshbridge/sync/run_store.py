"""Runs, their parts and the objects' standings in the SyncTable.

Every write names what it builds on. A run begins only while no other has the object's lease; a part
is read only by who has claimed it; what opens or ends a part counts it in the run by the same
transaction, so that the count of open parts is exact after any crash, and whoever brings it to
nought moves the run on.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from freshbridge import aws, timestamps
from freshbridge.errors import Retry
from freshbridge.sync import run_items as items
from freshbridge.sync.run import Counts, Kind, Part, PartState, Run, Standing
from freshbridge.sync.run_writes import Write, Writes

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEPT_S = 14 * 86_400
ATTEMPTS = 8
FIRST_PAUSE_S = 0.03
AT_ONCE = 90
"""Parts that are added by one transaction, which takes a hundred writes."""


class StoreContended(Retry):
    """Others kept writing the same items."""

    code = "sync_state_contended"


class RunOver(Exception):
    """The run was ended, or another has its lease: whoever works for it stops."""


class ClaimLost(Exception):
    """Another message works on the part."""


class RunStore:
    """The runs of one table."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`table`: the stack's SyncTable. `clock`: epoch seconds."""
        self._table = table
        self._injected = client
        self.clock = clock
        self._sleep = sleep
        self._jitter = jitter

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    @property
    def _writes(self) -> Writes:
        return Writes(self._table, int(self.clock()) + KEPT_S)

    # ------------------------------------------------------------ standings

    def standings(self, instance_id: str) -> dict[str, Standing]:
        """Where every object of an instance stands that was ever read, by name."""
        found = self._query(instance_id, items.STANDING)
        return {i["sk"]["S"].removeprefix(items.STANDING): items.standing_of(i) for i in found}

    def standing(self, instance_id: str, name: str) -> Standing:
        """Where one object stands."""
        return items.standing_of(self._get(items.standing_key(instance_id, name)))

    def renew(self, run: Run, until: float) -> None:
        """Keep the lease until then, epoch seconds.

        Raises:
            RunOver: the run does not have it any more.
        """
        values = {":until": items.number(until), ":run": items.text(run.run_id)}
        key = items.standing_key(run.instance_id, run.object)
        if not self._update(key, "SET lease_until = :until", "run_id = :run", values):
            raise RunOver(run.run_id)

    def take_over(self, run: Run, seen: Standing, until: float) -> bool:
        """Have the lease of a run whose lease has expired; False when another was faster."""
        values = {
            ":until": items.number(until),
            ":run": items.text(run.run_id),
            ":seen": items.number(seen.lease_until),
        }
        key = items.standing_key(run.instance_id, run.object)
        condition = "run_id = :run AND lease_until = :seen"
        return self._update(key, "SET lease_until = :until", condition, values)

    def forget(self, instance_id: str, name: str, after: Standing) -> bool:
        """Keep where an object stands that has no run; False where one has begun."""
        values = {":body": items.text(items.standing_body(after)), ":none": items.text("")}
        key = items.standing_key(instance_id, name)
        return self._update(key, "SET body = :body", "run_id = :none", values)

    # ------------------------------------------------------------ runs

    def begin(self, run: Run, parts: Sequence[Part], seen: Standing, until: float) -> bool:
        """Begin a run with these parts, if no other has begun since `seen`.

        `until`: the end of its lease, epoch seconds.
        """
        run = replace(run, open=sum(part.state is PartState.OPEN for part in parts))
        noted = replace(seen, begun_at=run.started_at)
        writes = self._writes
        return self._transact(
            [
                writes.lease(run, until, body=noted, seen=seen),
                writes.new_run(run),
                *(writes.new_part(run, part) for part in parts),
            ]
        )

    def resume(
        self,
        run: Run,
        opened: Sequence[Part],
        added: Sequence[Part],
        gone: Sequence[Part],
        *,
        seen: Standing,
        until: float,
    ) -> bool:
        """Let a failed run go on with parts that had failed and new ones; `gone` are taken out.

        Of very many failed parts the first go on; the others are left for another time.
        """
        writes = self._writes
        opened = opened[: AT_ONCE - len(added) - len(gone)]
        left = run.failed - len(opened) - sum(p.state is PartState.FAILED for p in gone)
        now = timestamps.to_text(timestamps.from_epoch(self.clock()))
        return self._transact(
            [
                writes.lease(run, until, body=replace(seen, begun_at=now), seen=seen),
                writes.go_back(run, len(opened) + len(added), left),
                *(writes.change_state(run, p, PartState.FAILED, PartState.OPEN) for p in opened),
                *(writes.new_part(run, part) for part in added),
                *(writes.delete_part(run, part) for part in gone),
            ]
        )

    def reopen(self, run: Run, part: Part, until: float) -> bool:
        """Let one failed part of a failed or active run be read again."""
        writes, part = self._writes, replace(part, reason="")
        return self._transact(
            [
                writes.lease(run, until, body=None, seen=None),
                writes.take_back(run, part),
                writes.change_state(run, part, PartState.FAILED, PartState.OPEN),
            ]
        )

    def run(self, instance_id: str, name: str, run_id: str) -> Run | None:
        """A run as it stands; None for one that is not known any more."""
        item = self._get(items.run_key_of(instance_id, name, run_id))
        return items.run_of(item) if item else None

    def runs(self, instance_id: str, run_id: str) -> list[Run]:
        """The runs of all objects that began under one id."""
        found = self._query(instance_id, f"{items.RUN}{run_id}#")
        return [items.run_of(item) for item in found]

    def history(self, instance_id: str, limit: int) -> list[Run]:
        """The runs of an instance, the newest first."""
        found = self._query(instance_id, items.RUN, newest=limit)
        return [items.run_of(item) for item in found]

    def move(self, run: Run, part: Part) -> bool:
        """Move a run on to the stage of `part`, when no other is open.

        False when another was faster.
        """
        writes = self._writes
        return self._transact([writes.move(run, part.stage), writes.stage_part(run, part)])

    def close(self, run: Run, after: Standing, part: Part | None, token: str) -> None:
        """End a run for good: `run.stage` is how, `after` where the object stands then.

        `part` is the closing part, claimed by `token`.

        Raises:
            RunOver: it was ended before, or another run has the lease.
        """
        writes = self._writes
        ended = [writes.end_part(run, part, token)] if part is not None else []
        if not self._transact([writes.end(run, len(ended)), writes.release(run, after), *ended]):
            raise RunOver(run.run_id)

    def note(self, run: Run, *, children_run: str = "", kind: Kind | None = None) -> None:
        """Keep which run reads a run's children, unless it is known, or of what kind a run is."""
        key, exists = items.run_key(run), "attribute_exists(pk)"
        if kind is not None:
            self._update(key, "SET kind = :kind", exists, {":kind": items.text(kind.value)})
        if children_run:
            values = {":run": items.text(children_run), ":none": items.text("")}
            self._update(key, "SET children_run = :run", "children_run IN (:none, :run)", values)

    # ------------------------------------------------------------ parts

    def parts(self, run: Run) -> list[Part]:
        """All parts of a run."""
        return [items.part_of(item) for item in self._query(items.parts_pk(run), "")]

    def unclaimed(self, run: Run) -> list[Part]:
        """The open parts that nobody works on."""
        now = self.clock()
        return [
            items.part_of(item)
            for item in self._query(items.parts_pk(run), "")
            if item["state"]["S"] == PartState.OPEN.value
            and (not item["claim"]["S"] or float(item["claim_until"]["N"]) < now)
        ]

    def part(self, run: Run, name: str) -> Part | None:
        """One part; None for one that there is not."""
        item = self._get(items.part_key(run, name))
        return items.part_of(item) if item else None

    def claim(self, run: Run, name: str, token: str, until: float) -> tuple[Part, bool, float]:
        """Claim an open part until then, epoch seconds.

        Returns it as it stands, whether it was claimed, and until when another has it.

        Raises:
            KeyError: there is no such part.
        """
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=items.part_key(run, name),
                UpdateExpression="SET claim = :token, claim_until = :until",
                ConditionExpression="#state = :open AND "
                "(claim IN (:none, :token) OR claim_until < :now)",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":token": items.text(token),
                    ":none": items.text(""),
                    ":until": items.number(until),
                    ":now": items.number(self.clock()),
                    ":open": items.text(PartState.OPEN.value),
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            _raise_unless_refused(error)
            old: Any = error.response.get("Item")
            if not old:
                raise KeyError(name) from error
            return items.part_of(old), False, float(old["claim_until"]["N"])
        return items.part_of(answer["Attributes"]), True, until

    def save(self, run: Run, part: Part, token: str, until: float) -> None:
        """Keep how far a claimed part is; the claim lasts until then, or ends with 0.

        Raises:
            ClaimLost: another has it by now.
        """
        values = {
            ":body": items.text(items.part_body(part)),
            ":token": items.text(token),
            ":kept": items.text(token if until else ""),
            ":until": items.number(until),
            ":open": items.text(PartState.OPEN.value),
        }
        if not self._update(
            items.part_key(run, part.name),
            "SET body = :body, claim = :kept, claim_until = :until",
            "claim = :token AND #state = :open",
            values,
            names={"#state": "state"},
        ):
            raise ClaimLost(part.name)

    def count(self, run: Run, added: Counts) -> None:
        """Add to what a run has read so far: for people to see, exact but for a crash just now."""
        sums = ", ".join(f"#{name} :{name}" for name in items.COUNTS)
        self._update(
            items.run_key(run),
            f"ADD {sums}",
            "attribute_exists(pk)",
            {f":{name}": items.number(getattr(added, name)) for name in items.COUNTS},
            names={f"#{name}": name for name in items.COUNTS},
        )

    def split(self, run: Run, kept: Part, new: Sequence[Part], token: str) -> bool:
        """Cut parts off a claimed one; False when it is not the claimer's any more."""
        writes = self._writes
        return self._transact(
            [
                writes.edit_part(run, kept, token),
                writes.count_open(run, sum(part.state is PartState.OPEN for part in new)),
                *(writes.new_part(run, part) for part in new),
            ]
        )

    def add(self, run: Run, parts: Sequence[Part]) -> bool:
        """Add open parts to a run that is pulling; those that it has already stay as they are.

        False when the run is over.
        """
        writes = self._writes
        for start in range(0, len(parts), AT_ONCE):
            some = list(parts[start : start + AT_ONCE])
            while some:
                new = [writes.new_part(run, part) for part in some]
                if self._transact([writes.count_open(run, len(some)), *new]):
                    break
                known = {part.name for part in some if self.part(run, part.name) is not None}
                if not known:
                    return False
                some = [part for part in some if part.name not in known]
        return True

    def finish(self, run: Run, part: Part, token: str) -> None:
        """A claimed part is read to its end.

        Raises:
            RunOver: the run was ended meanwhile.
            ClaimLost: another has the part by now.
        """
        writes = self._writes
        counted = writes.count_ended(run, failed=False)
        if not self._transact([counted, writes.end_part(run, part, token)]):
            now = self.run(run.instance_id, run.object, run.run_id)
            raise ClaimLost(part.name) if now and now.is_active else RunOver(run.run_id)

    def release_hold(self, run: Run, name: str) -> None:
        """End a part that only held the run open; nothing where it was ended before."""
        part = self.part(run, name)
        if part is not None and part.state is PartState.OPEN:
            writes = self._writes
            self._transact([writes.count_open(run, -1), writes.end_part(run, part, "")])

    def fail(self, run: Run, part: Part) -> bool:
        """An open part cannot be read; `part.reason` says why. False when it was not open."""
        writes = self._writes
        changed = writes.change_state(run, part, PartState.OPEN, PartState.FAILED)
        return self._transact([writes.count_ended(run, failed=True), changed])

    def open_waiting(self, run: Run, parts: Sequence[Part]) -> bool:
        """Open parts that waited for all others; False when another was faster."""
        writes, late = self._writes, [replace(part, late=True) for part in parts]
        return self._transact(
            [
                writes.open_first(run, len(late)),
                *(writes.change_state(run, p, PartState.WAITING, PartState.OPEN) for p in late),
            ]
        )

    # ------------------------------------------------------------ calls

    def _transact(self, writes: list[Write]) -> bool:
        """Write all or nothing; False when a condition was not met."""
        asked: Any = writes
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(FIRST_PAUSE_S * 2**attempt * (0.5 + self._jitter()))
            try:
                self._client.transact_write_items(TransactItems=asked)
            except ClientError as error:
                if _conflicts(error):
                    continue
                if error.response["Error"]["Code"] != "TransactionCanceledException":
                    raise
                return False
            return True
        raise StoreContended("others kept writing the state of this sync")

    def _update(
        self,
        key: items.Item,
        change: str,
        condition: str,
        values: dict[str, Any],
        *,
        names: dict[str, str] | None = None,
    ) -> bool:
        """Change one item; False when the condition was not met."""
        asked = self._writes.update(key, change, condition, values, names=names)["Update"]
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(FIRST_PAUSE_S * 2**attempt * (0.5 + self._jitter()))
            try:
                self._client.update_item(**asked)
            except ClientError as error:
                if _conflicts(error):
                    continue
                _raise_unless_refused(error)
                return False
            return True
        raise StoreContended("others kept writing the state of this sync")

    def _get(self, key: items.Item) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return answer.get("Item")

    def _query(self, pk: str, prefix: str, *, newest: int = 0) -> list[dict[str, Any]]:
        asked: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": items.text(pk)},
            "ConsistentRead": True,
        }
        if prefix:
            asked["KeyConditionExpression"] += " AND begins_with(sk, :sk)"
            asked["ExpressionAttributeValues"][":sk"] = items.text(prefix)
        if newest:
            asked |= {"ScanIndexForward": False, "Limit": newest}
        found: list[dict[str, Any]] = []
        while True:
            answer = self._client.query(**asked)
            found += answer["Items"]
            if "LastEvaluatedKey" not in answer or (newest and len(found) >= newest):
                return found
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _raise_unless_refused(error: ClientError) -> None:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error


def _conflicts(error: ClientError) -> bool:
    """Whether another transaction was at work on one of the items."""
    code = error.response["Error"]["Code"]
    if code in ("TransactionInProgressException", "TransactionConflictException"):
        return True
    reasons: Any = error.response.get("CancellationReasons", [])
    return code == "TransactionCanceledException" and any(
        reason.get("Code") in ("TransactionConflict", "ThrottlingError") for reason in reasons
    )
