"""Which format an Accept header asks for. Pure.

Source: https://www.rfc-editor.org/rfc/rfc9110#name-accept
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from freshbridge.exports.wanted import Format

_TYPES = {
    "text/csv": Format.CSV,
    "application/csv": Format.CSV,
    "application/json": Format.JSON,
    "application/jsonl": Format.JSON_LINES,
    "application/x-jsonlines": Format.JSON_LINES,
    "application/json-lines": Format.JSON_LINES,
    "application/x-ndjson": Format.JSON_LINES,
}
_ANY = ("*/*", "text/*", "application/*")


def named_format(header: str) -> Format | None:
    """The format that is accepted most; None where none is named."""
    return next((_TYPES[kind] for kind in _kinds(header) if kind in _TYPES), None)


def accepted_format(header: str, produced: Collection[Format]) -> Format | None:
    """The produced format that is accepted most; None when none of them is."""
    wanted = list(_kinds(header)) or ["*/*"]
    for kind in wanted:
        if _TYPES.get(kind) in produced:
            return _TYPES[kind]
        if kind in _ANY:
            fits = (one for one in produced if kind == "*/*" or _starts(one, kind))
            if (found := next(fits, None)) is not None:
                return found
    return None


def _starts(kind: Format, pattern: str) -> bool:
    return kind.content_type.startswith(pattern[:-1])


def _kinds(header: str) -> Iterator[str]:
    """The media types, the best first, without those that are refused."""
    ranked = []
    for place, part in enumerate(header.split(",")):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if kind and (weight := _weight(parameters)) > 0:
            ranked.append((-weight, place, kind))
    return (kind for _, _, kind in sorted(ranked))


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 1.0
    return 1.0
