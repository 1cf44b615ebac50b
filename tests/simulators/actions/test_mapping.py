"""Own names, defaults and automatic assignment, as they end up in the simulated account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.errors import InvalidRequest
from freshbridge.reference.cache import ReferenceCache
from local.freshdesk.ticket_fields import add_field
from tests import builders
from tests.fakes.actions import FakeAssignments
from tests.simulators.actions.conftest import Desk

NEW = {"email": "mira@client.example", "subject": "Blank page", "description": "It is."}
MAPPING = {"cf_region": "sales region", "cf_order_id": "order", "department": "team"}


def configured(desk: Desk, **config: Any) -> Desk:
    desk.instance = replace(desk.instance, config=config)
    return desk


def billing(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = next(
        one for one in desk.account.groups.values() if one["name"] == "Billing"
    )
    return found


def test_own_names_both_ways(desk: Desk) -> None:
    configured(desk, custom_field_mapping=MAPPING)

    made = desk.run(
        "create_ticket",
        {**NEW, "custom_fields": {"sales region": "EMEA", "order": "A-1", "cf_vip": True}},
    )
    ticket_id = made.data["ticket_id"]
    desk.run("update_ticket", {"ticket_id": ticket_id, "custom_fields": {"sales region": "APAC"}})
    read = desk.run("get_ticket_info", {"ticket_id": ticket_id})

    stored = desk.account.tickets[ticket_id]["custom_fields"]
    assert (stored["cf_region"], stored["cf_order_id"], stored["cf_vip"]) == ("APAC", "A-1", True)
    shown = read.data["ticket"]["custom_fields"]
    assert (shown["sales region"], shown["order"], shown["cf_vip"]) == ("APAC", "A-1", True)
    assert not {"cf_region", "cf_order_id"} & shown.keys()


def test_contacts_take_own_names_too(desk: Desk) -> None:
    configured(desk, custom_field_mapping=MAPPING)
    parameters = {
        "name": "Mira",
        "email": "mira@client.example",
        "custom_fields": {"team": "Finance"},
    }

    desk.run("create_contact", parameters)

    (stored,) = [
        one for one in desk.account.contacts.values() if one["email"] == "mira@client.example"
    ]
    assert stored["custom_fields"]["department"] == "Finance"


def test_tickets_are_found_by_own_names(desk: Desk) -> None:
    configured(desk, custom_field_mapping=MAPPING)
    ticket_id = desk.ticket(custom_fields={"cf_order_id": "A-1", "cf_region": "EMEA"})
    desk.ticket(custom_fields={"cf_order_id": "A-2", "cf_region": "EMEA"})

    by_query = desk.run("search_tickets", {"query": "order:'A-1'"})
    by_filter = desk.run(
        "search_tickets",
        {"filters": {"custom_fields": {"sales region": "EMEA", "order": "A-1"}}},
    )

    for outcome in (by_query, by_filter):
        assert [one["id"] for one in outcome.data["tickets"]] == [ticket_id]
        assert outcome.data["tickets"][0]["custom_fields"]["order"] == "A-1"


def test_freshdesks_refusal_names_the_persons_field(desk: Desk) -> None:
    configured(desk, custom_field_mapping=MAPPING)

    with pytest.raises(InvalidRequest) as raised:
        desk.run("create_ticket", {**NEW, "custom_fields": {"sales region": "MOON"}})

    assert [field.field for field in raised.value.fields] == ["custom_fields.sales region"]


def test_an_unknown_name_is_refused_until_the_account_has_it(desk: Desk) -> None:
    with pytest.raises(InvalidParameters) as raised:
        desk.run("create_ticket", {**NEW, "custom_fields": {"cf_regoin": "EMEA"}})
    assert 'did you mean "cf_region"?' in raised.value.fields[0].message
    assert desk.account.tickets == {}

    add_field(desk.account, "cf_regoin", "Regoin", "custom_text")
    made = desk.run("create_ticket", {**NEW, "custom_fields": {"cf_regoin": "EMEA"}})
    stored = desk.account.tickets[made.data["ticket_id"]]
    assert stored["custom_fields"]["cf_regoin"] == "EMEA"


def test_defaults_and_turns(desk: Desk) -> None:
    group = billing(desk)
    configured(desk, default_group_id=group["id"], default_priority="high", auto_assign=True)
    for one in desk.account.agents.values():
        one["available"] = True
    shared = {"assignments": FakeAssignments(), "reference": ReferenceCache(None)}

    made = []
    for number in range(4):
        request = builders.action_request(
            action="create_ticket", parameters=NEW, idempotency_key=f"act_{number}"
        )
        outcome = desk.run("create_ticket", NEW, request=request, **shared)
        made.append(outcome.data["ticket_id"])

    stored = [desk.account.tickets[ticket_id] for ticket_id in made]
    assert {(one["group_id"], one["priority"]) for one in stored} == {(group["id"], 3)}
    turns = sorted(group["agent_ids"])
    assert [one["responder_id"] for one in stored] == [*turns, *turns]


def test_the_least_loaded_of_those_available(desk: Desk) -> None:
    group = billing(desk)
    first, second = sorted(group["agent_ids"])
    configured(desk, auto_assign="least_loaded")
    for one in desk.account.agents.values():
        one["available"] = True
    for status in (2, 3, 6):
        desk.ticket(group_id=group["id"], responder_id=first, status=status)
    for status in (4, 5):
        desk.ticket(group_id=group["id"], responder_id=second, status=status)

    made = desk.run("create_ticket", {**NEW, "group_id": group["id"]})

    ticket = desk.account.tickets[made.data["ticket_id"]]
    assert ticket["responder_id"] == second, "what is resolved or closed is no load"


def test_nobody_is_there(desk: Desk) -> None:
    group = billing(desk)
    for one in desk.account.agents.values():
        one["available"] = False
    ticket_id = desk.ticket(group_id=group["id"])

    outcome = desk.run("assign_ticket", {"ticket_id": ticket_id, "auto": True})

    assert desk.account.tickets[ticket_id]["responder_id"] is None
    assert "no agent of the group is available" in outcome.message
