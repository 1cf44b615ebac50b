"""Which format a client accepts."""

from __future__ import annotations

import pytest

from freshbridge.exports.accept import accepted_format, named_format
from freshbridge.exports.wanted import Format

BOTH = (Format.JSON, Format.CSV)


@pytest.mark.parametrize(
    ("header", "produced", "chosen"),
    [
        ("text/csv", BOTH, Format.CSV),
        ("application/json", BOTH, Format.JSON),
        ("Application/JSON; charset=utf-8", BOTH, Format.JSON),
        ("text/csv;q=0.5, application/json", BOTH, Format.JSON),
        ("text/csv;q=0.9, application/json;q=0.1", BOTH, Format.CSV),
        ("text/csv;q=0, */*;q=0.1", (Format.JSON,), Format.JSON),
        ("", BOTH, Format.JSON),
        ("*/*", (Format.CSV,), Format.CSV),
        ("text/*", BOTH, Format.CSV),
        ("application/*", BOTH, Format.JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", BOTH, Format.JSON),
        ("application/x-ndjson", (Format.JSON_LINES,), Format.JSON_LINES),
        ("application/jsonl", BOTH, None),
        ("text/csv", (Format.JSON,), None),
        ("text/*", (Format.JSON,), None),
        ("text/html", BOTH, None),
        ("text/csv;q=x", BOTH, Format.CSV),
        (",,;", BOTH, Format.JSON),
    ],
)
def test_the_best_that_was_produced(
    header: str, produced: tuple[Format, ...], chosen: Format | None
) -> None:
    assert accepted_format(header, produced) is chosen


@pytest.mark.parametrize(
    ("header", "named"),
    [("", None), ("*/*", None), ("text/html", None), ("text/csv", Format.CSV),
     ("*/*, application/json;q=0.2", Format.JSON), ("application/x-jsonlines", Format.JSON_LINES)],
)  # fmt: skip
def test_a_format_that_is_named(header: str, named: Format | None) -> None:
    assert named_format(header) is named
