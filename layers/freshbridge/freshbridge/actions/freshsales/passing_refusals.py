"""Refusals of a record that may pass, and when they count for good. Pure.

How often an action has met one is on its record, whichever function it ran in.
Source: https://developers.freshworks.com/crm/api/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from freshbridge.errors import Throttled, WrongState

if TYPE_CHECKING:
    from freshbridge.destinations.sending import UnfoundDuplicate
    from freshbridge.errors import InvalidRequest

MOST_BUSY = 10
"""Tries of a write that is answered 405, which others have been seen to make of it."""
MOST_LOOKS = 2
"""So often a record that may be there already is waited for; the index lags by seconds."""
_MOST_SAYINGS = 1_000
_OF_DUPLICATES = re.compile(r"not unique|already been taken|already exists", re.IGNORECASE)


class AccountBusy(Throttled):
    """A 405 that seems to mean throttling, and that others have been seen to make of a refusal."""

    code = "account_busy"


def refused_for_good(tried: Mapping[str, int], error: Throttled) -> WrongState:
    """What a 405 means that stays, though it looked like throttling.

    `tried`: how many earlier attempts ended with each code.

    Raises:
        AccountBusy: it may pass.
    """
    if tried.get(AccountBusy.code, 0) + 1 < MOST_BUSY:
        raise AccountBusy(
            error.what,
            after=error.after,
            where=error.where,
            status=error.status,
            provider_message=error.provider_message,
            provider_request_id=error.provider_request_id,
        ) from error
    return WrongState(
        f"Freshsales refused it {MOST_BUSY} times as something that is not done here",
        where=error.where,
        status=error.status,
        advice="Where the account was only busy, send it again later.",
        provider_message=error.provider_message,
        provider_request_id=error.provider_request_id,
    )


def no_duplicate(
    tried: Mapping[str, int], error: UnfoundDuplicate, sayings: set[str]
) -> InvalidRequest:
    """The refusal as it is, where no record was found for it in time.

    `sayings` are the provider's words that are known not to mean a duplicate; new ones are added.

    Raises:
        UnfoundDuplicate: it is worth another look, later.
    """
    said = error.refusal.provider_message or ""
    if said in sayings:
        return error.refusal
    if tried.get(error.code, 0) < MOST_LOOKS:
        raise error
    if said and not _OF_DUPLICATES.search(said):
        if len(sayings) >= _MOST_SAYINGS:
            sayings.clear()
        sayings.add(said)
    return error.refusal
