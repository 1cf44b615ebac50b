"""The description of one kind of record: its attributes, keys, parents, includes and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.freshsales.account import Account, Record
from local.freshsales.errors import Message
from local.freshsales.fields import Field

Parent = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Unique:
    """No two live records share it. ``values`` are a record's, normalised; ``message`` the words
    (``taken`` or ``not_unique``) and ``label`` the name of a clash."""

    attribute: str
    message: str
    label: str
    values: Callable[[Record], list[str]]


@dataclass(frozen=True, slots=True)
class Include:
    """What ``include=name`` adds: ``key`` is the side-loaded array (empty: nested in the record
    under the include's name), ``ids`` the records of ``table`` that it holds, ``partial`` cuts each
    to the few attributes that the vendor shows of it."""

    key: str
    table: str
    ids: Callable[[Account, Record], list[int]]
    # Attribute of the record that lists the ids, shown only with the include.
    listing: str = ""
    partial: tuple[str, ...] = ()


def no_parents(_: Record) -> list[Parent]:
    return []


def nothing_derived(_account: Account, _record: Record, _before: Record | None) -> None:
    return None


def no_complaints(
    _account: Account, _record: Record | None, _values: Record
) -> list[Message | str]:
    return []


@dataclass(frozen=True, slots=True)
class Model:
    """``table`` is the plural and path, ``singular`` the wrapper, ``class_name`` what views and
    targets call it. ``blank`` is a new record's attributes before anything is written."""

    table: str
    singular: str
    class_name: str
    fields: tuple[Field, ...]
    blank: Callable[[Account, int], Record]
    unique: tuple[Unique, ...] = ()
    parents: Callable[[Record], list[Parent]] = no_parents
    derive: Callable[[Account, Record, Record | None], None] = nothing_derived
    complaints: Callable[[Account, Record | None, Record], list[Message | str]] = no_complaints
    includes: Mapping[str, Include] = field(default_factory=dict)
    sorts: tuple[str, ...] = ("created_at", "updated_at")
    deleted: Any = True
    # Attributes that no view shows.
    hidden: frozenset[str] = frozenset()
    flat: bool = True
    personas: tuple[str, ...] = ("suite", "classic")
    # Keys of unique_identifier: name given → attribute it is matched with.
    identifiers: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str) -> Field | None:
        return next((one for one in self.fields if one.name == name), None)


def folded(value: object) -> str:
    """How values of a unique attribute are compared: without case and outer blanks."""
    return str(value).strip().casefold()


def single(attribute: str) -> Callable[[Record], list[str]]:
    """The values of a plain attribute."""

    def values(record: Record) -> list[str]:
        value = record.get(attribute)
        return [] if value in (None, "") else [folded(value)]

    return values
