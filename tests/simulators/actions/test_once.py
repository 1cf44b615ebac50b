"""Whatever goes wrong around a creation, the account ends up with exactly one record of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from freshbridge.actions.action import Outcome
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.actions.record import State
from freshbridge.errors import ProviderDown, Retry, Unreachable
from freshbridge.http_message import ProviderRequest
from local.freshdesk.account import Account
from tests.simulators.actions.conftest import Desk
from tests.simulators.actions.once_world import World, world_of

TICKET = {
    "email": "mira@client.example",
    "subject": "Blank <b>page</b>",
    "description": "<p>It is &amp; stays blank</p>",
    "tags": ["web"],
}


@pytest.fixture
def world(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with world_of(desk) as made:
        yield made


def conversations(account: Account) -> list[Any]:
    return list(account.conversations.values())


# action -> its parameters beside the ticket, the call that has the effect, what it leaves behind
CREATIONS: dict[str, tuple[dict[str, Any], str, Callable[[Account], list[Any]]]] = {
    "create_ticket": (TICKET, "POST /tickets$", lambda account: list(account.tickets.values())[1:]),
    "add_note": ({"body": "<p>Seen</p>"}, "POST /tickets/{id}/notes", conversations),
    "add_reply": (
        {"body": "<p>On our way</p>", "cc_emails": ["ops@client.example"]},
        "POST /tickets/{id}/reply",
        conversations,
    ),
    "forward_ticket": (
        {"body": "Please look", "to_emails": ["depot@acme.example"]},
        "POST /tickets/{id}/forward",
        conversations,
    ),
    "add_time_entry": (
        {"time_spent": "00:45", "note": "Looked into it", "billable": False},
        "POST /tickets/{id}/time_entries",
        lambda account: list(account.time_entries.values()),
    ),
    "outbound_email": (
        {
            "email": "mira@client.example",
            "subject": "Your order has left",
            "description": "<p>It arrives on Friday</p>",
        },
        "POST /tickets/outbound_email",
        lambda account: list(account.tickets.values()),
    ),
    "create_company": (
        {"name": "Byron Ltd", "domains": ["byron.example"]},
        "POST /companies",
        lambda account: [c for c in account.companies.values() if c["name"] == "Byron Ltd"],
    ),
    "create_contact": (
        {"name": "Ada Byron", "phone": "+4420555099"},
        "POST /contacts",
        lambda account: [c for c in account.contacts.values() if c["name"] == "Ada Byron"],
    ),
}
LOOKED_UP = [action for action in CREATIONS if action != "create_company"]


def asked(world: World, action: str, name: str = "1", ticket_id: int | None = None) -> Any:
    """The request, on a ticket of its own where it needs one."""
    parameters = dict(CREATIONS[action][0])
    if action == "outbound_email":
        mailboxes = world.desk.account.table("email_configs")
        parameters["email_config_id"] = next(iter(mailboxes))
    elif not action.startswith("create"):
        parameters["ticket_id"] = ticket_id or world.desk.ticket()
    elif action == "create_ticket" and not world.desk.account.tickets:
        world.desk.ticket()
    return world.request(action, parameters, name)


@pytest.mark.parametrize("action", CREATIONS)
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("commit_then_drop", Unreachable),
        ("commit_then_500", ProviderDown),
        ("drop_before", Unreachable),
        ("html_500", ProviderDown),
        ("slow", Unreachable),
    ],
)
def test_an_answer_that_is_lost_costs_no_second_record(
    world: World, action: str, kind: str, error: type[Retry]
) -> None:
    # Given a call that goes wrong, whether or not it took effect
    request = asked(world, action)
    _parameters, match, left = CREATIONS[action]
    world.fault(match, kind)
    with pytest.raises(error) as raised:
        world.attempt(request)
    assert raised.value.outcome_unknown
    before = len(left(world.desk.account))

    # When it is delivered again
    outcome = world.deliver(request)

    # Then there is one record, and the answer says whether it was there already
    assert isinstance(outcome, Outcome)
    assert len(left(world.desk.account)) == 1
    assert (before == 1) is (kind not in ("drop_before", "html_500"))
    record = world.record(request)
    assert (record.state, record.unsure_since) == (State.SUCCEEDED, "")
    found = before == 1
    assert outcome.data.get("reconciled", False) is found
    assert ("found: an earlier attempt" in record.message) is found


@pytest.mark.parametrize("action", CREATIONS)
@pytest.mark.parametrize("after_the_call", [True, False])
def test_a_function_that_is_killed_costs_no_second_record(
    world: World, action: str, after_the_call: bool
) -> None:
    request = asked(world, action)
    world.killed(request, after_the_call=after_the_call)
    assert world.record(request).unsure_since != ""

    outcome = world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert len(CREATIONS[action][2](world.desk.account)) == 1
    assert outcome.data.get("reconciled", False) is after_the_call


@pytest.mark.parametrize("action", LOOKED_UP)
@pytest.mark.parametrize("kind", ["commit_then_drop", "drop_before"])
def test_a_lookup_costs_two_calls_at_most(world: World, action: str, kind: str) -> None:
    request = asked(world, action)
    world.fault(CREATIONS[action][1], kind)
    with pytest.raises(Unreachable):
        world.attempt(request)
    world.calls.clear()

    world.deliver(request)

    reads = [call for call in world.calls if call.startswith("GET")]
    assert 1 <= len(reads) <= 2


@pytest.mark.parametrize("action", LOOKED_UP)
@pytest.mark.parametrize("kind", ["commit_then_drop", "drop_before"])
def test_an_equal_action_s_record_is_no_proof(world: World, action: str, kind: str) -> None:
    # Given two requests for the same thing, by right, and one whose answer is lost
    first = asked(world, action, "first")
    second = world.request(action, first.parameters, "second")
    world.fault(CREATIONS[action][1], kind)
    with pytest.raises(Unreachable):
        world.attempt(first)

    # When the other one succeeds in between
    made = world.deliver(second)
    outcome = world.deliver(first)

    # Then each has its own
    assert isinstance(made, Outcome)
    assert isinstance(outcome, Outcome)
    records = CREATIONS[action][2](world.desk.account)
    assert len(records) == 2
    assert outcome.data.get("reconciled", False) is (kind == "commit_then_drop")
    ids = [data.data[name] for data in (made, outcome) for name in made.data if _is_id(name, made)]
    assert len(set(ids)) == 2


def _is_id(name: str, outcome: Outcome) -> bool:
    own = [n for n in ("conversation_id", "time_entry_id", "contact_id") if n in outcome.data]
    return name == (own[0] if own else "ticket_id")


def test_a_record_taken_before_its_maker_could_claim_it_is_made_up_for(world: World) -> None:
    # Given an action that never reached the provider, and an equal one that just did
    first = asked(world, "add_note", "first")
    second = world.request("add_note", first.parameters, "second")
    world.fault(CREATIONS["add_note"][1], "drop_before")
    with pytest.raises(Unreachable):
        world.attempt(first)
    world.wait(30)
    taken: list[Any] = []

    def look(sent: ProviderRequest) -> None:
        if sent.method == "POST" and not taken:
            taken.append(None)
            taken.append(world.attempt(first).data["conversation_id"])

    world.after_reply = look

    # When the first looks before the second has claimed what it made
    outcome = world.deliver(second)

    # Then the second makes another
    assert isinstance(outcome, Outcome)
    assert outcome.data["conversation_id"] != taken[1]
    assert len(conversations(world.desk.account)) == 2


def test_what_throttling_refuses_is_in_no_doubt(world: World) -> None:
    request = asked(world, "add_note")
    world.fault(CREATIONS["add_note"][1], "throttle", retry_after=2)

    with pytest.raises(Retry):
        world.attempt(request)
    world.calls.clear()

    assert world.record(request).unsure_since == ""
    world.deliver(request)
    assert [call.partition(" ")[0] for call in world.calls] == ["POST"]


def test_once_shown_to_be_absent_it_is_not_looked_for_again(world: World) -> None:
    # Given an attempt in doubt, and a next one that is throttled after its lookup
    request = asked(world, "add_note")
    match = CREATIONS["add_note"][1]
    world.fault(match, "drop_before")
    with pytest.raises(Unreachable):
        world.attempt(request)
    world.wait(30)
    world.fault(match, "throttle", retry_after=2)
    with pytest.raises(Retry):
        world.attempt(request)
    world.calls.clear()

    # When it is delivered once more
    world.deliver(request)

    # Then it is sent at once
    assert [call.partition(" ")[0] for call in world.calls] == ["POST"]


def test_a_lookup_that_fails_sends_nothing(world: World) -> None:
    request = asked(world, "add_note")
    world.fault(CREATIONS["add_note"][1], "commit_then_drop")
    with pytest.raises(Unreachable):
        world.attempt(request)
    world.wait(30)
    for kind in ("html_500", "drop_before", "throttle"):
        world.fault("GET /tickets/{id}/conversations", kind)
        with pytest.raises(Retry):
            world.attempt(request)
        world.calm()

    outcome = world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert outcome.data["reconciled"] is True
    assert len(conversations(world.desk.account)) == 1


def test_too_long_a_list_proves_nothing_and_a_person_is_asked(world: World) -> None:
    # Given a ticket with more notes than a lookup reads, and one whose answer is lost
    ticket_id = world.desk.ticket()
    for number in range(200):
        world.desk.client.add_note(ticket_id, f"n{number}")
    request = asked(world, "add_note", ticket_id=ticket_id)
    world.fault(CREATIONS["add_note"][1], "commit_then_drop")
    with pytest.raises(Unreachable):
        world.attempt(request)

    # When it comes back
    refused = world.deliver(request)

    # Then it is not sent again, however often it is redriven, and the record says why
    assert isinstance(refused, OutcomeUnknown)
    assert isinstance(world.deliver(request), OutcomeUnknown)
    assert len(conversations(world.desk.account)) == 201
    record = world.record(request)
    assert (record.state, record.code) == (State.FAILED, "outcome_unknown")
    assert record.view()["unsure_since"] == record.unsure_since != ""


def test_rules_that_alter_a_new_ticket_do_not_hide_it(world: World) -> None:
    request = asked(world, "create_ticket")
    world.fault("POST /tickets$", "commit_then_drop")
    with pytest.raises(Unreachable):
        world.attempt(request)
    made = max(world.desk.account.tickets)
    world.desk.client.update_ticket(made, {"priority": 4, "status": 3, "tags": ["web", "auto"]})

    outcome = world.deliver(request)

    assert isinstance(outcome, Outcome)
    assert outcome.data["ticket_id"] == made


@pytest.mark.parametrize(
    ("named", "proved"),
    [
        ({"email": "dana@acme.example"}, True),
        ({"phone": "+44 20 5550", "name": "Ada"}, True),
        ({"twitter_id": "@ada"}, False),
    ],
)
def test_the_requester_of_a_found_ticket_is_proved(
    world: World, named: dict[str, Any], proved: bool
) -> None:
    request = world.request("create_ticket", {**named, "subject": "Call", "description": "Back"})
    world.fault("POST /tickets$", "commit_then_drop")
    with pytest.raises(Unreachable):
        world.attempt(request)

    outcome = world.deliver(request)

    assert isinstance(outcome, Outcome if proved else OutcomeUnknown)
    assert len(world.desk.account.tickets) == 1
