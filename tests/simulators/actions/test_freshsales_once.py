"""Whatever goes wrong around a creation in Freshsales, there is one record of it in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from freshbridge.actions.action import Outcome
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.actions.record import State
from freshbridge.errors import FreshbridgeError, ProviderDown, Retry, Throttled, Unreachable
from freshbridge.http_message import ProviderRequest
from freshbridge.queues.envelope import ActionRequest
from tests.integration.conftest import Stack
from tests.simulators.actions.freshsales_crm import CrmWorld, stack_in_memory, world_of

DEMO = {"from_date": "2020-03-06T09:00:00Z", "end_date": "2020-03-06T09:30:00Z"}
# action -> its parameters beside what it is about, # being a number, and the table of what it makes
CREATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "create_contact": ({"last_name": "Ruiz #", "emails": "ana#@ruizlabs.example"}, "contacts"),
    "create_account": ({"name": "Ruiz Labs #", "number_of_employees": 11}, "sales_accounts"),
    "create_deal": ({"name": "Seats #", "amount": 5600, "expected_close": "2026-09-30"}, "deals"),
    "create_lead": ({"last_name": "Berg #", "email": "leo#@berg.example"}, "leads"),
    "create_task": ({"title": "Call #", "due_date": "2026-03-06T09:00:00Z"}, "tasks"),
    "create_appointment": ({"title": "Demo #", **DEMO}, "appointments"),
    "create_note": ({"description": "Asked for quote # today"}, "notes"),
    "create_sales_activity": (
        {"title": "Phone call #", "start_date": "2026-03-03T12:00:00Z",
         "end_date": "2026-03-03T12:10:00Z"},
        "sales_activities",
    ),
}  # fmt: skip
NAMES = ("name", "title", "description", "last_name")
LOST = ("commit_then_drop", "commit_then_500")
UNDONE = ("drop_before", "html_500", "throttle", "throttle_as_400")
_NUMBERS = count()


@pytest.fixture(scope="module")
def _stack() -> Iterator[Stack]:
    with stack_in_memory() as made:
        yield made


@pytest.fixture(scope="module")
def _classic(_stack: Stack) -> Iterator[CrmWorld]:
    """One for all tests, whose records have names of their own; classic has all of the kinds."""
    with world_of(_stack, "classic") as made:
        yield known(made, "classic")


@pytest.fixture(scope="module")
def _suite(_stack: Stack) -> Iterator[CrmWorld]:
    with world_of(_stack, "suite") as made:
        yield known(made, "suite")


def known(world: CrmWorld, name: str) -> CrmWorld:
    """Past its very first call, which finds out the account's address: no test meets that one."""
    made = world.deliver(world.request("create_contact", {"last_name": "First"}, name))
    assert isinstance(made, Outcome)
    return world


@pytest.fixture
def world(_classic: CrmWorld) -> Iterator[CrmWorld]:
    yield from calm(_classic)


@pytest.fixture
def suite_world(_suite: CrmWorld) -> Iterator[CrmWorld]:
    yield from calm(_suite)


def calm(world: CrmWorld) -> Iterator[CrmWorld]:
    """As it was before; what was made by then is too long ago to be taken for anything of now."""
    world.wait(3600)
    world.calls.clear()
    yield world
    world.calm()
    world.crm.settle(search_index_lag_s=0)


def asked(world: CrmWorld, action: str) -> ActionRequest:
    """A request for something new, about a record of its own where it needs one."""
    number = next(_NUMBERS)
    parameters = {
        name: value.replace("#", str(number)) if isinstance(value, str) else value
        for name, value in CREATIONS[action][0].items()
    }
    if action in ("create_note", "create_sales_activity"):
        deal = world.crm.client.deals.create({"name": "About", "amount": 1})
        parameters |= {"targetable_type": "Deal", "targetable_id": deal["id"]}
    if action == "create_sales_activity":
        parameters["sales_activity_type_id"] = world.crm.first("sales_activity_types")
    return world.request(action, parameters, str(number))


def left(world: CrmWorld, request: ActionRequest) -> list[dict[str, Any]]:
    """What there is of what was asked for."""
    name = next(n for n in NAMES if n in request.parameters)
    return [
        one
        for one in world.crm.records(CREATIONS[request.action][1])
        if one[name] == request.parameters[name]
    ]


def write_of(action: str) -> str:
    return f"POST /{CREATIONS[action][1]}$"


