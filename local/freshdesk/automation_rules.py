"""Automation rules over the API, and the service that runs them while the server is up.

``/automations/{1|3|4}/rules``: 1 runs on creation, 4 on update; rules of type 3 (hourly) are kept
and shown, but nothing runs them. Admins only.

Source: developers.freshdesk.com/api, Automations.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from local.freshdesk.account import Account, Record
from local.freshdesk.automation_engine import (
    CASCADING,
    WEBHOOK,
    AutomationEngine,
    content_setting,
    rules_of,
)
from local.freshdesk.automation_matching import (
    CREATION,
    HOURLY,
    OPERATORS,
    UPDATE,
    canonical_operator,
)
from local.freshdesk.errors import (
    FieldError,
    invalid_value,
    missing_field,
    not_found,
    not_in_choices,
    validation_failed,
)
from local.freshdesk.paging import PAGING, page_of, paged
from local.freshdesk.routing import Reply, Request, Route, created
from local.freshdesk.validation import Field, check_object, check_query, required
from local.freshdesk.webhook_content import ADVANCED, CONTENT_TYPES, JSON, SIMPLE
from local.freshdesk.webhook_delivery import WebhookSender
from local.simulator.outgoing import client_session

RULE_TYPES: Final = (CREATION, HOURLY, UPDATE)
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROPERTY_ACTIONS: Final = (
    "status", "priority", "ticket_type", "group_id", "responder_id", "add_tag", "add_note",
    "add_comment",
)  # fmt: skip
EVENT_TYPES_OF_RULE: Final = {UPDATE}

_EITHER_PERFORMER: Final = {"type": 3}
# What a rule that was sent without conditions is shown with.
_NO_CONDITIONS: Final = {"name": "condition_set_1", "match_type": "all", "properties": []}
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# Members whose value may be of any type: taken out before the typed check.
_UNTYPED: Final = frozenset({"value", "from", "to", "content", "nested_fields", "case_sensitive"})

_EVENT = {"field_name": Field("string", required=True, nullable=False, blank=False)}
_PROPERTY = {
    "resource_type": Field("string", choices=("ticket", "contact", "company"), nullable=False),
    "field_name": Field("string", required=True, nullable=False, blank=False),
    "operator": Field("string", required=True, nullable=False),
}
_CONDITION_SET = {
    "name": Field("string"),
    "match_type": Field("string", choices=("all", "any"), nullable=False),
    "properties": Field("array", required=True, items=Field("object", fields=_PROPERTY)),
}
_ACTION = {
    "field_name": Field("string", required=True, choices=(WEBHOOK, *PROPERTY_ACTIONS)),
    "request_type": Field("string", choices=METHODS, nullable=False),
    "url": Field("string", nullable=False, blank=False),
    "content_type": Field("string"),
    "content_layout": Field("string"),
    "custom_headers": Field("object"),
    "auth_header": Field(
        "object",
        fields={
            "username": Field("string"),
            "password": Field("string"),
            "api_key": Field("string"),
        },
    ),
    "api_key": Field("string"),
}
RULE = {
    "name": Field("string", required=True, nullable=False, blank=False, max_length=255),
    "description": Field("string"),
    "position": Field("integer", nullable=False, minimum=1),
    "active": Field("boolean", nullable=False),
    "performer": Field(
        "object",
        fields={
            "type": Field("integer", required=True, nullable=False, choices=(1, 2, 3, 4)),
            "members": Field("array", items=Field("integer")),
        },
    ),
    "events": Field("array", items=Field("object", fields=_EVENT)),
    "conditions": Field("array", items=Field("object", fields=_CONDITION_SET)),
    "operator": Field("string"),
    "actions": Field("array", required=True, nullable=False, items=Field("object", fields=_ACTION)),
}
_OPTIONAL_RULE = {name: required(field, now=False) for name, field in RULE.items()}
_VIEW = (
    "id", "name", "description", "position", "active", "outdated", "last_updated_by", "performer",
    "events", "conditions", "operator", "actions", "created_at", "updated_at",
)  # fmt: skip


def list_rules(request: Request) -> Reply:
    """By pages, which the vendor's page does not say but clients of real accounts rely on.

    The same clients find a bare list where the page shows an object: ``bare_rule_list`` decides.
    """
    account, rule_type = request.account, _rule_type(request)
    page = page_of(check_query(PAGING, request.query))
    rules = rules_of(account, rule_type)
    reply = paged(request, [_view(rule) for rule in rules], page)
    if account.settings.bare_rule_list:
        return reply
    meta = {"count": len(rules), "cascading_rules": account.has_feature(CASCADING)}
    return Reply(200, {"rules": reply.body, "meta": meta}, reply.headers)


def view_rule(request: Request) -> Reply:
    rule = _rule(request)
    siblings = rules_of(request.account, rule["rule_type"])
    active = sum(one["active"] for one in siblings)
    counts = {"total_active_count": active, "total_count": len(siblings)}
    return Reply(200, {**_view(rule), "meta": counts})


def create_rule(request: Request) -> Reply:
    rule_type = _rule_type(request)
    fields = _checked(RULE, request)
    if rule_type in EVENT_TYPES_OF_RULE and not fields.get("events"):
        raise validation_failed([missing_field("events")])
    account, stamp = request.account, request.account.clock.stamp()
    siblings = rules_of(account, rule_type)
    rule: Record = {
        "id": account.next_id("automation_rule"),
        "rule_type": rule_type,
        "description": None,
        "position": len(siblings) + 1,
        "active": True,
        "outdated": False,
        "last_updated_by": request.agent.get("id"),
        "performer": _EITHER_PERFORMER if rule_type in EVENT_TYPES_OF_RULE else None,
        "events": [],
        "conditions": [],
        "operator": None,
        "created_at": stamp,
        "updated_at": stamp,
        **fields,
    }
    account.automation_rules[rule["id"]] = rule
    _renumber(account, rule)
    return created(request, f"automations/{rule_type}/rules", _view(rule))


def update_rule(request: Request) -> Reply:
    rule = _rule(request)
    fields = _checked(_OPTIONAL_RULE, request)
    if rule["rule_type"] in EVENT_TYPES_OF_RULE and "events" in fields and not fields["events"]:
        raise validation_failed([missing_field("events")])
    rule.update(fields)
    _renumber(request.account, rule)
    rule["last_updated_by"] = request.agent.get("id")
    rule["updated_at"] = request.account.clock.stamp()
    return Reply(200, _view(rule))


def delete_rule(request: Request) -> Reply:
    rule = request.account.automation_rules.pop(_rule(request)["id"])
    _renumber(request.account, rule)
    return Reply(204)


@asynccontextmanager
async def running_automations(account: Account) -> AsyncIterator[WebhookSender]:
    """Rules listen to the account's tickets, and webhooks go out, while this is entered."""
    async with client_session() as session:
        sender = WebhookSender(account, session)
        account.on_ticket_event(AutomationEngine(account, sender).handle)
        try:
            yield sender
        finally:
            await sender.close()


