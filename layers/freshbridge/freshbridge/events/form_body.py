"""Read a webhook that was sent as a form: `freshdesk_webhook[ticket_id]=1042&…`.

Pure. Names in brackets nest, `tags[]` gathers a list, and a form whose one field holds a JSON
object (`payload={…}`) is that object. Every value is text: a form has no numbers.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from freshbridge.events.content import Content, UnreadableBody, strict_json

MOST_FIELDS = 2000
_DEEPEST = 8
_STEP = re.compile(r"\[([^\[\]]*)\]")


def read(text: str) -> Content:
    """The form as an object.

    Raises:
        UnreadableBody: there is no field in it, or too many are.
    """
    try:
        pairs = parse_qsl(text.strip(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise UnreadableBody(f"body is a form of more than {MOST_FIELDS} fields") from None
    if "=" not in text or not pairs:
        raise UnreadableBody("body is no form: it has no field")
    if len(pairs) == 1 and (value := pairs[0][1].strip()).startswith("{"):
        return Content(strict_json(value), text)
    found: dict[str, Any] = {}
    for name, value in pairs:
        _put(found, _path(name), value)
    # A percent sign that nothing was meant by, or bytes that are no UTF-8.
    return Content(found, text, recovered="\ufffd" in str(found) and "%EF%BF%BD" not in text)


def _path(name: str) -> list[str]:
    head, bracket, _ = name.partition("[")
    steps = _STEP.findall(name[len(head) :]) if bracket else []
    if not head or len(steps) >= _DEEPEST or head + "".join(f"[{s}]" for s in steps) != name:
        return [name]
    return [head, *steps]


def _put(found: dict[str, Any], path: list[str], value: str) -> None:
    is_list = len(path) > 1 and path[-1] == ""
    if is_list:
        path = path[:-1]
    for step in path[:-1]:
        inner = found.setdefault(step, {})
        if not isinstance(inner, dict):
            # A field was given both as a text and as an object; the object says more.
            inner = found[step] = {}
        found = inner
    held = found.get(path[-1])
    if is_list:
        found[path[-1]] = [*held, value] if isinstance(held, list) else [value]
    elif not isinstance(held, dict):
        found[path[-1]] = value