@pytest.mark.parametrize("action", CREATIONS)
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("commit_then_drop", Unreachable),
        ("commit_then_500", ProviderDown),
        ("drop_before", Unreachable),
        ("html_500", ProviderDown),
        ("throttle_as_400", Throttled),
    ],
)
def test_an_answer_that_is_lost_costs_no_second_record(
    world: CrmWorld, action: str, kind: str, error: type[Retry]
) -> None:
    # Given a call that goes wrong, whether or not it took effect
    request = asked(world, action)
    world.fault(write_of(action), kind)
    with pytest.raises(error) as raised:
        world.attempt(request)
    assert raised.value.outcome_unknown
    before = len(left(world, request))
    world.calls.clear()

    # When it is delivered again
    outcome = world.deliver(request)

    # Then there is one record, found with two calls at most, and the answer says what it was
    assert isinstance(outcome, Outcome)
    assert len(left(world, request)) == 1
    assert (before == 1) is (kind in LOST)
    assert outcome.data.get("reconciled", False) is (before == 1)
    writes = [call for call in world.calls if call.endswith(f"/api/{CREATIONS[action][1]}")
              and call.startswith("POST")]  # fmt: skip
    assert len(writes) == 1 - before
    assert 1 <= len(world.calls) - len(writes) <= 2
    record = world.record(request)
    assert (record.state, record.unsure_since) == (State.SUCCEEDED, "")


def test_an_answer_that_is_late_costs_no_second_record(world: CrmWorld) -> None:
    request = asked(world, "create_deal")
    world.fault(write_of("create_deal"), "slow")
    with pytest.raises(Unreachable):
        world.attempt(request)

    outcome = world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert len(left(world, request)) == 1


@pytest.mark.parametrize("action", CREATIONS)
@pytest.mark.parametrize("after_the_call", [True, False])
def test_a_function_that_is_killed_costs_no_second_record(
    world: CrmWorld, action: str, after_the_call: bool
) -> None:
    request = asked(world, action)
    world.killed(request, after_the_call=after_the_call)
    assert world.record(request).unsure_since != ""

    outcome = world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert len(left(world, request)) == 1
    assert outcome.data.get("reconciled", False) is after_the_call


@pytest.mark.parametrize("action", ["create_contact", "create_account", "create_deal"])
@pytest.mark.parametrize("kind", LOST)
def test_so_it_is_on_the_suite(suite_world: CrmWorld, action: str, kind: str) -> None:
    request = asked(suite_world, action)
    suite_world.fault(write_of(action), kind)
    with pytest.raises(Retry):
        suite_world.attempt(request)

    outcome = suite_world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert (len(left(suite_world, request)), outcome.data["reconciled"]) == (1, True)


@pytest.mark.parametrize("action", CREATIONS)
def test_an_index_that_lags_by_seconds_hides_nothing(world: CrmWorld, action: str) -> None:
    world.crm.settle(search_index_lag_s=8)
    request = asked(world, action)
    world.fault(write_of(action), "commit_then_drop")
    with pytest.raises(Retry):
        world.attempt(request)

    outcome = world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert len(left(world, request)) == 1


def test_a_contact_without_anything_to_look_up_by_is_found_among_the_latest(
    suite_world: CrmWorld,
) -> None:
    # Given many that were changed since, and one whose answer is lost
    for number in range(150):
        suite_world.crm.client.contacts.create({"last_name": f"Berg {number}"})
    request = suite_world.request(
        "create_contact", {"last_name": "Nobody else", "city": "Lima"}, "else"
    )
    suite_world.fault("POST /contacts$", "commit_then_drop")
    with pytest.raises(Unreachable):
        suite_world.attempt(request)
    suite_world.calls.clear()

    outcome = suite_world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert outcome.data["reconciled"] is True
    assert len(suite_world.calls) <= 2


def test_more_than_two_calls_show_is_a_person_s_to_decide(suite_world: CrmWorld) -> None:
    request = suite_world.request("create_contact", {"last_name": "Nobody at all"}, "all")
    suite_world.fault("POST /contacts$", "drop_before")
    with pytest.raises(Unreachable):
        suite_world.attempt(request)
    for number in range(201):
        suite_world.crm.client.contacts.create({"last_name": f"Berg {number}"})

    refused = suite_world.deliver(request)

    assert isinstance(refused, OutcomeUnknown)
    assert "more than 2 calls show" in str(refused)
    assert left(suite_world, request) == []


def test_a_lookup_that_fails_sends_nothing(world: CrmWorld) -> None:
    request = asked(world, "create_deal")
    world.fault(write_of("create_deal"), "commit_then_drop")
    with pytest.raises(Unreachable):
        world.attempt(request)
    world.wait(30)
    for kind in ("html_500", "drop_before", "throttle", "throttle_as_400"):
        world.fault("GET /lookup", kind)
        with pytest.raises(Retry):
            world.attempt(request)
        world.calm()

    outcome = world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert (outcome.data["reconciled"], len(left(world, request))) == (True, 1)


