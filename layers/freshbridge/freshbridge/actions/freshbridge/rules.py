"""Running another rule.

What several rules do alike is written once, in a rule that they run: it is one of the same
integration, and gets the event that the asking rule got. A rule that is only there to be run has
conditions that no event meets, and is run with `skip_conditions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from freshbridge.actions.action import Action, Effect, Outcome, Parameters
from freshbridge.errors import FieldError, InvalidRequest, Reject

if TYPE_CHECKING:
    from freshbridge.actions.context import Context


class RunRule(Parameters):
    """Run another rule of the same integration on the same event."""

    rule_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] = Field(
        description="The rule's id"
    )
    skip_conditions: bool = Field(
        False, description="Whether it runs whatever its conditions say; its trigger is not asked"
    )
    event: dict[str, Any] | None = Field(
        None,
        description="The event, as the event bus carries it. A rule's own where it is left out",
    )


class RuleNotRun(Reject):
    """A template of the rule could not be filled from the event; nothing of it runs."""

    code = "rule_not_run"
    default_advice = "Mend the rule, then redrive the message."


def run_rule(context: Context[None], parameters: RunRule) -> Outcome:
    """Queue what the rule asks for; its own run tells what becomes of it."""
    if parameters.event is None:
        raise InvalidRequest(
            "freshbridge.run_rule: no event",
            fields=[FieldError("event", "it is required outside a rule", "missing")],
        )
    called = context.services.rules.call(
        context.request,
        context.instance,
        parameters.rule_id,
        parameters.event,
        skip_conditions=parameters.skip_conditions,
    )
    run = called.run
    outcome = run.outcome if run is not None else "skipped"
    if outcome == "failed":
        raise RuleNotRun(f"rule {parameters.rule_id} was not run: {called.reason}")
    actions = run.actions if run is not None else ()
    data: dict[str, Any] = {
        "rule_id": parameters.rule_id,
        "run_id": run.run_id if run is not None else None,
        "outcome": outcome,
        "code": called.code or None,
        "reason": called.reason or None,
        "actions": [
            {"action_id": one.action_id, "platform": one.platform, "action": one.action}
            for one in actions
        ],
    }
    if outcome == "ran":
        return Outcome(data, f"Rule run: {len(actions)} actions")
    return Outcome(data, f"Rule not run: {called.reason}")


ACTIONS = (
    Action(
        platform="freshbridge",
        name="run_rule",
        parameters=RunRule,
        run=run_rule,
        effect=Effect.SET,
        example={"rule_id": "rul_4fd9c2", "skip_conditions": True},
        credits=0,
        credits_note="The rule's own actions cost theirs",
    ),
)
