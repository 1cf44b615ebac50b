"""The parts of runs in the SyncTable: claimed by one worker at a time, cut, added, ended.

What opens or ends a part counts it in the run by the same transaction, so that the count of open
parts is exact after any crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from freshbridge.sync import run_items as items
from freshbridge.sync.run import Counts, Part, PartState, Run
from freshbridge.sync.run_table import RunTable, raise_unless_refused

AT_ONCE = 90
"""Parts that are added by one transaction, which takes a hundred writes."""


class RunOver(Exception):
    """The run was ended, or another has its lease: whoever works for it stops."""


class ClaimLost(Exception):
    """Another message works on the part."""


class PartStore(RunTable):
    """The parts of the runs of one table."""

    def run(self, instance_id: str, name: str, run_id: str) -> Run | None:
        """A run as it stands; None for one that is not known any more."""
        item = self.get(items.run_key_of(instance_id, name, run_id))
        return items.run_of(item) if item else None

    def parts(self, run: Run) -> list[Part]:
        """All parts of a run."""
        return [items.part_of(item) for item in self.query(items.parts_pk(run), "")]

    def unclaimed(self, run: Run) -> list[Part]:
        """The open parts that nobody works on."""
        now = self.clock()
        return [
            items.part_of(item)
            for item in self.query(items.parts_pk(run), "")
            if item["state"]["S"] == PartState.OPEN.value
            and (not item["claim"]["S"] or float(item["claim_until"]["N"]) < now)
        ]

    def part(self, run: Run, name: str) -> Part | None:
        """One part; None for one that there is not."""
        item = self.get(items.part_key(run, name))
        return items.part_of(item) if item else None

    def claim(self, run: Run, name: str, token: str, until: float) -> tuple[Part, bool, float]:
        """Claim an open part until then, epoch seconds.

        Returns it as it stands, whether it was claimed, and until when another has it.

        Raises:
            KeyError: there is no such part.
        """
        try:
            answer = self.client.update_item(
                TableName=self.table,
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
            raise_unless_refused(error)
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
        body, kept = items.part_body(part), token if until else ""
        values = {
            ":body": items.text(body),
            ":token": items.text(token),
            ":kept": items.text(kept),
            ":until": items.number(until),
            ":open": items.text(PartState.OPEN.value),
        }
        if not self.update(
            items.part_key(run, part.name),
            "SET body = :body, claim = :kept, claim_until = :until",
            "claim = :token AND #state = :open",
            values,
            names={"#state": "state"},
        ):
            found = self.get(items.part_key(run, part.name)) or {}
            if until or (found.get("claim"), found.get("body")) != (
                values[":kept"],
                values[":body"],
            ):
                raise ClaimLost(part.name)
            # An answer was lost, and the client's second try finds the claim given back.

    def count(self, run: Run, added: Counts) -> None:
        """Add to what a run has read so far: for people to see, exact but for a crash just now."""
        sums = ", ".join(f"#{name} :{name}" for name in items.COUNTS)
        self.update(
            items.run_key(run),
            f"ADD {sums}",
            "attribute_exists(pk)",
            {f":{name}": items.number(getattr(added, name)) for name in items.COUNTS},
            names={f"#{name}": name for name in items.COUNTS},
        )

    def split(self, run: Run, kept: Part, new: Sequence[Part], token: str) -> bool:
        """Cut parts off a claimed one; False when it is not the claimer's any more."""
        writes = self.writes
        return self.transact(
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
        writes = self.writes
        for start in range(0, len(parts), AT_ONCE):
            some = list(parts[start : start + AT_ONCE])
            while some:
                new = [writes.new_part(run, part) for part in some]
                if self.transact([writes.count_open(run, len(some)), *new]):
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
        writes = self.writes
        counted = writes.count_ended(run, failed=False)
        if not self.transact([counted, writes.end_part(run, part, token)]):
            now = self.run(run.instance_id, run.object, run.run_id)
            raise ClaimLost(part.name) if now and now.is_active else RunOver(run.run_id)

    def release_hold(self, run: Run, name: str) -> None:
        """End a part that only held the run open; nothing where it was ended before."""
        part = self.part(run, name)
        if part is not None and part.state is PartState.OPEN:
            writes = self.writes
            self.transact([writes.count_open(run, -1), writes.end_part(run, part, "")])

    def fail(self, run: Run, part: Part) -> bool:
        """An open part cannot be read; `part.reason` says why. False when it was not open."""
        writes = self.writes
        changed = writes.change_state(run, part, PartState.OPEN, PartState.FAILED)
        return self.transact([writes.count_ended(run, failed=True), changed])

    def note_folded(self, run: Run, parts: Sequence[Part]) -> None:
        """All that these parts have staged is in the current view; what they stage later is not.

        A part that another writes at the same moment stays as it is: the same call is made again.
        """
        for part in parts:
            key = items.part_key(run, part.name)
            found = self.get(key)
            if found is not None:
                folded = replace(items.part_of(found), folded=part.staged)
                values = {":seen": found["body"], ":body": items.text(items.part_body(folded))}
                self.update(key, "SET body = :body", "body = :seen", values)

    def open_waiting(self, run: Run, parts: Sequence[Part]) -> bool:
        """Open parts that waited for all others; False when another was faster."""
        writes, late = self.writes, [replace(part, late=True) for part in parts]
        return self.transact(
            [
                writes.open_first(run, len(late)),
                *(writes.change_state(run, p, PartState.WAITING, PartState.OPEN) for p in late),
            ]
        )
