"""Agents, groups and the read-only lookups over HTTP."""

from typing import Any

import pytest

from local.freshdesk.starting_records import is_admin
from tests.simulators.freshdesk.conftest import RunningSimulator, basic


@pytest.fixture
def plain_key(simulator: RunningSimulator) -> dict[str, str]:
    """The header of an agent who is no admin."""
    account = simulator.account
    agent = next(one for one in account.agents.values() if not is_admin(account, one))
    account.api_keys["plain"] = agent["id"]
    return {"Authorization": basic("plain")}


async def made(simulator: RunningSimulator, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await simulator.post(path, body)
    assert answer.status == 201, answer.content
    record: dict[str, Any] = answer.body
    assert answer.headers["Location"] == f"{simulator.url}/api/v2{path}/{record['id']}"
    return record


NEW_AGENT = {"email": "nora@acmedemo.example", "ticket_scope": 2, "name": "Nora Iles"}


@pytest.mark.parametrize(
    "path",
    [
        "/agents", "/groups", "/roles", "/products", "/business_hours", "/sla_policies",
        "/email_configs", "/admin/skills", "/canned_response_folders", "/automations/1/rules",
    ],
)  # fmt: skip
async def test_only_admins_may_ask(
    simulator: RunningSimulator, plain_key: dict[str, str], path: str
) -> None:
    refused = await simulator.send("GET", f"/api/v2{path}", headers=plain_key)
    assert (refused.status, refused.body["code"]) == (403, "access_denied")
    granted = await simulator.get(path)
    assert granted.status == 200
    assert granted.body


async def test_every_agent_may_ask_who_it_is(
    simulator: RunningSimulator, plain_key: dict[str, str]
) -> None:
    answer = await simulator.send("GET", "/api/v2/agents/me", headers=plain_key)
    assert answer.status == 200
    assert answer.body["id"] == simulator.account.api_keys["plain"]
    assert {"group_ids", "role_ids", "contact", "ticket_scope"} <= set(answer.body)


async def test_the_agent_list_leaves_out_groups_roles_and_skills(
    simulator: RunningSimulator,
) -> None:
    listed = (await simulator.get("/agents")).body
    assert [one["contact"]["name"] for one in listed] == ["Bao Linh", "Dana Roe", "Imre Vass"]
    single = (await simulator.get(f"/agents/{listed[0]['id']}")).body
    assert set(single) - set(listed[0]) == {"group_ids", "role_ids", "skill_ids"}


async def test_an_agent_is_made_found_changed_and_becomes_a_contact(
    simulator: RunningSimulator,
) -> None:
    group_id = min(simulator.account.groups)
    agent = await made(simulator, "/agents", {**NEW_AGENT, "group_ids": [group_id]})
    path = f"/agents/{agent['id']}"
    assert (agent["type"], agent["ticket_scope"], len(agent["role_ids"])) == ("support_agent", 2, 1)
    assert agent["id"] in (await simulator.get(f"/groups/{group_id}")).body["agent_ids"]
    by_email = await simulator.get("/agents", email="NORA@acmedemo.example")
    assert [one["id"] for one in by_email.body] == [agent["id"]]
    changed = await simulator.put(path, {"occasional": True, "group_ids": [], "language": "fr"})
    assert (changed.body["occasional"], changed.body["contact"]["language"]) == (True, "fr")
    assert agent["id"] not in (await simulator.get(f"/groups/{group_id}")).body["agent_ids"]
    occasional = await simulator.get("/agents", state="occasional")
    assert [one["id"] for one in occasional.body] == [agent["id"]]
    found = await simulator.get("/agents/autocomplete", term="ile")
    assert found.body == [
        {"id": agent["id"], "name": "Nora Iles", "email": NEW_AGENT["email"], "avatar": None}
    ]
    await simulator.put(path, {"group_ids": [group_id]})
    assert (await simulator.delete(path)).status == 204
    assert agent["id"] not in (await simulator.get(f"/groups/{group_id}")).body["agent_ids"]
    assert (await simulator.get(path)).status == 404
    assert (await simulator.get(f"/contacts/{agent['id']}")).body["email"] == NEW_AGENT["email"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"ticket_scope": 1}, "email", "missing_field"),
        ({"email": "n@a.example"}, "ticket_scope", "missing_field"),
        ({**NEW_AGENT, "ticket_scope": 4}, "ticket_scope", "invalid_value"),
        ({**NEW_AGENT, "role_ids": [1]}, "role_ids", "invalid_value"),
        ({**NEW_AGENT, "role_ids": []}, "role_ids", "invalid_value"),
        ({**NEW_AGENT, "agent_type": "support"}, "agent_type", "datatype_mismatch"),
    ],
)
async def test_a_wrong_agent_is_refused(
    simulator: RunningSimulator, body: dict[str, Any], field: str, code: str
) -> None:
    answer = await simulator.post("/agents", body)
    assert answer.status == 400
    assert [(one["field"], one["code"]) for one in answer.errors] == [(field, code)]


