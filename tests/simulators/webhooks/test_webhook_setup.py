"""One call sets the simulated account up; what its tickets then send is read as the right events.

The simulator is another reading of the vendor's pages: it keeps, checks and runs the rules.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast

import pytest

from freshbridge.events.authentication import authenticate
from freshbridge.events.normalised import Event
from freshbridge.events.reading import event_of
from freshbridge.freshdesk.automation import AutomationType
from freshbridge.webhooks.check import GIVE_UP_S, read_check, subject_of
from freshbridge.webhooks.choice import Wish, read_setup
from freshbridge.webhooks.report import ByHand, Report
from freshbridge.webhooks.verify import Verifier
from local.freshdesk.account import DEMO_API_KEY
from local.simulator.faults import fault_of
from tests import builders
from tests.fakes.automations import NOW, SECRET, SetupWorld
from tests.fakes.checks import MemoryChecks, SentActions
from tests.simulators.actions.conftest import Desk

DEADLINE_S = 30.0


class Hook:
    """Takes webhooks in as the stack does, and reads them."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                hook.received.append((self.path, headers, body))
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/live"

    def events(self, count: int) -> list[Event]:
        """The events, once `count` webhooks have come; each one authenticated."""
        end = time.monotonic() + DEADLINE_S
        while len(self.received) < count:
            assert time.monotonic() < end, f"{len(self.received)} of {count} webhooks came"
            time.sleep(0.01)
        found = []
        for path, headers, body in self.received:
            assert path == f"/live/api/webhooks/freshdesk/{builders.INSTANCE_ID}"
            authenticate(headers, secrets=[SECRET], body=body, now=0.0)
            received = builders.received_event(body=body.decode())
            found.append(event_of(received))
        return found


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join(30)


class Account:
    """The simulated account with a set-up of its own."""

    def __init__(self, desk: Desk, api_key: str = DEMO_API_KEY) -> None:
        self.desk = desk
        self.world = SetupWorld(
            desk.transport,
            instance=builders.instance(
                origin=desk.url, configuration={"subdomain": desk.url.removeprefix("http://")}
            ),
            api_key=api_key,
            allowed=(desk.url,),
        )

    def install(self, hook: Hook, **body: Any) -> Report:
        asked = read_setup({"base_url": hook.url, **body})
        return self.world.setup.install(self.world.instance, asked, "", self.world.calling)

    def health(self) -> Report:
        return self.world.setup.health(self.world.instance, "", self.world.calling)

    def repair(self) -> Report:
        return self.world.setup.repair(self.world.instance, "", self.world.calling)

    @property
    def rules(self) -> list[dict[str, Any]]:
        return list(self.desk.account.automation_rules.values())


@pytest.fixture
def account(desk: Desk) -> Account:
    return Account(desk)


def codes(report: Report) -> list[str]:
    return [problem.code for state in report.states for problem in state.problems]


def test_one_call_and_every_kind_of_event_comes_through_once(account: Account, hook: Hook) -> None:
    # Given an account that was set up by one call
    assert account.install(hook).shown()["healthy"] is True
    # When a ticket is opened, changed in two ways at once, noted, answered and resolved
    client = account.desk.client
    ticket_id = account.desk.ticket(subject='Say "hi"\n<b>', priority=1)
    client.update_ticket(ticket_id, {"priority": 4, "status": 3})
    client.add_note(ticket_id, '<p>"quoted"\n</p>')
    client.add_reply(ticket_id, "<p>Done</p>")
    client.update_ticket(ticket_id, {"status": 4})
    client.update_ticket(ticket_id, {"status": 5})
    # Then each comes as its own event, whole
    events = hook.events(7)
    assert sorted((event.type, json.dumps(event.changes)) for event in events) == sorted(
        [
            ("ticket_created", "{}"),
            ("ticket_updated", json.dumps({"priority": {"from": 1, "to": 4}})),
            ("ticket_updated", json.dumps({"status": {"from": 2, "to": 3}})),
            ("note_created", "{}"),
            ("reply_created", "{}"),
            ("ticket_resolved", json.dumps({"status": {"from": 3, "to": 4}})),
            ("ticket_closed", json.dumps({"status": {"from": 4, "to": 5}})),
        ]
    )
    assert {event.ticket["id"] for event in events} == {ticket_id}
    assert {event.contact["email"] for event in events} == {"mira@client.example"}
    assert not any(event.recovered for event in events)
    (created,) = [event for event in events if event.type == "ticket_created"]
    assert created.ticket["subject"] == 'Say "hi"\n<b>'
    (note,) = [event for event in events if event.type == "note_created"]
    assert note.note["body"] == '<p>"quoted"\n</p>'


def test_what_was_not_chosen_does_not_come(account: Account, hook: Hook) -> None:
    account.install(hook, events=["ticket_closed"])
    ticket_id = account.desk.ticket()
    account.desk.client.update_ticket(ticket_id, {"status": 4, "priority": 3})
    account.desk.client.add_note(ticket_id, "x")
    account.desk.client.update_ticket(ticket_id, {"status": 5})
    assert [event.type for event in hook.events(1)] == ["ticket_closed"]
    assert len(account.rules) == 1


