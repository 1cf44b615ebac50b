"""What one reply says about whether its provider is there. Pure.

A 429 says nothing, nor does what means one: it belongs to the rate budget. Nor does a 401: it is
known to be the key's fault only once the key was read anew.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from freshbridge.errors import ProviderDown, Throttled, Unauthorized, class_for_status
from freshbridge.freshsales.throttling import in_disguise

if TYPE_CHECKING:
    from freshbridge.http_message import ProviderReply, ProviderRequest


class Sign(Enum):
    """A proper answer, even if it is a refusal; a failure of the provider; or nothing to go by."""

    ANSWERED = auto()
    FAILED = auto()
    NONE = auto()


def sign_of(reply: ProviderReply, request: ProviderRequest, platform: str = "") -> Sign:
    """Read a reply's sign; a page for people where data was due is a failure."""
    if 200 <= reply.status < 300:
        page = not request.takes_pages and "html" in reply.headers.get("content-type", "").lower()
        return Sign.FAILED if page and reply.body.strip() else Sign.ANSWERED
    if platform == "freshsales" and in_disguise(reply, request):
        return Sign.NONE
    kind = class_for_status(reply.status)
    if kind in (Throttled, Unauthorized):
        return Sign.NONE
    return Sign.FAILED if kind is ProviderDown else Sign.ANSWERED
