"""A rule as a person writes it.

    {"trigger": {"platform": "freshdesk", "event": "ticket_created",
                 "conditions": {"priority": 4, "type": "Incident"}},
     "actions": [{"platform": "freshdesk", "action": "add_note",
                  "parameters": {"ticket_id": "{{ ticket.id }}", "body": "…"}}]}

Pure. A rule is checked when it is saved, so that a broken one is refused with the place of the
error rather than failing on the first event. How conditions are written is in condition_reading,
what a rule may say beside them in options.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from freshbridge.events.normalised import EVENT_TYPES
from freshbridge.rules.condition import AllOf
from freshbridge.rules.condition_reading import read_conditions, tests_of
from freshbridge.rules.field_paths import check_field
from freshbridge.rules.invalid import InvalidRule, invalid, member
from freshbridge.rules.options import NAMES, Options, read_options, write_options

__all__ = ["EVENT_TYPES", "InvalidRule", "Rule", "RuleAction", "read_rule", "write_rule"]

MOST_ACTIONS = 20
DEEPEST_PARAMETERS = 20
MOST_VALUES = 1_000
LONGEST_NAME = 200
LARGEST_RULE = 100_000
"""Bytes of its JSON; DynamoDB refuses an item over 400 KB as an error of this program's."""
LONGEST_DELAY_S = 43_200
_ACTION_NAME = re.compile(r"[A-Za-z_]\w{0,63}")
_ACTION_MEMBERS = ("platform", "action", "parameters", "instance_id", "name", "delay_s")
_INSTANCE_ID = re.compile(r"[0-9]{1,20}")
PLATFORMS = ("freshdesk", "freshsales")
"""Those whose events there are."""
OF_TICKETS = ("ticket_", "note_", "reply_")
_KEPT = ("rule_id", "version", "created_at", "updated_at")
"""Members that a saved rule is shown with and that may come back with it: they change nothing."""
_MEMBERS = ("name", "trigger", "actions", *NAMES, *_KEPT)


@dataclass(frozen=True)
class RuleAction:
    """One action of a rule; `parameters` may hold templates.

    It begins `delay_s` after the event, in an ordered rule after the action before has ended.
    `name` is what later actions' templates call its result. `instance_id` is the account that it
    is for; "" for the rule's own.
    """

    platform: str
    action: str
    parameters: dict[str, Any]
    name: str = ""
    delay_s: int = 0
    instance_id: str = ""


@dataclass(frozen=True)
class Rule:
    """`conditions` must all hold; then the `actions` run as `options` say.

    `version` grows with each save. Times are UTC, ISO 8601; "" where nobody noted them.
    """

    rule_id: str
    name: str
    platform: str
    event: str
    conditions: dict[str, Any]
    actions: tuple[RuleAction, ...]
    options: Options = field(default_factory=Options)
    version: int = 1
    created_at: str = ""
    updated_at: str = ""

    @cached_property
    def condition(self) -> AllOf:
        """The conditions, read."""
        return read_conditions(self.conditions)

    def enabled(self, on: bool) -> Rule:
        """The same rule, switched on or off."""
        return replace(self, options=replace(self.options, enabled=on))


def read_rule(body: dict[str, Any], *, rule_id: str, saved: bool = False) -> Rule:
    """A rule's JSON form, as in this module's example, to a rule.

    `saved`: it was checked when it was saved, maybe by another version of this package.

    Raises:
        InvalidRule: naming the path, what was found and what is accepted.
    """
    if not saved:
        _check_members(body, _MEMBERS, "")
        _check_size(body)
    trigger = _object(body, "trigger")
    if not saved:
        _check_members(trigger, ("platform", "event", "conditions"), "trigger.")
    event = _text(trigger, "trigger.event")
    if not saved and (platform := _text(trigger, "trigger.platform")) not in PLATFORMS:
        raise invalid("trigger.platform", f"{platform[:64]!r} is not one of {_named(PLATFORMS)}")
    if event not in EVENT_TYPES:
        raise invalid("trigger.event", f"{event[:64]!r} is not one of {_named(EVENT_TYPES)}")
    rule = Rule(
        rule_id=rule_id,
        name=_name(body.get("name")) or event,
        platform=_text(trigger, "trigger.platform"),
        event=event,
        conditions=_conditions(trigger.get("conditions", {})),
        actions=_actions(body.get("actions"), saved=saved),
        options=read_options(body),
    )
    if not saved and rule.platform == "freshdesk" and event.startswith(OF_TICKETS):
        _check_fields(rule)
    if saved:
        rule = replace(rule, **{name: body[name] for name in _KEPT[1:] if name in body})
    return rule


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def write_rule(rule: Rule) -> dict[str, Any]:
    """The form that `read_rule` takes, with the rule's id, version and times."""
    return {
        "rule_id": rule.rule_id,
        "name": rule.name,
        **write_options(rule.options),
        "trigger": {
            "platform": rule.platform,
            "event": rule.event,
            "conditions": rule.conditions,
        },
        "actions": [write_action(action) for action in rule.actions],
        **{name: getattr(rule, name) for name in _KEPT[1:]},
    }


