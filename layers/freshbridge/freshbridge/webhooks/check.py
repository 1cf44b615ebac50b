"""A check that webhooks arrive: a ticket made for it, and what its webhooks should report.

Pure. The ticket's subject holds the check's id, which nobody can guess; the content that the rules
send has the subject in it, so that the router knows the ticket's events for what they are. It
notes that they came and stops there: no rule of this stack runs, nothing goes to the bus. Of the
account's own automations the ticket is like any other, since nothing marks a ticket so that
Freshdesk leaves it alone. Its requester is a contact without an address, so that no customer is
mailed; an agent's ticket would set off no automation at all.
Source: https://developers.freshdesk.com/api/#create_ticket
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from freshbridge.errors import FieldError
from freshbridge.events.normalised import Event
from freshbridge.freshdesk.enums import Priority, Status
from freshbridge.webhooks.choice import InvalidSetup

LONGEST_WAIT_S = 15
DEFAULT_WAIT_S = 10
GIVE_UP_S = 600.0
"""Webhooks are called within seconds; an account that is over its cap waits for the next hour."""
KEPT_S = 86_400
_SUBJECT = "Freshbridge webhook check "
_OURS = re.compile(rf"{_SUBJECT}(chk_[0-9a-f]{{32}})")
_REQUESTERS = (
    "requester_id", "email", "phone", "twitter_id", "facebook_id", "unique_external_id",
)  # fmt: skip
REQUESTER = {"unique_external_id": "freshbridge-webhook-check", "name": "Freshbridge check"}


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """`wait_s` is how long to wait here; `ticket` has what this account demands of a ticket."""

    wait_s: int = DEFAULT_WAIT_S
    ticket: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One webhook that came; `at` is when the router had it, in seconds since the epoch."""

    event_id: str
    event_type: str
    at: float
    ticket_id: int


@dataclass(frozen=True)
class Check:
    """A check under way or done. `expected` are keys of rules; times are epoch seconds.

    `untried` has the rules that could not be set off, and why. `ticket_id` is None while it is not
    known whether the ticket was made.
    """

    check_id: str
    started_at: float
    expected: tuple[str, ...]
    ticket_id: int | None = None
    untried: Mapping[str, str] = field(default_factory=dict)
    arrivals: Mapping[str, Arrival] = field(default_factory=dict)
    deleted: bool = False

    @property
    def missing(self) -> list[str]:
        """The rules whose webhook has not come."""
        return [k for k in self.expected if k not in self.arrivals and k not in self.untried]

    @property
    def ticket(self) -> int | None:
        """The ticket's number, from its webhook where the answer to its creation was lost."""
        return self.ticket_id or next((a.ticket_id for a in self.arrivals.values()), None)

    def state(self, now: float) -> str:
        """arrived, waiting, or not_arrived once there is no more hope."""
        if not self.missing:
            return "arrived"
        return "waiting" if now - self.started_at < GIVE_UP_S else "not_arrived"

    def shown(self, now: float) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "check_id": self.check_id,
            "state": self.state(now),
            "ticket_id": self.ticket,
            "ticket_deleted": self.deleted,
            "rules": [self._rule_shown(key) for key in self.expected],
        }

    def _rule_shown(self, key: str) -> dict[str, Any]:
        arrival = self.arrivals.get(key)
        return {
            "rule": key,
            "arrived": arrival is not None,
            "event_id": arrival.event_id if arrival else None,
            "event": arrival.event_type if arrival else None,
            "took_ms": round(max(arrival.at - self.started_at, 0) * 1000) if arrival else None,
            "not_tried": self.untried.get(key),
        }


def read_check(body: Mapping[str, Any]) -> CheckRequest:
    """`{"wait_s", "ticket"}`, both optional.

    Raises:
        InvalidSetup: naming all that is wrong.
    """
    wrong = [
        FieldError(name, "there is no such field", "unknown")
        for name in body.keys() - {"wait_s", "ticket"}
    ]
    wait_s, ticket = body.get("wait_s", DEFAULT_WAIT_S), body.get("ticket", {})
    if type(wait_s) is not int or not 0 <= wait_s <= LONGEST_WAIT_S:
        message = f"a whole number from 0 to {LONGEST_WAIT_S}"
        wrong.append(FieldError("wait_s", message, "invalid_value"))
    if not isinstance(ticket, dict):
        wrong.append(FieldError("ticket", "must be an object", "wrong_type"))
    elif "subject" in ticket:
        wrong.append(FieldError("ticket.subject", "the check needs its own", "invalid_value"))
    if wrong:
        raise InvalidSetup("the webhooks cannot be checked", fields=wrong)
    return CheckRequest(wait_s, ticket)


def ticket_of(check_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The ticket to create; `given` goes before the defaults, and may name a requester."""
    ticket: dict[str, Any] = {
        "description": "Made by Freshbridge to see that webhooks arrive. It deletes it itself.",
        "status": int(Status.OPEN),
        "priority": int(Priority.LOW),
        "tags": ["freshbridge-check"],
    }
    if not any(name in given for name in _REQUESTERS):
        ticket |= REQUESTER
    return {**ticket, **given, "subject": subject_of(check_id)}


def subject_of(check_id: str) -> str:
    """The whole subject of a check's ticket."""
    return f"{_SUBJECT}{check_id}"


def change_of(expected: tuple[str, ...], statuses: tuple[int, ...]) -> dict[str, Any]:
    """The update that sets off the rules on status and on other fields; empty for neither.

    `statuses` are those that the status rule waits for, none for any.
    """
    change: dict[str, Any] = {}
    if "fields" in expected:
        change["priority"] = int(Priority.MEDIUM)
    if "status" in expected:
        change["status"] = statuses[0] if statuses else int(Status.PENDING)
    return change


def check_id_in(event: Event) -> str | None:
    """The check that an event may be of; whether there is one of this id is another matter.

    The whole subject is the check's: a ticket that quotes it is a person's own.
    """
    subject = event.ticket.get("subject")
    found = _OURS.fullmatch(subject.strip()) if isinstance(subject, str) else None
    return found[1] if found else None


def rule_of(event: Event) -> str:
    """The key of the rule that must have sent it."""
    if event.type == "ticket_created":
        return "created"
    if event.type in ("note_created", "reply_created"):
        return "conversations"
    return "status" if "status" in event.changes else "fields"
