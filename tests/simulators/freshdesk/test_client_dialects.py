"""What widespread clients send beyond the vendor's page, and the real service takes."""

import base64

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
