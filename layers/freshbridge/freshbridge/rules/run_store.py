"""What rules did, in the ActionTable beside the actions' own records.

One item a run: `pk` "run#<run id>", listed newest first under its rule in the index `by_state`, as
`instance_state` "rule#<instance>#<rule>". It expires with the actions' records. Of an ordered rule
it also holds what is still to be done: `plan`, and `step`, the place of the action under way. A "#"
keeps these items apart from actions, whose ids have none.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from freshbridge.query_page import newest_first, query_page
from freshbridge.rules.route import Planned, Run, template_context
from freshbridge.table_store import LargeItemStore


@dataclass(frozen=True)
class Progress:
    """An ordered run: `step` is the place of the action that is under way, or the number of all.

    `context` is what templates see, {} where no action needs it.
    """

    run_id: str
    instance_id: str
    rule_id: str
    event_id: str
    step: int
    actions: tuple[Planned, ...]
    on_failure: str
    missing: str
    context: dict[str, Any]
    depth: int = 0


@dataclass(frozen=True)
class RunPage:
    """Runs as they are shown, newest first; `after` asks for the next page, None on the last."""

    runs: list[dict[str, Any]]
    after: str | None


class RunStore(LargeItemStore):
    """The runs of one table: the ActionTable."""

    def begin(self, run: Run) -> None:
        """Keep a run; one that is there already stays as it is, however far it has come.

        One that did not run is written over: its rule may have been mended since.

        Raises:
            ClientError, BotoCoreError: the table did not take it; nothing is to be queued.
        """
        item = self._item(run)
        if run.outcome == "ran" and run.stepwise:
            item |= self._plan(run)
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR (#state IN (:failed, :skipped)"
                " AND attribute_not_exists(step))",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":failed": {"S": "failed"},
                    ":skipped": {"S": "skipped"},
                },
            )

    def progress(self, run_id: str) -> Progress | None:
        """How far an ordered run has come; None where nothing is known of it."""
        found = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": f"run#{run_id}"}}, ConsistentRead=True
        )
        item: Any = found.get("Item", {})
        if "plan" not in item:
            return None
        plan = json.loads(self._payloads.unpack(item["plan"]["S"]))
        actions = tuple(Planned(**action) for action in plan.pop("actions"))
        return Progress(run_id=run_id, step=int(item["step"]["N"]), actions=actions, **plan)

    def advance(self, run_id: str, *, step: int, to: int, state: str, reason: str = "") -> None:
        """Note that the run has come from one step to the next; nothing if it had already.

        Raises:
            ClientError, BotoCoreError: the table did not take it.
        """
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"run#{run_id}"}},
                UpdateExpression="SET step = :to, #state = :state, message = :reason",
                ConditionExpression="step = :step",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":step": {"N": str(step)},
                    ":to": {"N": str(to)},
                    ":state": {"S": state},
                    ":reason": {"S": reason},
                },
            )

    def page(self, instance_id: str, rule_id: str, *, limit: int, after: str | None) -> RunPage:
        """Up to `limit` runs of one rule.

        Raises:
            InvalidRequest: `after` is not what a page before it gave.
        """
        key = "instance_state", _listed_under(instance_id, rule_id)
        query = newest_first(self._table, "by_state", *key, now=self.clock())
        found = query_page(self._client, query, key, ("listed", "pk"), limit=limit, after=after)
        return RunPage([shown_run(item) for item in found.items], found.after)

    def _item(self, run: Run) -> dict[str, Any]:
        state = run.outcome
        if run.outcome == "ran":
            state = "running" if run.stepwise else "queued"
        told = {
            "run_id": run.run_id,
            "event_id": run.event.id,
            "rule_version": run.rule.version,
            "subject": run.subject,
            "actions": [
                {"action_id": one.action_id, "platform": one.platform, "action": one.action}
                | ({"due_at": run.due(one)} if not run.stepwise and run.due(one) else {})
                for one in run.actions
            ],
        }
        if run.called_by:
            told["called_by"] = run.called_by
        if run.event.enriched:
            told["enriched"] = run.event.enriched
            told["enrichment_error"] = run.event.enrichment_error
        return {
            "pk": {"S": f"run#{run.run_id}"},
            "instance_state": {"S": _listed_under(run.event.instance_id, run.rule.rule_id)},
            "listed": {"S": f"{run.at}#{run.run_id}"},
            "submitted_at": {"S": run.at},
            "state": {"S": state},
            "code": {"S": run.code},
            "message": {"S": run.reason},
            # The index has this attribute, under the name that it has for actions.
            "origin": {"S": json.dumps(told, separators=(",", ":"))},
            "expires_at": {"N": str(self.expiry())},
        }

    def _plan(self, run: Run) -> dict[str, Any]:
        options = run.rule.options
        plan = {
            "instance_id": run.event.instance_id,
            "rule_id": run.rule.rule_id,
            "event_id": run.event.id,
            "actions": [asdict(action) for action in run.actions],
            "on_failure": options.on_failure,
            "missing": options.missing,
            "depth": run.depth,
            "context": template_context(run.event)
            if any(action.waits for action in run.actions)
            else {},
        }
        packed = self._payloads.pack(json.dumps(plan), f"actions/runs/{run.run_id}.json")
        return {"plan": {"S": packed}, "step": {"N": "0"}}


def _listed_under(instance_id: str, rule_id: str) -> str:
    return f"rule#{instance_id}#{rule_id}"


def shown_run(item: dict[str, Any]) -> dict[str, Any]:
    """An item as the API tells it."""
    told = json.loads(item["origin"]["S"])
    for action in told["actions"]:
        action["href"] = f"/api/actions/{action['action_id']}"
    return {
        "run_id": told["run_id"],
        "at": item["submitted_at"]["S"],
        # Its actions are on their own once they are handed over: their records tell.
        "state": None if item["state"]["S"] == "queued" else item["state"]["S"],
        "code": item["code"]["S"] or None,
        "reason": item["message"]["S"] or None,
        "event_id": told["event_id"],
        "subject": told["subject"] or None,
        "rule_version": told["rule_version"],
        "called_by": told.get("called_by"),
        "enriched": told.get("enriched") or None,
        "enrichment_error": told.get("enrichment_error") or None,
        "actions": told["actions"],
    }
