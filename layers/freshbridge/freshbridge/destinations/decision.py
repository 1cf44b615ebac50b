"""What is to become of a record, given what the account has of its key. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from freshbridge.destinations.difference import differing
from freshbridge.destinations.model import DestinationSettings, Template
from freshbridge.destinations.preparation import Prepared


@dataclass(frozen=True)
class Decision:
    """`settled`: nothing is to be sent for it; else `outcome` is what sending it does.

    `record_id` names the record that is there, `fields` what is wrong.
    """

    outcome: str
    settled: bool = False
    failed: bool = False
    code: str = ""
    message: str = ""
    record_id: int | None = None
    fields: Sequence[Any] = field(default=(), repr=False)


def decided(
    settings: DestinationSettings,
    ready: Prepared,
    fields: Mapping[str, Any],
    found: Sequence[Mapping[str, Any]] | None,
    *,
    compare: bool,
) -> Decision:
    """`fields` have their ids looked up; `found` are the records of the key, None for unknown."""
    if found is None:
        return Decision(_unknown(settings))
    if len(found) > 1 and settings.template is not Template.CREATE:
        ids = ", ".join(str(one.get("id")) for one in found[:5])
        said = f"{len(found)} records have this {settings.key}: {ids}"
        return Decision("invalid", True, True, "ambiguous", said)
    if not found:
        return _absent(settings, ready)
    return _present(settings, fields, found[0], compare=compare)


def _unknown(settings: DestinationSettings) -> str:
    return {
        Template.CREATE: "created",
        Template.UPDATE: "updated",
        Template.DELETE: "deleted",
        Template.MANUAL: "delivered",
    }.get(settings.template, "upserted")


def _absent(settings: DestinationSettings, ready: Prepared) -> Decision:
    if settings.template is Template.DELETE:
        return Decision("unchanged", True, message="There is no such record")
    if settings.template is Template.UPDATE or (
        settings.template is not Template.CREATE
        and (settings.mode == "update_only" or settings.key == "id")
    ):
        said = f"no record has this {settings.key}"
        return Decision("rejected", True, True, "no_such_record", said)
    if ready.missing:
        said = "; ".join(str(one) for one in ready.missing)
        return Decision("invalid", True, True, "invalid_record", said, fields=ready.missing)
    return Decision("created")


def _present(
    settings: DestinationSettings,
    fields: Mapping[str, Any],
    found: Mapping[str, Any],
    *,
    compare: bool,
) -> Decision:
    record_id = int(found["id"])
    if settings.template is Template.DELETE:
        return Decision("deleted", record_id=record_id)
    if settings.template is Template.CREATE and settings.on_duplicate == "fail":
        said = f"the account has it already: {record_id}"
        return Decision("rejected", True, True, "conflict", said, record_id)
    left = settings.template is Template.CREATE and settings.on_duplicate == "skip"
    if left or (settings.template is not Template.UPDATE and settings.mode == "create_only"):
        said = "It exists already and is left as it is"
        return Decision("unchanged", True, message=said, record_id=record_id)
    if compare and not differing(fields, found):
        said = "It is as it should be"
        return Decision("unchanged", True, message=said, record_id=record_id)
    return Decision("updated", record_id=record_id)
