"""Steering a simulator over HTTP: what the ``/__sim/…`` calls of every provider have in common.

Bodies come from a person or a test: a mistake in one raises ControlError, whose text says what is
wanted; the server answers it with 400 and ``{"message": …}``.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from local.simulator.clock import Clock
from local.simulator.faults import Fault, fault_of


class ControlError(ValueError):
    """A control call cannot be understood; the text says why."""


def object_of(body: object) -> dict[str, Any]:
    """The members of a body; none when nothing was sent."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body


def set_faults(faults: list[Fault], body: object, own_kinds: tuple[str, ...] = ()) -> None:
    """One fault is added to those there are; a list replaces them all."""
    if isinstance(body, list):
        faults[:] = [fault_of(one, own_kinds) for one in body]
    else:
        faults.append(fault_of(body, own_kinds))


def shown_faults(faults: Iterable[Fault]) -> dict[str, Any]:
    return {"faults": [fault.described() for fault in faults]}


def set_clock(clock: Clock, body: object) -> None:
    """``freeze``: true (where it is), an ISO time, epoch seconds, or false to let it run;
    ``advance_s``: seconds to move forward."""
    wanted = object_of(body)
    if unknown := wanted.keys() - {"freeze", "advance_s"}:
        raise ControlError(f"clock takes freeze and advance_s, not {sorted(unknown)}")
    if "freeze" in wanted:
        _freeze(clock, wanted["freeze"])
    if "advance_s" in wanted:
        clock.advance(_seconds(wanted["advance_s"]))


def part_of(
    tables: Mapping[str, Mapping[Any, dict[str, Any]]], query: Mapping[str, str], default: str
) -> list[dict[str, Any]]:
    """Every record of the table that ``object`` names, as it stands, by id.

    ``after`` (an id) and ``limit`` give a part: ask again with the last id until it is empty.
    """
    name = query.get("object", default)
    if name not in tables:
        raise ControlError(f"unknown object {name!r}; known: {', '.join(sorted(tables))}")
    records = list(tables[name].values())
    if after := query.get("after"):
        records = [record for record in records if record["id"] > int(after)]
    if limit := query.get("limit"):
        records = records[: int(limit)]
    return records


def _freeze(clock: Clock, moment: object) -> None:
    if moment is False or moment is None:
        clock.unfreeze()
    elif moment is True:
        clock.freeze()
    elif isinstance(moment, str):
        parsed = datetime.fromisoformat(moment)
        clock.freeze((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
    else:
        clock.freeze(_seconds(moment))


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ControlError(f"a number of seconds is wanted, not {value!r}")
    return float(value)
