"""customer_sync keeps the customers of a link the same: its schedule, its queue, its tables."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from freshbridge.customers.link import Kind, Side
from freshbridge.customers.record import Known
from freshbridge.customers.run_state import RunState
from freshbridge.customers.run_store import RunStore
from freshbridge.customers.table import KnownTable
from freshbridge.customers.work import ONE
from freshbridge.instances.registry import Registry
from tests import builders
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import PassingTime, Stack, Start
from tests.integration.customer_world import CONTACT, SalesSide, desk_side, linked, work

LONG = builders.Context(300_000)
BULK = "/crm/sales/api/contacts/bulk_upsert"


@pytest.fixture(autouse=True)
def _no_waiting(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start("CustomerSync"), "pause", lambda _seconds: None)


def test_the_schedule_queues_a_run_of_every_enabled_link(stack: Stack, start: Start) -> None:
    linked(stack)

    start("CustomerSync").handler({"scheduled": True}, builders.Context())

    (message,) = stack.bodies("CustomerQueue")
    assert (message["link_id"], message["job"], message["run_id"]) == ("lnk_1", "run", "")


def test_the_schedule_leaves_a_disabled_link_alone(stack: Stack, start: Start) -> None:
    linked(stack, enabled=False)

    start("CustomerSync").handler({"scheduled": True}, builders.Context())

    assert stack.bodies("CustomerQueue") == []


def test_a_run_creates_links_and_is_done(
    stack: Stack, start: Start, provider: FakeTransport, log: io.StringIO
) -> None:
    linked(stack)
    desk_side(provider, CONTACT)
    sales = SalesSide(provider)
    stack.send("CustomerQueue", json.dumps(vars(work())))

    assert stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG) == []

    assert [one["email"] for one in sales.people] == ["mira@client.example"]
    state = RunStore(stack.names["CustomerTable"]).load("lnk_1")
    assert state is not None
    assert (state.state, state.counts["created_freshsales"]) == ("done", 1)
    known = KnownTable(stack.names["CustomerTable"], "lnk_1")
    assert known.load(Kind.CONTACTS, Side.FRESHDESK, ["41"])["41"].other == "900"
    # Neither the table, the bucket nor the log holds what the customer is called.
    kept = json.dumps(stack.items("CustomerTable")) + log.getvalue()
    assert not any(word in kept for word in ("mira", "Mira", "Holt", "Controller"))
    assert stack.objects("PayloadBucket") == []


def test_a_second_run_writes_nothing(stack: Stack, start: Start, provider: FakeTransport) -> None:
    linked(stack)
    desk_side(provider, CONTACT)
    SalesSide(provider)
    handler = start("CustomerSync").handler
    for number in ("run_1", "run_2"):
        stack.send("CustomerQueue", json.dumps(vars(work(run_id=number, requested_at="2099"))))
        stack.deliver("CustomerQueue", handler, LONG)

    assert [r.method for r in provider.requests if r.method != "GET"] == ["POST"]


def test_a_run_that_has_no_time_left_goes_on_with_the_next_message(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack)
    desk_side(provider, CONTACT)
    sales = SalesSide(provider)
    stack.send("CustomerQueue", json.dumps(vars(work())))
    handler = start("CustomerSync").handler

    class Short(builders.Context):
        """Has time for the first page only."""

        asked = 0

        def get_remaining_time_in_millis(self) -> int:
            self.asked += 1
            return 300_000 if self.asked < 6 else 60_000

    for _ in range(12):
        if stack.count("CustomerQueue") == (0, 0):
            break
        assert stack.deliver("CustomerQueue", handler, Short()) == []

    state = RunStore(stack.names["CustomerTable"]).load("lnk_1")
    assert state is not None
    assert state.state == "done"
    assert len(sales.people) == 1


def test_two_functions_do_not_work_on_one_link(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack)
    RunStore(stack.names["CustomerTable"]).take("lnk_1", "another", 60.0)
    stack.send("CustomerQueue", json.dumps(vars(work())))

    kept = stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG)

    assert len(kept) == 1
    assert stack.count("CustomerQueue") == (0, 1)
    assert provider.requests == []


def test_a_throttled_run_goes_on_from_its_page(
    stack: Stack, start: Start, provider: FakeTransport, passing_time: PassingTime
) -> None:
    linked(stack)
    desk_side(provider, CONTACT)
    disguised = {"errors": {"code": 400, "message": ["UCR fetch :: response_code :: 429 :: x"]}}
    provider.on("POST", BULK, json_reply(disguised, 400))
    sales = SalesSide(provider)
    stack.send("CustomerQueue", json.dumps(vars(work())))
    handler = start("CustomerSync").handler

    kept = stack.deliver("CustomerQueue", handler, LONG)
    assert len(kept) == 1
    assert sales.people == []

    passing_time.sleep(600)
    stack.send("CustomerQueue", kept[0])
    assert stack.deliver("CustomerQueue", handler, LONG) == []
    assert len(sales.people) == 1
    assert len(provider.sent("GET", "/api/v2/contacts")) == 1


def test_a_refused_key_parks_the_run_with_its_reason(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack)
    provider.on("GET", "/api/v2/contacts", json_reply({"code": "access_denied"}, 403))
    stack.send("CustomerQueue", json.dumps(vars(work())))

    assert stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG) == []

    (letter,) = stack.messages("CustomerDeadLetterQueue")
    assert letter["MessageAttributes"]["code"]["StringValue"] == "forbidden"


def test_an_unreadable_message_is_parked(stack: Stack, start: Start) -> None:
    stack.send("CustomerQueue", '{"link_id": 7}')

    assert stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG) == []

    assert len(stack.messages("CustomerDeadLetterQueue")) == 1


def test_an_event_has_its_customer_settled(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    # Given a link, and a workflow that tells of a contact of Freshsales'
    linked(stack)
    person = {
        "id": 900, "first_name": "Mira", "last_name": "Holt", "email": "mira@client.example",
        "job_title": "CFO", "updated_at": "2026-03-03T14:00:05+02:00",
    }  # fmt: skip
    provider.on("GET", "/crm/sales/api/contacts/900", json_reply({"contact": person}))
    provider.on("GET", "/api/v2/contacts", json_reply([CONTACT]))
    provider.on("GET", "/api/v2/contacts/41", json_reply(CONTACT))
    provider.on("PUT", "/api/v2/contacts/41", json_reply(CONTACT | {"job_title": "CFO"}))
    told = {"event_name": "Contact Updated", "data": {"contact": {"id": 900}}}
    stack.send(
        "EventQueue",
        builders.received_event(
            instance_id="193000002", platform="freshsales", body=json.dumps(told)
        ),
    )

    # When it is routed, and what it asks for is done
    stack.deliver("EventQueue", start("EventRouter").handler)
    (asked,) = stack.bodies("CustomerQueue")
    stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG)

    # Then it is linked, and its newer value is in Freshdesk
    assert (asked["job"], asked["side"], asked["record_id"]) == (ONE, "freshsales", "900")
    (sent,) = provider.sent("PUT", "/api/v2/contacts/41")
    assert sent.json == {"job_title": "CFO"}


def test_the_webhook_of_a_write_of_its_own_changes_nothing(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack)
    desk_side(provider, CONTACT)
    SalesSide(provider)
    handler = start("CustomerSync").handler
    stack.send("CustomerQueue", json.dumps(vars(work())))
    stack.deliver("CustomerQueue", handler, LONG)
    person = {
        "id": 900, "first_name": "Mira", "last_name": "Holt", "email": "mira@client.example",
        "job_title": "Controller", "updated_at": "2026-03-03T14:00:05+02:00",
    }  # fmt: skip
    provider.on("GET", "/crm/sales/api/contacts/900", json_reply({"contact": person}))
    before = len(provider.requests)

    one = work(job=ONE, run_id="", object="contacts", side="freshsales", record_id="900")
    stack.send("CustomerQueue", json.dumps(vars(one)))
    stack.deliver("CustomerQueue", handler, LONG)

    assert [r.method for r in provider.requests[before:]] == ["GET"]


def test_a_deleted_links_customers_are_forgotten(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack)
    desk_side(provider, CONTACT)
    SalesSide(provider)
    handler = start("CustomerSync").handler
    for message in (work(), work(job="purge", run_id="")):
        stack.send("CustomerQueue", json.dumps(vars(message)))
        stack.deliver("CustomerQueue", handler, LONG)

    left = {item["pk"]["S"].partition("#")[2].partition("#")[0] for item in _left(stack)}
    assert left == {"", "report"}


def _left(stack: Stack) -> list[Any]:
    return [item for item in stack.items("CustomerTable") if item["sk"]["S"] != "lease"]


def test_a_classic_account_is_written_one_by_one(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack)
    desk_side(provider, CONTACT)
    provider.on("POST", BULK, json_reply({"errors": {"code": 403, "message": ["no"]}}, 403))
    SalesSide(provider)
    made = {
        "id": 900, "first_name": "Mira", "last_name": "Holt", "email": "mira@client.example",
        "job_title": "Controller", "updated_at": "2026-03-03T14:00:05+02:00",
    }  # fmt: skip
    provider.on("POST", "/crm/sales/api/contacts/upsert", json_reply({"contact": made}))
    stack.send("CustomerQueue", json.dumps(vars(work())))

    assert stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG) == []

    (sent,) = provider.sent("POST", "/crm/sales/api/contacts/upsert")
    assert (sent.json or {})["unique_identifier"] == {"emails": "mira@client.example"}
    known = KnownTable(stack.names["CustomerTable"], "lnk_1")
    assert known.load(Kind.CONTACTS, Side.FRESHSALES, ["900"])["900"].other == "41"


def test_a_provider_that_is_down_is_asked_again_later(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack)
    provider.on("GET", "/api/v2/contacts", empty_reply(503))
    stack.send("CustomerQueue", json.dumps(vars(work())))

    assert len(stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG)) == 1
    # The link is free for whoever comes next.
    RunStore(stack.names["CustomerTable"]).take("lnk_1", "another", 60.0)


def test_a_link_that_was_switched_off_or_deleted_meanwhile_is_left_alone(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack, enabled=False)
    handler = start("CustomerSync").handler
    one = {"job": ONE, "run_id": "", "side": "freshdesk", "record_id": "41", "object": "contacts"}
    for message in (work(), work(**one), work(link_id="lnk_gone")):
        stack.send("CustomerQueue", json.dumps(vars(message)))
        assert stack.deliver("CustomerQueue", handler, LONG) == []

    assert provider.requests == []


def test_an_event_of_what_the_link_leaves_alone_is_nothing(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack)
    one = work(job=ONE, run_id="", object="companies", side="freshdesk", record_id="7")
    stack.send("CustomerQueue", json.dumps(vars(one)))

    assert stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG) == []

    assert provider.requests == []


def test_a_run_that_another_message_has_done_is_not_done_again(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    linked(stack)
    desk_side(provider, CONTACT)
    SalesSide(provider)
    handler = start("CustomerSync").handler
    for message in (work(), work(run_id="", requested_at="2026-03-03T12:00:00Z"), work()):
        stack.send("CustomerQueue", json.dumps(vars(message)))
        assert stack.deliver("CustomerQueue", handler, LONG) == []

    assert len(provider.sent("GET", "/api/v2/contacts")) == 1


def test_forgetting_a_large_link_goes_on_with_the_next_message(stack: Stack, start: Start) -> None:
    known = KnownTable(stack.names["CustomerTable"], "lnk_1")
    known.save(Kind.CONTACTS, [Known(Side.FRESHDESK, str(n), keys=(f"k:{n}",)) for n in range(5)])
    handler = start("CustomerSync").handler
    stack.send("CustomerQueue", json.dumps(vars(work(job="purge", run_id=""))))

    deliveries = 0
    while stack.count("CustomerQueue")[0]:
        assert stack.deliver("CustomerQueue", handler, builders.Context(60_000)) == []
        deliveries += 1

    assert deliveries > 1
    assert stack.items("CustomerTable") == []


@pytest.mark.parametrize("side", ["freshdesk", "freshsales"])
def test_a_refused_key_opens_its_own_accounts_circuit_and_no_other(
    stack: Stack, start: Start, provider: FakeTransport, side: str
) -> None:
    linked(stack)
    refused = json_reply({"code": "invalid_credentials"}, 401)
    if side == "freshdesk":
        provider.on("GET", "/api/v2/contacts", refused)
    else:
        desk_side(provider, CONTACT)
        provider.on("GET", "/crm/sales/api/contacts/filters", refused)
    stack.send("CustomerQueue", json.dumps(vars(work())))

    assert stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG) == []

    own, other = [builders.INSTANCE_ID, "193000002"][:: 1 if side == "freshdesk" else -1]
    circuits = {
        item["pk"]["S"]: json.dumps(item)
        for item in stack.items("BudgetTable")
        if item["pk"]["S"].startswith("circuit#")
    }
    assert "HTTP 401" in circuits[f"circuit#{own}"]
    assert "HTTP 401" not in circuits.get(f"circuit#{other}", "")
    (letter,) = stack.messages("CustomerDeadLetterQueue")
    assert letter["MessageAttributes"]["code"]["StringValue"] == "unauthorized"


def switch(stack: Stack, start: Start, *, off: bool) -> None:
    """Somebody disables or enables the Freshdesk instance; warm functions have noticed."""
    registry = Registry(stack.names["InstanceTable"])
    registry.change(builders.INSTANCE_ID, lambda held: replace(held, disabled=off))
    start("CustomerSync")._ports.cache_clear()


@pytest.mark.parametrize(
    "given",
    [
        {"run_id": ""},
        {"run_id": "run_0"},
        {"run_id": "run_9", "full": "true"},
        {"job": ONE, "run_id": "", "object": "contacts", "side": "freshdesk", "record_id": "41"},
    ],
    ids=["scheduled", "under way", "asked for", "event"],
)
def test_customers_of_a_disabled_instance_wait_without_letters(
    stack: Stack, start: Start, provider: FakeTransport, given: dict[str, str]
) -> None:
    # Given work that was queued before an instance of the link was disabled
    linked(stack)
    desk_side(provider, CONTACT)
    sales = SalesSide(provider)
    if given["run_id"] == "run_0":
        begun = RunState("run_0", "2026-03-03T12:00:00Z")
        RunStore(stack.names["CustomerTable"]).save("lnk_1", begun)
    stack.send("CustomerQueue", json.dumps(vars(work(**given))))
    switch(stack, start, off=True)

    assert stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG) == []

    assert stack.count("CustomerQueue") == (0, 0)
    assert stack.messages("CustomerDeadLetterQueue") == []
    assert provider.requests == []

    # and the first tick after it is enabled does it
    switch(stack, start, off=False)
    start("CustomerSync").handler({"scheduled": True}, builders.Context())
    assert stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG) == []
    assert [one["email"] for one in sales.people] == ["mira@client.example"]
    state = RunStore(stack.names["CustomerTable"]).load("lnk_1")
    assert state is not None
    assert state.full is bool(given.get("full"))


def test_a_rehearsal_of_a_disabled_instance_is_parked_for_no_tick_repeats_it(
    stack: Stack, start: Start
) -> None:
    linked(stack)
    stack.send("CustomerQueue", json.dumps(vars(work(dry_run="true"))))
    switch(stack, start, off=True)

    assert stack.deliver("CustomerQueue", start("CustomerSync").handler, LONG) == []

    (letter,) = stack.messages("CustomerDeadLetterQueue")
    assert letter["MessageAttributes"]["code"]["StringValue"] == "instance_disabled"
