"""What a list of rows is asked with. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from freshbridge.bulk.progress import RowState
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.page_request import read_limit

PAGE_SIZE = 100
LARGEST_PAGE_SIZE = 1_000


class UnreadablePage(InvalidRequest):
    """A query parameter cannot be used."""

    code = "unreadable_page"


def read_page(query: Mapping[str, str]) -> tuple[int, int, RowState | None]:
    """How many rows, behind which one, and in which state; None for every state.

    Raises:
        UnreadablePage, InvalidPageRequest: naming the parameter.
    """
    limit = read_limit(query.get("limit"), usual=PAGE_SIZE, largest=LARGEST_PAGE_SIZE)
    after = query.get("after") or "0"
    if not (after.isascii() and after.isdecimal() and len(after) < 10):
        raise _wrong("after", "what the page before gave")
    return limit, int(after), read_row_state(query.get("state"), "state")


def read_row_state(text: str | None, name: str = "only") -> RowState | None:
    """The state that a query names; None for none.

    Raises:
        UnreadablePage: naming those that there are.
    """
    if not text:
        return None
    try:
        return RowState(text.lower())
    except ValueError:
        raise _wrong(name, f"one of {', '.join(RowState)}") from None


def _wrong(name: str, accepted: str) -> UnreadablePage:
    return UnreadablePage(
        "the rows cannot be listed",
        fields=[FieldError(name, f"must be {accepted}", "invalid_value")],
    )
