"""Filter and page a list of instances as Open Connectors does.

Pure. Pages go by id, so an instance that is created or deleted meanwhile moves no other one from
its page.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freshbridge.errors import FieldError, InvalidRequest, NotFound
from freshbridge.instances.model import Instance

PAGE_SIZE = 200
LARGEST_PAGE_SIZE = 1000
# Bounded, for Python refuses to read a number of thousands of digits.
_NUMBER = re.compile(r"[0-9]{1,9}")


class NothingFound(NotFound):
    """No instance fits; Open Connectors answers 404 for it, not an empty list."""

    code = "nothing_found"


class InvalidPage(InvalidRequest):
    """pageSize or nextPage cannot be used."""

    code = "invalid_page"


@dataclass(frozen=True)
class InstancePage:
    """`total` counts all that fit; `next_page` is None on the last page."""

    instances: list[Instance]
    total: int
    next_page: str | None


def select(
    instances: Iterable[Instance],
    *,
    element: str | None = None,
    tags: Sequence[str] = (),
    search_text: str = "",
    page_size: str | None = None,
    next_page: str | None = None,
) -> InstancePage:
    """The page that was asked for: instances that carry every tag, and the text in their name.

    Raises:
        NothingFound: none fits.
        InvalidPage: pageSize is not 1 to 1000, or nextPage was not given out here.
    """
    size = _size(page_size)
    after = _decoded(next_page)
    fitting = sorted(
        (
            instance
            for instance in instances
            if (element is None or instance.element == element)
            and set(tags) <= set(instance.tags)
            and search_text.casefold() in instance.name.casefold()
        ),
        key=lambda instance: int(instance.instance_id),
    )
    if not fitting:
        raise NothingFound("no instance fits", advice="Leave out tags[] or searchText.")
    rest = [instance for instance in fitting if int(instance.instance_id) > after]
    page = rest[:size]
    more = len(rest) > size
    return InstancePage(page, len(fitting), _encoded(page[-1].instance_id) if more else None)


def _size(text: str | None) -> int:
    if text is None:
        return PAGE_SIZE
    if not (_NUMBER.fullmatch(text) and 1 <= int(text) <= LARGEST_PAGE_SIZE):
        accepted = f"must be 1 to {LARGEST_PAGE_SIZE}"
        raise InvalidPage(
            "the page cannot be given", fields=[FieldError("pageSize", accepted, "invalid_value")]
        )
    return int(text)


def _encoded(instance_id: str) -> str:
    return base64.urlsafe_b64encode(instance_id.encode()).decode()


def _decoded(next_page: str | None) -> int:
    if not next_page:
        return 0
    try:
        return int(base64.urlsafe_b64decode(next_page))
    except (binascii.Error, ValueError):
        accepted = "must be the Elements-Next-Page-Token of the page before"
        raise InvalidPage(
            "the page cannot be given", fields=[FieldError("nextPage", accepted, "invalid_value")]
        ) from None
