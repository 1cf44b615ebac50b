"""How Freshdesk's lists go on: the `link` header and the rules about following it. Pure: no I/O.

A list's reply names the next page in a `link` header with `rel="next"`; the last page has none.
The number of records says nothing: a page may be short and still have a successor.

Facts: https://developers.freshdesk.com/api/#pagination
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, urljoin, urlsplit

from freshbridge.errors import PageLimitReached, ProviderDown
from freshbridge.freshdesk.rate_limit import RateLimit

PER_PAGE = 100
# The ticket list refuses page 301, whatever the page's size:
# https://developers.freshdesk.com/api/#list_all_tickets
TICKET_PAGE_LIMIT = 300

_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r""";\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.IGNORECASE)
_PAGE = re.compile(r"[0-9]{1,9}")
_DEFAULT_PORT = {"https": 443, "http": 80}

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its records, its number from 1, the next page's address or None."""

    records: list[Record]
    number: int
    next_url: str | None
    rate_limit: RateLimit | None


def records_of(pages: Iterable[Page]) -> Iterator[Record]:
    """Yield the records of all pages in turn."""
    for page in pages:
        yield from page.records


def next_link(header: str) -> str | None:
    """Return the target of the first link with relation `next`, or None (RFC 8288, section 3).

    Tolerates blanks inside the angle brackets, which the vendor's own sample shows.
    """
    for target, parameters in _LINK.findall(header):
        for quoted, bare in _REL.findall(parameters):
            if "next" in (quoted or bare).lower().split():
                return str(target).strip() or None
    return None


def next_page_url(header: str, request_url: str) -> str | None:
    """Return the next page's absolute address, or None on the last page.

    The next request carries the account's key, so a link may lead nowhere but to the origin
    (scheme, host, port) that was asked: anything else raises ProviderDown.
    """
    target = next_link(header)
    if target is None:
        return None
    asked = urlsplit(request_url)
    try:
        url = urljoin(request_url, target)
        following = urlsplit(url)
        same = following.username is None and _origin(following) == _origin(asked)
    except ValueError:
        same = False
    if not same:
        raise ProviderDown(
            "The reply's next-page link leads to another host than the one asked",
            where=asked.path,
            advice="It was not followed, for the key would go along. Check the account's address.",
        )
    return url


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORT.get(parts.scheme)


def following_number(url: str, number: int) -> int:
    """Return the number of the page that follows page `number` and whose address is `url`.

    An address without a number is taken for the next one. Raises ProviderDown when it leads to
    this page or an earlier one, for following it would never end.
    """
    values = parse_qs(urlsplit(url).query).get("page", [])
    text = values[-1] if values else ""
    following = int(text) if _PAGE.fullmatch(text) else number + 1
    if following <= number:
        raise ProviderDown(
            f"The next-page link of page {number} leads back to page {following}",
            where=urlsplit(url).path,
        )
    return following


def check_page_limit(number: int, where: str, limit: int | None) -> None:
    """Raise PageLimitReached when page `number` lies beyond what the list serves."""
    if limit is not None and number > limit:
        raise PageLimitReached(
            f"Freshdesk lists no further than page {limit}",
            where=where,
            advice=(
                "Order by updated_at ascending and start again at page 1 with updated_since set "
                "to the last record's updated_at, skipping ids already seen."
            ),
        )
