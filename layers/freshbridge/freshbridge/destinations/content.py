"""A request's body in the format that a destination chose: JSON, XML or a form. Pure."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from freshbridge.destinations.transforms import text_of

FORMATS = ("json", "xml", "form")
TYPES = {
    "json": "application/json",
    "xml": "application/xml",
    "form": "application/x-www-form-urlencoded",
}
_NAME_START = re.compile(r"[A-Za-z_]")
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def written(value: Any, kind: str, root: str = "record") -> bytes:
    """The body's bytes. `root` names the outermost element of XML."""
    if kind == "form":
        return urlencode(list(_pairs(value, ""))).encode()
    if kind == "xml":
        if isinstance(value, str):
            return _NO_XML.sub("", value).encode()
        return f'<?xml version="1.0" encoding="UTF-8"?>{_element(root, value)}'.encode()
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _pairs(value: Any, name: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        inner = ((f"{name}[{key}]" if name else str(key), one) for key, one in value.items())
        return [pair for key, one in inner for pair in _pairs(one, key)]
    if isinstance(value, list):
        return [pair for one in value for pair in _pairs(one, f"{name}[]")]
    return [(name, text_of(value))]


def _element(name: str, value: Any) -> str:
    tag = _NO_NAME.sub("_", name) or "_"
    if not _NAME_START.match(tag):
        tag = f"_{tag}"
    if value is None:
        return f"<{tag}/>"
    if isinstance(value, dict):
        inside = "".join(_element(str(key), one) for key, one in value.items())
    elif isinstance(value, list):
        inside = "".join(_element("item", one) for one in value)
    else:
        inside = escape(_NO_XML.sub("", text_of(value)))
    return f"<{tag}>{inside}</{tag}>"
