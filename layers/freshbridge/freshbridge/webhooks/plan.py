"""From what there is to what there ought to be: the steps, each one request to Freshdesk.

Pure. Nothing that is right is touched, so that running it again changes nothing; what is one too
many goes after what is missing has come, so that no event is missed on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from freshbridge.freshdesk.automation import AutomationType
from freshbridge.webhooks import hand_made, health
from freshbridge.webhooks.automation import Piece, pieces_of, rule_body
from freshbridge.webhooks.choice import BY_WEBHOOK, FIRST, LAST, Wish
from freshbridge.webhooks.found import Account, AccountRule, in_the_way, others_after
from freshbridge.webhooks.health import Problem, Secrets

MASK = "********"
ALL_PIECES = pieces_of(BY_WEBHOOK)
Kind = Literal["create", "update", "delete"]
_METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE"}


@dataclass(frozen=True)
class Target:
    """One instance's webhook: where it is and what opens it."""

    instance_id: str
    url: str
    secrets: Secrets

    def body(self, piece: Piece) -> dict[str, Any]:
        """The rule as it ought to be."""
        return rule_body(
            piece,
            instance_id=self.instance_id,
            url=self.url,
            secret=self.secrets.held.current,
        )


@dataclass(frozen=True)
class State:
    """A piece, or a rule that is none of them, with what is wrong about it.

    `covered` names sound rules of a person's own that bring these events already; `place` is the
    position that a step gives it, None for where it is.
    """

    key: str
    events: tuple[str, ...]
    rule_type: AutomationType
    rule: AccountRule | None = None
    problems: tuple[Problem, ...] = ()
    covered: tuple[AccountRule, ...] = ()
    place: int | None = None

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        rule = self.rule
        return {
            "rule": self.key,
            "events": list(self.events),
            "automation_type": int(self.rule_type),
            "rule_id": rule.id if rule else None,
            "name": rule.name if rule else None,
            "active": rule.active if rule else None,
            "position": rule.position if rule else None,
            "made_by_hand": [{"rule_id": r.id, "name": r.name} for r in self.covered],
            "problems": [problem.shown() for problem in self.problems],
        }


@dataclass(frozen=True)
class Step:
    """One request. `state` is what it mends; `body` is what it sends."""

    kind: Kind
    state: State
    body: Mapping[str, Any] | None = field(default=None, repr=False)

    def shown(self, secret: str, *, show_secret: bool = False) -> dict[str, Any]:
        """The request as it would be sent, its secret hidden."""
        path = f"/api/v2/automations/{int(self.state.rule_type)}/rules"
        if self.state.rule is not None:
            path += f"/{self.state.rule.id}"
        body = dict(self.body) if self.body is not None else None
        return {
            "method": _METHODS[self.kind],
            "path": path,
            "body": body if show_secret else masked(body, secret),
        }


def wanted_pieces(wish: Wish) -> list[Piece]:
    """The rules that a wish comes to."""
    return [piece for piece in pieces_of(wish.events) if piece.key not in wish.without]


def examine(account: Account, wish: Wish, target: Target) -> list[State]:
    """Every wanted piece, then the own rules that are one too many."""
    states = [_state_of(piece, account, wish, target) for piece in wanted_pieces(wish)]
    kept = {state.rule.id: state for state in states if state.rule}
    for rule in account.own:
        if rule.id in kept:
            continue
        twin = next((state for state in states if state.key == rule.key and state.rule), None)
        problem = health.duplicate(twin.rule.id) if twin and twin.rule else health.not_wanted()
        states.append(State(rule.key or "unknown", (), rule.rule_type, rule, (problem,)))
    return states


def steps_for(states: Iterable[State], wish: Wish, target: Target) -> list[Step]:
    """What makes every state right; empty when all are."""
    wanted = {piece.key: piece for piece in wanted_pieces(wish)}
    made: list[Step] = []
    gone: list[Step] = []
    for state in states:
        if not any(problem.repairable for problem in state.problems):
            continue
        if not state.events:
            gone.append(Step("delete", state))
            continue
        body = target.body(wanted[state.key])
        if state.place is not None:
            body["position"] = state.place
        made.append(Step("create" if state.rule is None else "update", state, body))
    return [*made, *gone]


def removal(account: Account) -> list[Step]:
    """Take away every rule of the instance's own, and no other."""
    return [
        Step("delete", State(rule.key or "unknown", (), rule.rule_type, rule))
        for rule in account.own
    ]


def masked(value: Any, secret: str) -> Any:
    """A copy without the secret, wherever it stands."""
    if isinstance(value, Mapping):
        return {name: masked(item, secret) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item, secret) for item in value]
    if isinstance(value, str) and secret:
        return value.replace(secret, MASK)
    return value


def _state_of(piece: Piece, account: Account, wish: Wish, target: Target) -> State:
    own = account.pieces(piece.key)
    beside = [
        (other, hand_made.problems_of(other, target.instance_id, target.secrets))
        for other in account.by_hand
        if hand_made.covers(other, piece)
    ]
    covered = tuple(other for other, wrong in beside if not wrong)
    place: int | None = None
    rule = own[0] if own else None
    problems: list[Problem] = []
    if rule is None:
        problems += [] if covered else [health.missing(piece.title)]
    else:
        problems += health.problems_of(rule, target.body(piece), target.secrets)
        problems += [health.doubled(o) for o, wrong in beside if hand_made.delivers(wrong)]
        if piece.key == "created":
            misplaced = _place_problems(rule, account, wish)
            problems += misplaced
            if any(problem.code == "position" for problem in misplaced):
                place = len(account.creation)
    if piece.key == "created" and wish.position == FIRST:
        place = 1
    return State(piece.key, piece.events, piece.rule_type, rule, tuple(problems), covered, place)


def _place_problems(rule: AccountRule, account: Account, wish: Wish) -> list[Problem]:
    if wish.position == FIRST and account.creation[0].id != rule.id:
        return [health.not_first()]
    if wish.placed and wish.position == LAST and others_after(account):
        return [health.not_last()]
    before = in_the_way(account)
    return [health.shadowed(before)] if before else []