def _rule_type(request: Request) -> int:
    rule_type = request.ids["type"]
    if rule_type not in RULE_TYPES:
        raise not_found()
    return rule_type


def _rule(request: Request) -> Record:
    rule_type = _rule_type(request)
    rule = request.account.automation_rules.get(request.ids["id"])
    if rule is None or rule["rule_type"] != rule_type:
        raise not_found()
    return rule


def _renumber(account: Account, moved: Record) -> None:
    """Positions run from 1 without a gap: whoever is put somewhere pushes the others on."""
    others = [one for one in rules_of(account, moved["rule_type"]) if one is not moved]
    if moved["id"] in account.automation_rules:
        others.insert(moved["position"] - 1, moved)
    for position, rule in enumerate(others, start=1):
        rule["position"] = position


def _view(rule: Record) -> Record:
    view = {name: rule[name] for name in _VIEW}
    # Reports are not modelled: nothing has been counted, nothing is put in words.
    reported = {"affected_tickets_count": 0, "summary": {"conditions": {}, "actions": []}}
    return view | {"conditions": view["conditions"] or [_NO_CONDITIONS]} | reported


def _checked(spec: Mapping[str, Field], request: Request) -> Record:
    """The rule as sent, once every part of it has been found in order."""
    body = request.body
    checked = check_object(spec, _typed_part(body))
    errors: list[FieldError] = []
    for condition_set in checked.get("conditions") or ():
        errors += _property_errors(condition_set.get("properties") or ())
    for action in (body or {}).get("actions") or ():
        errors += _action_errors(action)
    if "actions" in checked and not checked["actions"]:
        errors.append(
            invalid_value("actions", "It should not be blank as this is a mandatory field")
        )
    if errors:
        raise validation_failed(errors)
    return {name: body[name] for name in checked}


def _typed_part(value: Any, depth: int = 0) -> Any:
    """A copy without the members of free type, so that the rest can be checked strictly."""
    if isinstance(value, list):
        return [_typed_part(item, depth) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: item for name, item in value.items() if depth == 0 or name not in _UNTYPED}
    nested = {"events", "conditions", "properties", "actions"}
    return {
        name: _typed_part(item, depth + 1) if name in nested else item
        for name, item in kept.items()
    }


def _property_errors(properties: Sequence[Record]) -> list[FieldError]:
    return [
        not_in_choices("conditions.properties.operator", OPERATORS)
        for one in properties
        if canonical_operator(one.get("operator")) not in OPERATORS
    ]


def _action_errors(action: Record) -> list[FieldError]:
    if action["field_name"] != WEBHOOK:
        return [] if "value" in action else [missing_field("actions.value")]
    errors = [
        missing_field(f"actions.{name}") for name in ("request_type", "url") if name not in action
    ]
    settings = (
        ("content_layout", SIMPLE, (SIMPLE, ADVANCED)),
        ("content_type", JSON, CONTENT_TYPES),
    )
    for name, default, choices in settings:
        if content_setting(action, name, default).upper() not in choices:
            errors.append(not_in_choices(f"actions.{name}", choices))
    return errors + _header_errors(action.get("custom_headers") or {})


def _header_errors(headers: Mapping[str, Any]) -> list[FieldError]:
    return [
        invalid_value("actions.custom_headers", "It should be a valid header name and value")
        for name, value in headers.items()
        if not _HEADER_NAME.fullmatch(name)
        or not isinstance(value, str)
        or any(ord(character) < 32 for character in value)
    ]


ROUTES = (
    Route("GET", "/automations/{type}/rules", list_rules, admin_only=True),
    Route("POST", "/automations/{type}/rules", create_rule, admin_only=True),
    Route("GET", "/automations/{type}/rules/{id}", view_rule, admin_only=True),
    Route("PUT", "/automations/{type}/rules/{id}", update_rule, admin_only=True),
    Route("DELETE", "/automations/{type}/rules/{id}", delete_rule, admin_only=True),
)
