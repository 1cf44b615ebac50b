"""What widespread clients send beyond the vendor's page, and the real service takes."""

import base64
from typing import Any

import pytest

from local.freshdesk.account import DEMO_API_KEY
from tests.simulators.freshdesk.conftest import RunningSimulator


async def test_a_key_without_the_word_basic_is_taken(simulator: RunningSimulator) -> None:
    # n8n's node sends the encoded pair alone.
    pair = base64.b64encode(f"{DEMO_API_KEY}:X".encode()).decode()
    answer = await simulator.send("GET", "/api/v2/agents/me", headers={"Authorization": pair})
    assert answer.status == 200


@pytest.mark.parametrize("scheme", ["Bearer ", "Token ", "Basic Basic "])
async def test_another_scheme_is_refused(simulator: RunningSimulator, scheme: str) -> None:
    pair = base64.b64encode(f"{DEMO_API_KEY}:X".encode()).decode()
    headers = {"Authorization": scheme + pair}
    answer = await simulator.send("GET", "/api/v2/agents/me", headers=headers)
    assert answer.status == 401


@pytest.mark.parametrize("path", ["/tickets", "/contacts", "/companies"])
@pytest.mark.parametrize("fraction", [".000Z", ".123456Z", ".5+00:00"])
async def test_a_moment_may_have_a_fraction_of_a_second(
    simulator: RunningSimulator, path: str, fraction: str
) -> None:
    # JavaScript's toISOString gives three digits, a singer bookmark six.
    await simulator.control("/clock", {"freeze": "2026-03-03T11:00:00Z"})
    await simulator.control("/seed", {"tickets": 2, "contacts": 2, "companies": 2})
    kept = await simulator.get(path, updated_since=f"2020-03-03T11:00:00{fraction}")
    assert (kept.status, bool(kept.body)) == (200, True)
    none = await simulator.get(path, updated_since=f"2026-03-03T11:00:01{fraction}")
    assert (none.status, none.body) == (200, [])


async def test_a_dot_without_digits_is_no_fraction(simulator: RunningSimulator) -> None:
    answer = await simulator.get("/tickets", updated_since="2026-03-03T11:00:00.Z")
    assert [one["field"] for one in answer.errors] == ["updated_since"]


@pytest.mark.parametrize("path", ["/ticket_fields", "/surveys", "/canned_response_folders"])
async def test_every_list_takes_pages(simulator: RunningSimulator, path: str) -> None:
    whole = await simulator.get(path)
    assert len(whole.body) > 0
    assert "link" not in whole.headers
    page = await simulator.get(path, per_page=100, page=1)
    assert (page.status, page.body) == (200, whole.body)
    first = await simulator.get(path, per_page=1)
    assert first.body == whole.body[:1]
    assert (await simulator.get(path, per_page=1, page=len(whole.body) + 1)).body == []
    assert (await simulator.get(path, per_page=101)).status == 400


async def test_skills_answer_at_their_older_path(simulator: RunningSimulator) -> None:
    answer = await simulator.get("/skills", per_page=100)
    assert answer.status == 200
    assert answer.body
    assert answer.body == (await simulator.get("/admin/skills")).body
    one = await simulator.get(f"/skills/{answer.body[0]['id']}")
    assert one.body == answer.body[0]


@pytest.mark.parametrize("path", ["/scenario_automations", "/tickets", "/agents/me"])
async def test_a_path_may_name_its_format(simulator: RunningSimulator, path: str) -> None:
    plain = await simulator.get(path)
    answer = await simulator.get(f"{path}.json")
    assert (answer.status, answer.body) == (200, plain.body)
    assert (await simulator.get(f"{path}.xml")).status == 404


@pytest.mark.parametrize("path", ["/admin/skills", "/skills"])
async def test_skills_are_made_changed_and_removed(simulator: RunningSimulator, path: str) -> None:
    condition = {
        "resource_type": "ticket",
        "field_name": "priority",
        "operator": "in",
        "value": [1],
    }
    agent = (await simulator.get("/agents/me")).body["id"]
    body = {
        "name": "Calm",
        "match_type": "all",
        "conditions": [condition],
        "agents": [{"id": agent}],
    }
    made = await simulator.post(path, body)
    assert made.status == 201
    assert made.headers["Location"].endswith(f"/admin/skills/{made.body['id']}")
    assert body.items() <= made.body.items()
    own = f"{path}/{made.body['id']}"
    changed = await simulator.put(own, {"name": "Calmer", "rank": 7})
    assert (changed.status, changed.body["name"], changed.body["rank"]) == (200, "Calmer", 7)
    assert (await simulator.get(own)).body == changed.body
    assert (await simulator.post(path, {**body, "name": "Calmer"})).status == 409
    assert (await simulator.delete(own)).status == 204
    for answer in (await simulator.put(own, {}), await simulator.delete(own)):
        assert (answer.status, answer.content) == (404, b"")


