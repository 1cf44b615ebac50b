"""Two customers that are one, made equal: what travels is written, and what is equal is noted.

The fingerprint that is kept for a side is of what that side holds afterwards, so that a change
written here is not read back as a change, however the side writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from freshbridge.customers import fingerprint, matching
from freshbridge.customers.conflict import Settlement, settle
from freshbridge.customers.fields import outgoing
from freshbridge.customers.ignoring import ignored
from freshbridge.customers.link import FieldRule, Kind, KindRules, Link, Side
from freshbridge.customers.ports import Account, BulkAccount, Report, Table, Told
from freshbridge.customers.record import Known, Row
from freshbridge.errors import Forbidden, Misconfigured, NotFound, Reject, Unauthorized, WrongState

WHOLE = (Unauthorized, Forbidden, Misconfigured)
"""Refusals that are no single customer's."""


@dataclass
class World:
    """One link's two accounts and what is known of them; `run` is the present run's id."""

    link: Link
    run: str
    table: Table
    desk: Account
    sales: BulkAccount
    full: bool = False
    report: Report = field(default_factory=Report)

    def account(self, side: Side) -> Account:
        """One side's account."""
        return self.desk if side is Side.FRESHDESK else self.sales

    def observe(self, known: Known, row: Row) -> bool:
        """Note what a row holds; whether it can be found by something else, or was waited for."""
        awaited = known.hold(fingerprint.of_fields(self.link.link_id, row.values))
        known.updated_at = row.updated_at
        keys = matching.digests(self.link.link_id, row.keys)
        moved, known.keys = keys != known.keys, keys
        return moved or awaited

    def save(self, kind: Kind, known: Iterable[Known]) -> None:
        """Keep what was not dropped."""
        self.table.save(kind, [one for one in known if not one.dropped])

    def drop(self, kind: Kind, known: Known) -> None:
        """Forget one."""
        known.dropped = True
        self.table.drop(kind, known)

    def new(self, row: Row) -> Known:
        """A customer that was not known."""
        known = Known(row.side, row.id)
        self.observe(known, row)
        return known


@dataclass
class Pair:
    """A pair with the rows at hand; a row that is not is None."""

    desk: Known
    sales: Known
    rows: dict[Side, Row | None]

    def known(self, side: Side) -> Known:
        """One side's half."""
        return self.desk if side is Side.FRESHDESK else self.sales

    def join(self) -> None:
        """Link the two."""
        self.desk.other, self.sales.other = self.sales.id, self.desk.id
        self.desk.apart = self.sales.apart = False
        if self.desk.creating and self.desk.sent:
            # What was sent is what both agreed on, whatever the other side holds by now.
            self.sales.agreed = dict(self.desk.sent)
            for name, digest in self.desk.sent.items():
                if digest and not self.sales.now.get(name, digest):
                    # It was not taken, or emptied since: written once more, by itself, it is seen.
                    del self.sales.agreed[name]
                    self.desk.agreed.pop(name, None)
        elif not (self.desk.agreed and self.sales.agreed):
            self.desk.agreed, self.sales.agreed = {}, {}
        self.desk.creating = self.sales.creating = False
        self.desk.failures = self.sales.failures = 0
        self.desk.sent = {}


def settlement(world: World, rules: KindRules, pair: Pair) -> Settlement:
    """What is to be done with the pair; what needs no write is noted."""
    found = settle(world.link, rules.fields, pair.desk, pair.sales)
    pair.desk.agree(found.keep)
    pair.sales.agree(found.keep)
    if found.barred and world.full:
        told = Told(
            "skipped", rules.kind, Side.FRESHDESK, pair.desk.id, pair.sales.id,
            tuple(sorted(found.barred)), "one_way", "they differ, and may not travel this way",
        )  # fmt: skip
        world.report.tell(told)
    return found


def leaving(
    rules: KindRules, names: Iterable[str], target: Side, source: Row
) -> tuple[list[tuple[FieldRule, str]], frozenset[str]]:
    """What is to be sent to a side for these fields of a row, and those that cannot be sent."""
    fields, unsent = [], set()
    wanted = set(names)
    for rule in rules.fields:
        if rule.name in wanted and rule.name in source.values:
            text = outgoing(rule, target, source.values[rule.name])
            if text is None:
                unsent.add(rule.name)
            else:
                fields.append((rule, text))
    return fields, frozenset(unsent)


