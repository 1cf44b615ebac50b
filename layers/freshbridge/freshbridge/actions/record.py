"""What is known of one action request: its state, every attempt, its result.

Pure. Times are UTC, ISO 8601 with seconds.

    queued     stored, not begun                 succeeded  done; `data` holds the result
    waiting    put off until `next_at`           failed     refused; it changes nothing to try again
    running    being tried now                   dead       tried for as long as it may be; parked
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from freshbridge.errors import InvalidRequest


class State(StrEnum):
    """Where an action stands."""

    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD = "dead"

    @property
    def final(self) -> bool:
        """True when nothing happens any more by itself."""
        return self in (State.SUCCEEDED, State.FAILED, State.DEAD)


class UnknownState(InvalidRequest):
    """No action is ever in this state."""

    code = "unknown_state"


@dataclass(frozen=True)
class Attempt:
    """One try: `status` is the state that it ended in, `code` and `reason` say why it failed."""

    started_at: str
    ended_at: str
    status: str
    code: str = ""
    reason: str = ""
    next_at: str = ""

    def shown(self) -> dict[str, Any]:
        """The attempt without what it does not have."""
        return {name: value for name, value in vars(self).items() if value != ""}


@dataclass(frozen=True)
class ActionRecord:
    """`origin` says who asked. `idempotency_key` names the effect that the record tells of, and
    `fingerprint` tells another request under the same key.

    `running_until` is when the function that runs it is cut off; `queued` says whether a message
    would bring the action back then. `unsure_since` is when the first attempt began that may have
    had its effect without anybody knowing. `fields` are the parameters that were refused.
    """

    action_id: str
    instance_id: str
    platform: str
    action: str
    state: State
    submitted_at: str
    origin: dict[str, Any]
    idempotency_key: str = ""
    fingerprint: str = ""
    started_at: str = ""
    finished_at: str = ""
    next_at: str = ""
    running_until: str = ""
    unsure_since: str = ""
    queued: bool = True
    attempts: tuple[Attempt, ...] = ()
    message: str = ""
    code: str = ""
    data: dict[str, Any] | None = None
    fields: tuple[dict[str, str], ...] = ()
    cached: bool = False
    age_s: int = 0
    parameters: dict[str, Any] = field(default_factory=dict, repr=False)

    def as_of(self, now: str) -> ActionRecord:
        """The record as it must be understood at `now`.

        A function that is killed leaves "running" behind: its message comes back, and without a
        message nothing will.
        """
        if self.state is not State.RUNNING or not self.running_until or now < self.running_until:
            return self
        if self.queued:
            return _with(self, state=State.WAITING, next_at=self.running_until)
        return _with(
            self,
            state=State.FAILED,
            code="interrupted",
            message=(
                "The function was stopped before the provider had answered. Look whether it took "
                "effect, or send it again under its key: then that is looked for first."
            ),
        )

    def summary(self) -> dict[str, Any]:
        """What a list shows."""
        shown = {
            "action_id": self.action_id,
            "instance_id": _number(self.instance_id),
            "platform": self.platform,
            "action": self.action,
            "state": self.state.value,
            "submitted_at": self.submitted_at,
            "origin": self.origin,
        }
        for name in ("started_at", "finished_at", "code", "message"):
            if value := getattr(self, name):
                shown[name] = value
        if self.state is State.WAITING and self.next_at:
            shown["waiting_until"] = self.next_at
        return shown

    def view(self) -> dict[str, Any]:
        """All there is to tell: the summary, parameters, attempts and the result."""
        shown = self.summary() | {
            "parameters": self.parameters,
            "attempts": [attempt.shown() for attempt in self.attempts],
        }
        if self.unsure_since and self.state not in (State.RUNNING, State.SUCCEEDED):
            shown["unsure_since"] = self.unsure_since
        if self.fields:
            shown["fields"] = list(self.fields)
        if self.state is State.SUCCEEDED:
            shown |= {"data": self.data or {}, "cached": self.cached, "age_s": self.age_s}
        elif self.data is not None:
            shown["data"] = self.data
        return shown


def read_state(text: str | None) -> State | None:
    """The state that a query names; None for none.

    Raises:
        UnknownState: naming those that exist.
    """
    if not text:
        return None
    try:
        return State(text.lower())
    except ValueError:
        known = ", ".join(state.value for state in State)
        raise UnknownState(f"no state {text[:64]}", advice=f"There are: {known}.") from None


def _with(record: ActionRecord, **changed: Any) -> ActionRecord:
    return ActionRecord(**{**vars(record), **changed})


def _number(instance_id: str) -> int | str:
    # The API shows an instance's id as a number; a stranger's message may hold anything.
    return int(instance_id) if instance_id.isdecimal() else instance_id
