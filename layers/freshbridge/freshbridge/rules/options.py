"""How a rule's actions run, and when it may not. Pure.

enabled      false keeps the rule and runs nothing of it
run          "parallel": all at once, in any order; "ordered": each when the one before has ended
on_failure   of an ordered rule's action: "stop", or "continue" with the next
missing      what a template makes of a value that the event lacks: "error", or "empty"
enrich       when the event's record is fetched: "auto", where conditions or templates name what the
             event does not carry; "always", whenever the rule may run; "never" for this rule
schedule     days and hours, see schedule
rate_cap     {"runs": 20, "per": "minute"}: what is above is skipped
loop_guard   {"runs": 5, "per": "hour"}: the same, for one ticket
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from freshbridge.rules.invalid import invalid
from freshbridge.rules.schedule import Schedule, read_schedule, write_schedule

PERIODS = {"minute": 60, "hour": 3600}
MOST_RUNS = 1_000
MOST_RUNS_OF_TICKET = 100
DEFAULTS: dict[str, Any] = {
    "enabled": True,
    "run": "parallel",
    "on_failure": "stop",
    "missing": "error",
    "enrich": "auto",
}
_CHOICES = {
    "run": ("parallel", "ordered"),
    "on_failure": ("stop", "continue"),
    "missing": ("error", "empty"),
    "enrich": ("auto", "always", "never"),
}
NAMES = (*DEFAULTS, "schedule", "rate_cap", "loop_guard")


@dataclass(frozen=True)
class Cap:
    """At most `runs` in each minute or hour of the clock; `per` names which."""

    runs: int
    per: str

    @property
    def seconds(self) -> int:
        """How long a period is."""
        return PERIODS[self.per]


LOOP_GUARD = Cap(10, "hour")
"""What a rule has that says nothing: enough for a busy ticket, an end to any loop."""


@dataclass(frozen=True)
class Options:
    """What a rule says beside its trigger and its actions."""

    enabled: bool = True
    run: str = "parallel"
    on_failure: str = "stop"
    missing: str = "error"
    enrich: str = "auto"
    schedule: Schedule | None = None
    rate_cap: Cap | None = None
    loop_guard: Cap = field(default=LOOP_GUARD)

    @property
    def ordered(self) -> bool:
        """Whether an action waits for the one before."""
        return self.run == "ordered"


def read_options(body: dict[str, Any]) -> Options:
    """The options among a rule's members; null is the same as not given.

    Raises:
        InvalidRule: naming the member.
    """
    given = {name: body[name] for name in NAMES if body.get(name) is not None}
    enabled = given.get("enabled", True)
    if not isinstance(enabled, bool):
        raise invalid("enabled", "must be true or false")
    for name, choices in _CHOICES.items():
        if given.get(name, DEFAULTS[name]) not in choices:
            raise invalid(name, f"must be {' or '.join(choices)}")
    guard = read_cap(given.get("loop_guard"), "loop_guard", most=MOST_RUNS_OF_TICKET)
    return Options(
        enabled=enabled,
        **{name: given.get(name, DEFAULTS[name]) for name in _CHOICES},
        schedule=read_schedule(given.get("schedule")),
        rate_cap=read_cap(given.get("rate_cap"), "rate_cap", most=MOST_RUNS),
        loop_guard=guard or LOOP_GUARD,
    )


def write_options(options: Options) -> dict[str, Any]:
    """The members that `read_options` takes."""
    cap = options.rate_cap
    return {
        **{name: getattr(options, name) for name in DEFAULTS},
        "schedule": write_schedule(options.schedule),
        "rate_cap": None if cap is None else {"runs": cap.runs, "per": cap.per},
        "loop_guard": {"runs": options.loop_guard.runs, "per": options.loop_guard.per},
    }


def read_cap(value: object, path: str, *, most: int) -> Cap | None:
    """`{"runs": 20, "per": "minute"}`; None where there is none.

    Raises:
        InvalidRule: naming the entry.
    """
    if value is None:
        return None
    if not isinstance(value, dict) or not set(value) <= {"runs", "per"}:
        raise invalid(path, 'must be {"runs": …, "per": "minute" or "hour"}')
    runs, per = value.get("runs"), value.get("per", "hour")
    if not isinstance(runs, int) or isinstance(runs, bool) or not 1 <= runs <= most:
        raise invalid(f"{path}.runs", f"must be a whole number from 1 to {most}")
    if not isinstance(per, str) or per not in PERIODS:
        raise invalid(f"{path}.per", f"must be {' or '.join(PERIODS)}")
    return Cap(runs, per)
