"""Runs and the objects' standings in the SyncTable.

Every write names what it builds on. A run begins only while no other has the object's lease;
whoever brings the count of its open parts to nought moves it on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from freshbridge import timestamps
from freshbridge.sync import run_items as items
from freshbridge.sync.part_store import AT_ONCE, ClaimLost, PartStore, RunOver
from freshbridge.sync.run import Kind, Part, PartState, Run, Standing
from freshbridge.sync.run_table import ATTEMPTS, StoreContended

__all__ = ["ATTEMPTS", "ClaimLost", "RunOver", "RunStore", "StoreContended"]


class RunStore(PartStore):
    """The runs of one table."""

    def standings(self, instance_id: str) -> dict[str, Standing]:
        """Where every object of an instance stands that was ever read, by name."""
        found = self.query(instance_id, items.STANDING)
        return {i["sk"]["S"].removeprefix(items.STANDING): items.standing_of(i) for i in found}

    def standing(self, instance_id: str, name: str) -> Standing:
        """Where one object stands."""
        return items.standing_of(self.get(items.standing_key(instance_id, name)))

    def renew(self, run: Run, until: float, *, retry: Mapping[str, Any] | None = None) -> None:
        """Keep the lease until then, epoch seconds.

        `retry` is what people are shown of a message that was put off; {} once the run goes on.

        Raises:
            RunOver: the run does not have it any more.
        """
        values = {":until": items.number(until), ":run": items.text(run.run_id)}
        key = items.standing_key(run.instance_id, run.object)
        change = "SET lease_until = :until"
        if retry is not None:
            change += ", last_retry = :retry"
            values[":retry"] = items.text(json.dumps(retry))
        if not self.update(key, change, "run_id = :run", values):
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
        return self.update(key, "SET lease_until = :until", condition, values)

    def forget(self, instance_id: str, name: str, after: Standing) -> bool:
        """Keep where an object stands that has no run; False where one has begun."""
        values = {":body": items.text(items.standing_body(after)), ":none": items.text("")}
        key = items.standing_key(instance_id, name)
        return self.update(key, "SET body = :body", "run_id = :none", values)

    # ------------------------------------------------------------ runs

    def begin(self, run: Run, parts: Sequence[Part], seen: Standing, until: float) -> bool:
        """Begin a run with these parts, if no other has begun since `seen`.

        `until`: the end of its lease, epoch seconds.
        """
        run = replace(run, open=_open(parts))
        noted = replace(seen, begun_at=run.started_at)
        writes = self.writes
        return self.transact(
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

        The parts' states are those that they have then.

        Of very many failed parts the first go on; the others are left for another time.
        """
        writes = self.writes
        opened = opened[: AT_ONCE - len(added) - len(gone)]
        left = run.failed - len(opened) - sum(p.state is PartState.FAILED for p in gone)
        now = timestamps.to_text(timestamps.from_epoch(self.clock()))
        return self.transact(
            [
                writes.lease(run, until, body=replace(seen, begun_at=now), seen=seen),
                writes.go_back(run, _open([*opened, *added]), left),
                *(writes.change_state(run, p, PartState.FAILED, p.state) for p in opened),
                *(writes.new_part(run, part) for part in added),
                *(writes.delete_part(run, part) for part in gone),
            ]
        )

    def reopen(self, run: Run, part: Part, until: float, added: Sequence[Part] = ()) -> bool:
        """Let one failed part of a failed or active run be read again; `added` wait for it."""
        writes, part = self.writes, replace(part, reason="")
        return self.transact(
            [
                writes.lease(run, until, body=None, seen=None),
                writes.take_back(run, part),
                writes.change_state(run, part, PartState.FAILED, PartState.OPEN),
                *(writes.new_part(run, one) for one in added),
            ]
        )

    def runs(self, instance_id: str, run_id: str) -> list[Run]:
        """The runs of all objects that began under one id."""
        found = self.query(instance_id, f"{items.RUN}{run_id}#")
        return [items.run_of(item) for item in found]

    def history(self, instance_id: str, limit: int) -> list[Run]:
        """The runs of an instance, the newest first."""
        found = self.query(instance_id, items.RUN, newest=limit)
        return [items.run_of(item) for item in found]

    def move(self, run: Run, part: Part, *others: Part) -> bool:
        """Move a run on to the stage of these parts, when no other is open.

        False when another was faster.
        """
        writes, parts = self.writes, (part, *others)
        return self.transact(
            [
                writes.move(run, part.stage, len(parts)),
                *(writes.stage_part(run, one) for one in parts),
            ]
        )

    def close(self, run: Run, after: Standing, part: Part | None, token: str) -> None:
        """End a run for good: `run.stage` is how, `after` where the object stands then.

        `part` is the closing part, claimed by `token`.

        Raises:
            RunOver: it was ended before, or another run has the lease.
        """
        writes = self.writes
        ended = [writes.end_part(run, part, token)] if part is not None else []
        if not self.transact([writes.end(run, len(ended)), writes.release(run, after), *ended]):
            raise RunOver(run.run_id)

    def note(self, run: Run, *, children_run: str = "", kind: Kind | None = None) -> None:
        """Keep which run reads a run's children, unless it is known, or of what kind a run is."""
        key, exists = items.run_key(run), "attribute_exists(pk)"
        if kind is not None:
            self.update(key, "SET kind = :kind", exists, {":kind": items.text(kind.value)})
        if children_run:
            values = {":run": items.text(children_run), ":none": items.text("")}
            self.update(key, "SET children_run = :run", "children_run IN (:none, :run)", values)


def _open(parts: Sequence[Part]) -> int:
    return sum(part.state is PartState.OPEN for part in parts)
