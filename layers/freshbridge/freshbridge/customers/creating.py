"""A customer that Freshdesk lacks is created there, once.

Freshdesk has no call that creates or updates. So the intent is kept before the call; where a call
was begun before and nobody knows what came of it, the customer is looked for first. One that is
there already (409) is taken over.
Facts: https://developers.freshdesk.com/api/#create_contact
"""

from __future__ import annotations

from collections.abc import Sequence

from freshbridge.customers.ignoring import ignored
from freshbridge.customers.link import Kind, KindRules, Side
from freshbridge.customers.pairing import (
    WHOLE,
    Pair,
    World,
    leaving,
    make_equal,
    tell_failed,
    tell_ignored,
)
from freshbridge.customers.ports import Fields, Told
from freshbridge.customers.record import Known, Row
from freshbridge.errors import Conflict, Reject

_IDENTITIES = frozenset({"email", "phone", "mobile", "twitter_id", "unique_external_id"})


def create_on_desk(
    world: World, rules: KindRules, lone: Sequence[tuple[Row, Known]], desks: dict[str, Known]
) -> None:
    """Create what is alone in Freshsales; what is made is added to `desks`."""
    begun = {one.id for _, one in lone if one.creating}
    for _, one in lone:
        one.creating = True
    if lone:
        world.save(rules.kind, [one for _, one in lone])
    for row, one in lone:
        desk = _create(world, rules, row, one, was_begun=one.id in begun)
        if desk is not None:
            desks[desk.id] = desk
            # At once: a second row of the same customer is found by it.
            world.save(rules.kind, [desk, one])


def _create(
    world: World, rules: KindRules, row: Row, one: Known, *, was_begun: bool
) -> Known | None:
    every = frozenset(rule.name for rule in rules.fields)
    given, _ = leaving(rules, every, Side.FRESHDESK, row)
    fields = [(rule, text) for rule, text in given if text]
    if reason := _lacking(rules, fields):
        one.creating = False
        told = Told("skipped", rules.kind, one.side, one.id, code="incomplete", reason=reason)
        world.report.tell(told)
        return None
    found = world.desk.find(rules, row) if was_begun else None
    try:
        stored = found or world.desk.create(rules, fields)
    except Conflict as error:
        found = _existing(world, rules, row, error)
        if found is None:
            _refused(world, rules, one, error)
            return None
        stored = found
    except WHOLE:
        raise
    except Reject as error:
        _refused(world, rules, one, error)
        return None
    if found is None:
        return _made(world, rules, one, stored, fields)
    return _adopted(world, rules, row, one, stored)


def _made(world: World, rules: KindRules, one: Known, stored: Row, fields: Fields) -> Known:
    left = ignored(fields, stored.values, world.link.link_id, {})
    sent = frozenset(rule.name for rule, _ in fields) - left
    desk = world.new(stored)
    pair = Pair(desk, one, {})
    pair.join()
    unsent = frozenset(desk.now) - sent
    desk.agree(sent)
    one.agree(sent)
    for name in unsent:
        if desk.now[name] == one.now.get(name):
            desk.agree(frozenset({name}))
            one.agree(frozenset({name}))
    told = Told("created", rules.kind, Side.FRESHDESK, desk.id, one.id)
    world.report.tell(told, "created_freshdesk")
    tell_ignored(world, rules, desk, left)
    return desk


def _adopted(world: World, rules: KindRules, row: Row, one: Known, stored: Row) -> Known | None:
    desk = world.table.load(rules.kind, Side.FRESHDESK, [stored.id]).get(stored.id)
    if desk is not None and desk.other not in ("", one.id):
        one.creating = False
        told = Told(
            "skipped", rules.kind, one.side, one.id, code="duplicate",
            reason="its counterpart is linked to another customer already",
        )  # fmt: skip
        world.report.tell(told)
        return None
    desk = desk or Known(Side.FRESHDESK, stored.id)
    world.observe(desk, stored)
    pair = Pair(desk, one, {Side.FRESHDESK: stored, Side.FRESHSALES: row})
    pair.join()
    told = Told("matched", rules.kind, Side.FRESHDESK, desk.id, one.id)
    world.report.tell(told)
    make_equal(world, rules, pair)
    return desk


def _existing(world: World, rules: KindRules, row: Row, error: Conflict) -> Row | None:
    found = None
    if error.existing_id is not None:
        found = world.desk.fetch(rules, str(error.existing_id))
    return found or world.desk.find(rules, row)


def _refused(world: World, rules: KindRules, one: Known, error: Reject) -> None:
    one.creating = False
    tell_failed(world, rules, one, error.code, error.headline)


def _lacking(rules: KindRules, fields: Fields) -> str:
    names = {rule.freshdesk for rule, _ in fields}
    if "name" not in names:
        return "Freshdesk wants a name"
    if rules.kind is Kind.CONTACTS and not names & _IDENTITIES:
        return "Freshdesk wants an e-mail address, a phone number or an external id"
    return ""
