"""Builds what a "Trigger Webhook" automation action sends: its URL, its body and its Content-Type.

Two layouts exist. *Simple* content is a list of ticked properties, sent as
`{"freshdesk_webhook": {…}}` in the encoding the rule names. *Advanced* content is a text the
administrator wrote, into which values are pasted **without any escaping**: a quote or a newline in
a ticket's comment breaks the JSON around it, as it does in the product.

Everything here works on a flat mapping from placeholder path (`ticket.agent.email`) to value, which
`placeholders.py` reads from the account.

Source: Freshdesk help centre, "Using webhooks in automation rules" and "Understanding dynamic
content and placeholders"; the key names are those of recorded deliveries.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

Value = str | int | float | bool | None

SIMPLE = "1"
ADVANCED = "2"
JSON = "JSON"
XML = "XML"
FORM = "X-FORM-URLENCODED"

ROOT = "freshdesk_webhook"
CONTENT_TYPES = {
    JSON: "application/json",
    XML: "application/xml",
    FORM: "application/x-www-form-urlencoded",
}
BODYLESS_METHODS = frozenset({"GET"})

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")
# The product names the requester "contact" in the keys of a simple body.
_KEY_ALIASES = {
    "ticket_contact_unique_external_id": "ticket.requester.unique_external_id",
    "ticket_contact_phone": "ticket.requester.phone",
    "ticket_contact_mobile": "ticket.requester.mobile",
    "ticket_contact_name": "ticket.requester.name",
    "ticket_contact_email": "ticket.requester.email",
    "ticket_company_name": "ticket.company.name",
}


@dataclass(frozen=True, slots=True)
class WebhookBody:
    """The bytes of one delivery and the media type they are sent as; `content` None sends none."""

    content: bytes | None
    content_type: str | None


def substitute(template: str, values: Mapping[str, Value]) -> str:
    """Paste values over `{{path}}` marks, unescaped. Unknown and empty ones become nothing."""
    return _PLACEHOLDER.sub(lambda mark: as_text(values.get(mark.group(1))), template)


def webhook_url(template: str, values: Mapping[str, Value]) -> str:
    """The target address, its placeholders replaced by percent-encoded values."""
    return _PLACEHOLDER.sub(
        lambda mark: quote(as_text(values.get(mark.group(1))), safe=""), template
    )


def ticked_properties(content: object, values: Mapping[str, Value]) -> dict[str, Value]:
    """The properties a simple rule ticks, by their key in the body.

    `content` may be an object of key to placeholder (`{"ticket_id": "{{ticket.id}}"}`), an object
    of key to a flag, or a list of keys or placeholders: the public schema does not fix the form.
    """
    by_key = {path.replace(".", "_"): path for path in values}
    ticked: dict[str, Value] = {}
    for key, mark in _ticks(content):
        path = _path_of(mark, key, by_key)
        value = values.get(path)
        # Only the ticket's number travels as a number; every other property is text.
        ticked[key] = value if path == "ticket.id" else as_text(value)
    return ticked


def build_body(
    *,
    method: str,
    layout: str,
    encoding: str,
    content: object,
    values: Mapping[str, Value],
) -> WebhookBody:
    """The body of one delivery.

    `layout` is "1" (simple) or "2" (advanced), `encoding` a key of `CONTENT_TYPES`. An advanced
    `content` is the template text, or an object whose `body` (or only text) is the template.
    """
    if method in BODYLESS_METHODS:
        return WebhookBody(None, None)
    media_type = CONTENT_TYPES[encoding]
    if layout == ADVANCED:
        text = substitute(_template_text(content), values)
        return WebhookBody(text.encode(), media_type)
    ticked = ticked_properties(content, values)
    return WebhookBody(_ENCODERS[encoding](ticked).encode(), media_type)


def as_text(value: Value) -> str:
    """A value as it is pasted into text: nothing for null, `true`/`false` for flags."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _ticks(content: object) -> list[tuple[str, str]]:
    if isinstance(content, Mapping):
        pairs = content.items()
        return [
            (str(key), mark if isinstance(mark, str) else "")
            for key, mark in pairs
            if mark not in (False, None)
        ]
    if isinstance(content, Sequence) and not isinstance(content, str | bytes):
        return [(_key_of(str(item)), str(item)) for item in content]
    return []


def _key_of(item: str) -> str:
    mark = _PLACEHOLDER.fullmatch(item.strip())
    return (mark.group(1) if mark else item).replace(".", "_")


def _path_of(mark: str, key: str, by_key: Mapping[str, str]) -> str:
    found = _PLACEHOLDER.search(mark)
    if found:
        return found.group(1)
    return _KEY_ALIASES.get(key) or by_key.get(key, key)


def _template_text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        body = content.get("body")
        if isinstance(body, str):
            return body
        # An object given as the template is the text an administrator would have typed for it.
        return json.dumps(dict(content), ensure_ascii=False)
    return ""


def _json_body(ticked: Mapping[str, Value]) -> str:
    return json.dumps({ROOT: dict(ticked)}, ensure_ascii=False)


def _xml_body(ticked: Mapping[str, Value]) -> str:
    inner = "".join(f"<{key}>{escape(as_text(value))}</{key}>" for key, value in ticked.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{ROOT}>{inner}</{ROOT}>'


def _form_body(ticked: Mapping[str, Value]) -> str:
    return urlencode([(f"{ROOT}[{key}]", as_text(value)) for key, value in ticked.items()])


_ENCODERS = {JSON: _json_body, XML: _xml_body, FORM: _form_body}
