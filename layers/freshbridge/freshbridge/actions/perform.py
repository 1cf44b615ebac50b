"""From an action's name and parameters to what it answers: look up, check, run.

Everything that holds for every action alike has its place here, so that no action repeats it: the
instance's defaults for new tickets, its own names for custom fields (see mapping), and who gets a
ticket that names no agent (see assignment). Errors name fields as the caller did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from freshbridge.actions.assignment import Assignment, choose_agent
from freshbridge.actions.catalogue import CATALOGUE, Catalogue, validate
from freshbridge.actions.custom_fields import sent_parameters
from freshbridge.actions.mapping import FieldNames
from freshbridge.actions.once import run_once
from freshbridge.errors import Conflict, FieldError, InvalidRequest
from freshbridge.instances.config import assignment_strategy

if TYPE_CHECKING:
    from freshbridge.actions.action import Action, Outcome
    from freshbridge.actions.context import Context
    from freshbridge.queues.envelope import ActionRequest

DEFAULTS = {
    ("freshdesk", "create_ticket"): {
        "group_id": "default_group_id",
        "priority": "default_priority",
    }
}
"""Parameters that an instance's `config` fills where the caller says nothing; null says none."""
AUTO_ASSIGNED = {("freshdesk", "create_ticket")}
"""Actions whose ticket gets an agent where `auto_assign` is set and the caller names none."""
_AGENT = ("agent_id", "responder_id")


def check(request: ActionRequest, catalogue: Catalogue = CATALOGUE) -> Action:
    """The action that is asked for, after a look at its parameters.

    Raises:
        UnknownAction, InvalidParameters: before any call.
        What the action's own `refuse` raises.
    """
    action = catalogue.find(request.platform, request.action)
    parameters = validate(action, request.parameters)
    if action.refuse is not None:
        action.refuse(request, parameters, catalogue.find)
    return action


def perform(context: Context, action: Action) -> Outcome:
    """Run the action with the parameters of its request.

    Raises:
        InvalidParameters: before any call, but for the one that tells which custom fields there
            are.
        What `run_once` raises.
    """
    given = context.request.parameters
    names = FieldNames.of(context.instance.config)
    defaults = defaults_for(action, given, context.instance.config)
    try:
        parameters = {**defaults, **given}
        validated = validate(action, parameters)
        sent = sent_parameters(context, parameters, names)
        assignment = _assignment(context, action, validated)
        if assignment is not None and assignment.agent_id is not None:
            sent["responder_id"] = assignment.agent_id
        final = validated if sent == parameters else validate(action, sent)
        outcome = run_once(context, action, final)
    except (InvalidRequest, Conflict) as error:
        error.fields = tuple(_as_given(field, given, defaults, names) for field in error.fields)
        raise
    shown = replace(outcome, data=names.shown_data(outcome.data))
    return shown if assignment is None else _with_assignment(shown, assignment)


def defaults_for(
    action: Action, given: Mapping[str, Any], config: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters that the instance's `config` adds to those that were given."""
    entries = DEFAULTS.get((action.platform, action.name), {})
    return {
        name: config[entry]
        for name, entry in entries.items()
        if name not in given and config.get(entry) is not None
    }


def _assignment(context: Context, action: Action, validated: Any) -> Assignment | None:
    """Who gets the ticket; None where the caller decides, null included."""
    strategy = assignment_strategy(context.instance.config)
    named = any(name in context.request.parameters for name in _AGENT)
    if strategy is None or named or (action.platform, action.name) not in AUTO_ASSIGNED:
        return None
    return choose_agent(context, validated.group_id, strategy=strategy)


def _with_assignment(outcome: Outcome, assignment: Assignment) -> Outcome:
    message = outcome.message
    if assignment.agent_id is None:
        message = f"{message}, not assigned: {assignment.reason}"
    return replace(
        outcome, data={**outcome.data, "assignment": assignment.shown()}, message=message
    )


def _as_given(
    field: FieldError, given: Mapping[str, Any], defaults: Mapping[str, Any], names: FieldNames
) -> FieldError:
    """The error with its field named as the caller did, or the instance's config."""
    path = names.shown_path(field.field)
    if path == "responder_id" and "agent_id" in given:
        path = "agent_id"
    if path in defaults:
        path = f"config.default_{path}"
    return replace(field, field=path)
