"""What can be done to a value on its way into a field. Pure.

A transform is a word, `"trim"`, or an object of one, `{"map": {"Yes": true}}`. Nothing is made of
null but by `default` and `map`; a list is transformed value by value where a transform is of texts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from freshbridge import timestamps

_TRUE = frozenset({"true", "yes", "y", "1", "on"})
_FALSE = frozenset({"false", "no", "n", "0", "off", ""})
_TAG = re.compile(r"<[^>]{0,2000}>")
_NUMBER = re.compile(r"[+-]?(?:\d{1,30})(?:\.\d{1,30})?")
_LONGEST = 100_000
_EMPTY = (None, "")


class Untransformable(ValueError):
    """The value is not what a transform works on; says why without quoting it."""


Transform = str | dict[str, Any]


def transformed(value: Any, transforms: list[Transform]) -> Any:
    """The value after all of them, in order.

    Raises:
        Untransformable: naming the transform.
    """
    for one in transforms:
        name, argument = _parts(one)
        try:
            value = _applied(name, argument, value)
        except Untransformable as error:
            raise Untransformable(f"{name}: {error}") from None
    return value


def check_transforms(transforms: list[Transform]) -> None:
    """Refuse what is no transform.

    Raises:
        ValueError: naming it and those that there are.
    """
    for one in transforms:
        name, argument = _parts(one)
        if name in _PLAIN and argument is None:
            continue
        kind = _WITH.get(name)
        if kind is None:
            known = ", ".join(sorted({*_PLAIN, *_WITH}))
            raise ValueError(f"no transform {name[:40]}; there are {known}")
        wanted, _function = kind
        if not isinstance(argument, wanted) or (wanted is int and isinstance(argument, bool)):
            raise ValueError(f"{name} takes {_WORDS[wanted]}")
        if name == "replace" and not {"old", "new"} >= set(argument) >= {"old"}:
            raise ValueError('replace takes {"old", "new"}')


def _parts(one: Transform) -> tuple[str, Any]:
    if isinstance(one, str):
        return one, None
    if isinstance(one, dict) and len(one) == 1:
        ((name, argument),) = one.items()
        return str(name), argument
    raise ValueError("a transform is a word, or an object with one member")


def _applied(name: str, argument: Any, value: Any) -> Any:
    if name in _WITH:
        return _WITH[name][1](value, argument)
    if value is None:
        return None
    if name in _OF_TEXT and isinstance(value, list):
        return [_PLAIN[name](one) for one in value]
    return _PLAIN[name](value)


def text_of(value: Any) -> str:
    """A value as text, as JSON would write it where it is no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def _number(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = text_of(value).strip().replace("\u00a0", "").replace(" ", "")
    if not text:
        return None
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    if not _NUMBER.fullmatch(text):
        raise Untransformable("is no number")
    return float(text) if "." in text else int(text)


def _integer(value: Any) -> Any:
    found = _number(value)
    if found is None:
        return None
    if found != math.floor(found):
        raise Untransformable("is no whole number")
    return int(found)


def boolean(value: Any) -> Any:
    """Yes or no, however it is written."""
    text = text_of(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise Untransformable("is neither yes nor no")


def moment(value: Any) -> Any:
    """A time, ISO 8601 in UTC, from ISO 8601 or seconds since the epoch."""
    text = text_of(value).strip()
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{9,10}", text):
            return timestamps.to_text(timestamps.from_epoch(float(text)))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return timestamps.to_text(datetime.fromisoformat(text).replace(tzinfo=UTC))
        return timestamps.to_text(timestamps.from_text(text.replace(" ", "T", 1)))
    except (ValueError, OverflowError):
        raise Untransformable("is no date and time (write 2026-03-31T09:00:00Z)") from None


def day(value: Any) -> Any:
    """A day, `2026-03-31`."""
    text = text_of(value).strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise Untransformable("is no date (write 2026-03-31)") from None


def _day_of(value: Any, pattern: str) -> Any:
    text = text_of(value).strip()
    if not text:
        return None
    try:
        return datetime.strptime(text, pattern).replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        raise Untransformable(f"is no date written as {pattern}") from None


def _domain(value: Any) -> Any:
    text = text_of(value).strip().lower()
    host = text.rpartition("@")[2] if "@" in text else text.partition("://")[2] or text
    return host.partition("/")[0].removeprefix("www.") or None


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise Untransformable("is no JSON") from None


def _split(value: Any, sign: str) -> Any:
    if value in _EMPTY:
        return []
    return [part.strip() for part in text_of(value).split(sign or ",") if part.strip()]


def _join(value: Any, sign: str) -> Any:
    return sign.join(text_of(one) for one in value) if isinstance(value, list) else value


def _mapped(value: Any, table: dict[str, Any]) -> Any:
    text = text_of(value)
    if text in table:
        return table[text]
    folded = {name.casefold(): one for name, one in table.items()}
    return folded.get(text.strip().casefold(), folded.get("*", value))


def _replaced(value: Any, argument: dict[str, Any]) -> Any:
    if value is None:
        return None
    found = text_of(value).replace(str(argument["old"]), str(argument.get("new", "")))
    if len(found) > _LONGEST:
        raise Untransformable("would be too long")
    return found


_OF_TEXT = frozenset(
    {"trim", "lower", "upper", "title", "digits", "strip_html", "text", "domain", "collapse"}
)
_PLAIN: dict[str, Callable[[Any], Any]] = {
    "trim": lambda value: value.strip() if isinstance(value, str) else value,
    "collapse": lambda value: " ".join(text_of(value).split()),
    "lower": lambda value: text_of(value).lower(),
    "upper": lambda value: text_of(value).upper(),
    "title": lambda value: text_of(value).title(),
    "digits": lambda value: "".join(one for one in text_of(value) if one.isdigit()),
    "text": text_of,
    "strip_html": lambda value: " ".join(_TAG.sub(" ", text_of(value)).split()),
    "domain": _domain,
    "number": _number,
    "integer": _integer,
    "boolean": boolean,
    "date": day,
    "datetime": moment,
    "json": _json,
    "first": lambda value: (value[0] if value else None) if isinstance(value, list) else value,
    "last": lambda value: (value[-1] if value else None) if isinstance(value, list) else value,
    "null_if_empty": lambda value: None if value in ("", [], {}) else value,
}
_WITH: dict[str, tuple[Any, Callable[[Any, Any], Any]]] = {
    "default": (object, lambda value, other: other if value in _EMPTY else value),
    "map": (dict, _mapped),
    "split": (str, _split),
    "join": (str, _join),
    "prefix": (str, lambda value, text: value if value in _EMPTY else text + text_of(value)),
    "suffix": (str, lambda value, text: value if value in _EMPTY else text_of(value) + text),
    "replace": (dict, _replaced),
    "truncate": (
        int,
        lambda value, most: None if value is None else text_of(value)[: max(most, 0)],
    ),
    "date_from": (str, _day_of),
}
_WORDS = {dict: "an object", str: "a text", int: "a number", object: "a value"}
