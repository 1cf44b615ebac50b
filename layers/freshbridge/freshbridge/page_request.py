"""How long a page of a list is to be, and how much of each. Pure."""

from __future__ import annotations

from freshbridge.errors import FieldError, InvalidRequest


class InvalidPageRequest(InvalidRequest):
    """The page cannot be given as it was asked for."""

    code = "invalid_page"


def read_hydrate(text: str | None, *, usual: bool) -> bool:
    """The `hydrate` of a query, "true" or "false" in either case; `usual` when there is none.

    Raises:
        InvalidPageRequest: it is anything else.
    """
    said = str(usual).lower() if text is None else text.lower()
    if said not in ("true", "false"):
        raise InvalidPageRequest(
            "the page cannot be given",
            fields=[FieldError("hydrate", "must be true or false", "invalid_value")],
        )
    return said == "true"


def read_limit(text: str | None, *, usual: int, largest: int) -> int:
    """The `limit` of a query: 1 to `largest`, `usual` when there is none.

    Raises:
        InvalidPageRequest: it is anything else.
    """
    if text is None:
        return usual
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= size <= largest:
        accepted = f"must be a whole number from 1 to {largest}"
        raise InvalidPageRequest(
            "the page cannot be given", fields=[FieldError("limit", accepted, "invalid_value")]
        )
    return size
