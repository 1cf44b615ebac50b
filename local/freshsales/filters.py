"""Rules of a filtered search: ``{"attribute", "operator", "value"}``, all of which must hold.

Source: developers.freshworks.com/crm/api, "Filtered search"; operators as public clients send them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.freshsales.account import Account, Record
from local.freshsales.errors import ApiError, Message
from local.freshsales.fields import MADE_BY
from local.freshsales.model import Model, folded
from local.freshsales.stamps import parse_moment

Read = Callable[[Record], list[Any]]
_STAMPS: Final = frozenset(
    {"created_at", "updated_at", "last_contacted", "last_assigned_at", "stage_updated_time"}
)
_ALIASES: Final = {
    "name": "display_name",
    "source_id": "lead_source_id",
    "stage_id": "deal_stage_id",
}
_BEYOND_FIELDS: Final = frozenset(
    {"id", "display_name", "lead_score", "open_deals_amount", "won_deals_amount", "deleted",
     "last_contacted", "last_assigned_at", "stage_updated_time", "recent_note", "email",
     "sales_account_id", "mcr_id", *(field.name for field in MADE_BY)}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    attribute: str
    read: Read
    test: Callable[[list[Any]], bool]

    def holds(self, record: Record) -> bool:
        return self.test(self.read(record))


def rules_of(account: Account, model: Model, given: list[Any]) -> list[Rule]:
    """Checked rules. Raises ApiError 400 naming what a rule has wrong."""
    return [_rule(account, model, one) for one in given]


def _rule(account: Account, model: Model, given: object) -> Rule:
    if not isinstance(given, dict) or not isinstance(given.get("attribute"), str):
        raise ApiError(400, Message("invalid", label="Filter rule"))
    attribute, value = given["attribute"], given.get("value")
    operator = _OPERATORS.get(str(given.get("operator")))
    if operator is None:
        raise ApiError(400, Message("invalid", label="Operator"))
    read = _reader(model, attribute)
    try:
        return Rule(attribute, read, operator(_wanted(account, attribute, value)))
    except ValueError:
        raise ApiError(400, Message("invalid", label="Value")) from None


def _reader(model: Model, attribute: str) -> Read:
    if attribute in {"contact_email.email", "lead_email.email", "email", "emails"}:
        return _addresses
    if attribute == "deleted":
        return lambda record: [1 if record["is_deleted"] else 0]
    if attribute.startswith("cf_"):
        return lambda record: [(record.get("custom_field") or {}).get(attribute)]
    if attribute == "sales_account_id" and model.table == "contacts":
        return lambda record: [one["id"] for one in record["sales_accounts"]]
    name = attribute
    if model.named(name) is None and name not in _BEYOND_FIELDS:
        name = _ALIASES.get(name, "")
        if not name:
            raise ApiError(400, Message("invalid", label="Attribute"))
    return lambda record: [record.get(name)]


def _addresses(record: Record) -> list[Any]:
    return [one["value"] for one in record.get("emails") or ()] or [record.get("email")]


def _wanted(account: Account, attribute: str, value: Any) -> list[Any]:
    """The values of the rule; moments as the account would write them. Raises ValueError."""
    values = value if isinstance(value, list) else [value]
    if attribute in _STAMPS:
        return [account.stamp_of(parse_moment(str(one))) for one in values]
    return values


def _comparable(value: Any) -> Any:
    """Numbers by size, everything else as folded text."""
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, int | float):
        return float(value)
    text = folded(value)
    try:
        return float(text)
    except ValueError:
        return text


Operator = Callable[[list[Any]], Callable[[list[Any]], bool]]


def _is_in(wanted: list[Any]) -> Callable[[list[Any]], bool]:
    allowed = {_comparable(one) for one in wanted if one is not None}
    return lambda values: any(one is not None and _comparable(one) in allowed for one in values)


def _is_not_in(wanted: list[Any]) -> Callable[[list[Any]], bool]:
    inside = _is_in(wanted)
    return lambda values: not inside(values)


def _ordered(test: Callable[[Any, Any], bool]) -> Operator:
    def operator(wanted: list[Any]) -> Callable[[list[Any]], bool]:
        if len(wanted) != 1 or wanted[0] is None:
            raise ValueError(wanted)
        bound = _comparable(wanted[0])

        def holds(values: list[Any]) -> bool:
            present = (_comparable(one) for one in values if one is not None)
            return any(isinstance(one, type(bound)) and test(one, bound) for one in present)

        return holds

    return operator


_OPERATORS: Final[Mapping[str, Operator]] = {
    "is_in": _is_in,
    "is": _is_in,
    "equals": _is_in,
    "is_not": _is_not_in,
    "is_not_in": _is_not_in,
    "contains": _ordered(lambda one, bound: str(bound) in str(one)),
    "starts_with": _ordered(lambda one, bound: str(one).startswith(str(bound))),
    "is_after": _ordered(lambda one, bound: bool(one > bound)),
    "is_before": _ordered(lambda one, bound: bool(one < bound)),
    "is_gt": _ordered(lambda one, bound: bool(one > bound)),
    "is_lt": _ordered(lambda one, bound: bool(one < bound)),
}
