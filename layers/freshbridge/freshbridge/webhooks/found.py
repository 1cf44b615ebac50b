"""Which of an account's automation rules are an instance's own, and what stands in their way.

Pure. A rule is the instance's own when its name begins as those names do, or when its webhook
carries the mark that they carry: so it is found again when somebody renames it, or sends its
webhook elsewhere. A rule that calls the instance's webhook without either was made by a person. It
is shown, and neither changed nor removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from freshbridge.freshdesk.automation import AutomationRules, AutomationType
from freshbridge.webhooks.address import leads_to
from freshbridge.webhooks.automation import (
    RULE_HEADER,
    WEBHOOK,
    Piece,
    mark_of,
    name_of,
    prefix_of,
)


@dataclass(frozen=True)
class AccountRule:
    """One rule as the account has it; `key` names the piece that it is, "" for none."""

    rule_type: AutomationType
    record: Mapping[str, Any]
    key: str = ""
    own: bool = False

    @property
    def id(self) -> int:
        """Freshdesk's number."""
        return int(self.record["id"])

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.record.get("name") or "")

    @property
    def active(self) -> bool:
        """Whether it runs."""
        return self.record.get("active") is not False

    @property
    def position(self) -> int | None:
        """Its place among the rules of its type, from 1."""
        position = self.record.get("position")
        return position if isinstance(position, int) else None


@dataclass(frozen=True)
class Account:
    """What was found. `by_hand` calls the webhook and is not the instance's own.

    `cascading`: whether all creation rules that fit run; None when the account does not tell.
    `creation` is every creation rule, in the order in which they run.
    """

    own: tuple[AccountRule, ...] = ()
    by_hand: tuple[AccountRule, ...] = ()
    creation: tuple[AccountRule, ...] = ()
    cascading: bool | None = None
    read: bool = field(default=True, compare=False)

    def pieces(self, key: str) -> list[AccountRule]:
        """The own rules for one piece, the oldest first: more than one is one too many."""
        return sorted((rule for rule in self.own if rule.key == key), key=lambda rule: rule.id)


def sort_out(
    lists: Mapping[AutomationType, AutomationRules], instance_id: str, pieces: Iterable[Piece]
) -> Account:
    """The account's rules as they concern one instance; `pieces` are all that there can be."""
    known = tuple(pieces)
    rules = [
        _recognised(rule_type, record, instance_id, _of_type(rule_type, known))
        for rule_type, found in lists.items()
        for record in found.rules
    ]
    creation = lists.get(AutomationType.CREATION)
    return Account(
        own=tuple(rule for rule in rules if rule.own),
        by_hand=tuple(r for r in rules if not r.own and _calls(r.record, instance_id)),
        creation=tuple(r for r in rules if r.rule_type is AutomationType.CREATION),
        cascading=creation.cascading if creation else None,
    )


def in_the_way(account: Account) -> list[AccountRule]:
    """Creation rules that can keep the own one from running: of them all only the first one does.

    Those that run before it, do not sleep, and are not its own; none where all rules run.
    """
    own = [rule for rule in account.pieces("created") if rule.active]
    if account.cascading is not False or not own:
        return []
    place = account.creation.index(own[0])
    return [rule for rule in account.creation[:place] if rule.active and not rule.own]


def others_after(account: Account) -> list[AccountRule]:
    """Creation rules that are not its own and come after the own one."""
    own = [rule for rule in account.pieces("created") if rule.active]
    if not own:
        return []
    place = account.creation.index(own[0])
    return [rule for rule in account.creation[place + 1 :] if rule.active and not rule.own]


def webhooks_of(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rule's actions that call a webhook."""
    actions = record.get("actions")
    if not isinstance(actions, list):
        return []
    return [a for a in actions if isinstance(a, dict) and a.get("field_name") == WEBHOOK]


def header_of(action: Mapping[str, Any], name: str) -> str:
    """A custom header's value, however Freshdesk wrote its name; "" for none.

    They are an object; as the person's own screen has them, they are lines of `name: value`.
    """
    headers = action.get("custom_headers")
    pairs: Iterable[tuple[str, Any]] = ()
    if isinstance(headers, dict):
        pairs = headers.items()
    elif isinstance(headers, str):
        lines = (line.partition(":") for line in headers.splitlines())
        pairs = ((left, right) for left, _, right in lines)
    wanted = name.lower()
    return next((str(v).strip() for k, v in pairs if str(k).strip().lower() == wanted), "")


def _recognised(
    rule_type: AutomationType,
    record: Mapping[str, Any],
    instance_id: str,
    pieces: Sequence[Piece],
) -> AccountRule:
    mark = next((m for a in webhooks_of(record) if (m := header_of(a, RULE_HEADER))), "")
    own_mark = mark.startswith(mark_of("", instance_id))
    name = str(record.get("name") or "")
    own = own_mark or name.startswith(prefix_of(instance_id))
    if own_mark:
        key = mark.removeprefix(mark_of("", instance_id))
    else:
        key = next((p.key for p in pieces if name_of(p, instance_id) == name), "")
    # A mark that somebody copied into a rule of another type does not make it that piece.
    key = key if any(piece.key == key for piece in pieces) else ""
    return AccountRule(rule_type, record, key if own else "", own)


def _of_type(rule_type: AutomationType, pieces: Iterable[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.rule_type is rule_type]


def _calls(record: Mapping[str, Any], instance_id: str) -> bool:
    return any(leads_to(action.get("url"), instance_id) for action in webhooks_of(record))
