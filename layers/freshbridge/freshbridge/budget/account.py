"""One provider account's budget: slots for calls, places in line for work, lessons from replies.

Pure: time is an argument, and the whole state is one value that can be written as one text.

A provider's limit belongs to the account, whoever calls. A call costs credits in one or more
buckets (Freshdesk: the account's total and, for some endpoints, one of their own); it gets the
earliest slot that all of them allow. `capacity` has the arithmetic of one bucket and why it keeps
within the limit.

Background work whose slot is too far away to wait for is sent away until a time of its own: a place
in line (see `line`). Who comes back goes first: new background work joins the end of its line,
unless those whose time it is have left slots unused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from freshbridge.budget import line
from freshbridge.budget.bucket import Bucket, Rule
from freshbridge.budget.capacity import BURST, behind, earliest
from freshbridge.budget.clock_offset import Moment
from freshbridge.budget.hearing import heard
from freshbridge.budget.learning import Report
from freshbridge.budget.place import Demand, Place
from freshbridge.budget.reservation import Ask, AskAgain, Deferred, Granted, Outcome, Slot
from freshbridge.budget.room import credit_s
from freshbridge.budget.settling import Answered, settled

STRETCH = 1 / 20
"""Share of a window over which one reservation's slots may extend: who holds many slots for long
leaves them unused when it stops, and learns of a 429 too late."""
BESIDE_OTHERS = 4
"""Slots of one reservation beside another consumer: what is granted early is granted on an old view
of its use."""
PATIENCE = 1 / 10
"""Share of a window: slots further ahead are not granted while windows' beginnings are unknown."""
SHORTEST_WAIT_S = 0.5
NEW_WITHIN_S = 1.0
"""New background work that comes in numbers waits no longer for a slot, and else joins the line."""
PUNCTUAL_S = 0.05
"""Who comes back to its place waits so long at least: the slot may have moved by that little."""
FIRST_WAIT_S = 0.2
FIRST_REPLY_S = 10.0
"""How long the first reply is waited for before places are given by an assumed limit."""
_FORMAT = 3
_ROUNDS = 24


