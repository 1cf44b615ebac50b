"""The actions by platform and name.

An action is a pydantic model of its parameters and a function that runs it. The model gives the
validation, the JSON Schema and the docs; the function makes the provider calls and returns what
the caller is told. Adding one: write both in a family's file, and list it in that file's ACTIONS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from freshbridge.actions import freshdesk_conversations, freshdesk_tickets
from freshbridge.errors import FieldError, InvalidRequest, NotFound

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient


class UnknownAction(NotFound):
    """No action has this name on this platform."""

    code = "unknown_action"


class InvalidParameters(InvalidRequest):
    """The parameters do not fit the action's model; `fields` names each."""

    code = "invalid_parameters"


@dataclass(frozen=True)
class Action:
    """`run` takes the client and the validated parameters and returns the result's data."""

    platform: str
    name: str
    parameters: type[BaseModel]
    run: Callable[[FreshdeskClient, Any], dict[str, Any]]


CATALOGUE: dict[tuple[str, str], Action] = {
    ("freshdesk", name): Action("freshdesk", name, parameters, run)
    for family in (freshdesk_tickets.ACTIONS, freshdesk_conversations.ACTIONS)
    for name, (parameters, run) in family.items()
}


def find(platform: str, name: str) -> Action:
    """Return one action.

    Raises:
        UnknownAction: naming those that exist.
    """
    action = CATALOGUE.get((platform, name))
    if action is None:
        known = ", ".join(sorted(f"{p}.{n}" for p, n in CATALOGUE))
        raise UnknownAction(f"no action {platform}.{name}", advice=f"There are: {known}.")
    return action


def validate(action: Action, parameters: dict[str, Any]) -> BaseModel:
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
