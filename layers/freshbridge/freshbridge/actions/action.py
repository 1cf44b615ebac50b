"""What an action is: a parameters model, a function, and what repeating it does.

Pure but for pydantic. Adding one takes three steps: write its parameters, write its function, and
list both in the family's ACTIONS.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from freshbridge.errors import Reject

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.queues.envelope import ActionRequest

Find = Callable[[str, str], "Action"]
"""The catalogue's own: from a platform and a name to an action, or UnknownAction."""


class Effect(StrEnum):
    """What running an action a second time does."""

    READ = "read"
    """Changes nothing at the provider."""
    SET = "set"
    """Sets values: a second run leaves the same state."""
    ADD = "add"
    """Makes something new: a second run makes another, so it is never repeated blindly."""


class Parameters(BaseModel):
    """Base of every action's parameters: an unknown name is an error, not a silent loss."""

    # A function runs few of the actions: each model is built when it is first used.
    model_config = ConfigDict(extra="forbid", str_max_length=1_000_000, defer_build=True)


class Unfinished(Exception):
    """A part of the action is done, and the rest has to wait: run it again in `after_s` seconds.

    What is done must be on record at the provider or in the stack, since the next run begins with
    the same parameters. It costs no attempt.
    """

    def __init__(self, after_s: int) -> None:
        super().__init__(f"goes on in {after_s} s")
        self.after_s = after_s


class NothingDone(Reject):
    """The action came to its end without any effect; `data` is what an outcome would tell.

    All there is to know of it is on record already, so it needs no dead letter.
    """

    code = "nothing_done"

    def __init__(self, what: str, data: dict[str, Any]) -> None:
        super().__init__(what)
        self.data = data


@dataclass(frozen=True)
class Outcome:
    """What an action answers: the `data` and `message` of the response.

    A read that was answered from the cache says so in `cached`, and in `age_s` how many seconds
    ago the provider said it.
    """

    data: dict[str, Any]
    message: str = "Operation completed successfully"
    cached: bool = False
    age_s: int = 0


SETTLE_S = 10.0
"""A provider may carry out a request seconds after the connection to it broke, or after a proxy
answered in its stead; a lookup before that would miss what is about to be made. A time-out has
waited for most of it already."""
MAIL_SETTLE_S = 30.0
"""Of what is mailed to people: no one can take it back, so it is waited for longer."""


@dataclass(frozen=True)
class Reconciliation:
    """How to find what earlier attempts of an action made whose outcome nobody knows.

    `find` answers the outcome that they would have had, or None when they had no effect; where
    neither can be shown it raises OutcomeUnknown. It makes two calls at most. `doubles` says of
    parameters whether a second run would have a second effect: else it is run again without asking,
    since it sets values, or since the provider refuses a second one. `makes` names the entry of an
    outcome's data that identifies what was made, such as `ticket_id`; empty where nothing has an
    id. Where an action calls once more after it has made something, `find` is asked as well when
    that call failed, and has to see to its being made. `settle_s` is how long after the last
    attempt `find` can be asked.
    """

    find: Callable[[Context[Any], Unsure, Any], Outcome | None]
    makes: str = ""
    settle_s: float = SETTLE_S
    doubles: Callable[[Any], bool] = lambda _parameters: True


@dataclass(frozen=True)
class Action:
    """One entry of the catalogue.

    `run` takes the context and the validated parameters. `credits` is what the action costs of
    the provider's rate limit as it is mostly used, and `credits_note` says when it costs more.
    `example` is a set of parameters that the model accepts. An action that is `in_background` takes
    longer than an API may take to answer, so it always goes through the queue; `refuse` is told of
    each request for it before it is queued, and raises a Reject where it could never be run.
    `reconcile` keeps one that makes something new from making it twice (see `once`).
    """

    platform: str
    name: str
    parameters: type[Parameters]
    run: Callable[[Context[Any], Any], Outcome]
    effect: Effect
    example: Mapping[str, Any] = field(default_factory=dict)
    credits: int = 1
    credits_note: str = ""
    in_background: bool = False
    refuse: Callable[[ActionRequest, Any, Find], None] | None = None
    reconcile: Reconciliation | None = None

    @property
    def description(self) -> str:
        """The first paragraph of the parameters' docstring."""
        return inspect.getdoc(self.parameters).partition("\n\n")[0]  # type: ignore[union-attr]  # a test demands a docstring of each

    def shown(self) -> dict[str, Any]:
        """The action as the catalogue lists it; `parameters` is JSON Schema."""
        return {
            "platform": self.platform,
            "action": self.name,
            "description": self.description,
            "parameters": self.parameters.model_json_schema(),
            "example": dict(self.example),
            "effect": self.effect.value,
            "safe_to_repeat": self.effect is not Effect.ADD,
            "credits": self.credits,
            "credits_note": self.credits_note,
            "in_background": self.in_background,
        }
