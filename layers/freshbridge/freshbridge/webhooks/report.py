"""What a set-up comes to, what it may not, and on whose behalf it calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Forbidden, InvalidRequest, NotFound, Reject
from freshbridge.webhooks import hand_made
from freshbridge.webhooks.choice import FIRST, Wish, not_by_webhook
from freshbridge.webhooks.found import Account, AccountRule, others_after
from freshbridge.webhooks.health import Problem, names_of
from freshbridge.webhooks.plan import State, Step, Target, masked

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.instances.trace import Cause

KEPT_BACK_S = 8.0
_WHAT: dict[type[Reject], str] = {
    Forbidden: "Freshdesk does not let this key manage automation rules",
    NotFound: "Freshdesk offers this account no automation rules over its API",
    InvalidRequest: "Freshdesk does not take the automation rules as they are",
}


class NotOurs(NotFound):
    """No automation rule of the instance's own has this number."""

    code = "unknown_webhook_rule"
    default_advice = "GET …/webhooks lists them; rules made by hand are removed in Freshdesk."


class NotInstalled(NotFound):
    """Nothing was installed for the instance."""

    code = "webhooks_not_installed"
    default_advice = "POST …/webhooks installs them."


class ByHand(Forbidden):
    """The key may not manage automation rules; `instructions` say what a person does instead."""

    code = "webhooks_by_hand"
    default_advice = (
        "Connect the account with an administrator's API key and try again, or follow "
        "details.by_hand in Freshdesk."
    )

    def __init__(self, error: Reject, instructions: dict[str, Any], *, secret: str) -> None:
        """`secret` is hidden, should Freshdesk quote what it was sent."""
        super().__init__(
            _WHAT.get(type(error), "Freshdesk does not take automation rules from this key"),
            where=error.where,
            status=error.status,
            provider_code=error.provider_code,
            # With the fields that it named, where it named some.
            provider_message=masked(error.headline, secret),
        )
        self.instructions = instructions


@dataclass(frozen=True)
class Calling:
    """Why Freshdesk is called, and how long that may wait for its turn in the rate budget."""

    cause: Cause
    waiting: Waiting

    def left_s(self) -> float:
        """Seconds that may be spent waiting for webhooks; the rest is for what comes after."""
        return max(self.waiting.remaining_s() - KEPT_BACK_S, 0.0)


@dataclass(frozen=True)
class Report:
    """How things stand, or would: `steps` were made, or with `dry` would be.

    `refused` says why a dry run could not see the account; `instructions` belong to a dry run.
    """

    wish: Wish
    target: Target
    account: Account
    states: tuple[State, ...]
    steps: tuple[Step, ...] = ()
    dry: bool = False
    refused: Reject | None = None
    instructions: dict[str, Any] | None = None

    def shown(self, *, show_secret: bool = False) -> dict[str, Any]:
        """As the API shows it; the webhook's secret only with `show_secret`."""
        secret = self.target.secrets.held.current
        problems = [problem for state in self.states for problem in state.problems]
        return {
            "url": self.target.url,
            "events": list(self.wish.events),
            "installed": bool(self.account.own),
            "healthy": bool(self.states) and not problems,
            "cascading_rules": self.account.cascading,
            "rules": [state.shown() for state in self.states],
            "made_by_hand": [
                {
                    "rule_id": rule.id,
                    "name": rule.name,
                    "problems": [problem.shown() for problem in self._faults(rule)],
                }
                for rule in self.account.by_hand
            ],
            "not_by_webhook": not_by_webhook(),
            "warnings": self._warnings(),
            "changes": [] if self.dry else [_change(step, self.states) for step in self.steps],
            "requests": [step.shown(secret, show_secret=show_secret) for step in self.steps]
            if self.dry
            else None,
            "by_hand": self.instructions,
        }

    def _warnings(self) -> list[str]:
        warnings = [] if self.refused is None else [str(self.refused)]
        others = [rule for rule in self.account.creation if rule.active and not rule.own]
        if not self.dry or self.wish.position != FIRST:
            others = others_after(self.account)
        if self.account.cascading is False and others:
            warnings.append(
                "Only the first creation rule that fits a ticket runs, and this integration's "
                f"fits every ticket: {len(others)} after it no longer run on new tickets "
                f"({names_of(others)}). Let all matching rules run in Freshdesk under Admin > "
                'Automations > Ticket Creation, or POST …/webhooks {"position": "last"}: then '
                "tickets that fit one of them are not told of."
            )
        for rule in self.account.by_hand:
            warnings += [
                f"Rule {rule.id} ({rule.name!r}), made by hand: {problem.message}."
                for problem in self._faults(rule)
            ]
        return warnings

    def _faults(self, rule: AccountRule) -> tuple[Problem, ...]:
        return hand_made.problems_of(rule, self.target.instance_id, self.target.secrets)


def _change(step: Step, states: tuple[State, ...]) -> dict[str, Any]:
    rule = step.state.rule or next((s.rule for s in states if s.key == step.state.key), None)
    return {"rule": step.state.key, "rule_id": rule.id if rule else None, "did": f"{step.kind}d"}
