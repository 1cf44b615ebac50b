"""Regular expressions that strangers' texts cannot bring to a halt. Pure.

Python's own engine backtracks: `(a+)+$` takes years over thirty letters. The engine here is Rust's
regex crate, whose time grows with the text's length and no faster; pydantic_core, which the layer
has already, brings it. In exchange it knows neither back-references nor look-around. A pattern is
looked for anywhere in the text and letter case counts; `^`, `$` and `(?i)` say otherwise.
Source: https://docs.rs/regex/latest/regex/#untrusted-input
"""

from __future__ import annotations

import re
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

LONGEST_PATTERN = 500
LONGEST_SEARCHED = 32_768
"""Characters of a text that are looked at: linear time is still time."""
MOST_REPETITIONS = 1_000
"""What the counts of `{n,m}` may come to, multiplied: each makes a copy of what it repeats."""
_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


class InvalidPattern(ValueError):
    """The pattern cannot be used; the text says why and at which character."""


def found(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text's first `LONGEST_SEARCHED` characters.

    Raises:
        InvalidPattern: as `check` does.
    """
    try:
        _compiled(pattern).validate_python(_encodable(text[:LONGEST_SEARCHED]))
    except ValidationError:
        return False
    return True


def check(pattern: str) -> None:
    """Refuse a pattern that cannot be used.

    Raises:
        InvalidPattern: it is too long, repeats too much, or is none.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidPattern(f"is longer than {LONGEST_PATTERN} characters")
    product = 1
    for least, most in _COUNT.findall(pattern):
        # A number of many digits would take its own time to be read.
        product *= max(1, int((most or least)[:6]))
        if product > MOST_REPETITIONS:
            raise InvalidPattern(f"repeats more than {MOST_REPETITIONS} times in all")
    _compiled(pattern)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> SchemaValidator:
    schema = core_schema.str_schema(pattern=_encodable(pattern), regex_engine="rust-regex")
    try:
        return SchemaValidator(schema)
    except SchemaError as error:
        raise InvalidPattern(_reason(str(error))) from None


def _reason(words: str) -> str:
    """Two lines of pattern and caret, then the reason, to one sentence with a position."""
    lines = words.splitlines()
    reason = lines[-1].strip().removeprefix("error: ").rstrip(".")
    pointing = next((line for line in lines if line.strip() and not line.strip(" ^")), "")
    if not pointing:
        return f"is no usable regular expression: {reason.removeprefix('SchemaError: ')}"
    # The crate shows the pattern behind four blanks.
    return f"is no regular expression: {reason}, at character {pointing.index('^') - 3}"


def _encodable(text: str) -> str:
    # Half an emoji is no UTF-8, which the engine works on.
    return text.encode(errors="replace").decode()