def test_run_twice_nothing_is_doubled(account: Account, hook: Hook) -> None:
    account.install(hook)
    before = json.dumps(account.rules, sort_keys=True, default=str)
    assert account.install(hook).steps == ()
    assert json.dumps(account.rules, sort_keys=True, default=str) == before


def test_drift_is_seen_and_mended(account: Account, hook: Hook) -> None:
    account.install(hook)
    # When people switch one off, narrow one, point one elsewhere and delete one
    created, status, notes, fields = account.rules
    status["active"] = False
    notes["events"] = notes["events"][:1]
    fields["actions"][0]["url"] = "https://elsewhere.example"
    del account.desk.account.automation_rules[created["id"]]
    assert codes(account.health()) == ["missing", "disabled", "changed", "wrong_url"]
    # Then a repair brings all of it back, with one request each
    assert len(account.repair().steps) == 4
    assert codes(account.health()) == []
    account.desk.ticket()
    assert [event.type for event in hook.events(1)] == ["ticket_created"]


def test_the_rules_of_others_keep_their_places_and_stay(account: Account, hook: Hook) -> None:
    # Given two rules of the account's own, of which one fits every ticket
    mine = {"name": "Tag", "actions": [{"field_name": "add_tag", "value": "new"}]}
    for name in ("Tag", "Second"):
        account.desk.client.create_automation_rule(AutomationType.CREATION, {**mine, "name": name})
    # When webhooks are set up where only the first rule runs
    report = account.install(hook)
    # Then that is told, and the others come before ours
    assert codes(report) == ["shadowed"]
    positions = {r["name"]: r["position"] for r in account.rules if r["rule_type"] == 1}
    assert sorted(positions.values()) == [1, 2, 3]
    assert (positions["Tag"], positions["Second"]) == (1, 2)
    # When ours is to be first
    assert codes(account.install(hook, position="first")) == []
    positions = {r["name"]: r["position"] for r in account.rules if r["rule_type"] == 1}
    assert (positions["Tag"], positions["Second"]) == (2, 3)
    # And removing takes ours alone
    removed = account.world.setup.remove(account.world.instance, account.world.calling)
    assert len(removed) == 4
    assert [(r["name"], r["position"]) for r in account.rules] == [("Tag", 1), ("Second", 2)]


def webhook_of(told: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    """The action as a person enters it by what they were told."""
    return {
        "field_name": "trigger_webhook",
        "request_type": rule["request_type"],
        "url": told["url"],
        "content_type": rule["encoding"],
        "content_layout": "2",
        "content": rule["content"],
        "custom_headers": {"X-Freshbridge-Secret": SECRET},
    }


def test_an_agent_who_is_no_administrator_is_told_what_a_person_does(
    desk: Desk, hook: Hook
) -> None:
    # Given the key of an agent who may not manage automations
    bao = next(a for a in desk.account.agents.values() if a["contact"]["name"] == "Bao Linh")
    desk.account.api_keys["key-of-an-agent"] = bao["id"]
    limited = Account(desk, "key-of-an-agent")
    with pytest.raises(ByHand) as caught:
        limited.install(hook)
    assert "not authorized" in str(caught.value)
    assert desk.account.automation_rules == {}
    # When an administrator enters the first two rules that it says
    told = caught.value.instructions
    for rule in told["rules"][:2]:
        triggers = [{"field_name": "status"}] if rule["events"] else []
        rule_type = AutomationType.UPDATE if triggers else AutomationType.CREATION
        entered = {"name": rule["name"], "events": triggers, "actions": [webhook_of(told, rule)]}
        desk.client.create_automation_rule(rule_type, entered)
    # Then its webhooks are read as the installed ones are, what broke the content included
    desk.client.update_ticket(desk.ticket(subject='A "quoted" one'), {"status": 4})
    events = hook.events(2)
    assert sorted(event.type for event in events) == ["ticket_created", "ticket_resolved"]
    assert all(event.recovered for event in events)
    assert {event.contact["email"] for event in events} == {"mira@client.example"}


def test_a_checks_ticket_is_found_and_deleted_where_its_creation_was_not_answered(
    account: Account,
) -> None:
    # Given an account that makes the check's ticket and drops the answer
    world = account.world
    account.desk.ticket(subject="Re: Freshbridge webhook check chk_" + "0" * 32)
    lost = fault_of({"match": "POST /tickets", "kind": "commit_then_drop", "count": 1})
    account.desk.simulator.state.faults.append(lost)
    checks = MemoryChecks()
    verifier = Verifier(
        world.connections,
        cast("Any", checks),
        cast("Any", SentActions()),
        clock=lambda: NOW,
        sleep=lambda _seconds: None,
    )
    # When the check is made
    asked = read_check({"wait_s": 0})
    check = verifier.run(world.instance, Wish(), asked, world.calling)
    # Then it knows its ticket, and once it is over no ticket of it is left
    checks.kept[builders.INSTANCE_ID, check.check_id] = replace(check, started_at=NOW - GIVE_UP_S)
    assert verifier.look(world.instance, check.check_id, world.calling).deleted
    left = [record["subject"] for page in account.desk.client.tickets() for record in page.records]
    assert len(left) > 0
    assert subject_of(check.check_id) not in left