def write(world: World, rules: KindRules, pair: Pair, target: Side, names: frozenset[str]) -> bool:
    """Write fields of one half to the other; False where the target refuses them or is gone."""
    source = pair.rows[target.other]
    assert source is not None  # noqa: S101 - whoever asks has the row
    fields, unsent = leaving(rules, names, target, source)
    pair.desk.agree(unsent)
    pair.sales.agree(unsent)
    if not fields:
        return True
    half = pair.known(target)
    try:
        stored = world.account(target).update(rules, half.id, fields)
    except (NotFound, WrongState):
        lost(world, rules, half, pair.known(target.other))
        return False
    except WHOLE:
        raise
    except Reject as error:
        tell_failed(world, rules, half, error.code, error.headline)
        return False
    left = ignored(fields, stored.values, world.link.link_id, half.now)
    done = frozenset(rule.name for rule, _ in fields) - left
    if done:
        note_written(world, pair, target, done, stored.values)
        told = Told("updated", rules.kind, target, half.id, half.other, tuple(sorted(done)))
        world.report.tell(told, f"updated_{target}")
    half.updated_at = max(half.updated_at, stored.updated_at)
    tell_ignored(world, rules, half, left)
    return True


def note_written(
    world: World, pair: Pair, target: Side, names: frozenset[str], held: Mapping[str, str]
) -> None:
    """Note what the target holds now, in fields that the other side's are written to."""
    half = pair.known(target)
    for name in names:
        half.now[name] = fingerprint.of_field(world.link.link_id, held.get(name, ""))
    half.agree(names)
    pair.known(target.other).agree(names)
    pair.desk.failures = pair.sales.failures = 0


def lost(world: World, rules: KindRules, gone: Known, left: Known | None) -> None:
    """A half is gone: what the link says happens to the other one."""
    side = gone.side.other
    outcome = "unlinked"
    if left is not None:
        if world.link.deletions == "delete" and world.link.direction.reaches(side):
            world.account(side).delete(rules.kind, left.id)
            world.drop(rules.kind, left)
            outcome = "deleted"
        else:
            left.other, left.apart, left.agreed = "", True, {}
            world.save(rules.kind, [left])
        told = Told(outcome, rules.kind, side, left.id, gone.id)
        world.report.tell(told, f"{outcome}_{side}" if outcome == "deleted" else outcome)
    gone.other, gone.apart = "", True
    world.drop(rules.kind, gone)


def tell_failed(world: World, rules: KindRules, known: Known, code: str, reason: str) -> None:
    """A customer that the provider refuses; the run goes on with the others."""
    known.failures += 1
    told = Told("failed", rules.kind, known.side, known.id, known.other, (), code, reason)
    world.report.tell(told)


def tell_ignored(world: World, rules: KindRules, half: Known, names: frozenset[str]) -> None:
    """Fields that a side took without a word and does not hold; nothing where there are none."""
    if names:
        half.failures += 1
        told = Told(
            "failed", rules.kind, half.side, half.id, half.other, tuple(sorted(names)), "ignored",
            f"{half.side} answered as if it had taken them, and does not hold them",
        )  # fmt: skip
        world.report.tell(told)


def tell_conflicts(
    world: World, rules: KindRules, pair: Pair, found: Settlement, *, decided: frozenset[str]
) -> None:
    """Fields that both sides changed, once they are decided."""
    names = found.conflicts & decided
    if names:
        told = Told(
            "conflicting", rules.kind, Side.FRESHDESK, pair.desk.id, pair.sales.id,
            tuple(sorted(names)),
        )  # fmt: skip
        world.report.tell(told)


def make_equal(world: World, rules: KindRules, pair: Pair) -> None:
    """Settle a pair of which both rows can be had: those that are needed are fetched."""
    found = settlement(world, rules, pair)
    tell_conflicts(world, rules, pair, found, decided=found.conflicts)
    for target in Side:
        names = found.to(target)
        if not names:
            continue
        source = pair.known(target.other)
        if pair.rows.get(target.other) is None:
            pair.rows[target.other] = world.account(target.other).fetch(rules, source.id)
        if pair.rows[target.other] is None:
            lost(world, rules, source, pair.known(target))
            return
        if not write(world, rules, pair, target, names):
            return
