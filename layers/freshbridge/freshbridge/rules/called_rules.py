"""Rules that run rules: what can be seen of them when one is saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from freshbridge.rules.called_event import RUN_RULE
from freshbridge.rules.invalid import invalid
from freshbridge.rules.templates import holds_template

if TYPE_CHECKING:
    from freshbridge.rules.model import Rule


def calls_of(rule: Rule) -> Iterator[tuple[int, str]]:
    """The place of each action that runs a rule, and which; one that a template names is left out.

    That one is seen when it is run: what is too deep then is not run.
    """
    for place, action in enumerate(rule.actions):
        named = action.parameters.get("rule_id")
        called = (action.platform, action.action) == RUN_RULE
        if called and isinstance(named, str) and not holds_template(named):
            yield place, named


def check_calls(rule: Rule, others: Iterable[Rule]) -> None:
    """Refuse a rule that runs one that there is none of, or that comes back to itself.

    `others` are the rules of the same instance as they are now; one of the same id is replaced.

    Raises:
        InvalidRule: naming the action.
    """
    known = {one.rule_id: one for one in others} | {rule.rule_id: rule}
    for place, called in calls_of(rule):
        path = f"actions[{place}].parameters.rule_id"
        if called not in known:
            raise invalid(
                path,
                f"names {called[:64]}, which this integration has no rule of",
                advice="GET …/rules lists them.",
            )
        if way := _way_back(called, rule.rule_id, known):
            raise invalid(path, f"would run without end: {' → '.join((rule.rule_id, *way))}")


def _way_back(start: str, end: str, known: dict[str, Rule]) -> list[str]:
    """The rules from `start` to `end`, each of which runs the next; [] where none leads there."""
    seen: set[str] = set()
    left = [[start]]
    while left:
        way = left.pop()
        if way[-1] == end:
            return way
        if way[-1] in seen or way[-1] not in known:
            continue
        seen.add(way[-1])
        left += [[*way, following] for _place, following in calls_of(known[way[-1]])]
    return []
