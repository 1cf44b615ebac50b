"""What Freshdesk changed goes to Freshsales, a hundred customers a call.

An upsert of many tells no ids, only who was refused. What it creates is linked when Freshsales'
changes are read next, in the same run: what was sent is kept until then as what both agreed on.
Facts: https://developers.freshworks.com/crm/api/#bulk_upsert_contact
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from freshbridge.customers import fingerprint, matching
from freshbridge.customers.ignoring import ignored, shows_taken
from freshbridge.customers.link import Kind, KindRules, Side
from freshbridge.customers.pairing import (
    WHOLE,
    Pair,
    World,
    leaving,
    make_equal,
    note_written,
    settlement,
    tell_conflicts,
    tell_failed,
    tell_ignored,
    write,
)
from freshbridge.customers.ports import Fields, Told, Upsert
from freshbridge.customers.record import Known, Row
from freshbridge.errors import Reject

FEW = 2
"""So many updates are made one by one: a job costs as many calls."""
_IDENTIFIERS: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    Kind.CONTACTS: (("email", "emails"), ("unique_external_id", "external_id"),
                    ("mobile", "mobile_number")),
    Kind.COMPANIES: (("name", "name"),),
}  # fmt: skip
"""Freshdesk's field, and what Freshsales finds or creates a customer by that has it."""
IN_BULK = frozenset({"emails", "name", "id"})


@dataclass
class _Page:
    """A page's work: Freshsales' halves that are known, items to send, and whose they are."""

    sales: dict[str, Known] = field(default_factory=dict)
    found_by: Mapping[str, str] = field(default_factory=dict)
    items: list[Upsert] = field(default_factory=list)
    pairs: dict[str, Pair] = field(default_factory=dict)
    makers: dict[str, tuple[Row, Known]] = field(default_factory=dict)


def join(world: World, rules: KindRules, rows: Sequence[Row]) -> bool:
    """Send what a kept page asks for; whether something is being created.

    What was done is kept even if an error ends it.
    """
    desks = world.table.load(rules.kind, Side.FRESHDESK, (row.id for row in rows))
    ids = {one.other for one in desks.values() if one.other}
    keys = {key for one in desks.values() if not one.other for key in one.keys}
    found_by = world.table.found_by(rules.kind, Side.FRESHSALES, keys)
    sales = world.table.load(rules.kind, Side.FRESHSALES, ids | set(found_by.values()))
    page = _Page(sales, found_by)
    try:
        for row in rows:
            if (desk := desks.get(row.id)) is not None:
                _sort(world, rules, row, desk, page)
        _send(world, rules, page)
    finally:
        world.save(rules.kind, desks.values())
        world.save(rules.kind, sales.values())
    return bool(page.makers)


def _sort(
    world: World,
    rules: KindRules,
    row: Row,
    desk: Known,
    page: _Page,
) -> None:
    """Put a row with the updates or with the creations, or settle it here and now."""
    if desk.other:
        if (half := page.sales.get(desk.other)) is not None:
            _update(world, rules, Pair(desk, half, {Side.FRESHDESK: row}), page)
        return
    free, taken = matching.choose(
        (sales_id, bool(page.sales[sales_id].other))
        for key in desk.keys
        if (sales_id := page.found_by.get(key)) in page.sales
    )
    if free:
        pair = Pair(desk, page.sales[free], {Side.FRESHDESK: row})
        pair.join()
        told = Told("matched", rules.kind, Side.FRESHDESK, desk.id, free)
        world.report.tell(told)
        make_equal(world, rules, pair)
    elif taken:
        told = Told(
            "skipped", rules.kind, Side.FRESHDESK, desk.id, code="duplicate",
            reason="its counterpart is linked to another customer already",
        )  # fmt: skip
        world.report.tell(told)
    elif not desk.apart and world.link.may_create(Side.FRESHSALES):
        _make(world, rules, row, desk, page)


def _update(world: World, rules: KindRules, pair: Pair, page: _Page) -> None:
    found = settlement(world, rules, pair)
    row = pair.rows[Side.FRESHDESK]
    assert row is not None  # noqa: S101 - it was staged
    if not found.to_freshsales:
        return
    tell_conflicts(world, rules, pair, found, decided=found.to_freshsales)
    fields, unsent = leaving(rules, found.to_freshsales, Side.FRESHSALES, row)
    pair.desk.agree(unsent)
    pair.sales.agree(unsent)
    if fields:
        identifier = ("id", pair.sales.id)
        page.items.append(Upsert(pair.desk.id, pair.sales.id, identifier, fields))
        page.pairs[pair.desk.id] = pair


def _make(world: World, rules: KindRules, row: Row, desk: Known, page: _Page) -> None:
    every = frozenset(rule.name for rule in rules.fields)
    given, _ = leaving(rules, every, Side.FRESHSALES, row)
    fields = [(rule, text) for rule, text in given if text]
    identifier = _identifier(rules, fields)
    if identifier is None:
        told = Told(
            "skipped", rules.kind, Side.FRESHDESK, desk.id, code="incomplete",
            reason="nothing that Freshsales could find it by: it might be created twice",
        )  # fmt: skip
        world.report.tell(told)
        return
    page.items.append(Upsert(desk.id, "", identifier, fields))
    page.makers[desk.id] = (row, desk)


