"""Read a webhook that was sent as XML.

Pure. Expat is used bare, from the standard library: a document type, and with it every entity that
could be declared, ends the reading at once, so that neither a file, a URL nor an expansion can be
had through it; depth and number of elements are bounded. `defusedxml` does the same for a tree
that would have to be walked again, and is a library more on the path that answers webhooks.

An element with children becomes an object, one without its text; a repeated name a list. Ruby's
habits are understood: `ticket-id` is `ticket_id`, `nil="true"` is null, `type="array"` a list, and
a root named `hash` is no level of its own.
"""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from freshbridge.events.content import DEEPEST, Content, UnreadableBody
from freshbridge.events.subject import subject_of

MOST_ELEMENTS = 5000
_OPENING = re.compile(r"<([A-Za-z_][A-Za-z0-9_.-]{0,99})(?:\s[^<>]{0,200})?>")
_ENTITY = re.compile(r"&(amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ROOTS = ("hash", "xml")
# Not allowed in XML 1.0 however they are written.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


class _TooMuch(Exception):
    """The document is larger or deeper than a webhook's."""


class _Forbidden(Exception):
    """The document declares a type or an entity."""


def read(text: str) -> Content:
    """The document as an object; one that pasted-in values broke is mended if its fields are there.

    Raises:
        UnreadableBody: not XML, too deep or too large, or with a document type.
    """
    try:
        return Content(_parsed(text), text)
    except _Forbidden:
        raise UnreadableBody(
            "body is XML with a document type, which is not read", advice="Leave out <!DOCTYPE>."
        ) from None
    except _TooMuch:
        raise UnreadableBody(
            f"body is XML of more than {MOST_ELEMENTS} elements or {DEEPEST} levels"
        ) from None
    except expat.ExpatError as error:
        value = None if "<!DOCTYPE" in text or "<!ENTITY" in text else _mended(text)
        if value is None:
            raise UnreadableBody(
                f"body is not XML: {expat.ErrorString(error.code)} "
                f"at line {error.lineno}, column {error.offset + 1}"
            ) from None
        return Content(value, text, recovered=True)


class _Builder:
    """Gathers expat's events into objects; `stack` holds (name, attributes, children, texts)."""

    def __init__(self) -> None:
        self.stack: list[tuple[str, dict[str, str], list[tuple[str, Any]], list[str]]] = []
        self.root: tuple[str, Any] = ("", None)
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self.stack) >= DEEPEST:
            raise _TooMuch
        self.stack.append((_plain(name), attributes, [], []))

    def text(self, data: str) -> None:
        self.stack[-1][3].append(data)

    def end(self, _name: str) -> None:
        name, attributes, children, texts = self.stack.pop()
        value = _value(attributes, children, "".join(texts))
        if self.stack:
            self.stack[-1][2].append((name, value))
        else:
            self.root = (name, value)


def _parsed(text: str) -> dict[str, Any]:
    # The text has been decoded already: what its declaration says of an encoding is over.
    parser = expat.ParserCreate("utf-8")
    builder = _Builder()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _forbid
    parser.EntityDeclHandler = _forbid
    parser.Parse(text.removeprefix("\ufeff").strip().encode(errors="replace"), True)
    return _as_object(*builder.root)


def _forbid(*_declared: object) -> None:
    raise _Forbidden


def _value(attributes: dict[str, str], children: list[tuple[str, Any]], text: str) -> Any:
    if attributes.get("nil") == "true":
        return None
    if attributes.get("type") == "array":
        return [value for _name, value in children]
    if not children:
        return text
    gathered: dict[str, list[Any]] = {}
    for name, value in children:
        gathered.setdefault(name, []).append(value)
    return {name: held[0] if len(held) == 1 else held for name, held in gathered.items()}


def _as_object(name: str, value: Any) -> dict[str, Any]:
    return value if name in _ROOTS and isinstance(value, dict) else {name: value}


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _mended(text: str) -> dict[str, Any] | None:
    """The fields of a flat document in whose values stand bare `&` and `<`; None if none are."""
    root = _OPENING.search(text)
    if root is None:
        return None
    found: dict[str, Any] = {}
    position = root.end()
    without_end: set[str] = set()
    while (opening := _OPENING.search(text, position)) is not None:
        name = opening[1]
        end = -1 if name in without_end else text.find(f"</{name}>", opening.end())
        if end < 0:
            # A tag of the customer's own words; looking for its end again would take ever longer.
            without_end.add(name)
            if len(without_end) > MOST_ELEMENTS // 10:
                return None
            position = opening.end()
            continue
        found.setdefault(_plain(name), _unescaped(text[opening.end() : end]))
        if len(found) > MOST_ELEMENTS:
            return None
        position = end + len(name) + 3
    return _as_object(_plain(root[1]), found) if subject_of(found) is not None else None


def _unescaped(text: str) -> str:
    # CDATA is taken as it stands; all else may be escaped or not, as the template had it.
    if text.startswith("<![CDATA[") and text.endswith("]]>"):
        return text[9:-3]
    return _CONTROL.sub("", _ENTITY.sub(_entity, text))


def _entity(found: re.Match[str]) -> str:
    name = found[1]
    if name in _NAMED:
        return _NAMED[name]
    number = int(f"0{name[1:]}", 0) if name[1] == "x" else int(name[1:])
    return chr(number) if number < 0xD800 or 0xDFFF < number < 0x110000 else ""
