"""What is checked of a rule before it is saved, beside its form: that it can ever run."""

from __future__ import annotations

from freshbridge.actions.action import Action
from freshbridge.actions.catalogue import CATALOGUE, Catalogue, UnknownAction
from freshbridge.rules import templates
from freshbridge.rules.comparison import Statuses
from freshbridge.rules.condition_reading import tests_of
from freshbridge.rules.condition_values import check_values
from freshbridge.rules.invalid import invalid
from freshbridge.rules.model import OF_TICKETS, Rule, RuleAction
from freshbridge.rules.parameter_check import check_parameters
from freshbridge.rules.route import EVENT_NAMES

_NAMES = EVENT_NAMES | templates.RESULTS


def check(rule: Rule, statuses: Statuses | None = None, catalogue: Catalogue = CATALOGUE) -> None:
    """Refuse a rule whose conditions could never hold or whose actions could never run.

    `statuses` are the account's own, where its `config` names them.

    Raises:
        InvalidTemplate: naming the parameter and the line.
        InvalidRule: an action, value, parameter or name that there is none of, or results used
            where there are none.
    """
    if rule.platform == "freshdesk" and rule.event.startswith(OF_TICKETS):
        for test in tests_of(rule.condition):
            check_values(test, statuses or {})
    for position, action in enumerate(rule.actions):
        path = f"actions[{position}].parameters"
        found = _found(catalogue, action, f"actions[{position}].action")
        named = templates.check(action.parameters, path) & templates.RESULTS
        if named and not rule.options.ordered:
            raise invalid(
                path,
                f"uses {' and '.join(sorted(named))} of a rule whose actions run at once",
                advice='Set "run": "ordered".',
            )
        if named and position == 0:
            raise invalid(path, "uses results, but no action comes before it")
        _check_names(action, path, {one.name for one in rule.actions[:position] if one.name})
        check_parameters(found, action.parameters, path)


def _found(catalogue: Catalogue, action: RuleAction, path: str) -> Action:
    try:
        return catalogue.find(action.platform, action.action)
    except UnknownAction as error:
        raise invalid(path, f"is unknown: {error.what}", advice=error.advice) from None


def _check_names(action: RuleAction, path: str, steps: set[str]) -> None:
    for place, name in templates.names(action.parameters, path):
        root, _, rest = name.partition(".")
        step = rest.partition(".")[0]
        if root not in _NAMES:
            known = ", ".join(sorted(_NAMES))
            raise invalid(place, f"names {root[:64]}, which no event has; there are {known}")
        if root == "steps" and step and step not in steps:
            known = ", ".join(sorted(steps)) or "none with a name"
            raise invalid(place, f"names steps.{step[:64]}; the actions before it: {known}")
