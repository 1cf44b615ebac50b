"""Messages of the queue, what is due, what an event asks for, how far a run is."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from freshbridge.customers.link import Kind, Side
from freshbridge.customers.planning import asked_by, due
from freshbridge.customers.run_state import STAGES, RunState
from freshbridge.customers.work import ONE, CustomerWork, customer_work
from freshbridge.queues.envelope import UnreadableMessage, to_text
from tests import builders
from tests.unit.customers.test_convergence import link

WORK = CustomerWork("lnk_1", ONE, "", "2026-03-03T12:02:40Z", "1", object="contacts",
                    side="freshdesk", record_id="41")  # fmt: skip


def test_a_message_reads_as_it_was_written() -> None:
    assert customer_work(to_text(WORK)) == WORK
    assert WORK.customer == (Kind.CONTACTS, Side.FRESHDESK, "41")
    assert (WORK.correlation_id, WORK.group, WORK.name) == ("lnk_1", "lnk_1.one", "lnk_1-41")


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        json.dumps(asdict(WORK) | {"link_id": 7}),
        json.dumps(asdict(WORK) | {"more": "x"}),
        json.dumps({"link_id": "lnk_1"}),
    ],
)
def test_what_is_no_work_is_refused(text: str) -> None:
    with pytest.raises(UnreadableMessage):
        customer_work(text)


@pytest.mark.parametrize("wrong", [{"object": "deals"}, {"side": "left"}, {"record_id": "x/y"}])
def test_a_customer_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UnreadableMessage):
        _ = customer_work(json.dumps(asdict(WORK) | wrong)).customer


def test_every_enabled_link_is_due() -> None:
    (work,) = due([link(), link(enabled=False)], "2026-03-03T12:00:00Z")

    assert (work.link_id, work.job, work.run_id) == ("lnk_1", "run", "")


@pytest.mark.parametrize(
    ("kind", "instance_id", "asked"),
    [
        ("contact_created", "1", ("contacts", "freshdesk", "41")),
        ("contact_updated", "2", ("contacts", "freshsales", "41")),
        ("contact_deleted", "1", None),
        ("contact_updated", "3", None),
        ("account_updated", "2", None),
        ("ticket_created", "1", None),
    ],
)
def test_an_event_asks_for_its_customer(
    kind: str, instance_id: str, asked: tuple[str, str, str] | None
) -> None:
    event = builders.event(
        type=kind, instance_id=instance_id, contact={"id": 41}, account={"id": 41}
    )

    found = [(work.object, work.side, work.record_id) for work in asked_by(event, [link()])]

    # Companies are not kept the same by this link, and deletions are ignored.
    assert found == ([] if asked is None else [asked])


def test_a_deletion_is_asked_for_where_it_counts() -> None:
    event = builders.event(type="contact_deleted", instance_id="2", contact={"id": 41})

    (work,) = asked_by(event, [link(deletions="unlink")])

    assert work.side == "freshsales"


def test_a_company_that_the_sync_found_deleted_is_asked_for() -> None:
    # No list of Freshdesk's and no webhook tells of it: the full run of the instance's sync does.
    event = builders.event(
        type="company_deleted", instance_id="1", source="sync", company={"id": 41}
    )
    both = link(deletions="delete", objects={"companies": {}, "contacts": {}})

    (work,) = asked_by(event, [both])

    assert (work.object, work.side, work.record_id) == ("companies", "freshdesk", "41")


def test_an_event_without_a_customers_id_asks_for_nothing() -> None:
    event = builders.event(type="contact_updated", instance_id="1", contact={"name": "Mira"})

    assert list(asked_by(event, [link()])) == []


def test_a_run_goes_through_its_stages_and_is_kept_as_text() -> None:
    state, seen = RunState("run_1", "2026-03-03T12:00:00Z"), []
    configured = link()

    while (at := state.at(configured)) is not None:
        seen.append(at[1])
        state.place, state.staged = {"page": 1}, 3
        state.next_stage()
        assert state.place is None

    assert tuple(seen) == STAGES
    assert (state.staged, state.waiting) == (0, False)
    assert RunState.from_text(state.to_text()) == state
    shown = state.shown(configured)
    assert (shown["stage"], shown["object"], shown["finished_at"]) == (None, None, None)
