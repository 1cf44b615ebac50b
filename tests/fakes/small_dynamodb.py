"""A DynamoDB client with memory, as much of it as the store of runs asks: quick, and in order.

It reads the expressions that it is given: conditions of =, <, IN, AND, OR and brackets, updates of
SET and ADD. What the real service makes of the same expressions is for the tests with moto.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from botocore.exceptions import ClientError

_TOKEN = re.compile(r"attribute_(?:not_)?exists\(pk\)|[#:]?\w+|[(),=<>]|\S")
_WORDS = {
    "AND": "and",
    "OR": "or",
    "IN": "in",
    "=": "==",
    "attribute_not_exists(pk)": "not item",
    "attribute_exists(pk)": "bool(item)",
}

Item = dict[str, Any]


class SmallDynamoDB:
    """One table with the keys pk and sk."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}

    def get_item(self, **asked: Any) -> Item:
        """One item."""
        found = self.items.get(_key(asked["Key"]))
        return {"Item": copy.deepcopy(found)} if found else {}

    def query(self, **asked: Any) -> Item:
        """All items of a key, in order."""
        values = asked["ExpressionAttributeValues"]
        pk, prefix = values[":pk"]["S"], values.get(":sk", {"S": ""})["S"]
        found = [
            copy.deepcopy(item)
            for (one, sk), item in sorted(self.items.items())
            if one == pk and sk.startswith(prefix)
        ]
        if asked.get("ScanIndexForward") is False:
            found.reverse()
        return {"Items": found[: asked.get("Limit")]}

    def put_item(self, **asked: Any) -> Item:
        """Write an item."""
        self._check(asked, _key(asked["Item"]))
        self.items[_key(asked["Item"])] = copy.deepcopy(asked["Item"])
        return {}

    def update_item(self, **asked: Any) -> Item:
        """Change an item."""
        self._check(asked, _key(asked["Key"]))
        return {"Attributes": copy.deepcopy(self._update(asked))}

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:  # noqa: N803 - the service's name
        """All or nothing."""
        writes = [next(iter(one.items())) for one in TransactItems]
        keys = [_key(asked.get("Item") or asked["Key"]) for _, asked in writes]
        if len(set(keys)) != len(keys) or len(keys) > 100:
            raise ClientError({"Error": {"Code": "ValidationException"}}, "TransactWriteItems")
        for (_, asked), key in zip(writes, keys, strict=True):
            if not self._holds(asked, key):
                raise ClientError(
                    {"Error": {"Code": "TransactionCanceledException"}}, "TransactWriteItems"
                )
        for (kind, asked), key in zip(writes, keys, strict=True):
            if kind == "Put":
                self.items[key] = copy.deepcopy(asked["Item"])
            elif kind == "Delete":
                self.items.pop(key, None)
            else:
                self._update(asked)
        return {}

    def _check(self, asked: Item, key: tuple[str, str]) -> None:
        if self._holds(asked, key):
            return
        refusal: Any = {"Error": {"Code": "ConditionalCheckFailedException"}}
        if asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and key in self.items:
            refusal["Item"] = copy.deepcopy(self.items[key])
        raise ClientError(refusal, "UpdateItem")

    def _holds(self, asked: Item, key: tuple[str, str]) -> bool:
        condition = asked.get("ConditionExpression")
        if not condition:
            return True
        item = self.items.get(key, {})
        names = asked.get("ExpressionAttributeNames", {})
        values = asked.get("ExpressionAttributeValues", {})
        scope: dict[str, Any] = {"item": item}
        words: list[str] = []
        for place, token in enumerate(_TOKEN.findall(condition)):
            if token in _WORDS or not re.match(r"[#:\w]", token):
                # A list of one is no tuple without this.
                words.append(
                    _WORDS.get(token, "," + token if token == ")" and _list(words) else token)
                )
                continue
            scope[f"v{place}"] = _plain(
                values[token] if token[0] == ":" else item.get(names.get(token, token))
            )
            words.append(f"v{place}")
        try:
            return bool(eval(" ".join(words), {"bool": bool}, scope))  # noqa: S307 - the store's own expressions
        except TypeError:
            # What is not there is not less than anything.
            return False

    def _update(self, asked: Item) -> Item:
        key = _key(asked["Key"])
        item = self.items.setdefault(key, dict(asked["Key"]))
        names = asked.get("ExpressionAttributeNames", {})
        values = asked["ExpressionAttributeValues"]
        for verb, body in re.findall(
            r"(SET|ADD) (.*?)(?= (?:SET|ADD) |$)", asked["UpdateExpression"]
        ):
            for pair in body.split(","):
                name, value = pair.replace("=", " ").split()
                name = names.get(name, name)
                if verb == "SET":
                    item[name] = values[value]
                else:
                    before = int(item.get(name, {"N": "0"})["N"])
                    item[name] = {"N": str(before + int(values[value]["N"]))}
        return item


def _key(key: Item) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


def _plain(attribute: Item | None) -> Any:
    if attribute is None:
        return None
    ((kind, value),) = attribute.items()
    return float(value) if kind == "N" else value


def _list(words: list[str]) -> bool:
    """Whether the bracket that is open last is a list's."""
    depth = 0
    for place in range(len(words) - 1, -1, -1):
        depth += words[place].endswith(")")
        if words[place] == "(":
            if depth == 0:
                return place > 0 and words[place - 1] == "in"
            depth -= 1
    return False
