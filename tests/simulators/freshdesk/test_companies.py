"""Companies over HTTP."""

from typing import Any

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator


async def company(simulator: RunningSimulator, **fields: Any) -> dict[str, Any]:
    answer = await simulator.post("/companies", {"name": "Client Ltd", **fields})
    assert answer.status == 201, answer.content
    made: dict[str, Any] = answer.body
    return made


async def test_a_created_company_has_every_key(simulator: RunningSimulator) -> None:
    answer = await simulator.post(
        "/companies",
        {
            "name": "Client Ltd", "domains": ["Client.example"], "health_score": "Happy",
            "account_tier": "Premium", "renewal_date": "2026-12-31", "industry": "Banks",
            "custom_fields": {"website": "https://client.example"},
        },
    )  # fmt: skip
    made = answer.body
    assert answer.status == 201
    assert answer.headers["Location"] == f"{simulator.url}/api/v2/companies/{made['id']}"
    assert set(made) == {
        "id", "name", "description", "note", "domains", "created_at", "updated_at",
        "custom_fields", "health_score", "account_tier", "renewal_date", "industry",
        "org_company_id",
    }  # fmt: skip
    assert made["domains"] == ["client.example"]
    assert made["renewal_date"] == "2026-12-31T00:00:00Z"
    assert made["custom_fields"]["website"] == "https://client.example"
    assert made["org_company_id"] > 2**53
    assert (await simulator.get(f"/companies/{made['id']}")).body == made
    assert (await simulator.get("/companies")).body == [made]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "name", "missing_field"),
        ({"name": "x", "health_score": "Great"}, "health_score", "invalid_value"),
        ({"name": "x", "domains": "a.example"}, "domains", "datatype_mismatch"),
        ({"name": "x", "size": 5}, "size", "invalid_field"),
        ({"name": "x", "renewal_date": "soon"}, "renewal_date", "invalid_value"),
    ],
)
async def test_a_wrong_company_is_refused(
    simulator: RunningSimulator, body: dict[str, Any], field: str, code: str
) -> None:
    answer = await simulator.post("/companies", body)
    assert answer.status == 400
    assert [(one["field"], one["code"]) for one in answer.errors] == [(field, code)]


async def test_names_are_unique(simulator: RunningSimulator) -> None:
    first = await company(simulator)
    other = await company(simulator, name="Other")
    answer = await simulator.post("/companies", {"name": "client ltd"})
    assert (answer.status, answer.errors[0]["code"]) == (409, "duplicate_value")
    answer = await simulator.put(f"/companies/{other['id']}", {"name": "Client Ltd"})
    assert answer.status == 409
    answer = await simulator.put(f"/companies/{first['id']}", {"name": "Client Ltd"})
    assert answer.status == 200


async def test_an_update_merges_custom_fields_and_clears_domains(
    simulator: RunningSimulator,
) -> None:
    made = await company(simulator, domains=["a.example"], custom_fields={"seats": 3})
    answer = await simulator.put(
        f"/companies/{made['id']}", {"domains": [], "custom_fields": {"segment": "SMB"}}
    )
    assert answer.body["domains"] == []
    assert (answer.body["custom_fields"]["seats"], answer.body["custom_fields"]["segment"]) == (
        3,
        "SMB",
    )
    # The domain is free again
    await company(simulator, name="Other", domains=["a.example"])


async def test_deleting_unlinks_contacts_and_tickets(simulator: RunningSimulator) -> None:
    made = await company(simulator, domains=["client.example"])
    ticket = await simulator.ticket(email="mira@client.example")
    assert ticket["company_id"] == made["id"]
    assert (await simulator.delete(f"/companies/{made['id']}")).status == 204
    assert (await simulator.get(f"/companies/{made['id']}")).status == 404
    contact = await simulator.get(f"/contacts/{ticket['requester_id']}")
    assert contact.body["company_id"] is None
    assert (await simulator.get(f"/tickets/{ticket['id']}")).body["company_id"] is None


async def test_lists_search_and_autocomplete(simulator: RunningSimulator) -> None:
    simulator.account.clock.freeze(1_772_755_200.0)
    await company(simulator, name="beta works", domains=["b.example"], custom_fields={"seats": 5})
    simulator.account.clock.advance(60)
    await company(simulator, name="Alpha Beta")
    listed = await simulator.get("/companies")
    assert [one["name"] for one in listed.body] == ["Alpha Beta", "beta works"]
    since = simulator.account.clock.stamp()
    fresh = await simulator.get("/companies", updated_since=since)
    assert [one["name"] for one in fresh.body] == ["Alpha Beta"]
    for query, total in (("domain:'b.example'", 1), ("seats:>5", 1), ("seats:>6", 0)):
        answer = await simulator.get("/search/companies", query=f'"{query}"')
        assert answer.body["total"] == total, query
    found = await simulator.get("/companies/autocomplete", name="bet")
    assert [one["name"] for one in found.body["companies"]] == ["Alpha Beta", "beta works"]
    assert set(found.body["companies"][0]) == {"id", "name"}
