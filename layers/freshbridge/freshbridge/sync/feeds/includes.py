"""Which resources the ticket list is asked to embed, and what that costs.

Pure. A page of tickets counts as one call, and as two more for each resource embedded; a ticket by
itself costs one call, and one more for each. So what only the list tells is cheapest there, two
credits for a hundred tickets; what is copied as an object of its own costs nothing more, for the
ticket names it by its id.
Source: https://developers.freshdesk.com/api/#embedding, #list_all_tickets
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.freshdesk.rate_limit import credits_of

DESCRIPTION_BY_ITSELF_UNTIL = "2018-11-30"
"""Accounts created later get a ticket's description in the list only where it is asked for."""
_OWN_OBJECT: Mapping[str, tuple[str, str]] = {
    "requester": ("contacts", "requester_id"),
    "company": ("companies", "company_id"),
}
_ONLY_EMBEDDED: Mapping[str, str] = {
    "stats": "no other list tells when a ticket was answered, resolved and closed",
    "description": "the list leaves it out unless it is asked for",
}
NAMES = (*_ONLY_EMBEDDED, *_OWN_OBJECT)


@dataclass(frozen=True)
class Weighed:
    """`include` is what to ask for, `credits` what a page then costs; `reasons` one by name."""

    include: tuple[str, ...]
    credits: int
    reasons: Mapping[str, str]

    def shown(self) -> dict[str, object]:
        """For the API and the run's report."""
        return {
            "include": list(self.include),
            "credits_per_page": self.credits,
            "reasons": dict(self.reasons),
        }


NOTHING = Weighed((), 1, {})


def weigh(
    wanted: Collection[str],
    selected: Collection[str],
    *,
    asked_for: bool = False,
    account_created_at: str = "",
) -> Weighed:
    """What to embed of what is wanted, given the objects that are copied beside the tickets.

    `asked_for`: somebody chose what is wanted, so all of it is embedded, and the reasons only say
    what would be saved. `account_created_at` is the account's first day, ISO 8601, "" where nobody
    knows it.

    Raises:
        InvalidRequest: a wanted name is none of `NAMES`.
    """
    _check(wanted)
    include: list[str] = []
    reasons: dict[str, str] = {}
    for name in NAMES:
        if name in wanted:
            needed, reason = _one(name, selected, account_created_at)
            reasons[name] = reason if needed or not asked_for else f"as it was asked for; {reason}"
            include += [name] if needed or asked_for else []
    return Weighed(tuple(include), credits_of("GET", "/tickets", ",".join(include)), reasons)


def _one(name: str, selected: Collection[str], account_created_at: str) -> tuple[bool, str]:
    if name in _OWN_OBJECT:
        owner, key = _OWN_OBJECT[name]
        if owner in selected:
            return False, f"{owner} are copied themselves: joining by {key} saves 2 credits a page"
        return True, f"2 credits a page; copying {owner} and joining by {key} would save them"
    if name == "description" and "" < account_created_at[:10] <= DESCRIPTION_BY_ITSELF_UNTIL:
        return False, "an account of that age gets it in the list by itself, 2 credits a page saved"
    return (
        True,
        f"2 credits a page of 100: {_ONLY_EMBEDDED[name]}; ticket by ticket it is 100 calls",
    )


def _check(wanted: Collection[str]) -> None:
    unknown = sorted(set(wanted) - set(NAMES))
    if unknown:
        raise InvalidRequest(
            "The ticket list cannot embed what is asked for",
            where="include",
            advice=f"It embeds: {', '.join(NAMES)}.",
            fields=[FieldError("include", f"{name[:64]} is not known") for name in unknown],
        )
