"""The event that a rule hands on to the rule that it runs. Pure.

It is put among the action's parameters when the rule is planned, after their templates are filled:
a customer's words in it are never read as a template.
"""

from __future__ import annotations

from typing import Any

RUN_RULE = ("freshbridge", "run_rule")


def with_event(
    platform: str, action: str, parameters: dict[str, Any], event: dict[str, Any]
) -> dict[str, Any]:
    """The parameters of an action, with the event if it runs a rule and names no other."""
    if (platform, action) != RUN_RULE or parameters.get("event") is not None:
        return parameters
    return {**parameters, "event": event}