@pytest.mark.parametrize(
    ("change", "offence"),
    [
        ({"match_type": "some"}, "match_type"),
        ({"agents": [{"id": 7}]}, "agents"),
        ({"conditions": [{"field_name": "priority", "operator": "in"}]}, "conditions.value"),
        (
            {"conditions": [{"field_name": "priority", "operator": "~", "value": 1}]},
            "conditions.operator",
        ),
        (
            {"conditions": [{"field_name": "a", "operator": "in", "value": 1, "x": 1}]},
            "conditions.x",
        ),
    ],
    ids=["match", "agent", "value", "operator", "member"],
)
async def test_a_skill_that_cannot_be_is_refused(
    simulator: RunningSimulator, change: dict[str, Any], offence: str
) -> None:
    body = {"name": "Calm", "match_type": "all", "conditions": []}
    answer = await simulator.post("/skills", {**body, **change})
    assert [one["field"] for one in answer.errors] == [offence]


async def test_rules_are_listed_by_pages(simulator: RunningSimulator) -> None:
    # pyfreshdesk asks until a page has fewer than 30, Go's pango while there is a link.
    rule = {"actions": [{"field_name": "priority", "value": 4}]}
    for number in range(31):
        await simulator.post("/automations/1/rules", {"name": f"Rule {number}", **rule})
    first = await simulator.get("/automations/1/rules", page=1)
    assert [len(first.body["rules"]), first.body["meta"]["count"]] == [30, 31]
    assert 'page=2>; rel="next"' in first.headers["link"]
    second = await simulator.get("/automations/1/rules", page=2)
    assert [one["name"] for one in second.body["rules"]] == ["Rule 30"]
    assert "link" not in second.headers
    await simulator.control("/config", {"bare_rule_list": True})
    bare = await simulator.get("/automations/1/rules", page=2)
    assert bare.body == second.body["rules"]


async def test_one_rule_tells_how_many_there_are(simulator: RunningSimulator) -> None:
    rule = {"actions": [{"field_name": "priority", "value": 4}]}
    for active in (True, False):
        made = await simulator.post(
            "/automations/1/rules", {"name": "Rule", "active": active, **rule}
        )
    assert made.body["affected_tickets_count"] == 0
    shown = (await simulator.get(f"/automations/1/rules/{made.body['id']}")).body
    assert shown["meta"] == {"total_active_count": 1, "total_count": 2}


async def test_an_empty_success_is_typed_as_no_json(simulator: RunningSimulator) -> None:
    # freshdesk-api for Node parses an answer without a type as JSON.
    ticket = await simulator.ticket()
    entry = await simulator.post(f"/tickets/{ticket['id']}/time_entries", {"time_spent": "00:10"})
    answer = await simulator.put(f"/time_entries/{entry.body['id']}/toggle_timer")
    assert (answer.status, answer.content) == (200, b"")
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_a_page_of_another_site_may_ask(simulator: RunningSimulator) -> None:
    # The vendor's own SDK is made for browsers as well: they ask first, without the key.
    asked = {
        "Authorization": None, "Origin": "https://shop.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization, content-type",
    }  # fmt: skip
    before = await simulator.control("/stats")
    first = await simulator.send("OPTIONS", "/api/v2/tickets/1", headers=asked)
    assert (first.status, first.content) == (200, b"")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert "PUT" in first.headers["Access-Control-Allow-Methods"]
    assert first.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert await simulator.control("/stats") == before

    origin = {"Origin": "https://shop.example"}
    for path, status in (("/api/v2/agents/me", 200), ("/api/v2/nowhere", 404)):
        answer = await simulator.send("GET", path, headers=origin)
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "X-RateLimit-Remaining" in answer.headers["Access-Control-Expose-Headers"]
    plain = await simulator.get("/agents/me")
    assert not [name for name in plain.headers if name.startswith("Access-Control")]
    bare = await simulator.send("OPTIONS", "/api/v2/tickets")
    assert (bare.status, bare.headers["Allow"]) == (405, "GET, POST")


async def test_a_product_has_the_keys_a_strict_client_knows(simulator: RunningSimulator) -> None:
    # pyfreshdesk makes each into an object with these attributes and no others.
    products = (await simulator.get("/products")).body
    assert products
    for one in products:
        assert set(one) == {
            "id", "name", "description", "primary_email", "created_at", "updated_at",
        }  # fmt: skip
