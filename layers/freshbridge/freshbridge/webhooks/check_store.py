"""Checks in DynamoDB: the API writes what it waits for, the router what came.

One item each in the table of what ran already: `id` is `webhookcheck#<instance>#<check id>`, with
one attribute `came_<rule>` for each webhook that came, so that several may come at once.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from freshbridge.errors import NotFound
from freshbridge.events.normalised import Event
from freshbridge.table_store import TimedStore
from freshbridge.webhooks.check import KEPT_S, Arrival, Check, check_id_in, rule_of

_CAME = "came_"


class UnknownCheck(NotFound):
    """The instance has no such check, or it was a day ago."""

    code = "unknown_webhook_check"
    default_advice = "POST …/webhooks/verify begins a new one."


class CheckStore(TimedStore):
    """The checks of one table: the stack's IdempotencyTable."""

    def begin(self, instance_id: str, check: Check) -> None:
        """Keep a new check, before its ticket can send anything."""
        self._client.put_item(
            TableName=self._table,
            Item={
                **_key(instance_id, check.check_id),
                "checking": {"S": _text(check)},
                "expiration": {"N": str(int(self.clock()) + KEPT_S)},
            },
        )

    def update(self, instance_id: str, check: Check) -> None:
        """Keep what the API knows; what came is left as it is."""
        ticket = {} if check.ticket_id is None else {":t": {"N": str(check.ticket_id)}}
        self._client.update_item(
            TableName=self._table,
            Key=_key(instance_id, check.check_id),
            UpdateExpression="SET checking = :c" + (", ticket_id = :t" if ticket else ""),
            ExpressionAttributeValues={":c": {"S": _text(check)}, **ticket},
        )

    def get(self, instance_id: str, check_id: str) -> Check:
        """The check with what has come by now.

        Raises:
            UnknownCheck: there is none.
        """
        found = self._client.get_item(
            TableName=self._table, Key=_key(instance_id, check_id[:64]), ConsistentRead=True
        ).get("Item")
        if not found or float(found["expiration"]["N"]) <= self.clock():
            raise UnknownCheck("no such check", where=f"check {check_id[:64]}")
        return _from_item(found)

    def noticed(self, event: Event) -> bool:
        """Whether the event is of a check's ticket; that it came is then noted, once.

        Costs nothing for an event whose subject names no check.
        """
        check_id = check_id_in(event)
        if check_id is None:
            return False
        arrival = Arrival(event.id, event.type, self.clock(), int(event.ticket.get("id") or 0))
        now = str(int(self.clock()))
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(event.instance_id, check_id),
                UpdateExpression="SET #came = if_not_exists(#came, :a)",
                # A stranger may write any subject: only one that this stack wrote counts, and of
                # its ticket only, as soon as that has a number.
                ConditionExpression="attribute_exists(checking) AND expiration > :now"
                " AND (attribute_not_exists(ticket_id) OR ticket_id = :t)",
                # What a sync saw of the ticket is no webhook, and no business of rules either.
                ExpressionAttributeNames={
                    "#came": _CAME + rule_of(event) if event.source == "webhook" else "synced"
                },
                ExpressionAttributeValues={
                    ":a": {"S": json.dumps(asdict(arrival))},
                    ":now": {"N": now},
                    ":t": {"N": str(arrival.ticket_id)},
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _key(instance_id: str, check_id: str) -> dict[str, Any]:
    return {"id": {"S": f"webhookcheck#{instance_id}#{check_id}"}}


def _text(check: Check) -> str:
    fields = asdict(check)
    fields.pop("arrivals")
    return json.dumps(fields)


def _from_item(item: dict[str, Any]) -> Check:
    kept = json.loads(item["checking"]["S"])
    arrivals = {
        name.removeprefix(_CAME): Arrival(**json.loads(value["S"]))
        for name, value in item.items()
        if name.startswith(_CAME)
    }
    return Check(**kept | {"expected": tuple(kept["expected"]), "arrivals": arrivals})
