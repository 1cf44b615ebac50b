"""What can be said of a rule before anything is fetched for it. Pure.

A condition is true or false as far as the event tells, or undecided where that turns on a field
that the event does not carry and its provider could tell. One false part of an `all` decides it,
and one true part of an `any`: a rule whose known conditions fail costs no call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from freshbridge import timestamps
from freshbridge.events.fetchable import Steps, Wanted, everything, lacks, together, wanted
from freshbridge.events.normalised import Event
from freshbridge.rules.comparison import Statuses
from freshbridge.rules.condition import AllOf, Condition, FieldTest, Not
from freshbridge.rules.condition_reading import tests_of
from freshbridge.rules.conditions import concerns, holds
from freshbridge.rules.model import Rule
from freshbridge.rules.template_paths import paths_in


class Foresight:
    """One event, before anything is fetched for it."""

    def __init__(self, event: Event, statuses: Statuses | None = None) -> None:
        """`statuses`: the account's own."""
        self.event = event
        self._whole = event.as_dict()
        self._statuses = statuses

    def holds(self, condition: Condition) -> bool | None:
        """Whether the condition holds; None where that turns on what the event lacks."""
        if isinstance(condition, FieldTest):
            if self._missing(condition) is not None:
                return None
            return holds(condition, self._whole, self._statuses)
        if isinstance(condition, Not):
            part = self.holds(condition.part)
            return None if part is None else not part
        decisive = not isinstance(condition, AllOf)
        found = [self.holds(part) for part in condition.parts]
        if decisive in found:
            return decisive
        return None if None in found else not decisive

    def undecided(self, condition: Condition) -> set[Steps]:
        """What of the condition the event lacks."""
        missing = (self._missing(test) for test in tests_of(condition))
        return {steps for steps in missing if steps is not None}

    def unfilled(self, paths: Iterable[Steps]) -> set[Steps]:
        """Which of the paths that templates name the event lacks."""
        return {
            steps
            for steps in paths
            if lacks(self.event, self._whole, steps)
            and not any(_is_there(self._whole, path) for path in _stand_ins(steps))
        }

    def of_rule(
        self,
        rule: Rule,
        paths: Iterable[Steps],
        called: Iterable[tuple[Rule, Iterable[Steps]]] = (),
    ) -> Wanted:
        """What has to be fetched for a rule, whose templates name `paths`; nothing for most.

        `called` are the rules that it runs on its event, each with its templates' paths.
        """
        how = rule.options.enrich
        if how == "never" or not rule.options.enabled or not concerns(rule, self.event):
            return Wanted()
        verdict = self.holds(rule.condition)
        if verdict is False or self._comes_out_of_hours(rule):
            return Wanted()
        missing = self.unfilled(paths) | (self.undecided(rule.condition) if not verdict else set())
        for other, named in called:
            missing |= self.unfilled(named) | self.undecided(other.condition)
        needed = wanted(self.event, missing)
        return together(everything(self.event), needed) if how == "always" else needed

    def _comes_out_of_hours(self, rule: Rule) -> bool:
        hours = rule.options.schedule
        if hours is None or hours.outside != "skip":
            return False
        came = timestamps.from_text(self.event.received_at)
        return hours.next_open(came) != came

    def _missing(self, test: FieldTest) -> Steps | None:
        if test.operator.startswith("changed"):
            # What has changed only the event itself can tell.
            return None
        steps = self._rooted(test.steps)
        for path in (steps, *_stand_ins(steps)):
            if _is_there(self._whole, path):
                return None
        return steps if lacks(self.event, self._whole, steps) else None

    def _rooted(self, steps: Steps) -> Steps:
        """The path from where the event has it: a contact's event has its fields in `contact`."""
        if steps[0] == "event" and len(steps) > 1:
            steps = steps[1:]
        if steps[0] == "company":
            steps = ("ticket", *steps)
        if steps[0] == "ticket" and not self.event.ticket:
            steps = (self.event.type.partition("_")[0], *steps[1:])
        return steps


class TemplatePaths:
    """The paths that rules' templates name, found once for each version of a rule."""

    MOST_KEPT = 5_000
    """Rules, some 2 KB each: a busy function meets those of several integrations."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._kept: dict[tuple[str, int, str], frozenset[Steps]] = {}

    def of(self, rule: Rule) -> frozenset[Steps]:
        """Those of all actions of a rule, also of those that wait for the ones before."""
        if not rule.rule_id:
            return template_paths(rule)
        key = (rule.rule_id, rule.version, rule.updated_at)
        if key not in self._kept:
            if len(self._kept) >= self.MOST_KEPT:
                self._kept.clear()
            self._kept[key] = template_paths(rule)
        return self._kept[key]


def template_paths(rule: Rule) -> frozenset[Steps]:
    """The paths that the templates of a rule's actions name."""
    return frozenset(path for action in rule.actions for path in paths_in(action.parameters))


def _stand_ins(steps: Steps) -> list[Steps]:
    # As value_at reads it: who asked for the ticket is the event's contact.
    return [("contact", *steps[2:])] if steps[:2] == ("ticket", "requester") else []


def _is_there(whole: dict[str, Any], steps: Steps) -> bool:
    held: Any = whole
    for step in steps:
        if not isinstance(held, dict) or step not in held:
            return False
        held = held[step]
    return not isinstance(held, dict)
