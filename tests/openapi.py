"""Reads an OpenAPI 3.1 document as its users do, and says what is wrong with it.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types

OPERATION_NEEDS = {"operationId", "summary", "tags", "responses", "security"}


class Document:
    """One document with its operations."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.raw = document
        self._closed = _closed(document)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Method in capitals, path and operation."""
        for path, item in self.raw["paths"].items():
            for method, operation in item.items():
                yield method.upper(), path, operation

    def find(self, method: str, url_path: str) -> dict[str, Any]:
        """The operation that answers a request; a path without parameters goes first."""
        for path in sorted(self.raw["paths"], key=lambda path: "{" in path):
            pattern = re.sub(r"{\w+}", "[^/]+", path)
            if re.fullmatch(pattern, url_path) and method.lower() in self.raw["paths"][path]:
                found: dict[str, Any] = self.raw["paths"][path][method.lower()]
                return found
        raise AssertionError(f"{method} {url_path} is not in the document")

    def body_schema(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The JSON Schema of what may be sent."""
        found: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
        return found

    def body_examples(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The bodies shown, by title."""
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        return {title: shown["value"] for title, shown in content.get("examples", {}).items()}

    def faults(self, schema: dict[str, Any], value: Any, *, closed: bool = False) -> list[str]:
        """Why `value` does not fit; `closed` refuses fields that the schema does not name."""
        root = (self._closed if closed else self.raw)["components"]
        asked = _closed(schema) if closed else schema
        validator = Draft202012Validator({**asked, "components": root})
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def answer_faults(self, operation: dict[str, Any], status: int, body: Any) -> list[str]:
        """Why an answer is not one of those that are described."""
        described = operation["responses"].get(str(status))
        if described is None:
            return [f"{operation['operationId']}: status {status} is not described: {body}"]
        schema = described["content"]["application/json"]["schema"]
        return [f"{operation['operationId']}: {f}" for f in self.faults(schema, body, closed=True)]

    def structural_faults(self) -> list[str]:
        """What keeps a tool from reading the document."""
        wrong = [f"$ref {ref} leads nowhere" for ref in _refs(self.raw) if not self._leads(ref)]
        seen: set[str] = set()
        tags = {tag["name"] for tag in self.raw["tags"]}
        schemes = set(self.raw["components"]["securitySchemes"])
        for method, path, operation in self.operations():
            where = f"{method} {path}"
            wrong += [f"{where} has no {name}" for name in OPERATION_NEEDS if not operation[name]]
            if operation["operationId"] in seen:
                wrong.append(f"{where}: operationId {operation['operationId']} is taken")
            seen.add(operation["operationId"])
            in_path = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            if in_path != set(re.findall(r"{(\w+)}", path)):
                wrong.append(f"{where}: path parameters {in_path}")
            wrong += [f"{where}: no tag {tag}" for tag in set(operation["tags"]) - tags]
            named = {name for choice in operation["security"] for name in choice}
            wrong += [f"{where}: no scheme {name}" for name in named - schemes]
            wrong += [
                f"{where}: parameter {parameter['name']} is not described"
                for parameter in operation.get("parameters", [])
                if not parameter["description"]
            ]
        for name, schema in self.raw["components"]["schemas"].items():
            if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
                wrong.append(f"schema {name} has no valid name")
            Draft202012Validator.check_schema(schema)
        return wrong

    def _leads(self, ref: str) -> bool:
        found: Any = self.raw
        for step in ref.removeprefix("#/").split("/"):
            found = found.get(step) if isinstance(found, dict) else None
        return found is not None


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from _refs(value)


def _closed(node: Any) -> Any:
    """A copy whose objects admit no field that they do not name."""
    if isinstance(node, list):
        return [_closed(value) for value in node]
    if not isinstance(node, dict):
        return copy.copy(node)
    closed = {key: _closed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
