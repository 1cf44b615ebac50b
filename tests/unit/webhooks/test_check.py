"""A test ticket's way: made, set off, waited for, deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from freshbridge.budget.turn_taking import Waiting
from freshbridge.errors import InvalidRequest, ProviderDown, Throttled
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.trace import Cause
from freshbridge.webhooks.check import (
    GIVE_UP_S,
    LONGEST_WAIT_S,
    Check,
    check_id_in,
    read_check,
    rule_of,
    ticket_of,
)
from freshbridge.webhooks.choice import InvalidSetup, Wish
from freshbridge.webhooks.report import Calling
from freshbridge.webhooks.verify import DELETE_AFTER_S, LOOK_S, Verifier
from tests import builders
from tests.fakes.automations import NOW, SetupWorld
from tests.fakes.checks import MemoryChecks, SentActions
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply

TICKETS = "/api/v2/tickets"
NOTES = f"{TICKETS}/55/notes"
ONE = f"{TICKETS}/55"
EVERYTHING = Wish()


class Desk:
    """An account whose tickets set off webhooks, in a world whose time passes while it sleeps.

    `hears` are the rules that fire; each takes `delay_s` until the router has its event.
    """

    def __init__(self, *hears: str, delay_s: float = 1.0) -> None:
        self.provider = FakeTransport()
        self.world = SetupWorld(self.provider)
        self.checks = MemoryChecks()
        self.queue = SentActions()
        self.now = NOW
        self.hears = hears
        self.delay_s = delay_s
        self.subject = ""
        self.due: list[tuple[float, str, dict[str, Any]]] = []
        self.tickets: list[dict[str, Any]] = [{"id": 54, "subject": "Re: Printer"}]
        self.provider.on("POST", TICKETS, self._created)
        self.provider.on("GET", TICKETS, self._listed)
        self.provider.on("PUT", ONE, self._updated)
        self.provider.on("POST", NOTES, self._noted)
        self.provider.on("DELETE", ONE, empty_reply(204))
        self.verifier = Verifier(
            self.world.connections,
            cast("Any", self.checks),
            cast("Any", self.queue),
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    def run(self, wish: Wish | None = EVERYTHING, left_s: float = 100.0, **body: Any) -> Check:
        calling = Calling(Cause("req_1"), Waiting(1.0, remaining_s=lambda: left_s))
        asked = read_check(body)
        return self.verifier.run(self.world.instance, wish, asked, calling)

    def look(self, check: Check) -> Check:
        return self.verifier.look(self.world.instance, check.check_id, self.world.calling)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.checks.now = self.now
        for at, key, told in list(self.due):
            if at <= self.now:
                self.due.remove((at, key, told))
                assert self.checks.noticed(builders.event(id=f"evt_{key}", **told))

    def fires(self, key: str, **told: Any) -> None:
        if key in self.hears:
            ticket = {"id": 55, "subject": self.subject}
            self.due.append((self.now + self.delay_s, key, {"ticket": ticket, **told}))

    def _created(self, request: ProviderRequest) -> ProviderReply:
        self.subject = str((request.json or {})["subject"])
        self.tickets.insert(0, {"id": 55, "subject": self.subject})
        self.fires("created", type="ticket_created")
        return json_reply({"id": 55}, 201)

    def _listed(self, request: ProviderRequest) -> ProviderReply:
        return PagedList(self.tickets)(request)

    def _updated(self, request: ProviderRequest) -> ProviderReply:
        changed = request.json or {}
        if "status" in changed:
            self.fires("status", type="ticket_updated", changes={"status": {"from": 2, "to": 3}})
        if "priority" in changed:
            self.fires("fields", type="ticket_updated", changes={"priority": {"from": 1, "to": 2}})
        return json_reply({"id": 55})

    def _noted(self, request: ProviderRequest) -> ProviderReply:
        assert (request.json or {})["private"] is True
        self.fires("conversations", type="note_created")
        return json_reply({"id": 1}, 201)

    def sent(self, method: str, path: str) -> list[Any]:
        return [request.json for request in self.provider.sent(method, path)]


ALL = ("created", "status", "conversations", "fields")


def test_every_rules_webhook_arrives_and_the_ticket_goes() -> None:
    desk = Desk(*ALL)
    check = desk.run()
    shown = check.shown(desk.now)
    assert (shown["state"], shown["ticket_id"], shown["ticket_deleted"]) == ("arrived", 55, True)
    assert [(r["rule"], r["arrived"]) for r in shown["rules"]] == [(key, True) for key in ALL]
    assert all(1000 <= r["took_ms"] <= 1000 + 1000 * LOOK_S for r in shown["rules"])
    assert shown["rules"][0]["event_id"] == "evt_created"
    assert desk.sent("PUT", ONE) == [{"priority": 2, "status": 3}]
    assert len(desk.sent("DELETE", ONE)) == 1


def test_the_ticket_is_a_contacts_without_an_address() -> None:
    desk = Desk("created")
    desk.run(Wish(("ticket_created",)))
    (ticket,) = desk.sent("POST", TICKETS)
    assert ticket["unique_external_id"] == "freshbridge-webhook-check"
    assert "email" not in ticket
    assert check_id_in(builders.event(ticket=ticket)) is not None
    # Only what is installed is set off
    assert (desk.sent("PUT", ONE), desk.sent("POST", NOTES)) == ([], [])


def test_what_the_account_demands_of_a_ticket_is_added() -> None:
    given = {"type": "Question", "email": "ops@acme.example", "priority": 3}
    ticket = ticket_of("chk_1", given)
    assert ticket["type"] == "Question"
    assert (ticket["email"], ticket["priority"]) == ("ops@acme.example", 3)
    assert "unique_external_id" not in ticket
    assert ticket["subject"] == "Freshbridge webhook check chk_1"


def test_a_deletion_for_later_is_queued_before_anything_is_waited_for() -> None:
    desk = Desk()
    queued_at: list[float] = []
    publish = desk.queue.publish

    def remembered(*arguments: Any) -> None:
        queued_at.append(desk.now)
        publish(*arguments)

    desk.queue.publish = remembered  # type: ignore[method-assign, assignment]  # to see when
    desk.run()
    ((request, delay_s),) = desk.queue.sent
    assert queued_at == [NOW]
    assert (request.action, request.parameters) == ("delete_ticket", {"ticket_id": 55})
    assert delay_s == DELETE_AFTER_S
    assert delay_s > GIVE_UP_S


def test_a_queue_that_does_not_take_it_does_not_end_the_check() -> None:
    desk = Desk(*ALL)
    desk.queue.refuses = True
    assert desk.run().deleted


def test_what_takes_longer_is_answered_later() -> None:
    # Given webhooks that need a minute
    desk = Desk(*ALL, delay_s=60.0)
    check = desk.run(wait_s=5)
    # Then the answer came in time, and the ticket is still there for them
    assert desk.now <= NOW + 5
    assert (check.state(desk.now), check.deleted) == ("waiting", False)
    assert desk.look(check).state(desk.now) == "waiting"
    assert desk.sent("DELETE", ONE) == []
    # When they have come
    desk.sleep(60)
    later = desk.look(check)
    # Then the next look tells, and deletes the ticket, once
    assert (later.state(desk.now), later.deleted) == ("arrived", True)
    assert desk.look(check).deleted
    assert len(desk.sent("DELETE", ONE)) == 1


def test_the_invocation_is_never_waited_to_its_end() -> None:
    desk = Desk(*ALL, delay_s=60.0)
    desk.run(wait_s=LONGEST_WAIT_S, left_s=10.0)
    assert desk.now <= NOW + 2.0


def test_what_never_comes_is_given_up() -> None:
    desk = Desk("created")
    check = desk.run(wait_s=2)
    assert check.missing == ["status", "conversations", "fields"]
    desk.sleep(GIVE_UP_S)
    later = desk.look(check)
    assert (later.state(desk.now), later.deleted) == ("not_arrived", True)
    shown = later.shown(desk.now)
    assert [r["rule"] for r in shown["rules"] if not r["arrived"]] == later.missing
    assert shown["rules"][1]["took_ms"] is None


@pytest.mark.parametrize(
    ("events", "change"),
    [
        (("ticket_resolved",), {"status": 4}),
        (("ticket_closed",), {"status": 5}),
        (("ticket_resolved", "ticket_closed"), {"status": 4}),
        (("ticket_updated", "ticket_closed"), {"priority": 2, "status": 3}),
    ],
)
def test_the_status_is_one_that_the_rule_waits_for(
    events: tuple[str, ...], change: dict[str, int]
) -> None:
    desk = Desk(*ALL)
    desk.run(Wish(events))
    assert desk.sent("PUT", ONE) == [change]


def test_replies_are_not_tried_for_they_would_be_mailed() -> None:
    desk = Desk("created")
    check = desk.run(Wish(("ticket_created", "reply_created")))
    assert check.state(desk.now) == "arrived"
    assert "mailed" in check.shown(desk.now)["rules"][1]["not_tried"]
    assert desk.sent("POST", NOTES) == []


def test_a_refused_change_says_nothing_of_the_rules() -> None:
    # Given an account that demands a field before a ticket is resolved
    desk = Desk("created", "conversations")
    error = {"field": "type", "message": "Mandatory attribute missing", "code": "missing_field"}
    refusal = json_reply({"description": "Validation failed", "errors": [error]}, 400)
    desk.provider._answers[("PUT", ONE)] = [refusal]
    check = desk.run()
    assert check.state(desk.now) == "arrived"
    assert set(check.untried) == {"status", "fields"}
    assert "Mandatory attribute" in check.untried["status"]


def test_an_account_that_wants_more_of_a_ticket_says_so() -> None:
    desk = Desk()
    error = {"field": "type", "message": "Mandatory attribute missing", "code": "missing_field"}
    refusal = json_reply({"description": "Validation failed", "errors": [error]}, 400)
    desk.provider._answers[("POST", TICKETS)] = [refusal]
    with pytest.raises(InvalidRequest, match='"ticket"') as caught:
        desk.run()
    assert [fault.field for fault in caught.value.fields] == ["type"]


def test_without_a_set_up_a_hand_made_rule_can_be_checked() -> None:
    desk = Desk("created")
    check = desk.run(None)
    assert (check.expected, check.state(desk.now)) == (("created",), "arrived")


def test_a_ticket_that_somebody_deleted_first_is_gone_all_the_same() -> None:
    for status in (404, 405):
        desk = Desk(*ALL)
        desk.provider._answers[("DELETE", ONE)] = [empty_reply(status)]
        assert desk.run().deleted


def test_a_deletion_that_must_wait_is_left_to_the_queue() -> None:
    desk = Desk(*ALL)
    desk.provider._answers[("DELETE", ONE)] = [empty_reply(429, {"Retry-After": "30"})]
    check = desk.run()
    assert (check.state(desk.now), check.deleted) == ("arrived", False)
    assert len(desk.queue.sent) == 1


def test_a_ticket_whose_creation_was_not_answered_is_found_by_its_webhook() -> None:
    # Given a creation that takes effect and is not answered
    desk = Desk("created")
    create: Callable[[ProviderRequest], ProviderReply] = desk._created

    def lost(request: ProviderRequest) -> ProviderReply:
        create(request)
        return empty_reply(429)

    desk.provider._answers[("POST", TICKETS)] = [lost]
    with pytest.raises(Throttled):
        desk.run(Wish(("ticket_created",)))
    ((_, check_id),) = desk.checks.kept
    check = desk.checks.get(builders.INSTANCE_ID, check_id)
    assert check.ticket is None
    # When its webhook comes
    desk.sleep(2)
    # Then the next look knows the ticket, and deletes it
    assert desk.look(check).deleted
    assert len(desk.sent("DELETE", ONE)) == 1


def lost(desk: Desk, *, made: bool) -> Callable[[ProviderRequest], ProviderReply]:
    """A creation whose answer does not come."""

    def answer(request: ProviderRequest) -> ProviderReply:
        if made:
            desk._created(request)
        return empty_reply(502)

    return answer


def test_a_ticket_that_was_made_without_an_answer_is_found_and_cleared_away() -> None:
    # Given a creation that takes effect, of which no answer comes
    desk = Desk(*ALL)
    desk.provider._answers[("POST", TICKETS)] = [lost(desk, made=True)]
    # When the check goes on
    check = desk.run()
    # Then it found the ticket, made no second one, and left nothing behind
    assert (check.state(desk.now), check.ticket_id, check.deleted) == ("arrived", 55, True)
    assert len(desk.sent("POST", TICKETS)) == 1
    assert [request.parameters for request, _ in desk.queue.sent] == [{"ticket_id": 55}]


@pytest.mark.parametrize("listing", [json_reply([]), empty_reply(502)])
def test_a_ticket_that_is_seen_only_later_has_a_way_to_be_found(listing: ProviderReply) -> None:
    # Given a creation without an answer, whose ticket no list shows yet
    desk = Desk()
    desk.provider._answers[("POST", TICKETS)] = [lost(desk, made=True)]
    listed = desk.provider._answers[("GET", TICKETS)]
    desk.provider._answers[("GET", TICKETS)] = [listing]
    with pytest.raises(ProviderDown) as caught:
        desk.run()
    # Then the refusal names the check
    ((_, check_id),) = desk.checks.kept
    assert check_id in caught.value.advice
    check = desk.checks.get(builders.INSTANCE_ID, check_id)
    # And a look at it finds the ticket, once one can
    assert desk.look(check).ticket is None
    desk.provider._answers[("GET", TICKETS)] = listed
    assert desk.look(check).ticket == 55
    assert [request.parameters for request, _ in desk.queue.sent] == [{"ticket_id": 55}]
    assert desk.checks.get(builders.INSTANCE_ID, check_id).untried.keys() == set(ALL[1:])


def test_a_ticket_that_was_never_made_is_not_looked_for_among_others() -> None:
    desk = Desk()
    desk.provider._answers[("POST", TICKETS)] = [lost(desk, made=False)]
    with pytest.raises(ProviderDown):
        desk.run()
    assert desk.queue.sent == []
    assert desk.sent("DELETE", ONE) == []


def test_a_check_whose_ticket_is_nowhere_ends_without_one() -> None:
    desk = Desk()
    desk.provider._answers[("POST", TICKETS)] = [empty_reply(429)]
    with pytest.raises(Throttled):
        desk.run()
    ((_, check_id),) = desk.checks.kept
    desk.sleep(GIVE_UP_S)
    found = desk.look(desk.checks.get(builders.INSTANCE_ID, check_id))
    assert (found.state(desk.now), found.deleted) == ("not_arrived", False)
    assert found.shown(desk.now)["ticket_id"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"wait_s": 16}, "wait_s"),
        ({"wait_s": -1}, "wait_s"),
        ({"wait_s": True}, "wait_s"),
        ({"wait_s": "5"}, "wait_s"),
        ({"ticket": []}, "ticket"),
        ({"ticket": {"subject": "Mine"}}, "ticket.subject"),
        ({"colour": 1}, "colour"),
    ],
)
def test_what_is_wrong_with_a_request_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSetup) as caught:
        read_check(body)
    assert [fault.field for fault in caught.value.fields] == [field]


OURS = f"Freshbridge webhook check chk_{'0' * 32}"


def test_a_ticket_that_quotes_a_checks_subject_is_not_its_own() -> None:
    assert check_id_in(builders.event(ticket={"subject": f"{OURS} "})) == OURS[-36:]
    for subject in (f"Re: {OURS}", f"{OURS} help", f"Re: {OURS} help", OURS[-36:]):
        assert check_id_in(builders.event(ticket={"subject": subject})) is None


@pytest.mark.parametrize(
    "ticket", [{}, {"subject": None}, {"subject": "Printer"}, {"subject": "chk_12"}, {"subject": 7}]
)
def test_other_tickets_name_no_check(ticket: dict[str, Any]) -> None:
    assert check_id_in(builders.event(ticket=ticket)) is None


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"type": "ticket_created"}, "created"),
        ({"type": "note_created"}, "conversations"),
        ({"type": "reply_created"}, "conversations"),
        ({"type": "ticket_resolved", "changes": {"status": {"from": 2, "to": 4}}}, "status"),
        ({"type": "ticket_updated", "changes": {"priority": {"from": 1, "to": 2}}}, "fields"),
    ],
)
def test_which_rule_an_event_came_from(told: dict[str, Any], key: str) -> None:
    assert rule_of(builders.event(**told)) == key
