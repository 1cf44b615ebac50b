"""Read a link's configuration, and say in words what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freshbridge.customers.field_reading import (
    COMPANY,
    LONGEST,
    USUAL_FIELDS,
    choice,
    read_field,
)
from freshbridge.customers.link import (
    Deletions,
    Direction,
    FieldRule,
    Kind,
    KindRules,
    Link,
    Policy,
    Side,
)
from freshbridge.customers.matching import KEYS
from freshbridge.errors import FieldError, InvalidRequest

_MEMBERS = {
    "name", "freshdesk_instance_id", "freshsales_instance_id", "enabled", "direction", "conflict",
    "deletions", "create", "objects",
}  # fmt: skip
_READ_ONLY = {"link_id", "created_at", "updated_at"}

MOST_FIELDS = 60


class InvalidLink(InvalidRequest):
    """The configuration of a link cannot be used."""

    code = "invalid_link"


_USUAL_MATCH = {Kind.CONTACTS: ("email",), Kind.COMPANIES: ("name",)}


def read_link(
    given: Mapping[str, Any], *, link_id: str, created_at: str = "", updated_at: str = ""
) -> Link:
    """The link that a body describes.

    Raises:
        InvalidLink: naming every member that is missing, unknown or of no use.
    """
    wrong = [
        FieldError(name, f"is unknown; there are {', '.join(sorted(_MEMBERS))}", "unknown_field")
        for name in sorted(set(given) - _MEMBERS - _READ_ONLY)
    ]
    ids = {side: _instance(given, f"{side}_instance_id", wrong) for side in Side}
    enabled = given.get("enabled", True)
    if not isinstance(enabled, bool):
        wrong.append(FieldError("enabled", "must be true or false", "invalid_value"))
    name = given.get("name", "")
    if not isinstance(name, str) or len(name) > LONGEST:
        wrong.append(FieldError("name", f"must be a text of up to {LONGEST}", "invalid_value"))
    link = Link(
        link_id=link_id,
        freshdesk_instance_id=ids[Side.FRESHDESK],
        freshsales_instance_id=ids[Side.FRESHSALES],
        kinds=_kinds(given.get("objects"), wrong),
        name=name if isinstance(name, str) else "",
        enabled=enabled is True,
        direction=choice(given, "direction", Direction.BOTH, wrong),
        policy=choice(given, "conflict", Policy.NEWEST, wrong),
        deletions=choice(given, "deletions", Deletions.IGNORE, wrong),
        creates=_creates(given, wrong),
        created_at=created_at,
        updated_at=updated_at,
    )
    if wrong:
        raise InvalidLink("The link cannot be used", where="customer link", fields=wrong)
    return link


def write_link(link: Link) -> dict[str, Any]:
    """The link as it is shown and kept; `read_link` reads it."""
    creates = [side.value for side in Side if side in link.creates]
    return {
        "link_id": link.link_id,
        "name": link.name,
        "freshdesk_instance_id": link.freshdesk_instance_id,
        "freshsales_instance_id": link.freshsales_instance_id,
        "enabled": link.enabled,
        "direction": link.direction.value,
        "conflict": link.policy.value,
        "deletions": link.deletions.value,
        "create": creates,
        "objects": {
            one.kind.value: {
                "match": list(one.match),
                "fields": [_written(rule) for rule in one.fields],
            }
            for one in link.kinds
        },
        "created_at": link.created_at,
        "updated_at": link.updated_at,
    }


def _written(rule: FieldRule) -> dict[str, Any]:
    return {
        "freshdesk": rule.freshdesk,
        "freshsales": rule.freshsales,
        "convert": rule.convert,
        "direction": rule.direction.value,
        "conflict": rule.policy.value if rule.policy else None,
        "default_freshdesk": rule.default_freshdesk,
        "default_freshsales": rule.default_freshsales,
        "values": dict(rule.values),
    }


def _instance(given: Mapping[str, Any], member: str, wrong: list[FieldError]) -> str:
    value = given.get(member)
    if isinstance(value, int) and not isinstance(value, bool):
        # The API shows an instance's id as a number.
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        wrong.append(FieldError(member, "give the id of an instance", "missing_field"))
        return ""
    return value


def _creates(given: Mapping[str, Any], wrong: list[FieldError]) -> frozenset[Side]:
    value = given.get("create", [side.value for side in Side])
    if isinstance(value, list) and set(map(str, value)) <= {side.value for side in Side}:
        return frozenset(Side(one) for one in value)
    said = "must be a list of the sides that customers may be created on: freshdesk, freshsales"
    wrong.append(FieldError("create", said, "invalid_value"))
    return frozenset()


def _kinds(given: Any, wrong: list[FieldError]) -> tuple[KindRules, ...]:
    if given is None:
        given = {kind.value: {} for kind in Kind}
    names = [kind.value for kind in Kind]
    if isinstance(given, list):
        given = {str(name): {} for name in given}
    if not isinstance(given, Mapping) or not given or set(given) - set(names):
        said = f"must name {' or '.join(names)}, or both"
        wrong.append(FieldError("objects", said, "invalid_value"))
        return ()
    # Companies first: contacts refer to them.
    chosen = [kind for kind in Kind if kind.value in given]
    both = len(chosen) == len(Kind)
    return tuple(_rules(kind, given[kind.value], wrong, both=both) for kind in chosen)


def _rules(kind: Kind, given: Any, wrong: list[FieldError], *, both: bool) -> KindRules:
    place = f"objects.{kind}"
    if not isinstance(given, Mapping) or set(given) - {"match", "fields"}:
        wrong.append(FieldError(place, "must be an object of match and fields", "invalid_value"))
        given = {}
    match = given.get("match", list(_USUAL_MATCH[kind]))
    known = KEYS[kind]
    if not isinstance(match, list) or not match or not all(one in known for one in match):
        said = f"must be a list of {', '.join(known)}, in the order in which they are tried"
        wrong.append(FieldError(f"{place}.match", said, "invalid_value"))
        match = []
    usual = USUAL_FIELDS[kind] + ((COMPANY,) if both and kind is Kind.CONTACTS else ())
    listed = given.get("fields")
    if listed is None:
        return KindRules(kind, tuple(match), usual)
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_FIELDS:
        said = f"must be a list of 1 to {MOST_FIELDS} pairs of fields"
        wrong.append(FieldError(f"{place}.fields", said, "invalid_value"))
        return KindRules(kind, tuple(match), ())
    rules = tuple(
        read_field(one, f"{place}.fields.{index}.", kind, wrong) for index, one in enumerate(listed)
    )
    _check_together(rules, kind, place, wrong, both=both)
    return KindRules(kind, tuple(match), rules)


def _check_together(
    rules: tuple[FieldRule, ...], kind: Kind, place: str, wrong: list[FieldError], *, both: bool
) -> None:
    for side in Side:
        names_there = [rule.named(side) for rule in rules]
        for twice in sorted({name for name in names_there if names_there.count(name) > 1}):
            said = f"{twice} of {side} is in two pairs"
            wrong.append(FieldError(f"{place}.fields", said, "duplicate"))
    if kind is Kind.CONTACTS and not both and any(rule.convert == "company" for rule in rules):
        said = "a contact's company is only known where companies are linked too"
        wrong.append(FieldError(f"{place}.fields", said, "invalid_value"))
    if not any(rule.name == "name" for rule in rules):
        said = "there must be a pair of Freshdesk's name: nothing can be created without"
        wrong.append(FieldError(f"{place}.fields", said, "missing_field"))
