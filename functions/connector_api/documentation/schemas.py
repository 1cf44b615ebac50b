"""JSON Schemas of many types at once, so that what they share is one component."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import TypeAdapter

Mode = Literal["validation", "serialization"]


class Schemas:
    """Add types by name, generate once, then look each up."""

    def __init__(self) -> None:
        """Empty."""
        self._types: dict[str, tuple[Mode, Any]] = {}
        self._found: dict[str, dict[str, Any]] = {}
        self.components: dict[str, Any] = {}

    def add(self, name: str, kind: Any, mode: Mode) -> None:
        """Ask for one; "validation" is what may be sent, "serialization" what is answered."""
        self._types[name] = (mode, kind)

    def generate(self) -> None:
        """Make all that were asked for."""
        inputs = [(name, mode, TypeAdapter(kind)) for name, (mode, kind) in self._types.items()]
        found, rest = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
        self._found = {name: schema for (name, _mode), schema in found.items()}
        self.components = rest.get("$defs", {})

    def of(self, name: str) -> dict[str, Any]:
        """The schema, or the reference to its component."""
        return self._found[name]
