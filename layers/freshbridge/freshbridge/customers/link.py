"""What one link between a Freshdesk and a Freshsales account is to do. Pure.

A link names the two instances and, per kind of customer, which fields belong together. Everything
that differs between the two products is in `fields` and in the two sides' rooms; what is here and
in the merge knows a left and a right side only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Side(StrEnum):
    """One of the two accounts of a link."""

    FRESHDESK = "freshdesk"
    FRESHSALES = "freshsales"

    @property
    def other(self) -> Side:
        """The account across."""
        return Side.FRESHSALES if self is Side.FRESHDESK else Side.FRESHDESK


class Kind(StrEnum):
    """What is kept the same: people, or the companies that they work for."""

    COMPANIES = "companies"
    CONTACTS = "contacts"


class Direction(StrEnum):
    """Which way changes travel."""

    BOTH = "both"
    TO_FRESHSALES = "to_freshsales"
    TO_FRESHDESK = "to_freshdesk"

    def reaches(self, side: Side) -> bool:
        """Whether changes may be written to that side."""
        return self is Direction.BOTH or self.value == f"to_{side.value}"


class Policy(StrEnum):
    """Whose value stays where both sides changed one field."""

    NEWEST = "newest"
    FRESHDESK_WINS = "freshdesk_wins"
    FRESHSALES_WINS = "freshsales_wins"


class Deletions(StrEnum):
    """What a deletion on one side does on the other."""

    IGNORE = "ignore"
    UNLINK = "unlink"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Two fields that hold the same thing.

    `name` is how the pair is called in reports: Freshdesk's field. `convert` is one of
    `fields.CONVERSIONS`. `values` translates Freshdesk's choices to Freshsales'. `default_*` is
    what is written to that side in place of nothing. `policy` None: as the link says.
    """

    name: str
    freshdesk: str
    freshsales: str
    convert: str = "text"
    direction: Direction = Direction.BOTH
    policy: Policy | None = None
    default_freshdesk: str = ""
    default_freshsales: str = ""
    values: Mapping[str, str] = field(default_factory=dict, hash=False)

    def named(self, side: Side) -> str:
        """The field's name on one side."""
        return self.freshdesk if side is Side.FRESHDESK else self.freshsales

    def default(self, side: Side) -> str:
        """What is written to that side in place of nothing."""
        return self.default_freshdesk if side is Side.FRESHDESK else self.default_freshsales


@dataclass(frozen=True, slots=True)
class KindRules:
    """How one kind of customer is kept the same: by which keys two are one, and their fields."""

    kind: Kind
    match: tuple[str, ...]
    fields: tuple[FieldRule, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `creates`: the sides that customers may be created on."""

    link_id: str
    freshdesk_instance_id: str
    freshsales_instance_id: str
    kinds: tuple[KindRules, ...]
    name: str = ""
    enabled: bool = True
    direction: Direction = Direction.BOTH
    policy: Policy = Policy.NEWEST
    deletions: Deletions = Deletions.IGNORE
    creates: frozenset[Side] = frozenset(Side)
    created_at: str = ""
    updated_at: str = ""

    def instance(self, side: Side) -> str:
        """The instance of one side."""
        is_desk = side is Side.FRESHDESK
        return self.freshdesk_instance_id if is_desk else self.freshsales_instance_id

    def side_of(self, instance_id: str) -> Side | None:
        """Which side an instance is, if it is one."""
        return next((side for side in Side if self.instance(side) == instance_id), None)

    def rules(self, kind: Kind) -> KindRules | None:
        """The rules of one kind; None where the link leaves it alone."""
        return next((one for one in self.kinds if one.kind is kind), None)

    def writes(self, rule: FieldRule, side: Side) -> bool:
        """Whether a change of that field may be written to that side."""
        return self.direction.reaches(side) and rule.direction.reaches(side)

    def may_create(self, side: Side) -> bool:
        """Whether a customer that the side lacks is created there."""
        return self.direction.reaches(side) and side in self.creates

    def policy_of(self, rule: FieldRule) -> Policy:
        """Whose value of that field stays."""
        return rule.policy or self.policy
