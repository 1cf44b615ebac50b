"""Decides whether an automation rule fires for something that happened to a ticket.

Pure: it sees a rule as the API stores it, an `Occurrence`, and the fields of the ticket, its
requester and its company. Creation rules (type 1) look at conditions only; update rules (type 4)
need the performer and at least one event first.

Source: developers.freshdesk.com/api, Automations ("--" stands for any value); the text of the
triggered event is that of recorded webhooks: unquoted keys, ids instead of names, not JSON.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

ANY_VALUE: Final = "--"
CREATION: Final = 1
HOURLY: Final = 3
UPDATE: Final = 4

Json = object
Fields = Mapping[str, Json]


class Kind(StrEnum):
    """What happened: a ticket appeared, or one changed (a note and a reply are changes too)."""

    CREATED = "created"
    UPDATED = "updated"


class Performer(IntEnum):
    """Who did it, by the numbers of the rule's `performer.type`; 3 in a rule means 1 or 2."""

    AGENT = 1
    REQUESTER = 2
    EITHER = 3
    SYSTEM = 4


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing that happened to one ticket.

    `changes` maps a ticket attribute (custom fields by their bare name) to (old, new). `actions`
    holds what is not a change of an attribute: `note_type` private|public, `reply_sent` sent,
    `ticket_action` created|updated|deleted|restored.
    """

    kind: Kind
    performer: Performer
    performer_id: int | None = None
    changes: Mapping[str, tuple[Json, Json]] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)


# Names a rule uses for attributes the ticket object calls otherwise.
_ATTRIBUTES: Final = {
    "ticket_type": "type",
    "agent_id": "responder_id",
    "agent": "responder_id",
    "group": "group_id",
    "tag": "tags",
    "tag_names": "tags",
    "product": "product_id",
}


def triggered_event(rule: Fields, occurrence: Occurrence) -> str | None:
    """The event that makes the rule fire, as the webhook prints it; None when none does.

    When several of the rule's events happened at once only the first of them is reported.
    """
    if occurrence.kind is Kind.CREATED:
        return event_text("ticket_action", "created")
    for event in _records(rule.get("events")):
        text = _match_event(event, occurrence)
        if text is not None:
            return text
    return None


def performer_matches(rule: Fields, occurrence: Occurrence) -> bool:
    """True when the rule listens to this performer; a list of members narrows it to those ids."""
    wanted = rule.get("performer")
    if not isinstance(wanted, Mapping) or "type" not in wanted:
        return occurrence.performer is not Performer.SYSTEM
    accepted = {wanted["type"]}
    if wanted["type"] == Performer.EITHER:
        accepted = {Performer.AGENT, Performer.REQUESTER}
    if occurrence.performer not in accepted:
        return False
    members = wanted.get("members")
    if not members or not isinstance(members, Sequence):
        return True
    return occurrence.performer_id in members


def conditions_match(rule: Fields, resources: Mapping[str, Fields]) -> bool:
    """True when the rule's condition sets hold for `resources` (ticket, contact, company).

    The sets are joined by the rule's `operator` text (`condition_set_1 and condition_set_2`); a
    rule without conditions holds always.
    """
    sets = _records(rule.get("conditions"))
    if not sets:
        return True
    results = [_set_matches(one, resources) for one in sets]
    joined_by_or = " or " in f" {rule.get('operator') or ''} ".lower()
    return any(results) if joined_by_or else all(results)


def event_text(name: str, value: str) -> str:
    """`{note_type:private}`: an event without an old and a new value."""
    return f"{{{name}:{value}}}"


def change_text(name: str, old: Json, new: Json) -> str:
    """`{status:{from:2,to:3}}`; an absent value prints as nothing."""
    return f"{{{name}:{{from:{_printed(old)},to:{_printed(new)}}}}}"


def _match_event(event: Fields, occurrence: Occurrence) -> str | None:
    name = str(event.get("field_name"))
    if name in occurrence.actions:
        done = occurrence.actions[name]
        wanted = event.get("value", event.get("to", ANY_VALUE))
        return event_text(name, done) if _accepts(wanted, done) else None
    change = occurrence.changes.get(_ATTRIBUTES.get(name, name))
    if change is None:
        return None
    old, new = change
    if _accepts(event.get("from", ANY_VALUE), old) and _accepts(event.get("to", ANY_VALUE), new):
        return change_text(name, old, new)
    return None


def _accepts(wanted: Json, actual: Json) -> bool:
    if wanted == ANY_VALUE or wanted is None:
        return True
    return any(_same(one, actual) for one in _as_list(wanted))


def _set_matches(condition_set: Fields, resources: Mapping[str, Fields]) -> bool:
    properties = _records(condition_set.get("properties"))
    if not properties:
        return True
    results = (_property_matches(one, resources) for one in properties)
    return any(results) if condition_set.get("match_type") == "any" else all(results)


def _property_matches(condition: Fields, resources: Mapping[str, Fields]) -> bool:
    resource = resources.get(str(condition.get("resource_type", "ticket")), {})
    name = str(condition.get("field_name"))
    test = OPERATORS[canonical_operator(condition.get("operator"))]
    return test(_field_values(resource, name), _as_list(condition.get("value")))


def _field_values(resource: Fields, name: str) -> list[Json]:
    if name == "subject_or_description":
        return [resource.get("subject"), resource.get("description_text")]
    attribute = name if name in resource else _ATTRIBUTES.get(name, name)
    return _as_list(resource.get(attribute))


def canonical_operator(operator: Json) -> str:
    """`greater than`, `Greater_Than` and `greater_than` are one operator."""
    name = str(operator).strip().lower().replace(" ", "_")
    return _OPERATOR_SPELLINGS.get(name, name)


def _is_one_of(actual: list[Json], wanted: list[Json]) -> bool:
    # An absent value equals the empty string a rule writes for "none".
    return any(_same(w, a) for w in wanted for a in (actual or [None]))


def _contains(actual: list[Json], wanted: list[Json]) -> bool:
    return any(_folded(w) in _folded(a) for w in wanted for a in actual if a is not None)


def _starts_with(actual: list[Json], wanted: list[Json]) -> bool:
    return any(_folded(a).startswith(_folded(w)) for w in wanted for a in actual if a is not None)


def _ends_with(actual: list[Json], wanted: list[Json]) -> bool:
    return any(_folded(a).endswith(_folded(w)) for w in wanted for a in actual if a is not None)


def _ordered(accept: Callable[[int], bool]) -> Callable[[list[Json], list[Json]], bool]:
    def test(actual: list[Json], wanted: list[Json]) -> bool:
        orders = (_order(a, w) for w in wanted for a in actual)
        return any(order is not None and accept(order) for order in orders)

    return test


def _order(left: Json, right: Json) -> int | None:
    """-1, 0 or 1; numbers by size, ISO dates by text; None for what cannot be ordered."""
    try:
        a, b = float(str(left)), float(str(right))
    except ValueError:
        if isinstance(left, str) and isinstance(right, str):
            return (left > right) - (left < right)
        return None
    return (a > b) - (a < b)


def _negated(
    test: Callable[[list[Json], list[Json]], bool],
) -> Callable[[list[Json], list[Json]], bool]:
    return lambda actual, wanted: not test(actual, wanted)


OPERATORS: Final[Mapping[str, Callable[[list[Json], list[Json]], bool]]] = {
    "is": _is_one_of,
    "is_not": _negated(_is_one_of),
    "in": _is_one_of,
    "not_in": _negated(_is_one_of),
    "contains": _contains,
    "does_not_contain": _negated(_contains),
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "greater_than": _ordered(lambda order: order > 0),
    "less_than": _ordered(lambda order: order < 0),
    "selected": lambda actual, _: actual == [True],
    "not_selected": lambda actual, _: actual != [True],
}
_OPERATOR_SPELLINGS: Final = {
    "is_any_of": "in",
    "is_none_of": "not_in",
    "not_contains": "does_not_contain",
    "not_contain": "does_not_contain",
}


def _same(wanted: Json, actual: Json) -> bool:
    if wanted in ("", None):
        return actual in ("", None)
    return _folded(wanted) == _folded(actual)


def _folded(value: Json) -> str:
    return _printed(value).casefold()


def _printed(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(_printed(one) for one in value)
    return str(value)


def _as_list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _records(value: Json) -> list[Fields]:
    items = value if isinstance(value, list) else []
    return [one for one in items if isinstance(one, Mapping)]
