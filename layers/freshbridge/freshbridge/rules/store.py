"""Rules in DynamoDB, beside the instance that they belong to, with the versions before them.

`sk` is "rule#<rule id>", of an earlier version "ruleversion#<rule id>#<six digits>". A save keeps
the version that it replaces, and writes only over the one that it was made from: of two people who
save at once the second is told.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Conflict, NotFound
from freshbridge.observability import function_logger
from freshbridge.query_page import query_page
from freshbridge.rules.model import InvalidRule, Rule, read_rule, write_rule
from freshbridge.table_store import TableStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_PREFIX = "rule#"
LONGEST_ID = 128
KEPT_VERSIONS = 20
"""Earlier versions of a rule; the oldest go first."""


class UnknownRule(NotFound):
    """The instance has no such rule, or the rule no such version."""

    code = "unknown_rule"
    default_advice = "Check the id; GET …/rules lists them."


class RuleChangedMeanwhile(Conflict):
    """Somebody else saved the rule between reading and writing it."""

    code = "rule_changed_meanwhile"
    default_advice = "Read the rule and send the change again."


@dataclass(frozen=True)
class RulesPage:
    """Rules, oldest first; `after` asks for the next page, None on the last."""

    rules: list[Rule]
    after: str | None


class RuleStore(TableStore):
    """The rules of one table's instances."""

    def __init__(
        self,
        table: str,
        client: DynamoDBClient | None = None,
        *,
        age_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`age_s`: how long an instance's rules may be served from memory; 0 for never."""
        super().__init__(table, client)
        self._age_s = age_s
        self._clock = clock
        self._cache: dict[str, tuple[float, list[Rule]]] = {}

    def of(self, instance_id: str) -> list[Rule]:
        """The instance's rules, oldest first, at most `age_s` old."""
        read_at, rules = self._cache.get(instance_id, (float("-inf"), []))
        if self._clock() - read_at >= self._age_s:
            rules = list(_readable(self._items(instance_id, _PREFIX)))
            self._cache[instance_id] = (self._clock(), rules)
        return rules

    def page(self, instance_id: str, *, limit: int, after: str | None) -> RulesPage:
        """Up to `limit` rules.

        Raises:
            InvalidRequest: `after` is not what a page before it gave.
        """
        query, key = self._query(instance_id, _PREFIX), ("pk", instance_id)
        found = query_page(self._client, query, key, ("sk",), limit=limit, after=after)
        return RulesPage(list(_readable(found.items)), found.after)

    def get(self, instance_id: str, rule_id: str) -> Rule:
        """One rule as it is now.

        Raises:
            UnknownRule: there is none.
        """
        return self._get(instance_id, rule_id, _PREFIX + rule_id)

    def version(self, instance_id: str, rule_id: str, version: int) -> Rule:
        """One version of a rule, the present one included.

        Raises:
            UnknownRule: there is none, or it is not kept any more.
        """
        current = self.get(instance_id, rule_id)
        if current.version == version:
            return current
        if not 0 < version < current.version:
            raise UnknownRule("the rule has no such version", where=f"version {version}")
        return self._get(instance_id, rule_id, _version_key(rule_id, version))

    def versions(self, instance_id: str, rule_id: str) -> list[Rule]:
        """The present version and those before it that are kept, newest first.

        Raises:
            UnknownRule: there is no such rule.
        """
        current = self.get(instance_id, rule_id)
        earlier = _readable(self._items(instance_id, _version_key(rule_id)))
        # One that a save kept before it came to nothing is the present one.
        kept = [rule for rule in earlier if rule.version < current.version]
        return [current, *reversed(kept[-KEPT_VERSIONS:])]

    def put(self, instance_id: str, rule: Rule) -> None:
        """Store a rule, replacing one of the same id, without a look at it."""
        self._client.put_item(TableName=self._table, Item=_item(instance_id, rule))
        self._cache.pop(instance_id, None)

    def change(self, instance_id: str, before: Rule, after: Rule) -> Rule:
        """Replace a rule by its next version, and keep the one before.

        Raises:
            RuleChangedMeanwhile: `before` is not the present one any more.
        """
        saved = replace(after, version=before.version + 1)
        kept = _item(instance_id, before) | {
            "sk": {"S": _version_key(before.rule_id, before.version)}
        }
        self._client.put_item(TableName=self._table, Item=kept)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(instance_id, saved),
                # A rule that was saved before versions were counted has none.
                ConditionExpression="attribute_exists(pk) AND "
                "(version = :before OR attribute_not_exists(version))",
                ExpressionAttributeValues={":before": {"N": str(before.version)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # A write whose answer was lost is tried again by botocore, and then meets itself.
            if self.get(instance_id, before.rule_id) != saved:
                raise RuleChangedMeanwhile(
                    "somebody else saved this rule", where=f"rule {before.rule_id}"
                ) from error
        self._cache.pop(instance_id, None)
        if saved.version > KEPT_VERSIONS + 1:
            oldest = saved.version - KEPT_VERSIONS - 1
            self._delete(instance_id, _version_key(before.rule_id, oldest))
        return saved

    def delete(self, instance_id: str, rule_id: str) -> bool:
        """Forget a rule and its versions; False when there was none of this id."""
        if not 0 < len(rule_id) <= LONGEST_ID:
            return False
        for item in self._items(instance_id, _version_key(rule_id)):
            self._delete(instance_id, item["sk"]["S"])
        gone = self._delete(instance_id, _PREFIX + rule_id)
        self._cache.pop(instance_id, None)
        return gone

    def delete_all(self, instance_id: str) -> None:
        """Forget every rule of the instance and every version, readable or not."""
        for prefix in ("ruleversion#", _PREFIX):
            for item in self._items(instance_id, prefix):
                self._delete(instance_id, item["sk"]["S"])
        self._cache.pop(instance_id, None)

    def _get(self, instance_id: str, rule_id: str, sort_key: str) -> Rule:
        found: Any = {}
        if 0 < len(rule_id) <= LONGEST_ID:
            found = self._client.get_item(
                TableName=self._table,
                Key={"pk": {"S": instance_id}, "sk": {"S": sort_key}},
                ConsistentRead=True,
            )
        if "Item" not in found:
            raise UnknownRule("no such rule", where=f"rule {rule_id[:64]}")
        return _rule(found["Item"])

    def _delete(self, instance_id: str, sort_key: str) -> bool:
        gone = self._client.delete_item(
            TableName=self._table,
            Key={"pk": {"S": instance_id}, "sk": {"S": sort_key}},
            ReturnValues="ALL_OLD",
        )
        return "Attributes" in gone

    def _query(self, instance_id: str, prefix: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": instance_id}, ":prefix": {"S": prefix}},
        }

    def _items(self, instance_id: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(**self._query(instance_id, prefix))
        for page in pages:
            yield from page["Items"]


def _version_key(rule_id: str, version: int | None = None) -> str:
    return f"ruleversion#{rule_id}#" + ("" if version is None else f"{version:06d}")


def _item(instance_id: str, rule: Rule) -> dict[str, Any]:
    return {
        "pk": {"S": instance_id},
        "sk": {"S": _PREFIX + rule.rule_id},
        "version": {"N": str(rule.version)},
        "body": {"S": json.dumps(write_rule(rule))},
    }


def _rule(item: dict[str, Any]) -> Rule:
    body = json.loads(item["body"]["S"])
    return read_rule(body, rule_id=body["rule_id"], saved=True)


def _readable(items: Any) -> Iterator[Rule]:
    """The rules that this version of the package can read; one that it cannot harms no other."""
    for item in items:
        try:
            yield _rule(item)
        except InvalidRule as error:
            told = {"rule": item["sk"]["S"], "reason": error.what}
            function_logger().warning("rule not readable", extra=told)
