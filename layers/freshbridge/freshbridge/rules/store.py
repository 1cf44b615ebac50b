"""Rules in DynamoDB, beside the instance that they belong to: `sk` is `rule#<rule id>`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge import aws
from freshbridge.rules.model import Rule, read_rule, write_rule

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_PREFIX = "rule#"


class RuleStore:
    """The rules of one table's instances."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        age_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`age_s`: how long an instance's rules may be served from memory; 0 for never."""
        self._table = table
        self._injected = client
        self._age_s = age_s
        self._clock = clock
        self._cache: dict[str, tuple[float, list[Rule]]] = {}

    @property
    def _client(self) -> DynamoDBClient:
        return self._injected or aws.dynamodb()

    def of(self, instance_id: str) -> list[Rule]:
        """The instance's rules, oldest first, at most `age_s` old."""
        read_at, rules = self._cache.get(instance_id, (float("-inf"), []))
        if self._clock() - read_at >= self._age_s:
            rules = self._read(instance_id)
            self._cache[instance_id] = (self._clock(), rules)
        return rules

    def put(self, instance_id: str, rule: Rule) -> None:
        """Store a rule, replacing one of the same id."""
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": instance_id},
                "sk": {"S": _PREFIX + rule.rule_id},
                "body": {"S": json.dumps(write_rule(rule))},
            },
        )
        self._cache.pop(instance_id, None)

    def delete(self, instance_id: str, rule_id: str) -> bool:
        """Forget a rule; False when there was none of this id."""
        gone = self._client.delete_item(
            TableName=self._table,
            Key={"pk": {"S": instance_id}, "sk": {"S": _PREFIX + rule_id}},
            ReturnValues="ALL_OLD",
        )
        self._cache.pop(instance_id, None)
        return "Attributes" in gone

    def _read(self, instance_id: str) -> list[Rule]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": instance_id}, ":prefix": {"S": _PREFIX}},
        )
        rules = []
        for page in pages:
            for item in page["Items"]:
                body = json.loads(item["body"]["S"])
                rules.append(read_rule(body, rule_id=body["rule_id"]))
        return rules