async def test_an_address_in_use_and_a_full_account(simulator: RunningSimulator) -> None:
    me = (await simulator.get("/agents/me")).body
    answer = await simulator.post("/agents", {**NEW_AGENT, "email": me["contact"]["email"]})
    assert (answer.status, answer.errors[0]["additional_info"]) == (409, {"user_id": me["id"]})
    await simulator.control("/config", {"max_agents": 3})
    answer = await simulator.post("/agents", NEW_AGENT)
    assert (answer.status, answer.body["code"]) == (403, "max_agents_reached")


async def test_nobody_changes_their_own_scope_or_leaves(simulator: RunningSimulator) -> None:
    me = (await simulator.get("/agents/me")).body
    answer = await simulator.put(f"/agents/{me['id']}", {"ticket_scope": 3})
    assert (answer.status, answer.errors[0]["field"]) == (400, "ticket_scope")
    assert (await simulator.delete(f"/agents/{me['id']}")).status == 403


async def test_availability(simulator: RunningSimulator) -> None:
    me = (await simulator.get("/agents/me")).body
    path = f"/agents/{me['id']}/availability"
    answer = await simulator.put(path, {"available": False})
    assert answer.body["channel_availability"][0]["available"] is False
    assert (await simulator.get("/agents/me")).body["available"] is False
    listed = await simulator.get("/agents", only="availability")
    assert all("availability_control" in one for one in listed.body)


async def test_a_group_is_made_listed_changed_and_deleted(simulator: RunningSimulator) -> None:
    agent_id = min(simulator.account.agents)
    group = await made(simulator, "/groups", {"name": "Escalations", "agent_ids": [agent_id]})
    path = f"/groups/{group['id']}"
    assert (group["unassigned_for"], group["agent_ids"]) == ("30m", [agent_id])
    assert group["id"] in (await simulator.get(f"/agents/{agent_id}")).body["group_ids"]
    listed = (await simulator.get("/groups")).body
    assert all("agent_ids" not in one for one in listed)
    taken = await simulator.post("/groups", {"name": "escalations"})
    assert (taken.status, taken.errors[0]["code"]) == (409, "duplicate_value")
    changed = await simulator.put(path, {"agent_ids": [], "unassigned_for": "2h"})
    assert (changed.body["agent_ids"], changed.body["unassigned_for"]) == ([], "2h")
    assert group["id"] not in (await simulator.get(f"/agents/{agent_id}")).body["group_ids"]
    ticket = await simulator.ticket(group_id=group["id"])
    assert (await simulator.delete(path)).status == 204
    assert (await simulator.get(path)).status == 404
    assert (await simulator.get(f"/tickets/{ticket['id']}")).body["group_id"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x", "unassigned_for": "5m"}, "unassigned_for"),
        ({"name": "x", "agent_ids": [1]}, "agent_ids"),
        ({"name": "x", "escalate_to": 1}, "escalate_to"),
    ],
)
async def test_a_wrong_group_is_refused(
    simulator: RunningSimulator, body: dict[str, Any], field: str
) -> None:
    answer = await simulator.post("/groups", body)
    assert (answer.status, answer.errors[0]["field"]) == (400, field)


async def test_lookups_have_their_shapes(simulator: RunningSimulator) -> None:
    policy = (await simulator.get("/sla_policies")).body[0]
    assert list(policy["sla_target"]) == ["priority_4", "priority_3", "priority_2", "priority_1"]
    hours = (await simulator.get("/business_hours")).body[0]
    assert "sunday" not in hours["business_hours"]
    folder = (await simulator.get("/canned_response_folders")).body[0]
    inside = (await simulator.get(f"/canned_response_folders/{folder['id']}")).body
    assert len(inside["canned_responses"]) == folder["responses_count"]
    full = (await simulator.get(f"/canned_response_folders/{folder['id']}/responses")).body
    assert {"title", "content_html"} <= set(full[0])
    role = (await simulator.get("/roles")).body[0]
    assert (await simulator.get(f"/roles/{role['id']}")).body == role
    assert (await simulator.get("/products/1")).status == 404


async def test_the_forms_say_what_custom_fields_hold(simulator: RunningSimulator) -> None:
    contact_form = {one["name"]: one for one in (await simulator.get("/contact_fields")).body}
    assert "label_for_customers" in contact_form["department"]
    assert [one["value"] for one in contact_form["membership"]["choices"]] == [
        "Bronze",
        "Silver",
        "Gold",
    ]
    company_form = {one["name"]: one for one in (await simulator.get("/company_fields")).body}
    assert company_form["health_score"]["choices"] == ["At risk", "Doing okay", "Happy"]
    assert "label_for_customers" not in company_form["website"]
