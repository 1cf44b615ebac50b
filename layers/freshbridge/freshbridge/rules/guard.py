"""What keeps a rule from running too often: its rate cap, and the loop guard of each ticket.

An action's own change may fire the event that fires its rule. No event tells what caused it, so a
loop is known by its length: a rule runs for one ticket only so often within an hour. Each period of
each counter is an item of the idempotency table, whose items expire by themselves: a set of the
runs that were admitted. A run that is asked for again is in the set, so routing an event twice
counts once; two functions that count at once are put in order by DynamoDB.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.identifiers import derived_id
from freshbridge.rules.options import Cap
from freshbridge.table_store import TimedStore

if TYPE_CHECKING:
    from freshbridge.rules.route import Run

KEPT_S = 5 * 86_400
"""Longer than the event queue keeps a message, so a late delivery is counted where it was."""


class RunGuard(TimedStore):
    """Counts the runs of rules in the stack's IdempotencyTable."""

    def admitted(self, run: Run) -> Run:
        """The run, or the same run skipped because its rule ran too often.

        Raises:
            ClientError, BotoCoreError: the table did not answer; running now could be too often.
        """
        if run.outcome != "ran":
            return run
        options, rule_id = run.rule.options, run.rule.rule_id
        guard = options.loop_guard
        if run.subject and not self._admits(run, guard, f"loop#{rule_id}#{run.subject}"):
            limit = f"{guard.runs} times in this {guard.per}"
            return run.skipped("loop_guard", f"it ran for this {run.subject} {limit} already")
        cap = options.rate_cap
        if cap is not None and not self._admits(run, cap, f"cap#{rule_id}"):
            return run.skipped("rate_cap", f"it ran {cap.runs} times in this {cap.per} already")
        return run

    def _admits(self, run: Run, cap: Cap, counter: str) -> bool:
        # By the time at which the event came: routed again later, it counts in the same period.
        came = timestamps.from_text(run.event.received_at).timestamp()
        name = f"{run.event.instance_id}#{counter}#{cap.per}#{int(came // cap.seconds)}"
        mark = {"S": derived_id("", run.run_id)[1:13]}
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": f"rule#{name}"}},
                UpdateExpression="ADD runs :marks SET expiration = :until",
                ConditionExpression=(
                    "attribute_not_exists(runs) OR size(runs) < :most OR contains(runs, :mark)"
                ),
                ExpressionAttributeValues={
                    ":marks": {"SS": [mark["S"]]},
                    ":mark": mark,
                    ":most": {"N": str(cap.runs)},
                    ":until": {"N": str(int(self.clock()) + KEPT_S)},
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True
