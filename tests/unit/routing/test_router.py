"""In which order an event's steps are done, which are left out when, and what fails it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from freshbridge.budget.budgeted_transport import Waiting
from freshbridge.errors import Retry
from freshbridge.events.normalised import Event
from freshbridge.instances.model import Instance
from freshbridge.routing.ports import Surroundings
from freshbridge.routing.router import Message, Router
from freshbridge.routing.taking import Taken
from freshbridge.rules.comparison import Statuses
from freshbridge.rules.enricher import NotTold
from freshbridge.rules.model import Rule
from freshbridge.rules.route import NOT_TOLD, Run, runs_of
from freshbridge.rules.templates import InvalidTemplate
from tests import builders
from tests.fakes.observed import Observed

NOW = datetime(2026, 3, 3, 12, 2, 41, tzinfo=UTC)
MESSAGE = Message("m-1", "text", first=True, waiting=Waiting(longest_s=1.0))
ALL_STEPS = [
    "take", "check", "instance", "rules", "enrich", "run", "touch", "publish", "call back",
    "note",
]  # fmt: skip


class Broken(Retry):
    """A step did not work."""


class World:
    """Everything around the router: each step remembers that it was done, and with what."""

    def __init__(self, *rules: Rule) -> None:
        self.taken: Taken | None = Taken(builders.event())
        self.connected: Instance | None = builders.instance()
        self.saved = list(rules)
        self.check = self.wants_callback = False
        self.broken = ""
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.statuses: Statuses | None = None
        self.steps: list[str] = []
        self.seen: dict[str, Any] = {}
        self.noted_disabled = False
        self.told = Observed()
        around = Surroundings(
            is_check=lambda _event: self._step("check", self.check),
            instance=lambda instance_id: self._step("instance", self.connected, instance_id),
            rules=lambda instance_id: self._step("rules", self.saved, instance_id),
            publish=lambda event: self._step("publish", None, event),
            call_back=lambda event, _instance: self._step("call back", self.wants_callback, event),
            touch=lambda event, _instance: self._step("touch", None, event),
        )
        self._router = Router(
            self,  # type: ignore[arg-type]  # stands in for Taking
            around,
            enricher=self,
            dispatcher=self,
            recorder=self,  # type: ignore[arg-type]  # only `routed` is called here
            logger=self.told.logger,
            metrics=self.told.metrics,
            clock=lambda: NOW,
        )

    def route(self) -> None:
        """Route the one message."""
        self._router.route(MESSAGE)

    def take(self, message_id: str, text: str) -> Taken | None:
        """What the message brings."""
        assert (message_id, text) == ("m-1", "text")
        taken: Taken | None = self._step("take", self.taken)
        return taken

    def event(
        self,
        event: Event,
        rules: list[Rule],
        instance: Instance | None,
        *,
        waiting: Waiting,
        first: bool,
    ) -> Event:
        """The event with a description that it lacked."""
        assert (waiting, first, instance) == (MESSAGE.waiting, True, self.connected)
        whole = replace(event, ticket={**event.ticket, "description": "flames"})
        self._step("enrich", None, [rule.rule_id for rule in rules])
        return whole

    def dispatch(
        self,
        event: Event,
        rules: Iterable[Rule],
        *,
        now: datetime,
        statuses: Statuses | None = None,
    ) -> list[Run]:
        """What becomes of each rule: as it was set, or it runs."""
        self.statuses = statuses
        runs = runs_of(event, rules, now=now.isoformat(), statuses=statuses)
        self._step("run", None, event)
        return [replace(run, **self.outcomes.get(run.rule.rule_id, {})) for run in runs]

    def routed(
        self,
        event: Event,
        runs: Iterable[Run],
        *,
        considered: int,
        published_at: str,
        disabled: bool = False,
    ) -> None:
        """Note it."""
        self.noted_disabled = disabled
        ids = [run.rule.rule_id for run in runs]
        self._step("note", None, (event, ids, considered, published_at))

    def _step(self, name: str, answer: Any, given: Any = None) -> Any:
        self.steps.append(name)
        self.seen[name] = given
        if name == self.broken:
            raise Broken(f"{name} failed")
        return answer


def test_an_event_goes_through_every_step_in_its_order() -> None:
    world = World(builders.rule())
    world.wants_callback = True

    world.route()

    assert world.steps == ALL_STEPS
    # What was fetched is there for rules, subscribers and the trail.
    for step in ("run", "touch", "publish", "call back"):
        assert world.seen[step].ticket["description"] == "flames"
    event, ran, considered, published_at = world.seen["note"]
    assert event.ticket["description"] == "flames"
    assert (ran, considered, published_at) == (["rul_1"], 1, "2026-03-03T12:02:41Z")
    assert world.told.counts == {"ActionsRequested": 1, "CallbacksRequested": 1}
    assert world.told.lines == [
        ("event routed", {"event_type": "ticket_created", "actions": 1, "rules_skipped": 0})
    ]


def test_what_is_not_to_be_routed_is_let_be() -> None:
    world = World(builders.rule())
    world.taken = None

    world.route()

    assert world.steps == ["take"]


def test_a_webhook_check_is_noted_and_runs_nothing() -> None:
    world = World(builders.rule())
    world.check = True

    world.route()

    assert world.steps == ["take", "check", "note"]
    assert world.seen["note"] == (builders.event(), [], 0, "")
    assert world.told.counts == {"ActionsRequested": 0}


def test_an_event_of_a_disabled_instance_is_noted_and_nobody_is_asked_or_told() -> None:
    world = World(builders.rule())
    world.wants_callback = True
    world.connected = replace(builders.instance(), disabled=True)

    world.route()

    assert world.steps == ["take", "check", "instance", "note"]
    assert world.seen["note"] == (builders.event(), [], 0, "")
    assert world.noted_disabled
    assert world.told.counts == {"ActionsRequested": 0}


def test_an_event_of_an_enabled_instance_is_not_noted_as_disabled() -> None:
    world = World(builders.rule())

    world.route()

    assert not world.noted_disabled


def test_some_rules_run_once_more_and_no_subscriber_hears_of_it() -> None:
    world = World(builders.rule(), builders.rule(rule_id="rul_2"), builders.rule(rule_id="rul_3"))
    world.taken = Taken(builders.event(), only=("rul_2", "rul_gone"))

    world.route()

    assert world.steps == [step for step in ALL_STEPS if step not in ("publish", "call back")]
    assert world.seen["enrich"] == ["rul_2"]
    assert world.seen["note"][1:] == (["rul_2"], 1, "")


def test_an_event_whose_instance_is_gone_is_still_published() -> None:
    world = World()
    world.connected = None

    world.route()

    assert world.steps == [step for step in ALL_STEPS if step not in ("touch", "call back")]


def test_who_wants_no_callback_is_not_counted() -> None:
    world = World()

    world.route()

    assert "CallbacksRequested" not in world.told.counts


def test_custom_fields_and_statuses_have_the_instance_s_own_names() -> None:
    config = {
        "custom_field_mapping": {"cf_floor": "floor"},
        "custom_statuses": {"Done": 10},
        "status_meaning": {"Done": "resolved"},
    }
    world = World()
    world.connected = builders.instance(config=config)
    changed = builders.event(
        type="ticket_updated",
        ticket={"id": 7, "status": 10, "custom_fields": {"cf_floor": "3"}},
        changes={"status": {"from": 2, "to": 10}},
    )
    world.taken = Taken(changed)

    world.route()

    event = world.seen["run"]
    assert event.ticket["custom_fields"] == {"floor": "3"}
    assert event.type == "ticket_resolved"
    assert world.statuses == {"Done": 10}


@pytest.mark.parametrize("step", ALL_STEPS)
def test_a_step_that_fails_ends_it_and_the_message_comes_again(step: str) -> None:
    world = World(builders.rule())
    world.broken = step

    with pytest.raises(Broken):
        world.route()

    assert world.steps == ALL_STEPS[: ALL_STEPS.index(step) + 1]


def test_a_rule_that_cannot_work_fails_the_event_when_all_else_is_done() -> None:
    world = World(*(builders.rule(rule_id=f"rul_{n}") for n in (1, 2, 3)))
    failed = {"outcome": "failed", "code": "invalid_template"}
    world.outcomes = {
        "rul_1": failed | {"reason": "no such field"},
        "rul_3": failed | {"reason": "too long"},
    }

    with pytest.raises(InvalidTemplate, match="rule rul_1, rul_3: no such field; too long"):
        world.route()

    assert world.steps == ALL_STEPS
    assert world.told.counts["ActionsRequested"] == 1


def test_rules_that_turn_on_what_was_not_told_say_just_that() -> None:
    world = World(builders.rule(), builders.rule(rule_id="rul_2"))
    untold = {"outcome": "failed", "code": NOT_TOLD, "reason": "refused"}
    world.outcomes = {"rul_1": untold, "rul_2": untold}

    with pytest.raises(NotTold):
        world.route()

    # With a defect of its own beside it, mending the key would not be enough.
    world.outcomes["rul_2"] = {"outcome": "failed", "code": "invalid_template", "reason": "x"}
    with pytest.raises(InvalidTemplate):
        world.route()


def test_a_skipped_rule_is_counted_as_such() -> None:
    world = World(builders.rule(), builders.rule(rule_id="rul_2"))
    world.outcomes = {"rul_2": {"outcome": "skipped", "code": "rate_cap"}}

    world.route()

    ((_line, told),) = world.told.lines
    assert (told["actions"], told["rules_skipped"]) == (1, 1)
