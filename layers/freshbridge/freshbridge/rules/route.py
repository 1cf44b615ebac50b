"""From one event to what its instance's rules make of it.

Pure. A run is what one rule makes of one event. Its id and its actions' ids are derived from event,
rule and place, so that routing an event again names the same run and the same actions: they run
once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.events.enrichment import REFUSED
from freshbridge.events.normalised import Event
from freshbridge.identifiers import derived_id
from freshbridge.queues.envelope import ActionRequest
from freshbridge.rules import templates
from freshbridge.rules.called_event import with_event
from freshbridge.rules.comparison import Statuses
from freshbridge.rules.conditions import concerns, matches
from freshbridge.rules.foresight import Foresight
from freshbridge.rules.html_parameters import html_parameters
from freshbridge.rules.model import Rule
from freshbridge.rules.templates import InvalidTemplate

DEEPEST_CHAIN = 5
SUBJECTS = ("ticket", "contact", "company", "deal", "account", "agent", "group")
"""What an event may be about, the first of which it tells an id first."""
"""Rules that may follow from one another, where an event tells which one it comes from."""
NOT_TOLD = "enrichment_refused"
"""The code of a run whose condition turns on what the provider would not tell."""
_ONLY_WHOLE = frozenset({"raw", "raw_text"})
EVENT_NAMES = frozenset(field.name for field in fields(Event)) - _ONLY_WHOLE | {"event"}
"""Names that every template may take from the event: see `template_context`."""


@dataclass(frozen=True)
class Planned:
    """One action of a run. `waits` says that its templates need what earlier ones come to.

    `instance_id` is the account that it is for; "" for the rule's own.
    """

    action_id: str
    platform: str
    action: str
    parameters: dict[str, Any]
    name: str = ""
    delay_s: int = 0
    waits: bool = False
    instance_id: str = ""


@dataclass(frozen=True)
class Caller:
    """The action that asks for a rule, and how many rules led there, this one included."""

    action_id: str
    depth: int


@dataclass(frozen=True)
class Run:
    """What one rule makes of one event.

    `outcome` is `ran`, `skipped` or `failed`; `code` and `reason` say why it did not run.
    `subject` is what the event is about: `ticket 7`. `not_before` is when the first actions may
    begin, UTC, ISO 8601; "" for at once. `called_by` is the action that asked for it; "" where the
    event did by itself.
    """

    run_id: str
    rule: Rule
    event: Event
    subject: str
    at: str
    outcome: str = "ran"
    code: str = ""
    reason: str = ""
    not_before: str = ""
    depth: int = 0
    called_by: str = ""
    actions: tuple[Planned, ...] = ()

    @property
    def stepwise(self) -> bool:
        """Whether its actions follow one another."""
        return self.rule.options.ordered and len(self.actions) > 1

    def skipped(self, code: str, reason: str) -> Run:
        """The same run, not to be run."""
        return replace(self, outcome="skipped", code=code, reason=reason, actions=())

    def requests(self) -> list[ActionRequest]:
        """What is to be queued now: all actions, or the first where the others follow it."""
        if self.outcome != "ran":
            return []
        now = self.actions[:1] if self.stepwise else self.actions
        return [self._request(action) for action in now]

    def due(self, action: Planned) -> str:
        """When one of the first actions may begin; "" for at once."""
        return due_at(self.not_before or self.at, action.delay_s) or self.not_before

    def _request(self, action: Planned) -> ActionRequest:
        origin: dict[str, Any] = {
            "type": "rule",
            "rule_id": self.rule.rule_id,
            "event_id": self.event.id,
        }
        if self.stepwise:
            origin |= {"run_id": self.run_id, "step": 0}
        if self.depth:
            origin["depth"] = self.depth
        if due := self.due(action):
            origin["not_before"] = due
        return action_request(action, self.event.instance_id, origin, self.at)


def due_at(start: str, delay_s: int) -> str:
    """When an action may begin that waits `delay_s` from `start`; "" for no wait."""
    if not delay_s:
        return ""
    return timestamps.to_text(timestamps.from_text(start) + timedelta(seconds=delay_s))


def action_request(
    action: Planned, instance_id: str, origin: dict[str, Any], now: str
) -> ActionRequest:
    """The message of one action of a rule of the instance `instance_id`."""
    if action.instance_id and action.instance_id != instance_id:
        # The action is listed with the account that it is for: there its origin leads back.
        origin = origin | {"rule_instance_id": instance_id}
    return ActionRequest(
        action_id=action.action_id,
        instance_id=action.instance_id or instance_id,
        platform=action.platform,
        action=action.action,
        parameters=action.parameters,
        idempotency_key=action.action_id,
        origin=origin,
        submitted_at=now,
    )


def template_context(event: Event) -> dict[str, Any]:
    """What templates see: the event's parts by their names, and the event whole.

    What the provider sent is `event.raw`; once is enough of it, for it may be large. Who asked for
    a ticket is its `requester`, as in conditions, whether that was fetched or came as the contact.
    """
    whole = _whole(event)
    requester = event.ticket.get("requester", {})
    if event.ticket and event.contact and isinstance(requester, dict):
        whole["ticket"] = event.ticket | {"requester": event.contact | requester}
    return {name: value for name, value in whole.items() if name != "raw"} | {"event": whole}


def _whole(event: Event) -> dict[str, Any]:
    whole = event.as_dict()
    whole.pop("raw_text", None)
    return whole


def runs_of(
    event: Event, rules: Iterable[Rule], *, now: str, statuses: Statuses | None = None
) -> list[Run]:
    """A run for every rule that is on and whose conditions the event meets.

    One rule's broken template does not take another rule's actions with it; of the broken rule
    itself nothing runs. Nor does anything of a rule whose condition turns on what the provider
    would not tell.
    """
    foresight = Foresight(event, statuses)
    runs = []
    for rule in rules:
        if not rule.options.enabled or not concerns(rule, event):
            continue
        refused = event.enriched == REFUSED and rule.options.enrich != "never"
        if refused and foresight.holds(rule.condition) is None:
            runs.append(_not_told(rule, event, foresight, now))
        elif matches(rule, event, statuses):
            runs.append(plan(rule, event, now=now))
    return runs


def _not_told(rule: Rule, event: Event, foresight: Foresight, now: str) -> Run:
    fields = ", ".join(sorted(".".join(path) for path in foresight.undecided(rule.condition)))
    reason = f"its conditions need {fields}, which could not be fetched: {event.enrichment_error}"
    return replace(_run(rule, event, now), outcome="failed", code=NOT_TOLD, reason=reason)


def plan(rule: Rule, event: Event, *, now: str, caller: Caller | None = None) -> Run:
    """What a rule makes of an event that it matches; counters are not asked.

    `caller` is the action that asks for it. What is asked for twice, by two actions or by an action
    and the event itself, is two runs.
    """
    run = _run(rule, event, now, caller)
    if run.depth > DEEPEST_CHAIN:
        return run.skipped("chain_too_deep", f"{run.depth} rules led to this event")
    if rule.options.schedule is not None:
        # By the time at which the event came, or an event routed again might be judged otherwise.
        came = timestamps.from_text(event.received_at)
        opens = rule.options.schedule.next_open(came)
        if opens != came and rule.options.schedule.outside == "skip":
            return run.skipped("outside_schedule", "the event came outside the rule's hours")
        if opens != came:
            run = replace(run, not_before=_rounded_up(opens))
    try:
        return replace(run, actions=tuple(_planned(rule, event, run.called_by)))
    except InvalidTemplate as error:
        why = f"; not fetched: {event.enrichment_error}" if event.enrichment_error else ""
        return replace(run, outcome="failed", code=error.code, reason=f"{error.what}{why}")


def _run(rule: Rule, event: Event, now: str, caller: Caller | None = None) -> Run:
    called_by = caller.action_id if caller is not None else ""
    return Run(
        run_id=derived_id("run", event.id, rule.rule_id, *_said(called_by)),
        rule=rule,
        event=event,
        subject=subject_of(event),
        at=now,
        depth=_depth(event) if caller is None else caller.depth,
        called_by=called_by,
    )


def _said(part: str) -> tuple[str, ...]:
    return (part,) if part else ()


def needs_results(parameters: dict[str, Any]) -> bool:
    """Whether a template among the parameters names what earlier actions came to."""
    return bool(templates.check(parameters) & templates.RESULTS)


def _planned(rule: Rule, event: Event, called_by: str) -> Iterable[Planned]:
    context, whole = template_context(event), _whole(event)
    for position, action in enumerate(rule.actions):
        path = f"actions[{position}].parameters"
        waits = position > 0 and rule.options.ordered and needs_results(action.parameters)
        yield Planned(
            action_id=derived_id("act", event.id, rule.rule_id, str(position), *_said(called_by)),
            platform=action.platform,
            action=action.action,
            parameters=action.parameters
            if waits
            else with_event(
                action.platform,
                action.action,
                templates.render(
                    action.parameters,
                    context,
                    lenient=rule.options.missing == "empty",
                    path=path,
                    html=html_parameters(action.platform, action.action, action.parameters),
                    slack=action.platform == "slack",
                ),
                whole,
            ),
            name=action.name,
            delay_s=action.delay_s,
            waits=waits,
            instance_id=action.instance_id,
        )


def subject_of(event: Event) -> str:
    """What the event is about: `ticket 7`; "" where it does not tell."""
    for kind in SUBJECTS:
        record = getattr(event, kind, None)
        if isinstance(record, dict) and record.get("id") is not None:
            return f"{kind} {str(record['id'])[:64]}"
    return ""


def _depth(event: Event) -> int:
    """How many rules led to the event, where it tells; events from outside do not."""
    depth = getattr(event, "depth", 0)
    return depth if isinstance(depth, int) and depth > 0 else 0


def _rounded_up(moment: datetime) -> str:
    return timestamps.to_text(moment + timedelta(microseconds=999_999))