@dataclass(frozen=True, slots=True)
class Account:
    """The state of one account's budget: its buckets by name."""

    buckets: Mapping[str, Bucket] = field(default_factory=dict)

    def reserve(
        self, ask: Ask, moment: Moment, rules: Mapping[str, Rule]
    ) -> tuple[Account, Outcome]:
        """Grant slots within `ask.within_s` or else a place in line; the state it leaves.

        `rules` are the limits assumed of buckets that nothing is known of. A bucket that is
        charged and has no rule has no limit until a reply names one.
        """
        names = [name for name in ask.charges if name in self.buckets or name in rules]
        account = self._having(names, rules, moment.at)
        if not names:
            return account, Granted((Slot(moment.at, moment.at + ask.within_s),) * ask.count)
        if ask.background:
            return account._in_background(names, ask, moment)
        places = account._places(names, ask, moment)
        begin = max(place.begin for place in places.values())
        if again := account._ask_again(places, begin, ask, moment):
            return account, again
        granted, slots = account._slots(names, ask, moment)
        if slots:
            return granted, Granted(tuple(slots))
        return account, Deferred(begin, in_line=False)

    def _in_background(self, names: list[str], ask: Ask, moment: Moment) -> tuple[Account, Outcome]:
        places = self._places(names, ask, moment)
        begin = max(place.begin for place in places.values())
        if begin > moment.at and self._first_is_out(names[0], moment):
            return self, AskAgain(moment.at + FIRST_WAIT_S)
        if ask.returning:
            # What is known of a window's beginning changes a little between two asks.
            ask = replace(ask, within_s=max(ask.within_s, PUNCTUAL_S))
        else:
            if ask.count > 1:
                # Many make room for what is behind them in the queue, be it another account's.
                ask = replace(ask, within_s=min(ask.within_s, NEW_WITHIN_S))
            if self._line_ahead(names, ask, moment):
                return self._in_line(names, ask, moment, moment.at + ask.within_s)
        if again := self._ask_again(places, begin, ask, moment):
            return self, again
        granted, slots = self._slots(names, ask, moment)
        if slots:
            return granted, Granted(tuple(slots))
        if any(place.loose for place in places.values()):
            # A reset is on its way, and nobody should be far away when it is seen.
            blocked = max(self.buckets[name].blocked_until for name in names)
            begin = min(begin, max(moment.at + ask.within_s, blocked))
        return self._in_line(names, ask, moment, begin)

    def observe(self, report: Report, rules: Mapping[str, Rule]) -> Account:
        """The state after a reply."""
        # A bucket that has no rule gets one when a reply names its limit.
        named = {name: rules[name] for name in report.buckets if name in rules}
        first = report.buckets[0]
        if first not in named and first not in self.buckets and report.limit is not None:
            named[first] = Rule(report.limit, max((r.window_s for r in rules.values()), default=60))
        return Account(heard(self._having(list(named), named, report.received).buckets, report))

    def told(self) -> dict[str, int]:
        """The limits that replies have told, by bucket."""
        return {name: bucket.limit for name, bucket in self.buckets.items() if bucket.told}

    def assuming(self, limits: Mapping[str, int], rules: Mapping[str, Rule]) -> Account:
        """With `limits` of buckets that no reply has told of."""
        changed = dict(self.buckets)
        for name in limits.keys() & rules.keys():
            bucket = changed.get(name) or Bucket.of(rules[name])
            if not bucket.told and bucket.limit != limits[name]:
                changed[name] = bucket.with_limit(limits[name], told=False)
        return Account(changed)

    def give_back(self, charges: Mapping[str, int], slots: list[Slot]) -> Account:
        """The state without slots that were granted and will not be used."""
        changed = dict(self.buckets)
        for name in charges.keys() & changed.keys():
            grants = changed[name].grants
            for slot in slots:
                grants = grants.add(slot.begin, -charges[name])
            changed[name] = replace(changed[name], grants=grants)
        return Account(changed)

    def settled(self, calls: Iterable[Answered], now: float) -> tuple[Account, list[Answered]]:
        """The state after calls had their replies; and those of them that are to be told again.

        That is while it is unknown where their bucket's windows begin. No call may be told twice
        where that is known, or was believed to be and is not.
        """
        changed, again = dict(self.buckets), list[Answered]()
        for call in calls:
            bucket = changed.get(call.bucket)
            if bucket is None or bucket.misled:
                continue
            known = self._placed(call.bucket).phase
            if known is not None and (phase := known.aged(now)) is not None:
                changed[call.bucket] = settled(bucket, phase, call)
            else:
                again.append(call)
        return Account(changed), again

    def to_text(self) -> str:
        """One line of JSON, about half a kilobyte per busy bucket."""
        buckets = {name: bucket.to_json() for name, bucket in sorted(self.buckets.items())}
        return json.dumps({"v": _FORMAT, "buckets": buckets}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str, rules: Mapping[str, Rule]) -> Account:
        """Read what `to_text` wrote.

        A bucket whose window is not its rule's is left out: the deployer has corrected the rule.
        What another version wrote in another form counts as nothing known.
        """
        try:
            document = json.loads(text)
            if document["v"] != _FORMAT:
                return cls()
            read = {name: Bucket.from_json(fields) for name, fields in document["buckets"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()
        return cls(
            {
                name: bucket
                for name, bucket in read.items()
                if name not in rules or rules[name].window_s == bucket.window_s
            }
        )

    def _having(self, names: list[str], rules: Mapping[str, Rule], now: float) -> Account:
        known = {name: bucket.tidied(now) for name, bucket in self.buckets.items()}
        for name in names:
            if name not in known:
                known[name] = Bucket.of(rules[name])
        return Account(known)

    def _placed(self, name: str) -> Bucket:
        """The bucket, with another's knowledge of where windows begin if it has none of its own.

        An account's windows of one length are taken to begin together: replies to the calls that
        are made may never speak of this bucket. Not once its own replies have contradicted.
        """
        bucket = self.buckets[name]
        if bucket.phase is not None or bucket.misled:
            return bucket
        others = [
            other.phase
            for other in self.buckets.values()
            if other.phase is not None and other.window_s == bucket.window_s
        ]
        phase = min(others, key=lambda phase: phase.width, default=None)
        return replace(bucket, phase=phase)

    def _demand(self, ask: Ask, name: str) -> Demand:
        early = BURST if ask.returning else BURST / 2
        return Demand(ask.charges[name], ask.background, ask.share if ask.background else 0, early)

    def _line_ahead(self, names: list[str], ask: Ask, moment: Moment) -> bool:
        lined = (
            [] if ask.returning else [n for n in names if line.ahead(self.buckets[n], ask, moment)]
        )
        return any(
            not behind(self._placed(name), self._demand(ask, name), moment) for name in lined
        )

    def _places(self, names: list[str], ask: Ask, moment: Moment) -> dict[str, Place]:
        """The earliest time that every bucket allows, as the place that each gives."""
        places: dict[str, Place] = {}
        for _ in range(_ROUNDS):
            places = {
                name: earliest(self._placed(name), self._demand(ask, name), moment)
                for name in names
            }
            latest = max(place.begin for place in places.values())
            if all(place.begin == latest for place in places.values()):
                break
            moment = replace(moment, at=latest)
        return places

    def _ask_again(
        self, places: Mapping[str, Place], begin: float, ask: Ask, moment: Moment
    ) -> AskAgain | None:
        loose = [self.buckets[name].window_s for name, place in places.items() if place.loose]
        if not loose or (ask.background and begin > moment.at + ask.within_s):
            return None
        at = moment.at + max(min(loose) * PATIENCE, SHORTEST_WAIT_S)
        return AskAgain(at) if begin > at else None

    def _slots(self, names: list[str], ask: Ask, moment: Moment) -> tuple[Account, list[Slot]]:
        account, slots = self, list[Slot]()
        last = moment.at + ask.within_s
        shared = any(self.buckets[name].others.usual for name in names)
        for _ in range(min(ask.count, BESIDE_OTHERS) if shared else ask.count):
            places = account._places(names, ask, moment)
            begin = max(place.begin for place in places.values())
            end = min(place.end for place in places.values())
            if begin > last or end <= begin:
                break
            account = account._with(places, ask, Slot(begin, end), moment)
            slots.append(Slot(begin, end))
            shortest = min(account.buckets[name].window_s for name in names)
            last = min(last, slots[0].begin + STRETCH * shortest)
        return account._passed(names, ask, moment, len(slots)), slots

    def _passed(self, names: list[str], ask: Ask, moment: Moment, slots: int) -> Account:
        calls = {name: slots * ask.charges[name] for name in names}
        changed = {n: line.passed(self.buckets[n], ask, moment, calls[n]) for n in names}
        return Account({**self.buckets, **changed})

    def _with(self, places: Mapping[str, Place], ask: Ask, slot: Slot, moment: Moment) -> Account:
        changed, begin = dict(self.buckets), slot.begin
        for name, place in places.items():
            bucket, cost = changed[name], ask.charges[name]
            paced_to = max(bucket.paced_to, begin) if ask.background else bucket.paced_to
            scouted = place.scout if place.scout is not None else bucket.scouted
            grants = bucket.grants.add(begin, cost)
            interactive = bucket.interactive
            if not ask.background:
                interactive = interactive.more(cost, moment.at, bucket.window_s)
            changed[name] = replace(
                bucket.doubted(moment.doubt, slot.end),
                scouted=scouted,
                grants=grants if place.also is None else grants.add(place.also, cost),
                interactive=interactive,
                loose_until=max(bucket.loose_until, begin) if place.loose else bucket.loose_until,
                paced_to=paced_to + cost * credit_s(bucket, begin),
            )
        return Account(changed)

    def _in_line(
        self, names: list[str], ask: Ask, moment: Moment, slot: float
    ) -> tuple[Account, Deferred]:
        joined = {name: self.buckets[name] for name in names}
        changed, deferred = line.join(joined, ask, moment, slot)
        return Account({**self.buckets, **changed}), deferred

    def _first_is_out(self, name: str, moment: Moment) -> bool:
        """Whether the first calls have yet to tell the limit: places at a guess would be wrong."""
        bucket = self.buckets[name]
        first = next(iter(bucket.grants.bins()), None)
        if bucket.told or bucket.blocked_until > moment.at or first is None:
            return False
        return first[0] > moment.at - FIRST_REPLY_S
