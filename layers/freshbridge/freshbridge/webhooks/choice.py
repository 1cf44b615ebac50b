"""Which events a person wants to come by webhook, and which of them can.

Pure. Freshdesk calls webhooks from automation rules on tickets only: nothing happens there when a
ticket goes into the trash or a contact changes, so those events are the sync's.
Source: https://support.freshdesk.com/support/solutions/articles/132589
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.webhooks.address import read_base_url

BY_WEBHOOK = (
    "ticket_created",
    "ticket_updated",
    "ticket_resolved",
    "ticket_closed",
    "note_created",
    "reply_created",
)
FROM_SYNC = {
    "ticket_deleted": "Freshdesk runs no automation rule when a ticket is deleted",
    "ticket_restored": "Freshdesk runs no automation rule when a ticket is restored",
    "ticket_spam": "Freshdesk runs no automation rule when a ticket is marked as spam",
    "contact_created": "Freshdesk's automation rules are about tickets, not contacts",
    "contact_updated": "Freshdesk's automation rules are about tickets, not contacts",
    "contact_deleted": "Freshdesk's automation rules are about tickets, not contacts",
    "contact_restored": "Freshdesk's automation rules are about tickets, not contacts",
}
OTHER_FIELDS = (
    "of other fields than status, priority, type, group and agent: Freshdesk's rules listen to "
    "each field by its name, and an account's own are not known here"
)
FIRST, LAST = "first", "last"
POSITIONS = (LAST, FIRST)
_FLAGS = ("dry_run", "verify", "show_secret")


class InvalidSetup(InvalidRequest):
    """The webhooks cannot be set up as the body says."""

    code = "invalid_webhook_setup"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be installed: `events` by webhook, in the order of BY_WEBHOOK.

    `base_url` is where this API is reached, "" for where the request came in. `position` says
    where among the account's creation rules the own one goes, and `placed` whether this request
    says so itself: only then is a rule that is there already moved down. `without` names rules that
    a person took away again.
    """

    events: tuple[str, ...] = BY_WEBHOOK
    base_url: str = ""
    position: str = LAST
    without: tuple[str, ...] = ()
    placed: bool = field(default=False, compare=False)

    def shown(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "events": list(self.events),
            "base_url": self.base_url,
            "position": self.position,
            "without": list(self.without),
        }


@dataclass(frozen=True, slots=True)
class SetupRequest:
    """A wish, and how to go about it."""

    wish: Wish
    dry_run: bool = False
    verify: bool = False
    show_secret: bool = False


def read_setup(body: Mapping[str, Any]) -> SetupRequest:
    """`{"events", "base_url", "position", "dry_run", "verify", "show_secret"}`, each optional.

    Raises:
        InvalidSetup: naming all that is wrong.
    """
    known = {"events", "base_url", "position", *_FLAGS}
    wrong = [FieldError(name, "there is no such field", "unknown") for name in body.keys() - known]
    events = _events(body.get("events"), wrong)
    base_url = read_base_url(body.get("base_url"), wrong)
    position = body.get("position", LAST)
    if position not in POSITIONS:
        wrong.append(FieldError("position", '"last" or "first"', "invalid_value"))
    flags = read_flags(body, _FLAGS, wrong)
    if wrong:
        raise InvalidSetup("the webhooks cannot be set up", fields=wrong)
    wish = Wish(events, base_url, str(position), placed="position" in body)
    return SetupRequest(wish, **flags)


def read_flags(
    body: Mapping[str, Any], names: tuple[str, ...], wrong: list[FieldError]
) -> dict[str, bool]:
    """The body's members that are true or false; what is neither is added to `wrong`."""
    flags = {name: body.get(name, False) for name in names}
    wrong += [
        FieldError(name, "must be true or false", "wrong_type")
        for name, value in flags.items()
        if not isinstance(value, bool)
    ]
    return flags


def read_wish(kept: Mapping[str, Any]) -> Wish:
    """What `shown` gave; events that another version knew are left out."""
    named = kept.get("events")
    events = tuple(e for e in BY_WEBHOOK if isinstance(named, list) and e in named)
    without = kept.get("without")
    return Wish(
        events,
        str(kept.get("base_url") or ""),
        FIRST if kept.get("position") == FIRST else LAST,
        tuple(str(key) for key in without) if isinstance(without, list) else (),
    )


def not_by_webhook() -> list[dict[str, str]]:
    """What comes from the sync instead, and why; of `ticket_updated` that is a part."""
    reasons = {**FROM_SYNC, "ticket_updated": OTHER_FIELDS}
    return [{"event": event, "comes_from": "sync", "reason": why} for event, why in reasons.items()]


def _events(chosen: object, wrong: list[FieldError]) -> tuple[str, ...]:
    if chosen is None:
        return BY_WEBHOOK
    names = chosen if isinstance(chosen, list) else [chosen]
    unknown = [name for name in names if name not in BY_WEBHOOK and name not in FROM_SYNC]
    events = tuple(event for event in BY_WEBHOOK if event in names)
    if not isinstance(chosen, list) or unknown:
        wrong.append(FieldError("events", f"a list of {', '.join(BY_WEBHOOK)}", "invalid_value"))
    elif not events:
        reasons = dict.fromkeys(reason for e, reason in FROM_SYNC.items() if e in names)
        message = f"none of these comes by webhook: {'; '.join(reasons)}"
        message = message if names else "at least one event"
        wrong.append(FieldError("events", message, "invalid_value"))
    return events
