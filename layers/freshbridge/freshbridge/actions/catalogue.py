"""The actions by platform and name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from freshbridge.actions import (
    batch,
    freshdesk_analytics,
    freshdesk_bulk,
    freshdesk_companies,
    freshdesk_company_lists,
    freshdesk_contact_company_link,
    freshdesk_contact_lists,
    freshdesk_contact_merge,
    freshdesk_contacts,
    freshdesk_conversation_lists,
    freshdesk_conversations,
    freshdesk_directory,
    freshdesk_ticket_changes,
    freshdesk_ticket_links,
    freshdesk_ticket_lists,
    freshdesk_ticket_outbound,
    freshdesk_ticket_search,
    freshdesk_ticket_tags,
    freshdesk_tickets,
    freshdesk_time_entries,
    freshdesk_time_entry_lists,
    freshdesk_utility,
)
from freshbridge.actions.action import Action, Parameters
from freshbridge.errors import FieldError, InvalidRequest, NotFound

FAMILIES: tuple[tuple[Action, ...], ...] = (
    freshdesk_tickets.ACTIONS,
    freshdesk_ticket_changes.ACTIONS,
    freshdesk_ticket_tags.ACTIONS,
    freshdesk_ticket_links.ACTIONS,
    freshdesk_ticket_outbound.ACTIONS,
    freshdesk_ticket_lists.ACTIONS,
    freshdesk_ticket_search.ACTIONS,
    freshdesk_conversations.ACTIONS,
    freshdesk_conversation_lists.ACTIONS,
    freshdesk_time_entries.ACTIONS,
    freshdesk_time_entry_lists.ACTIONS,
    freshdesk_contacts.ACTIONS,
    freshdesk_contact_lists.ACTIONS,
    freshdesk_contact_merge.ACTIONS,
    freshdesk_companies.ACTIONS,
    freshdesk_company_lists.ACTIONS,
    freshdesk_contact_company_link.ACTIONS,
    freshdesk_directory.ACTIONS,
    freshdesk_utility.ACTIONS,
    freshdesk_analytics.ACTIONS,
    freshdesk_bulk.ACTIONS,
    batch.ACTIONS,
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
            near = difflib.get_close_matches(asked, [f"{p}.{n}" for p, n in self._actions], n=3)
            meant = f"Did you mean {' or '.join(near)}? " if near else ""
            raise UnknownAction(
                f"no action {asked}", advice=f"{meant}GET /api/actions lists all that there are."
            )
        return action


CATALOGUE = Catalogue(FAMILIES)


def validate(action: Action, parameters: dict[str, Any]) -> Parameters:
    """The parameters as the action's model.

    Raises:
        InvalidParameters: every field that is wrong, without quoting its value.
    """
    try:
        return action.parameters.model_validate(parameters)
    except ValidationError as error:
        fields = [
            FieldError(".".join(str(step) for step in found["loc"]), found["msg"], found["type"])
            for found in error.errors(include_input=False, include_url=False)
        ]
        raise InvalidParameters(
            f"{action.platform}.{action.name}: parameters refused", fields=fields
        ) from None
