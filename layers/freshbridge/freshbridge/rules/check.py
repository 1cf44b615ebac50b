"""What is checked of a rule before it is saved, beside its form: its actions, their templates."""

from __future__ import annotations

from freshbridge.actions.catalogue import CATALOGUE, Catalogue
from freshbridge.rules import templates
from freshbridge.rules.invalid import invalid
from freshbridge.rules.model import Rule


def check(rule: Rule, catalogue: Catalogue = CATALOGUE) -> None:
    """Refuse a rule whose actions could never run.

    Raises:
        UnknownAction: the catalogue has no such action.
        InvalidTemplate: naming the parameter and the line.
        InvalidRule: results are used where there are none.
    """
    for position, action in enumerate(rule.actions):
        path = f"actions[{position}].parameters"
        catalogue.find(action.platform, action.action)
        named = templates.check(action.parameters, path) & templates.RESULTS
        if named and not rule.options.ordered:
            raise invalid(
                path,
                f"uses {' and '.join(sorted(named))} of a rule whose actions run at once",
                advice='Set "run": "ordered".',
            )
        if named and position == 0:
            raise invalid(path, "uses results, but no action comes before it")
