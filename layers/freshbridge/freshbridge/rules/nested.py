"""Runs a rule because another rule's action asks for it.

It is a run like any other: kept, counted by the rule's own cap and loop guard, its actions queued
under ids that are the same each time. Their ids are made from the asking action's too, so that a
rule which the event meets by itself, and which is also asked for, runs for each of the two. How
deep rules have run one another travels with the actions, and ends what would not end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.identifiers import derived_id
from freshbridge.rules.comparison import own_statuses
from freshbridge.rules.conditions import holds
from freshbridge.rules.rehearsal import read_event
from freshbridge.rules.route import Caller, Run, plan

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.queues.envelope import ActionRequest
    from freshbridge.rules.dispatch import Dispatcher
    from freshbridge.rules.store import RuleStore


@dataclass(frozen=True)
class Called:
    """What became of it: `run` is None where the rule did not begin, for `code` and `reason`."""

    run: Run | None = None
    code: str = ""
    reason: str = ""


class RuleCalls:
    """Runs rules of an instance on an event, when an action asks for it."""

    def __init__(
        self,
        rules: RuleStore,
        dispatcher: Dispatcher,
        *,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        self._rules = rules
        self._dispatcher = dispatcher
        self._clock = clock

    def call(
        self,
        request: ActionRequest,
        instance: Instance,
        rule_id: str,
        event: dict[str, Any],
        *,
        skip_conditions: bool,
    ) -> Called:
        """Run a rule of the instance on an event, as the event bus carries it or as a webhook.

        Raises:
            UnknownRule: the instance has none of this id.
            InvalidRule, UnreadableBody: the event cannot be read.
            NotQueued, ClientError, BotoCoreError: run the action again.
        """
        rule = self._rules.get(instance.instance_id, rule_id)
        if not rule.options.enabled:
            return Called(code="disabled", reason="it is switched off")
        now = self._clock()
        read = read_event(
            {"id": derived_id("evt", request.action_id)} | event if "type" in event else event,
            instance_id=instance.instance_id,
            platform=instance.platform,
            now=timestamps.to_text(now),
        )
        statuses = own_statuses(instance.config)
        if not skip_conditions and not holds(rule.condition, read.as_dict(), statuses):
            return Called(code="conditions", reason="its conditions do not hold")
        depth = request.origin.get("depth")
        caller = Caller(request.action_id, (depth if isinstance(depth, int) else 0) + 1)
        planned = plan(rule, read, now=timestamps.to_text(now), caller=caller)
        [run] = self._dispatcher.begin([planned], now=now)
        return Called(run, run.code, run.reason)
