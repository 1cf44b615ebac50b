"""A month of one account, with a sync now and then: what the lake's SQL is asked about later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.freshdesk.account import Account
from local.freshdesk.starting_records import new_group
from tests.simulators.sync.lake_world import LakeWorld


@dataclass(frozen=True)
class Month:
    """What is left of it: the lake's files by `bucket/key`, and the ids of what was done."""

    files: Mapping[str, bytes]
    instance_id: str
    tickets: Mapping[str, int]
    groups: Mapping[str, int]
    agents: Sequence[int]


def month(world: LakeWorld) -> Month:
    """A month of the account, with a sync now and then."""
    account, client = world.account, world.client
    groups = {one["name"]: one["id"] for one in account.groups.values()}
    billing, support = groups["Billing"], groups["Technical Support"]
    agents = sorted(account.agents)
    alpha = client.create_company({"name": "Alpha Ltd", "domains": ["alpha.example"]})
    beta = client.create_company({"name": "Beta Ltd"})
    gamma = client.create_company({"name": "Gamma Ltd"})
    people = {
        name: client.create_contact(
            {"name": name, "email": f"{name.lower()}@people.example", "company_id": company}
        )
        for name, company in (
            ("Ana", alpha["id"]), ("Ben", beta["id"]), ("Cy", None), ("Dora", None), ("Eve", None),
        )
    }  # fmt: skip
    ana, ben, cy, dora, eve = people.values()
    emea, apac = ({"cf_region": region} for region in ("EMEA", "APAC"))
    tickets: dict[str, int] = {}

    # October: two tickets, one record of everything that is to go again, and the first copy.
    world.at("2026-10-19T09:00:00Z")
    tickets["long"] = world.ticket(ana, "Long", group_id=billing, custom_fields=emea)
    tickets["solved"] = world.ticket(ben, "Solved", group_id=billing, status=4)
    for name in ("long", "solved"):
        client.add_time_entry(tickets[name], {"time_spent": "01:20", "note": "A call"})
        world.rate(tickets[name])
    _more_of_everything(account, agents)
    world.at("2026-10-30T12:00:00Z").sync(runs=15)

    # The week of 2 November: three answers, the middle one after 45 minutes.
    world.at("2026-11-02T10:00:00Z")
    tickets["closed"] = world.ticket(ana, "Closed", group_id=support, custom_fields=emea)
    world.answer(tickets["closed"], 30)
    client.update_ticket(tickets["closed"], {"status": 5})
    world.at("2026-11-03T10:00:00Z")
    tickets["pending"] = world.ticket(ben, "Pending", group_id=support, custom_fields=apac)
    world.answer(tickets["pending"], 45)
    client.update_ticket(tickets["pending"], {"status": 3})
    world.at("2026-11-04T23:30:00Z")
    tickets["nobody's"] = world.ticket(ben, "Nobody's")
    world.answer(tickets["nobody's"], 120)
    client.update_ticket(tickets["long"], {"priority": 4, "responder_id": agents[1]})

    # The week after: one answer, after an hour and a half. One record of everything goes.
    world.at("2026-11-10T10:00:00Z")
    tickets["new"] = world.ticket(ana, "New", group_id=billing, custom_fields=emea)
    tickets["deleted long ago"] = world.ticket(cy, "Deleted long ago")
    tickets["deleted"] = world.ticket(cy, "Deleted")
    tickets["spam"] = world.ticket(cy, "Spam")
    tickets["gone"] = world.ticket(dora, "Gone")
    world.answer(tickets["new"], 90)
    world.at("2026-11-12T09:00:00Z")
    client.delete_ticket(tickets["deleted long ago"])
    client.delete_contact(eve["id"])
    client.delete_company(gamma["id"])
    _less_of_everything(world)
    world.at("2026-11-13T12:00:00Z").sync(runs=15)

    # A change that a run over what changed finds.
    world.at("2026-11-16T09:00:00Z")
    client.update_ticket(tickets["long"], {"status": 3, "group_id": support})
    world.at("2026-11-16T12:00:00Z").sync(runs=1)

    # Three tickets leave in as many ways, and are found by a run over everything.
    world.at("2026-11-20T09:00:00Z")
    client.delete_ticket(tickets["deleted"])
    world.at("2026-11-20T10:00:00Z")
    world.mark_spam(tickets["spam"])
    client.destroy_contact(dora["id"])
    client.delete_conversation(_note(world, tickets["pending"]))
    world.at("2026-11-21T12:00:00Z").sync(runs=1)

    # Webhooks name records that are then read by themselves, with more members than in a list.
    world.at("2026-11-22T09:00:00Z")
    for name, record_id in (
        ("tickets", tickets["new"]), ("conversations", tickets["pending"]),
        ("contacts", ana["id"]), ("companies", alpha["id"]),
    ):  # fmt: skip
        world.touch(name, record_id)
    return Month(world.files(), world.instance.instance_id, tickets, groups, agents)


def _note(world: LakeWorld, ticket_id: int) -> int:
    """A note that is copied before it goes."""
    note = world.client.add_note(ticket_id, "A note")
    world.clock.tick(60)
    world.touch("conversations", ticket_id)
    return int(note["id"])


_LISTED = ("groups", "roles", "products", "ticket_fields", "contact_fields", "company_fields",
           "sla_policies", "business_hours", "canned_responses")  # fmt: skip
"""What is only looked up, and may go without ado."""


def _more_of_everything(account: Account, agents: list[int]) -> None:
    """One record more of each list, for two are to be told apart once one is gone."""
    new_group(account, "Night Shift", "Until six", agents[:1])
    for name in _LISTED[1:]:
        table = account.table(name)
        last = table[max(table)]
        twin = {**last, "id": last["id"] + 500}
        if "name" in last:
            twin["name"] = f"{last['name']}_2"
        table[twin["id"]] = twin


def _less_of_everything(world: LakeWorld) -> None:
    account = world.account
    for name in _LISTED:
        table = account.table(name)
        del table[max(table)]
    entries, ratings = account.time_entries, account.satisfaction_ratings
    world.client.delete_time_entry(max(entries))
    del ratings[max(ratings)]
    del account.agents[max(account.agents)]
