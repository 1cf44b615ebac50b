"""The actions by platform and name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from freshbridge.actions.action import Action, Parameters
from freshbridge.actions.email import messages as email_messages
from freshbridge.actions.freshbridge import rules as freshbridge_rules
from freshbridge.actions.freshdesk import (
    analytics,
    batch,
    bulk,
    companies,
    company_lists,
    contact_company_link,
    contact_lists,
    contact_merge,
    contacts,
    conversation_lists,
    conversations,
    directory,
    exports,
    ticket_changes,
    ticket_links,
    ticket_lists,
    ticket_outbound,
    ticket_search,
    ticket_tags,
    tickets,
    time_entries,
    time_entry_lists,
    utility,
)
from freshbridge.actions.freshsales.families import FAMILIES as FRESHSALES
from freshbridge.actions.http import requests as http_requests
from freshbridge.actions.slack import messages as slack_messages
from freshbridge.errors import FieldError, InvalidRequest, NotFound

FAMILIES: tuple[tuple[Action, ...], ...] = (
    tickets.ACTIONS,
    ticket_changes.ACTIONS,
    ticket_tags.ACTIONS,
    ticket_links.ACTIONS,
    ticket_outbound.ACTIONS,
    ticket_lists.ACTIONS,
    ticket_search.ACTIONS,
    conversations.ACTIONS,
    conversation_lists.ACTIONS,
    time_entries.ACTIONS,
    time_entry_lists.ACTIONS,
    contacts.ACTIONS,
    contact_lists.ACTIONS,
    contact_merge.ACTIONS,
    companies.ACTIONS,
    company_lists.ACTIONS,
    contact_company_link.ACTIONS,
    directory.ACTIONS,
    utility.ACTIONS,
    analytics.ACTIONS,
    exports.ACTIONS,
    bulk.ACTIONS,
    batch.ACTIONS,
    *FRESHSALES,
    slack_messages.ACTIONS,
    http_requests.ACTIONS,
    email_messages.ACTIONS,
    freshbridge_rules.ACTIONS,
)


class UnknownAction(NotFound):
    """No action has this name on this platform."""

    code = "unknown_action"


class InvalidParameters(InvalidRequest):
    """The parameters do not fit the action's model; `fields` names each."""

    code = "invalid_parameters"


class Catalogue:
    """Actions that can be found by platform and name, and listed in the families' order."""

    def __init__(self, families: Iterable[tuple[Action, ...]]) -> None:
        """Raises ValueError for two actions of one name: one would hide the other."""
        self._actions: dict[tuple[str, str], Action] = {}
        for action in (action for family in families for action in family):
            key = (action.platform, action.name)
            if key in self._actions:
                raise ValueError(f"two actions are called {action.platform}.{action.name}")
            self._actions[key] = action

    def __iter__(self) -> Iterator[Action]:
        """Every action."""
        return iter(self._actions.values())

    def find(self, platform: str, name: str) -> Action:
        """Return one action.

        Raises:
            UnknownAction: naming the nearest ones.
        """
        action = self._actions.get((platform, name))
        if action is None:
            asked = f"{platform[:64]}.{name[:64]}"
            near = self._nearest(platform[:64], name[:64])
            meant = f"Did you mean {' or '.join(near)}? " if near else ""
            raise UnknownAction(
                f"no action {asked}", advice=f"{meant}GET /api/actions lists all that there are."
            )
        return action

    def _nearest(self, platform: str, name: str) -> list[str]:
        """Three at most: those of the platform that are spelled alike, then other platforms'.

        The platform is no part of what is compared: all of its actions would be alike by it.
        """
        platforms = list(dict.fromkeys(p for p, _ in self._actions))
        meant = [platform, *difflib.get_close_matches(platform, platforms, n=1)]
        near = [
            f"{one}.{found}"
            for one in dict.fromkeys([*meant, *platforms])
            for found in difflib.get_close_matches(
                name,
                [n for p, n in self._actions if p == one],
                n=3,
                cutoff=0.6 if one in meant else 0.9,
            )
        ]
        return near[:3]


CATALOGUE = Catalogue(FAMILIES)
_WORDS = {
    "extra_forbidden": "there is no such parameter",
    "missing": "it is required",
    "none_required": "it must be null",
}


def _sentence(found: ErrorDetails) -> str:
    """Pydantic's finding in words for who does not know pydantic."""
    return _WORDS.get(found["type"]) or found["msg"].removeprefix("Value error, ")


def validate(action: Action, parameters: dict[str, Any]) -> Parameters:
    """The parameters as the action's model.

    Raises:
        InvalidParameters: every field that is wrong, without quoting its value.
    """
    try:
        return action.parameters.model_validate(parameters)
    except ValidationError as error:
        fields = [
            FieldError(
                ".".join(str(step) for step in found["loc"]), _sentence(found), found["type"]
            )
            for found in error.errors(include_input=False, include_url=False)
        ]
        raise InvalidParameters(
            f"{action.platform}.{action.name}: parameters refused", fields=fields
        ) from None