def _identifier(rules: KindRules, fields: Fields) -> tuple[str, str] | None:
    held = {rule.freshdesk: text for rule, text in fields}
    for name, there in _IDENTIFIERS[rules.kind]:
        if held.get(name):
            return there, held[name]
    return None


def _send(world: World, rules: KindRules, page: _Page) -> None:
    singly = [one for one in page.items if one.identifier[0] not in IN_BULK or _refused(one, page)]
    together = _distinct(world, rules, [one for one in page.items if one not in singly])
    together = _tried(world, rules, page, together, singly)
    if len(together) > FEW or any(not one.sales_id for one in together):
        refused = world.sales.upsert_many(rules, together)
        if refused is not None:
            for item in together:
                _done(world, rules, page, item, refused.get(item.desk_id))
            together = []
    for item in (*together, *singly):
        _alone(world, rules, page, item)


def _refused(item: Upsert, page: _Page) -> bool:
    """Whether a write of it failed before: the reply to one by itself shows what is stored."""
    pair = page.pairs.get(item.desk_id)
    return pair is not None and bool(pair.desk.failures or pair.sales.failures)


def _tried(
    world: World, rules: KindRules, page: _Page, together: list[Upsert], singly: list[Upsert]
) -> list[Upsert]:
    """What is left to be sent together, once one update of custom fields was seen to be taken.

    A job does not say what it stored, and an account takes a custom field that it lacks without a
    word. Where that one was not taken, the others of its kind are moved to `singly`.
    """
    custom = [one for one in together if one.sales_id and _has_custom(one)]
    if len(together) <= FEW or not custom:
        return together
    if not _alone(world, rules, page, custom[0]):
        singly += custom[1:]
        return [one for one in together if one not in custom]
    return [one for one in together if one is not custom[0]]


def _has_custom(item: Upsert) -> bool:
    return any("." in rule.freshsales for rule, _ in item.fields)


def _distinct(world: World, rules: KindRules, items: Sequence[Upsert]) -> list[Upsert]:
    """The items with one of each identifier: two of one have no defined outcome."""
    seen: dict[tuple[str, str], Upsert] = {}
    for item in items:
        name, text = item.identifier
        if seen.setdefault((name, text.casefold()), item) is not item:
            told = Told(
                "skipped", rules.kind, Side.FRESHDESK, item.desk_id, code="duplicate",
                reason="another customer of Freshdesk's has the same identifier",
            )  # fmt: skip
            world.report.tell(told)
    return list(seen.values())


def _done(world: World, rules: KindRules, page: _Page, item: Upsert, refused: str | None) -> None:
    if refused is not None:
        pair = page.pairs.get(item.desk_id)
        tell_failed(
            world, rules, pair.desk if pair else page.makers[item.desk_id][1], "rejected", refused
        )
        return
    held = {rule.name: text for rule, text in item.fields}
    if (pair := page.pairs.get(item.desk_id)) is not None:
        # A job does not say what it stored: the next reading shows what it has not taken.
        pair.sales.over |= {
            rule.name: pair.sales.now.get(rule.name, "")
            for rule, text in item.fields
            if shows_taken(rule, text)
        }
        note_written(world, pair, Side.FRESHSALES, frozenset(held), held)
        told = Told(
            "updated", rules.kind, Side.FRESHSALES, item.sales_id, item.desk_id,
            tuple(sorted(held)),
        )  # fmt: skip
        world.report.tell(told, "updated_freshsales")
        return
    row, desk = page.makers[item.desk_id]
    desk.creating, desk.sent = True, fingerprint.of_fields(world.link.link_id, held)
    desk.agreed = fingerprint.of_fields(
        world.link.link_id, {name: row.values[name] for name in held if name in row.values}
    )


def _alone(world: World, rules: KindRules, page: _Page, item: Upsert) -> bool:
    """One by itself: its reply shows what is stored, and its id; whether all of it was taken."""
    if (pair := page.pairs.get(item.desk_id)) is not None:
        names = frozenset(rule.name for rule, _ in item.fields)
        return write(world, rules, pair, Side.FRESHSALES, names) and not pair.sales.failures
    row, desk = page.makers[item.desk_id]
    return create_on_sales(world, rules, row, desk, item) is not None


def create_on_sales(
    world: World, rules: KindRules, row: Row, desk: Known, item: Upsert | None = None
) -> Known | None:
    """Create one customer in Freshsales, or take over the one that is there; None if refused."""
    if item is None:
        page = _Page()
        _make(world, rules, row, desk, page)
        if not page.items:
            return None
        item = page.items[0]
    try:
        stored = world.sales.upsert(rules, item)
    except WHOLE:
        raise
    except Reject as error:
        tell_failed(world, rules, desk, error.code, error.headline)
        return None
    half = world.table.load(rules.kind, Side.FRESHSALES, [stored.id]).get(stored.id)
    half = half or Known(Side.FRESHSALES, stored.id)
    if half.other not in ("", desk.id):
        return None
    world.observe(half, stored)
    pair = Pair(desk, half, {})
    pair.join()
    left = ignored(item.fields, stored.values, world.link.link_id, {})
    names = frozenset(rule.name for rule, _ in item.fields) - left
    pair.desk.agree(names)
    pair.sales.agree(names)
    told = Told("created", rules.kind, Side.FRESHSALES, half.id, desk.id)
    world.report.tell(told, "created_freshsales")
    tell_ignored(world, rules, half, left)
    world.save(rules.kind, [half])
    return half
