"""What is done with a page of either side: nothing, a write across, a link, a creation.

Freshdesk's page comes first. It writes nothing: what changed is noted and its rows are kept.
Freshsales' page then finds its counterparts among what was noted; what it changed alone, or wins,
is written to Freshdesk at once. What Freshdesk wins is left to `joining`, which has its rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from freshbridge.customers import matching
from freshbridge.customers.creating import create_on_desk
from freshbridge.customers.link import KindRules, Side
from freshbridge.customers.pairing import (
    Pair,
    World,
    lost,
    make_equal,
    settlement,
    tell_conflicts,
    tell_ignored,
    write,
)
from freshbridge.customers.ports import Told
from freshbridge.customers.record import Known, Row


def take_desk(world: World, rules: KindRules, rows: Sequence[Row]) -> list[Row]:
    """Note a page of Freshdesk's; returns the rows that something may have to be done with."""
    known = world.table.load(rules.kind, Side.FRESHDESK, (row.id for row in rows))
    staged, noted = [], []
    for row in rows:
        one = known.get(row.id)
        is_new = one is None
        one = one or Known(Side.FRESHDESK, row.id)
        moved = world.observe(one, row)
        if world.full:
            one.seen = world.run
        if one.changed if one.other else not one.creating or one.run != world.run:
            one.run = world.run
            staged.append(row)
        elif not (is_new or moved or world.full):
            continue
        noted.append(one)
    world.save(rules.kind, noted)
    world.report.count("read_freshdesk", len(rows))
    return staged


def take_sales(world: World, rules: KindRules, rows: Sequence[Row], *, joined: bool) -> None:
    """Do what a page of Freshsales' asks for; `joined`: Freshdesk's kept rows were written.

    What was done is kept even if an error ends it: the page is taken again, and it is not.
    """
    mine = world.table.load(rules.kind, Side.FRESHSALES, (row.id for row in rows))
    noted: dict[str, Known] = {}
    work: list[tuple[Row, Known]] = []
    for row in rows:
        one = mine.get(row.id)
        is_new = one is None
        one = one or Known(Side.FRESHSALES, row.id)
        moved = world.observe(one, row)
        tell_ignored(world, rules, one, one.untaken)
        if world.full:
            one.seen = world.run
        if is_new or moved or world.full or one.changed:
            noted[one.id] = one
        if one.changed or not one.other:
            work.append((row, one))
    desks = _counterparts(world, rules, [one for _, one in work])
    try:
        _take(world, rules, work, desks, joined=joined)
    finally:
        touched = {one.id: one for _, one in work} | noted
        world.save(rules.kind, touched.values())
        world.save(rules.kind, desks.values())
    world.report.count("read_freshsales", len(rows))


def _take(
    world: World,
    rules: KindRules,
    work: Sequence[tuple[Row, Known]],
    desks: dict[str, Known],
    *,
    joined: bool,
) -> None:
    found_by = _found_by(world, rules, work, desks)
    lone: list[tuple[Row, Known]] = []
    for row, one in work:
        if not one.other:
            free, taken = matching.choose(
                (desk_id, bool(desks[desk_id].other))
                for key in one.keys
                if (desk_id := found_by.get(key)) in desks
            )
            if not free:
                _lone(world, rules, row, one, lone, taken=taken)
                continue
            _join(world, rules, desks[free], one)
        desk = desks.get(one.other)
        if desk is not None:
            _settle(world, rules, Pair(desk, one, {Side.FRESHSALES: row}), joined=joined)
    create_on_desk(world, rules, lone, desks)


def _settle(world: World, rules: KindRules, pair: Pair, *, joined: bool) -> None:
    if joined or pair.desk.run != world.run:
        make_equal(world, rules, pair)
        return
    found = settlement(world, rules, pair)
    tell_conflicts(world, rules, pair, found, decided=found.to_freshdesk)
    if found.to_freshdesk:
        write(world, rules, pair, Side.FRESHDESK, found.to_freshdesk)


def _join(world: World, rules: KindRules, desk: Known, sales: Known) -> None:
    created = desk.creating
    Pair(desk, sales, {}).join()
    if created:
        told = Told("created", rules.kind, Side.FRESHSALES, sales.id, desk.id)
        world.report.tell(told, "created_freshsales")
    else:
        told = Told("matched", rules.kind, Side.FRESHDESK, desk.id, sales.id)
        world.report.tell(told)


def _lone(
    world: World,
    rules: KindRules,
    row: Row,
    one: Known,
    lone: list[tuple[Row, Known]],
    *,
    taken: bool,
) -> None:
    if taken:
        told = Told(
            "skipped", rules.kind, one.side, one.id, code="duplicate",
            reason="its counterpart is linked to another customer already",
        )  # fmt: skip
        world.report.tell(told)
    elif not one.apart and world.link.may_create(Side.FRESHDESK):
        lone.append((row, one))


def _counterparts(world: World, rules: KindRules, ones: Sequence[Known]) -> dict[str, Known]:
    ids = {one.other for one in ones if one.other}
    return world.table.load(rules.kind, Side.FRESHDESK, ids)


def _found_by(
    world: World,
    rules: KindRules,
    work: Sequence[tuple[Row, Known]],
    desks: dict[str, Known],
) -> dict[str, str]:
    keys = {key for _, one in work if not one.other for key in one.keys}
    found_by = world.table.found_by(rules.kind, Side.FRESHDESK, keys)
    missing = set(found_by.values()) - set(desks)
    desks |= world.table.load(rules.kind, Side.FRESHDESK, missing)
    return found_by


def take_gone(world: World, rules: KindRules, side: Side, rows: Sequence[Row]) -> None:
    """Do what the deletions of a side ask for."""
    known = world.table.load(rules.kind, side, (row.id for row in rows))
    others = world.table.load(
        rules.kind, side.other, (one.other for one in known.values() if one.other)
    )
    for one in known.values():
        lost(world, rules, one, others.get(one.other))
