"""What becomes of one field of two customers that are one: a three-way comparison. Pure.

Each side's value is compared with what that side held when both were last made equal, so that a
side that writes a value in its own way (another case, another form of a phone number) has not
changed for that. Only what changed travels; where both changed, the policy says whose stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from freshbridge.customers.link import FieldRule, Link, Policy, Side
from freshbridge.customers.record import Known


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is to be done with the fields of a pair, by the rules' names.

    `to_…` are those that a side is to take from the other. `keep` are those that are settled
    without a write: equal. `barred` are those that may not travel: they stay as different as they
    are known to be, so that they travel once they may. `conflicts`: those that both sides changed,
    to different values; each is in one of the others as well.
    """

    to_freshdesk: frozenset[str]
    to_freshsales: frozenset[str]
    keep: frozenset[str]
    conflicts: frozenset[str]
    barred: frozenset[str] = frozenset()

    def to(self, side: Side) -> frozenset[str]:
        """The fields that one side is to take."""
        return self.to_freshdesk if side is Side.FRESHDESK else self.to_freshsales


def settle(link: Link, rules: tuple[FieldRule, ...], desk: Known, sales: Known) -> Settlement:
    """Compare a pair field by field; `agreed` that lacks a field was never made equal in it."""
    writes: dict[Side, set[str]] = {side: set() for side in Side}
    keep: set[str] = set()
    conflicts: set[str] = set()
    barred: set[str] = set()
    for rule in rules:
        name = rule.name
        if name not in desk.now or name not in sales.now:
            continue
        source, both = _source(link, rule, desk, sales)
        if both:
            conflicts.add(name)
        if source is None:
            if name in desk.changed | sales.changed:
                keep.add(name)
        elif link.writes(rule, source.other):
            writes[source.other].add(name)
        else:
            barred.add(name)
    return Settlement(
        frozenset(writes[Side.FRESHDESK]),
        frozenset(writes[Side.FRESHSALES]),
        frozenset(keep),
        frozenset(conflicts),
        frozenset(barred),
    )


def _source(link: Link, rule: FieldRule, desk: Known, sales: Known) -> tuple[Side | None, bool]:
    """Whose value stays, None where there is nothing to do; and whether both changed."""
    name = rule.name
    if desk.now[name] == sales.now[name]:
        return None, False
    if name in desk.agreed and name in sales.agreed:
        changed = {Side.FRESHDESK: name in desk.changed, Side.FRESHSALES: name in sales.changed}
    else:
        # Never made equal: nothing gives way to something.
        changed = {Side.FRESHDESK: bool(desk.now[name]), Side.FRESHSALES: bool(sales.now[name])}
    if not any(changed.values()):
        return None, False
    if all(changed.values()):
        return _winner(link, rule, desk, sales), True
    return next(side for side, has in changed.items() if has), False


def _winner(link: Link, rule: FieldRule, desk: Known, sales: Known) -> Side:
    for side in Side:
        if link.writes(rule, side) and not link.writes(rule, side.other):
            # A field that travels one way is its source's.
            return side.other
    policy = link.policy_of(rule)
    if policy is Policy.NEWEST:
        return Side.FRESHSALES if sales.updated_at > desk.updated_at else Side.FRESHDESK
    return Side.FRESHDESK if policy is Policy.FRESHDESK_WINS else Side.FRESHSALES