@pytest.mark.parametrize("kind", [*LOST, "drop_before", "html_500"])
def test_a_lead_is_converted_once(world: CrmWorld, kind: str) -> None:
    lead = world.deliver(asked(world, "create_lead"))
    assert isinstance(lead, Outcome)
    before = len(world.crm.records("contacts"))
    asked_for = {"lead_id": lead.data["lead_id"]}
    request = world.request("convert_lead", asked_for, f"convert-{kind}")
    world.fault("POST /leads/{id}/convert", kind)
    with pytest.raises(Retry):
        world.attempt(request)

    outcome = world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert len(world.crm.records("contacts")) == before + 1
    assert outcome.data.get("reconciled", False) is (kind in LOST)
    assert outcome.data["contact_id"] == world.crm.records("contacts")[-1]["id"]


@pytest.mark.parametrize("kind", [*LOST, "drop_before"])
def test_an_upsert_makes_one_however_often_it_is_tried(world: CrmWorld, kind: str) -> None:
    made = asked(world, "create_note")
    words = {"marker": "Ticket 1042", "description": "Ticket 1042: solved"}
    request = world.request("upsert_note", {**made.parameters, **words}, f"upsert-{kind}")
    before = len(world.crm.records("notes"))
    world.fault(write_of("create_note"), kind)
    with pytest.raises(Retry):
        world.attempt(request)

    outcome = world.deliver(request)
    again = world.deliver(world.request("upsert_note", request.parameters, f"again-{kind}"))

    assert isinstance(outcome, Outcome)
    assert isinstance(again, Outcome)
    assert outcome.data["note_id"] == again.data["note_id"]
    assert outcome.data.get("reconciled", False) is (kind in LOST)
    assert len(world.crm.records("notes")) == before + 1


@dataclass(frozen=True)
class Step:
    """One delivery of one of the two: what befalls its write, its lookup, and the time before it.

    `crossed`: the other one is delivered between this one's effect and its end.
    """

    who: int
    write: str = ""
    read: str = ""
    wait_s: int = 0
    crossed: bool = False


steps = st.builds(
    Step,
    who=st.integers(0, 1),
    write=st.sampled_from(("", *LOST, *UNDONE, "killed_before", "killed_after")),
    read=st.sampled_from(("", "", "", "html_500", "drop_before", "throttle_as_400")),
    wait_s=st.sampled_from((0, 5, 40, 400)),
    crossed=st.booleans(),
)


def play(world: CrmWorld, twins: list[ActionRequest], table: str, step: Step) -> None:
    """One step; whatever it raises is on record."""
    world.calm()
    world.wait(step.wait_s)
    if step.write in LOST + UNDONE:
        world.fault(f"POST /{table}$", step.write, retry_after=1)
    if step.read:
        world.fault("GET /", step.read)
    crossing = [twins[1 - step.who]] if step.crossed else []

    def cross(sent: ProviderRequest) -> None:
        if not sent.read_only and crossing:
            with suppress(FreshbridgeError):
                world.attempt(crossing.pop())

    world.after_reply = cross
    try:
        if step.write.startswith("killed"):
            # Killed in its write, unless it never came to write.
            with suppress(FreshbridgeError, pytest.fail.Exception):
                world.killed(twins[step.who], after_the_call=step.write == "killed_after")
        else:
            with suppress(FreshbridgeError):
                world.attempt(twins[step.who])
    finally:
        world.after_reply = lambda _request: None


@pytest.mark.parametrize("action", ["create_deal", "create_note", "create_task"])
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(played=st.lists(steps, max_size=5))
@example(played=[Step(0, "drop_before"), Step(1, wait_s=40, crossed=True)])
@example(played=[Step(0, "killed_after"), Step(1, "killed_before"), Step(1, wait_s=40)])
def test_two_equal_actions_end_with_two_records(
    world: CrmWorld, action: str, played: list[Step]
) -> None:
    # Given two requests for the same thing, by right
    first = asked(world, action)
    table = CREATIONS[action][1]
    twins = [first, world.request(action, first.parameters, f"{first.action_id}b")]

    # When anything happens, and calm returns
    for step in played:
        play(world, twins, table, step)
    world.calm()
    outcomes = [world.deliver(twin) for twin in twins]

    # Then each has made its own, and no more
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    made = {one["id"] for one in left(world, first)}
    id_name = f"{action.removeprefix('create_')}_id"
    found = {outcome.data[id_name] for outcome in outcomes if isinstance(outcome, Outcome)}
    assert len(made) == 2
    assert found == made
