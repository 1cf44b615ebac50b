"""The objects that can be copied: what each is made of, and how its current view is cut up.

Pure. Source: https://developers.freshdesk.com/api/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """How an object can be read.

    `changes`: its lists can be asked for what changed since a time; `snapshot`: it is read as a
    whole each time; `children`: it is read record by record of another object.
    """

    CHANGES = "changes"
    SNAPSHOT = "snapshot"
    CHILDREN = "children"


class Bucketing(StrEnum):
    """How the current view is cut into files.

    `dense`: by the id, in thousands, for ids that count from one; `parent`: the same by the
    parent's id; `hashed`: into a fixed number, for ids with gaps.
    """

    DENSE = "dense"
    PARENT = "parent"
    HASHED = "hashed"


@dataclass(frozen=True)
class SyncObject:
    """`name` is the one in `sync_objects`, in the lake's keys and in the tables.

    `updated_field` is the time that decides which of two versions is the later, "" where records
    have none and the later reading wins. `parent_field` names the record that a child belongs to,
    `parent` that record's object.
    """

    name: str
    shape: Shape
    bucketing: Bucketing = Bucketing.HASHED
    id_field: str = "id"
    updated_field: str = "updated_at"
    parent: str = ""
    parent_field: str = ""


_ALL = (
    SyncObject("tickets", Shape.CHANGES, Bucketing.DENSE),
    SyncObject(
        "conversations",
        Shape.CHILDREN,
        Bucketing.PARENT,
        parent="tickets",
        parent_field="ticket_id",
    ),
    SyncObject("contacts", Shape.CHANGES),
    SyncObject("companies", Shape.CHANGES),
    SyncObject("time_entries", Shape.CHANGES, Bucketing.PARENT, parent_field="ticket_id"),
    SyncObject("satisfaction_ratings", Shape.CHANGES, Bucketing.PARENT, parent_field="ticket_id"),
    SyncObject("agents", Shape.SNAPSHOT),
    SyncObject("groups", Shape.SNAPSHOT),
    SyncObject("roles", Shape.SNAPSHOT),
    SyncObject("products", Shape.SNAPSHOT),
    SyncObject("ticket_fields", Shape.SNAPSHOT),
    SyncObject("contact_fields", Shape.SNAPSHOT),
    SyncObject("company_fields", Shape.SNAPSHOT),
    SyncObject("sla_policies", Shape.SNAPSHOT),
    SyncObject("business_hours", Shape.SNAPSHOT),
    SyncObject("canned_responses", Shape.SNAPSHOT),
)

OBJECTS: Mapping[str, SyncObject] = {one.name: one for one in _ALL}
