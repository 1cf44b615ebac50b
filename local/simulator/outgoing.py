"""Calls that a simulated account makes by itself: one webhook, sent once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

CALLS_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """What one webhook sends. ``headers`` may hold secrets: they are never in a log."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None


async def send(
    session: aiohttp.ClientSession, call: OutgoingCall, timeout_s: float
) -> tuple[int | None, str | None]:
    """The answer's status and None, or None and what kept an answer from coming."""
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with session.request(
            call.method, call.url, data=call.content, headers=call.headers, timeout=timeout
        ) as response:
            await response.read()
            return response.status, None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        # The class alone: a client error's text may repeat the address and its secrets.
        return None, type(error).__name__


def client_session() -> aiohttp.ClientSession:
    """The HTTP client for a sender: no cookies, and not too many calls at once."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CALLS_AT_ONCE), cookie_jar=aiohttp.DummyCookieJar()
    )


def without_query(url: str) -> str:
    """The address as it may be shown: neither query, fragment nor user name and password."""
    try:
        return str(URL(url).with_query(None).with_fragment(None).with_user(None))
    except ValueError:
        return "(not an absolute address)"
