"""An action of several calls that fails after its first one was carried out makes nothing twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from freshbridge import timestamps
from freshbridge.actions.action import (
    SETTLE_S,
    Action,
    Effect,
    NothingDone,
    Outcome,
    Parameters,
    Reconciliation,
    Unfinished,
)
from freshbridge.actions.attempt_marks import Unsure
from freshbridge.actions.catalogue import Catalogue
from freshbridge.actions.claims import ClaimLedger
from freshbridge.actions.context import Context
from freshbridge.actions.earlier import Period, proof
from freshbridge.actions.execute import Executor
from freshbridge.actions.likeness import Likeness
from freshbridge.actions.once import HalfDone
from freshbridge.actions.record import State
from freshbridge.budget.turn_taking import BudgetExhausted
from freshbridge.circuit.refusal import CircuitOpen
from freshbridge.errors import NotFound, Retry
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.payload import PayloadStore
from tests import builders
from tests.fakes.actions import services
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import STACK_NAME, Stack
from tests.integration.test_executor import Clock, records

TICKETS = "/api/v2/tickets"
WATCH = f"{TICKETS}/7/watch"


class OpenWatched(Parameters):
    """Open a ticket that an agent watches."""

    subject: str


def open_watched(context: Context, parameters: OpenWatched) -> Outcome:
    ticket = context.client.create_ticket({"subject": parameters.subject})
    context.client.watch_ticket(ticket["id"], 3)
    return Outcome({"ticket_id": ticket["id"], "ticket": ticket})


def opened_before(context: Context, unsure: Unsure, parameters: OpenWatched) -> Outcome | None:
    listed = next(context.client.tickets({})).records

    def likeness(ticket: dict[str, Any]) -> Likeness:
        return Likeness.SAME if ticket["subject"] == parameters.subject else Likeness.OTHER

    near = [one for one in listed if Period.of(unsure).has(one)]
    ticket = proof(context, "ticket", near, likeness)
    if ticket is None:
        return None
    context.client.watch_ticket(ticket["id"], 3)
    return Outcome({"ticket_id": ticket["id"], "ticket": ticket})


ACTION = Action(
    "freshdesk",
    "open_watched",
    OpenWatched,
    open_watched,
    Effect.ADD,
    reconcile=Reconciliation(opened_before, makes="ticket_id"),
)


@dataclass
class Account:
    """Makes a ticket for each call, lists them, and answers a watcher as it is told to."""

    clock: Clock
    provider: FakeTransport
    tickets: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.provider.on("POST", TICKETS, self.make)
        self.provider.on("GET", TICKETS, lambda _request: json_reply(self.tickets))

    def make(self, request: ProviderRequest) -> ProviderReply:
        """Take one."""
        created = timestamps.to_text(self.clock())
        self.tickets.append({**(request.json or {}), "id": 7, "created_at": created})
        return json_reply(self.tickets[-1], 201)


@dataclass
class Desk:
    """What runs the action, again and again."""

    stack: Stack
    provider: FakeTransport
    clock: Clock
    account: Account
    request = builders.action_request(action="open_watched", parameters={"subject": "Blank page"})

    def run(self, action: Action = ACTION) -> dict[str, Any]:
        """One attempt of a cold function."""
        connections = Connections(
            Registry(self.stack.names["InstanceTable"]), Vault(STACK_NAME), lambda: self.provider
        )
        executor = Executor(
            connections,
            services(claims=ClaimLedger(self.stack.names["IdempotencyTable"])),
            records(self.stack),
            PayloadStore(self.stack.names["PayloadBucket"]),
            idempotency_table=self.stack.names["IdempotencyTable"],
            catalogue=Catalogue([(action,)]),
            clock=self.clock,
        )
        try:
            return executor.execute(self.request, cast("Any", builders.Context())).data
        except Exception as error:
            code = getattr(error, "code", "defect")
            executor.failed(self.request, State.WAITING, error=error, code=code, reason="")
            raise

    @property
    def in_doubt(self) -> bool:
        """Whether its record says that an attempt may have had its effect."""
        return bool(records(self.stack).get(self.request.action_id).unsure_since)


@pytest.fixture
def desk(stack: Stack, provider: FakeTransport) -> Desk:
    stack.connect()
    clock = Clock()
    return Desk(stack, provider, clock, Account(clock, provider))


@pytest.mark.parametrize(
    "failure",
    [
        empty_reply(429, {"Retry-After": "1"}),
        empty_reply(404),
        BudgetExhausted("not now", after=1),
        CircuitOpen("down", after=1, advice="", circuit={}),
    ],
)
def test_what_was_made_before_the_failure_is_found(
    desk: Desk, failure: ProviderReply | Exception
) -> None:
    # Given a ticket that is made, and a next call that is refused, or is not even sent
    desk.provider.on("POST", WATCH, failure, empty_reply(204))
    with pytest.raises((Retry, NotFound)) as raised:
        desk.run()
    assert desk.in_doubt
    if isinstance(raised.value, Retry):
        assert raised.value.after == SETTLE_S

    # When the action comes back
    desk.clock.wait(SETTLE_S)
    outcome = desk.run()

    # Then it goes on with the ticket that is there
    assert (outcome["ticket_id"], outcome["reconciled"]) == (7, True)
    assert len(desk.account.tickets) == 1
    assert not desk.in_doubt


def test_a_key_that_is_rotated_in_the_middle_begins_nothing_anew(desk: Desk) -> None:
    # Given a key that is taken back after the first call, when another is there already
    def refuse(_request: ProviderRequest) -> ProviderReply:
        Vault(STACK_NAME).replace_credentials(builders.INSTANCE_ID, {"username": "another"})
        return empty_reply(401)

    desk.provider.on("POST", WATCH, refuse, empty_reply(204))
    with pytest.raises(HalfDone):
        desk.run()

    desk.clock.wait(SETTLE_S)

    assert desk.run()["reconciled"]
    assert len(desk.account.tickets) == 1


@pytest.mark.parametrize("error", [Unfinished(1), NothingDone("no row", {})])
def test_what_says_itself_that_all_is_on_record_leaves_no_doubt(
    desk: Desk, error: Exception
) -> None:
    def run(context: Context, parameters: OpenWatched) -> Outcome:
        context.client.create_ticket({"subject": parameters.subject})
        raise error

    with pytest.raises(type(error)):
        desk.run(Action("freshdesk", "open_watched", OpenWatched, run, Effect.ADD))

    assert len(desk.account.tickets) == 1
    assert not desk.in_doubt
