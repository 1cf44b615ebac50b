"""One customer that an event told of, made equal with its counterpart by itself.

Both are read anew. A webhook that a write of this link's own brought about finds nothing to do.
"""

from __future__ import annotations

from freshbridge.customers import matching
from freshbridge.customers.creating import create_on_desk
from freshbridge.customers.joining import create_on_sales
from freshbridge.customers.link import KindRules, Side
from freshbridge.customers.pairing import Pair, World, lost, make_equal, tell_ignored
from freshbridge.customers.ports import Told
from freshbridge.customers.record import Known, Row


def settle_one(
    world: World, rules: KindRules, side: Side, record_id: str, *, insist: bool = False
) -> None:
    """Bring one customer and its counterpart to the same.

    What its counterpart alone changed is told of by itself, and left unless one is to `insist`.
    """
    known = world.table.load(rules.kind, side, [record_id]).get(record_id)
    row = world.account(side).fetch(rules, record_id)
    if row is None:
        if known is not None:
            other = world.table.load(rules.kind, side.other, [known.other]).get(known.other)
            lost(world, rules, known, other)
        return
    one = known or Known(side, row.id)
    world.observe(one, row)
    tell_ignored(world, rules, one, one.untaken)
    touched = {side: one}
    try:
        other = _counterpart(world, rules, row, one)
        if other is None:
            _create(world, rules, row, one)
            return
        touched[side.other] = other
        if one.other and not one.changed and not insist:
            return
        _settle(world, rules, row, one, other)
    finally:
        world.save(rules.kind, touched.values())


def _settle(world: World, rules: KindRules, row: Row, one: Known, other: Known) -> None:
    there = world.account(other.side).fetch(rules, other.id)
    if there is None:
        if one.other:
            lost(world, rules, other, one)
        return
    world.observe(other, there)
    tell_ignored(world, rules, other, other.untaken)
    pair = _pair(one, other, {one.side: row, other.side: there})
    if not one.other:
        pair.join()
        told = Told("matched", rules.kind, Side.FRESHDESK, pair.desk.id, pair.sales.id)
        world.report.tell(told)
    make_equal(world, rules, pair)


def _pair(one: Known, other: Known, rows: dict[Side, Row | None]) -> Pair:
    is_desk = one.side is Side.FRESHDESK
    return Pair(one, other, rows) if is_desk else Pair(other, one, rows)


def _counterpart(world: World, rules: KindRules, row: Row, one: Known) -> Known | None:
    """The half across: linked, found by its keys, or found by the provider; None for none."""
    there = one.side.other
    if one.other:
        found = world.table.load(rules.kind, there, [one.other]).get(one.other)
        return found or Known(there, one.other, other=one.id)
    led = world.table.found_by(rules.kind, there, one.keys)
    candidates = world.table.load(rules.kind, there, led.values())
    free, _ = matching.choose(
        (candidate, bool(candidates[candidate].other))
        for key in one.keys
        if (candidate := led.get(key)) in candidates
    )
    if free:
        return candidates[free]
    asked = world.account(there).find(rules, row)
    if asked is None:
        return None
    kept = world.table.load(rules.kind, there, [asked.id]).get(asked.id)
    if kept is not None and kept.other:
        return None
    return kept or world.new(asked)


def _create(world: World, rules: KindRules, row: Row, one: Known) -> None:
    there = one.side.other
    if one.apart or not world.link.may_create(there):
        return
    if there is Side.FRESHDESK:
        create_on_desk(world, rules, [(row, one)], {})
    else:
        create_on_sales(world, rules, row, one)
