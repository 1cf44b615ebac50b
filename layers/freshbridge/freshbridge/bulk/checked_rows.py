"""Rows against the model of the action that they are for, before any of them runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from freshbridge.bulk.coercion import fitted, typed_custom_fields
from freshbridge.bulk.progress import RowState
from freshbridge.bulk.row_item import RowItem, ticket_of
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.identifiers import derived_id

if TYPE_CHECKING:
    from freshbridge.actions.action import Action, Parameters
    from freshbridge.bulk.rows import Row

INVALID = "invalid_row"


@dataclass(frozen=True)
class CheckedRow:
    """A row as it will be kept, and what it is to run with.

    `kept`: the latter is kept also where the row cannot run, to be told as it came.
    """

    item: RowItem
    parameters: dict[str, Any] = field(repr=False)
    kept: bool = False


class RowChecker:
    """Checks one row after the other and remembers them, to find those that come again.

    `parent` is the bulk action's id, from which every row's is derived. `defaults` are parameters
    of each row that does not say otherwise. `kinds` gives the types of the account's custom fields
    and is called when the first row has one.
    """

    def __init__(
        self,
        parent: str,
        action: Action,
        validate: Callable[[Action, dict[str, Any]], Parameters],
        *,
        defaults: Mapping[str, Any] | None = None,
        kinds: Callable[[], Mapping[str, str]] = dict,
        skip_duplicates: bool = False,
    ) -> None:
        """Knows no row yet."""
        self._parent = parent
        self._action = action
        self._validate = validate
        self._defaults = dict(defaults or {})
        self._kinds = lru_cache(maxsize=1)(kinds)
        self._skip = skip_duplicates
        self._seen: dict[bytes, int] = {}
        self.duplicates = 0

    def check(self, row: Row) -> CheckedRow:
        """The row as waiting, or as failed with every field that is wrong."""
        parameters = {**self._defaults, **row.values}
        if row.texts:
            if "custom_fields" in row.values:
                parameters = typed_custom_fields(parameters, self._kinds())
            parameters = fitted(self._action.parameters, parameters)
        item = RowItem(
            row.number,
            RowState.WAITING,
            action=self._action.name,
            line=row.line,
            ticket_id=ticket_of(parameters),
        )
        if row.problems:
            return CheckedRow(_refused(item, row.problems), parameters)
        try:
            self._validate(self._action, parameters)
        except InvalidRequest as error:
            return CheckedRow(_refused(item, error.fields), parameters)
        return CheckedRow(self._once(item, parameters), parameters)

    def _once(self, item: RowItem, parameters: dict[str, Any]) -> RowItem:
        text = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
        mark = hashlib.sha256(text.encode()).digest()
        first = self._seen.setdefault(mark, item.number)
        if first != item.number:
            self.duplicates += 1
            if self._skip:
                said = f"the same as row {first}"
                return item.ended(RowState.CANCELLED, "duplicate_row", said)
        return runnable(self._parent, item)


def runnable(parent: str, item: RowItem) -> RowItem:
    """The row with the id of its own action."""
    return replace(item, action_id=derived_id("act", parent, "row", str(item.number)))


def _refused(item: RowItem, problems: tuple[FieldError, ...]) -> RowItem:
    said = "; ".join(str(problem) for problem in problems)
    if any(problem.field for problem in problems):
        # What is wrong with a line itself says where it is.
        said = f"line {item.line}: {said}" if item.line else f"row {item.number}: {said}"
    named = json.dumps([asdict(problem) for problem in problems])
    return item.ended(RowState.FAILED, INVALID, said, named)
