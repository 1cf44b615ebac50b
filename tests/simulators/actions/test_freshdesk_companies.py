"""Company actions against the simulator."""

from __future__ import annotations

from datetime import timedelta

import pytest

from freshbridge.errors import Conflict, NotFound
from local.freshdesk.clock import stamp_of
from local.freshdesk.seed import seed
from tests.simulators.actions.conftest import Desk

CLIENT = {"name": "Client Ltd", "domains": ["client.example"]}


def test_a_company_lives_and_dies(desk: Desk) -> None:
    made = desk.run(
        "create_company",
        {
            **CLIENT,
            "health_score": "Happy",
            "renewal_date": "2026-12-31",
            "custom_fields": {"seats": 12},
        },
    )
    company_id = made.data["company_id"]
    contact_id = desk.run("create_contact", {"name": "M", "email": "m@client.example"}).data[
        "contact_id"
    ]
    assert desk.account.contacts[contact_id]["company_id"] == company_id

    read = desk.run("get_company", {"company_id": company_id}).data["company"]
    assert (read["renewal_date"], read["custom_fields"]["seats"]) == ("2026-12-31T00:00:00Z", 12)
    changes = {"company_id": company_id, "domains": [], "renewal_date": read["renewal_date"]}
    assert desk.run("update_company", changes).data["company"]["domains"] == []

    desk.run("delete_company", {"company_id": company_id})

    assert desk.account.contacts[contact_id]["company_id"] is None
    with pytest.raises(NotFound):
        desk.run("get_company", {"company_id": company_id})


def test_a_second_company_of_the_name_is_what_the_caller_wants_it_to_be(desk: Desk) -> None:
    desk.run("create_company", {"name": "Client Ltd London"})
    company_id = desk.run("create_company", CLIENT).data["company_id"]
    again = {"name": "Client Ltd", "note": "Ours"}

    with pytest.raises(Conflict) as raised:
        desk.run("create_company", again)
    assert raised.value.existing_id == company_id
    kept = desk.run("create_company", {**again, "on_duplicate": "return"})
    assert (kept.data["company_id"], kept.data["company"]["note"]) == (company_id, None)
    changed = desk.run("create_company", {**again, "on_duplicate": "update"})
    assert (changed.data["company_id"], changed.data["company"]["note"]) == (company_id, "Ours")

    other = {"name": "Somebody", "domains": ["client.example"], "on_duplicate": "return"}
    assert desk.run("create_company", other).data["company_id"] == company_id


def test_companies_are_searched(desk: Desk) -> None:
    desk.account.clock.freeze()  # what was made today has to be of today still
    company_id = desk.run(
        "create_company", {**CLIENT, "custom_fields": {"seats": 12, "segment": "SMB"}}
    ).data["company_id"]
    desk.run("create_company", {"name": "Other Client"})
    today = desk.account.clock.now().date().isoformat()

    for conditions in (
        {"domain": "client.example"},
        {"custom_fields": {"seats": 12, "segment": "SMB"}},
        {"query": "seats:>5", "created_from": today, "updated_to": today},
    ):
        outcome = desk.run("search_companies", conditions)
        assert [one["id"] for one in outcome.data["companies"]] == [company_id], conditions
    named = desk.run("search_companies", {"name": "client"})
    assert [one["name"] for one in named.data["companies"]] == ["Client Ltd", "Other Client"]


def test_more_companies_than_a_search_pages_through_are_read(desk: Desk) -> None:
    seed(desk.account, {"companies": 700})

    outcome = desk.run(
        "search_companies",
        {"query": "created_at:>'2000-01-01'", "limit": 2000},
        now=desk.account.clock.now(),
    )

    assert outcome.data["complete"] is True
    assert {one["id"] for one in outcome.data["companies"]} == set(desk.account.companies)


def test_companies_are_listed(desk: Desk) -> None:
    seed(desk.account, {"companies": 3})
    for company in list(desk.account.companies.values())[:2]:
        company["updated_at"] = stamp_of(desk.account.clock.now() - timedelta(days=60))
    since = stamp_of(desk.account.clock.now() - timedelta(days=40))

    everything = desk.run("list_companies", {"per_page": 2})
    recent = desk.run("list_companies", {"updated_since": since})

    assert (len(everything.data["companies"]), everything.data["next_page"]) == (2, 2)
    assert [one["name"] for one in recent.data["companies"]] == ["Client 3 Ltd"]
