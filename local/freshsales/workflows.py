"""Workflows that call a webhook: what an administrator sets up in Admin → Workflows.

The API has no call for them, so they are set up through ``/__sim/workflows``::

    {"name": "Won", "module": "deals", "trigger": "updated", "changed": ["deal_stage_id"],
     "conditions": [{"attribute": "deal_stage_id", "operator": "is", "value": 70130000040}],
     "request": {"method": "POST", "url": "https://…?deal={{deal.id}}",
                 "headers": {"X-Secret": "s"}, "authentication": {"username": "u", "password": "p"},
                 "encoding": "json", "content": "simple", "fields": ["id", "name", "amount"]}}

``trigger`` is created, updated, created_or_updated or deleted; ``changed`` narrows an update to
those attributes (``custom_field.cf_x`` for a custom one). ``content`` is ``simple`` (the named
fields below the module's name) or ``advanced`` (``body`` is a text into which values are pasted).
Source: crmsupport.freshworks.com, "Trigger webhooks using workflows": no signature, no delivery id,
no order is promised, and no retry is told of.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from local.freshsales.account import Account, Event, Record
from local.freshsales.errors import ApiError, texts
from local.freshsales.filters import rules_of
from local.freshsales.models import BY_TABLE
from local.freshsales.routing import Reply, Request, Route
from local.simulator.control import ControlError, object_of
from local.simulator.outgoing import OutgoingCall

TRIGGERS: Final[Mapping[str, frozenset[str]]] = {
    "created": frozenset({"created"}),
    "updated": frozenset({"updated"}),
    "created_or_updated": frozenset({"created", "updated"}),
    "deleted": frozenset({"deleted", "forgotten"}),
}
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
ENCODINGS: Final = {
    "json": "application/json",
    "xml": "application/xml",
    "form": "application/x-www-form-urlencoded",
}
_MARK: Final = re.compile(r"\{\{\s*\w+\.([\w.]+)\s*\}\}")


def checked(account: Account, body: object) -> Record:
    """A workflow from its JSON. Raises ControlError naming what is wrong."""
    given = object_of(body)
    known = {"name", "module", "trigger", "changed", "conditions", "request", "active"}
    if unknown := given.keys() - known:
        raise ControlError(f"unknown key {', '.join(sorted(unknown))}; known: {sorted(known)}")
    workflow = {
        "name": "workflow", "trigger": "created_or_updated", "changed": [], "conditions": [],
        "active": True, **given,
    }  # fmt: skip
    if workflow.get("module") not in BY_TABLE:
        raise ControlError(f"module is one of {', '.join(BY_TABLE)}")
    if workflow["trigger"] not in TRIGGERS:
        raise ControlError(f"trigger is one of {', '.join(TRIGGERS)}")
    try:
        rules_of(account, BY_TABLE[workflow["module"]], workflow["conditions"])
    except ApiError as error:
        raise ControlError(f"conditions: {texts(error.messages, 'en')}") from None
    workflow["request"] = _checked_request(workflow.get("request"))
    return workflow


def _checked_request(request: object) -> Record:
    given = {"method": "POST", "headers": {}, "encoding": "json", "content": "simple",
             "fields": ["id"], "body": "", **object_of(request)}  # fmt: skip
    if given["method"] not in METHODS or given["encoding"] not in ENCODINGS:
        raise ControlError(
            f"request: method is one of {', '.join(METHODS)}, encoding of {', '.join(ENCODINGS)}"
        )
    if not isinstance(given.get("url"), str) or not given["url"].startswith("http"):
        raise ControlError("request: url is missing")
    return given


def fires(account: Account, workflow: Record, event: Event) -> bool:
    if not workflow["active"] or workflow["module"] != event.table:
        return False
    if event.kind not in TRIGGERS[workflow["trigger"]]:
        return False
    wanted = set(workflow["changed"])
    if event.kind == "updated" and not event.changes:
        return False
    if event.kind == "updated" and wanted and not wanted & set(event.changes):
        return False
    rules = rules_of(account, BY_TABLE[event.table], workflow["conditions"])
    return all(rule.holds(event.record) for rule in rules)


def call_of(workflow: Record, event: Event) -> OutgoingCall:
    """What the webhook sends for ``event``; values are read now, not when it is sent."""
    request, record = workflow["request"], event.record
    url = _MARK.sub(lambda mark: quote(_text(value_of(record, mark[1])), safe=""), request["url"])
    headers = {str(name): str(value) for name, value in request["headers"].items()}
    headers |= _authentication(request.get("authentication"))
    if request["method"] in {"GET", "DELETE"}:
        return OutgoingCall(request["method"], url, headers)
    headers["Content-Type"] = ENCODINGS[request["encoding"]]
    content = _content(request, BY_TABLE[event.table].singular, record)
    return OutgoingCall(request["method"], url, headers, content.encode())


def value_of(record: Record, name: str) -> Any:
    """An attribute, or ``custom_field.cf_x`` (``cf_x`` alone will do)."""
    plain = name.removeprefix("custom_field.")
    if plain.startswith("cf_"):
        return (record.get("custom_field") or {}).get(plain)
    return record.get(plain)


def _authentication(wanted: object) -> dict[str, str]:
    if not isinstance(wanted, dict):
        return {}
    if "api_key" in wanted:
        return {"Authorization": f"Token token={wanted['api_key']}"}
    pair = f"{wanted.get('username', '')}:{wanted.get('password', '')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _content(request: Record, module: str, record: Record) -> str:
    if request["content"] == "advanced":
        # Pasted as it is: a quote in a value breaks the JSON around it.
        return _MARK.sub(lambda mark: _text(value_of(record, mark[1])), request["body"])
    ticked = {name: value_of(record, name) for name in request["fields"]}
    if request["encoding"] == "json":
        return json.dumps({module: ticked}, ensure_ascii=False)
    if request["encoding"] == "form":
        return urlencode([(f"{module}[{name}]", _text(value)) for name, value in ticked.items()])
    inner = "".join(f"<{name}>{escape(_text(value))}</{name}>" for name, value in ticked.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{module}>{inner}</{module}>'


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _create(request: Request) -> Reply:
    account = request.account
    workflow = checked(account, request.body)
    workflow["id"] = account.next_id("workflow")
    account.table("workflows")[workflow["id"]] = workflow
    return Reply(200, workflow)


def _list(request: Request) -> Reply:
    return Reply(200, {"workflows": list(request.account.table("workflows").values())})


def _remove(request: Request) -> Reply:
    if request.account.table("workflows").pop(request.ids["id"], None) is None:
        raise ControlError(f"there is no workflow {request.ids['id']}")
    return Reply(200, {"ok": True})


CONTROL_ROUTES = (
    Route("POST", "/workflows", _create),
    Route("GET", "/workflows", _list),
    Route("DELETE", "/workflows/{id}", _remove),
)
