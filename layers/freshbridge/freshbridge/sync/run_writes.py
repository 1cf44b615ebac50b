"""The writes of the store of runs, each with the condition that it needs.

Pure: each is one entry of a DynamoDB transaction.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from freshbridge.sync import run_items as items
from freshbridge.sync.run import ACTIVE, Part, PartState, Run, Stage, Standing

Write = dict[str, Any]
_ACTIVE = {f":{stage.value}": items.text(stage.value) for stage in ACTIVE}
_IS_ACTIVE = f"stage IN ({', '.join(sorted(_ACTIVE))})"


@dataclass(frozen=True)
class Writes:
    """The writes to one table; what expires does so at `expires_at`, epoch seconds."""

    table: str
    expires_at: int

    def lease(
        self, run: Run, until: float, *, body: Standing | None, seen: Standing | None
    ) -> Write:
        """Have the lease as it was `seen`; with None, if nobody has it or the run has it itself."""
        values = {":run": items.text(run.run_id), ":until": items.number(until)}
        sets = "SET run_id = :run, lease_until = :until, last_retry = :retry"
        values[":retry"] = items.NO_RETRY
        if body is not None:
            sets += ", body = :body"
            values[":body"] = items.text(items.standing_body(body))
        if seen is None:
            held = "run_id IN (:none, :run)"
            values[":none"] = items.text("")
        else:
            held = "(run_id = :seen AND lease_until = :ended)"
            values[":seen"] = items.text(seen.run_id)
            values[":ended"] = items.number(seen.lease_until)
        return self.update(
            items.standing_key(run.instance_id, run.object),
            sets,
            f"attribute_not_exists(pk) OR {held}",
            values,
        )

    def release(self, run: Run, after: Standing) -> Write:
        """Give the run's lease back, and keep where the object stands."""
        return self.update(
            items.standing_key(run.instance_id, run.object),
            "SET run_id = :none, lease_until = :zero, body = :body, last_retry = :retry",
            "run_id = :run",
            {
                ":none": items.text(""),
                ":zero": items.number(0),
                ":retry": items.NO_RETRY,
                ":run": items.text(run.run_id),
                ":body": items.text(items.standing_body(after)),
            },
        )

    def new_run(self, run: Run) -> Write:
        """A run, if there is none of its id."""
        return self._put_new(items.run_item(run, self.expires_at))

    def new_part(self, run: Run, part: Part) -> Write:
        """A part, if the run has none of its name."""
        return self._put_new(items.part_item(run, part, self.expires_at))

    def stage_part(self, run: Run, part: Part) -> Write:
        """A closing stage's part; a run that went back does the stage again."""
        item = items.part_item(run, part, self.expires_at)
        return {"Put": {"TableName": self.table, "Item": item}}

    def delete_part(self, run: Run, part: Part) -> Write:
        """Take a part out."""
        return {"Delete": {"TableName": self.table, "Key": items.part_key(run, part.name)}}

    def go_back(self, run: Run, opened: int, failed: int) -> Write:
        """A failed run pulls again, with so many open parts; so many stay failed."""
        return self._of_run(
            run,
            "SET stage = :to, #open = :open, failed = :left",
            "stage = :failed",
            {
                ":to": items.text(Stage.PULLING.value),
                ":failed": items.text(Stage.FAILED.value),
                ":open": items.number(opened),
                ":left": items.number(failed),
            },
        )

    def take_back(self, run: Run, part: Part) -> Write:
        """A failed or active run has one failed part less, and one open more."""
        return self._of_run(
            run,
            "SET stage = :to ADD #open :one, failed :less",
            "stage IN (:to, :failed)",
            {
                ":to": items.text(part.stage.value),
                ":failed": items.text(Stage.FAILED.value),
                ":one": items.number(1),
                ":less": items.number(-1),
            },
        )

    def move(self, run: Run, to: Stage, opened: int = 1) -> Write:
        """The run goes on from its stage, if none of its parts is open; so many are then."""
        return self._of_run(
            run,
            "SET stage = :to, #open = :count",
            "stage = :from AND #open = :zero",
            {
                ":to": items.text(to.value),
                ":from": items.text(run.stage.value),
                ":zero": items.number(0),
                ":count": items.number(opened),
            },
        )

    def end(self, run: Run, parts: int) -> Write:
        """An active run is at `run.stage` for good; so many of its parts end with it."""
        values = {
            ":to": items.text(run.stage.value),
            ":body": items.text(items.run_body(run)),
            ":less": items.number(-parts),
            **_ACTIVE,
        }
        return self._of_run(
            run, "SET stage = :to, body = :body ADD #open :less", _IS_ACTIVE, values
        )

    def count_open(self, run: Run, added: int) -> Write:
        """A run that is pulling has so many open parts more."""
        values = {":count": items.number(added), ":pulling": items.text(Stage.PULLING.value)}
        values[":expires"] = items.number(self.expires_at)
        # Others may join a run for longer than what is kept of it lasted.
        change = "SET expires_at = :expires ADD #open :count"
        return self._of_run(run, change, "stage = :pulling", values)

    def count_ended(self, run: Run, *, failed: bool) -> Write:
        """An active run has one open part less."""
        values = {
            ":less": items.number(-1),
            ":failures": items.number(1 if failed else 0),
            **_ACTIVE,
        }
        return self._of_run(run, "ADD #open :less, failed :failures", _IS_ACTIVE, values)

    def open_first(self, run: Run, opened: int) -> Write:
        """A run without open parts has so many."""
        values = {
            ":count": items.number(opened),
            ":zero": items.number(0),
            ":stage": items.text(run.stage.value),
        }
        return self._of_run(run, "ADD #open :count", "stage = :stage AND #open = :zero", values)

    def end_part(self, run: Run, part: Part, token: str) -> Write:
        """A part that `token` has claimed is read to its end."""
        # What its children's ids took in the table is not needed any more.
        ended = replace(part, scope=replace(part.scope, parents=()), position=None)
        return self.update(
            items.part_key(run, part.name),
            "SET #state = :done, body = :body, claim = :none",
            "#state = :open AND claim = :token",
            {
                ":done": items.text(PartState.DONE.value),
                ":open": items.text(PartState.OPEN.value),
                ":body": items.text(items.part_body(ended)),
                ":token": items.text(token),
                ":none": items.text(""),
            },
            names={"#state": "state"},
        )

    def edit_part(self, run: Run, part: Part, token: str) -> Write:
        """A part that `token` has claimed is this by now."""
        return self.update(
            items.part_key(run, part.name),
            "SET body = :body",
            "claim = :token AND #state = :open",
            {
                ":body": items.text(items.part_body(part)),
                ":token": items.text(token),
                ":open": items.text(PartState.OPEN.value),
            },
            names={"#state": "state"},
        )

    def change_state(self, run: Run, part: Part, before: PartState, after: PartState) -> Write:
        """A part goes from one state to another, and nobody has it claimed."""
        return self.update(
            items.part_key(run, part.name),
            "SET #state = :after, body = :body, claim = :none",
            "#state = :before",
            {
                ":before": items.text(before.value),
                ":after": items.text(after.value),
                ":body": items.text(items.part_body(part)),
                ":none": items.text(""),
            },
            names={"#state": "state"},
        )

    def update(
        self,
        key: items.Item,
        change: str,
        condition: str,
        values: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
    ) -> Write:
        """Any change of one item."""
        asked: Write = {
            "TableName": self.table,
            "Key": key,
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": dict(values),
        }
        if names:
            asked["ExpressionAttributeNames"] = dict(names)
        return {"Update": asked}

    def _of_run(self, run: Run, change: str, condition: str, values: Mapping[str, Any]) -> Write:
        names = {"#open": "open"}
        return self.update(items.run_key(run), change, condition, values, names=names)

    def _put_new(self, item: items.Item) -> Write:
        condition = "attribute_not_exists(pk)"
        return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": condition}}