def write_action(action: RuleAction) -> dict[str, Any]:
    """The form of one action; what was not said is not there."""
    shown: dict[str, Any] = {
        "platform": action.platform,
        "action": action.action,
        "parameters": action.parameters,
    }
    if action.instance_id:
        shown["instance_id"] = int(action.instance_id)
    if action.name:
        shown["name"] = action.name
    if action.delay_s:
        shown["delay_s"] = action.delay_s
    return shown


def _check_fields(rule: Rule) -> None:
    for test in tests_of(rule.condition):
        check_field(test.steps, test.path)


def _check_members(value: dict[str, Any], known: tuple[str, ...], prefix: str) -> None:
    for name in value:
        if name not in known:
            raise invalid(f"{prefix}{member(name)}", f"is unknown; there are {', '.join(known)}")


def _check_size(body: dict[str, Any]) -> None:
    # Before anything walks through it; a nesting too deep to write is too deep to read.
    try:
        size = len(json.dumps(body))
    except (RecursionError, ValueError, TypeError):
        raise invalid("", "is nested too deep, or holds what JSON does not") from None
    if size > LARGEST_RULE:
        raise invalid("", f"is {size} bytes, the limit is {LARGEST_RULE}")


def _conditions(value: object) -> dict[str, Any]:
    read_conditions(value)
    return value if isinstance(value, dict) else {}


def _actions(value: object, *, saved: bool) -> tuple[RuleAction, ...]:
    if not isinstance(value, list) or not value:
        raise invalid("actions", "must be a list of at least one action")
    if len(value) > MOST_ACTIONS:
        raise invalid("actions", f"must be at most {MOST_ACTIONS}")
    actions = tuple(_action(action, f"actions[{i}]", saved=saved) for i, action in enumerate(value))
    names = [action.name for action in actions if action.name]
    if len(set(names)) < len(names):
        raise invalid("actions", "two have the same name")
    return actions


def _action(value: object, path: str, *, saved: bool) -> RuleAction:
    if not isinstance(value, dict):
        raise invalid(path, "must be an object")
    if not saved:
        _check_members(value, _ACTION_MEMBERS, f"{path}.")
    parameters = value.get("parameters", {})
    if not isinstance(parameters, dict):
        raise invalid(f"{path}.parameters", "must be an object")
    _check_values(parameters, f"{path}.parameters")
    name, delay_s = value.get("name") or "", value.get("delay_s") or 0
    if not isinstance(name, str) or (name and not _ACTION_NAME.fullmatch(name)):
        raise invalid(f"{path}.name", "must be letters, digits and _, such as ticket")
    if not isinstance(delay_s, int) or isinstance(delay_s, bool) or delay_s not in _DELAYS:
        raise invalid(f"{path}.delay_s", f"must be whole seconds from 0 to {LONGEST_DELAY_S}")
    return RuleAction(
        platform=_text(value, f"{path}.platform"),
        action=_text(value, f"{path}.action"),
        parameters=parameters,
        name=name,
        delay_s=delay_s,
        instance_id=_instance_id(value.get("instance_id"), f"{path}.instance_id"),
    )


def _instance_id(value: object, path: str) -> str:
    if value is None or value == "":
        return ""
    # A number in the API, a text everywhere inside; 0 and True are neither.
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _INSTANCE_ID.fullmatch(text) or text.startswith("0"):
        raise invalid(path, "must be an integration's id, and no template")
    return text


_DELAYS = range(LONGEST_DELAY_S + 1)


def _check_values(parameters: dict[str, Any], path: str) -> None:
    """No endless nesting, no endless number of values, no number that is none."""
    left = [(parameters, path, 1)]
    seen = 0
    while left:
        value, place, depth = left.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise invalid(path, f"holds more than {MOST_VALUES} values")
        if depth > DEEPEST_PARAMETERS:
            raise invalid(place, f"is nested more than {DEEPEST_PARAMETERS} deep")
        if isinstance(value, float) and not math.isfinite(value):
            raise invalid(place, "must be a finite number")
        if isinstance(value, dict):
            left += [(v, f"{place}.{member(str(k))}", depth + 1) for k, v in value.items()]
        elif isinstance(value, list):
            left += [(v, f"{place}[{i}]", depth + 1) for i, v in enumerate(value)]


def _object(body: dict[str, Any], path: str) -> dict[str, Any]:
    value = body.get(path)
    if not isinstance(value, dict):
        raise invalid(path, "must be an object")
    return value


def _name(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise invalid("name", f"must be a text of at most {LONGEST_NAME} characters")
    return value


def _text(body: dict[str, Any], path: str) -> str:
    value = body.get(path.rpartition(".")[2])
    if not isinstance(value, str) or not value:
        raise invalid(path, "must be a text")
    return value
