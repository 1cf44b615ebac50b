"""Roots, keys, bodies: what stands between a client and the first record."""

import pytest

from local.freshsales.account import DEMO_API_KEY
from tests.simulators.freshsales.conftest import RunningSimulator


@pytest.mark.parametrize(
    "written",
    [
        f"Token token={DEMO_API_KEY}",
        f'Token token="{DEMO_API_KEY}"',
        f"token token={DEMO_API_KEY}",
    ],
)
async def test_a_key_comes_as_a_token(suite: RunningSimulator, written: str) -> None:
    path = "/crm/sales/api/selector/owners"
    answer = await suite.send("GET", path, headers={"Authorization": written})
    assert answer.status == 200


@pytest.mark.parametrize(
    "written",
    [None, "Token token=wrong", f"Bearer {DEMO_API_KEY}", f"Token {DEMO_API_KEY}", DEMO_API_KEY],
)
async def test_anything_else_is_a_flat_401(suite: RunningSimulator, written: str | None) -> None:
    headers = {"Authorization": written}
    answer = await suite.send("GET", "/crm/sales/api/selector/owners", headers=headers)
    assert answer.status == 401
    assert answer.body == {"login": "failed", "message": "Invalid API key."}


async def test_the_key_of_a_user_who_left_is_refused(suite: RunningSimulator) -> None:
    for user in suite.account.table("users").values():
        user["is_active"] = False
    assert (await suite.get("/selector/owners")).status == 401


@pytest.mark.parametrize(
    ("persona", "path", "status"),
    [
        ("suite", "/api/contacts/filters", 404),
        ("suite", "/crm/sales/contacts", 200),
        ("suite", "/", 200),
        ("classic", "/crm/sales/api/contacts/filters", 404),
    ],
)
async def test_another_root_answers_a_page(
    suite: RunningSimulator, classic: RunningSimulator, persona: str, path: str, status: int
) -> None:
    answer = await (suite if persona == "suite" else classic).send("GET", path)
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.content.startswith(b"<!DOCTYPE html>")


async def test_a_classic_host_answers_without_api_to_who_brings_a_key(
    classic: RunningSimulator,
) -> None:
    assert (await classic.send("GET", "/contacts/filters")).body["filters"]
    page = await classic.send("GET", "/contacts/filters", headers={"Authorization": None})
    assert page.content.startswith(b"<!DOCTYPE html>")


async def test_a_path_may_name_its_format_end_in_a_slash_or_double_one(
    suite: RunningSimulator,
) -> None:
    for path in ("/contacts/filters.json", "/contacts/filters/", "//contacts/filters"):
        assert (await suite.get(path)).body["filters"]


async def test_a_path_that_is_not_there_is_an_envelope(suite: RunningSimulator) -> None:
    for method, path in (("GET", "/contacts"), ("PATCH", "/contacts/1"), ("GET", "/nonsense")):
        answer = await suite.call(method, path)
        assert (answer.status, answer.messages) == (404, ["Record not found"])


async def test_what_is_not_json_is_refused(suite: RunningSimulator) -> None:
    path = "/crm/sales/api/contacts"
    headers = {"Content-Type": "application/json"}
    broken = await suite.send("POST", path, data=b'{"contact":', headers=headers)
    assert broken.status == 400
    form = await suite.send("POST", path, data={"contact[emails]": "a@b.example"})
    assert form.status == 400
    assert suite.account.table("contacts") == {}


@pytest.mark.parametrize(
    ("path", "flat"),
    [
        ("/contacts", {"last_name": "Ruiz"}),
        ("/sales_accounts", {"name": "Works"}),
        ("/deals", {"name": "D", "amount": 1}),
        ("/tasks", {"title": "T", "due_date": "2026-03-01T10:00:00Z"}),
    ],
)
async def test_a_body_without_its_wrapper_is_taken(
    suite: RunningSimulator, path: str, flat: dict[str, object]
) -> None:
    assert (await suite.post(path, flat)).status == 200


async def test_some_bodies_need_their_wrapper(suite: RunningSimulator) -> None:
    flat = {"title": "T", "start_date": "2026-03-01", "end_date": "2026-03-01"}
    answer = await suite.post("/sales_activities", flat)
    assert answer.status == 400
    assert answer.messages == ["param is missing or the value is empty: sales_activity"]
    wrong: list[object] = [[], {}, "text", {"contact": "text"}]
    for body in wrong:
        assert (await suite.post("/contacts", body)).status == 400


async def test_leads_on_suite_are_forbidden_or_missing(suite: RunningSimulator) -> None:
    refused = await suite.get("/leads/filters")
    assert refused.status == 403
    assert refused.messages == ["You are not authorized to perform this action."]
    await suite.control("/config", {"leads_status": 404})
    assert (await suite.post("/leads", {"lead": {"last_name": "Berg"}})).status == 404


async def test_a_module_that_the_user_may_not_touch(suite: RunningSimulator) -> None:
    await suite.control("/config", {"forbidden": ["deals"], "language": "nl"})
    answer = await suite.post("/deals", {"deal": {"name": "D", "amount": 1}})
    assert answer.status == 403
    assert answer.messages == ["U bent niet gemachtigd om deze actie uit te voeren."]
    assert (await suite.get("/contacts/filters")).status == 200


async def test_classic_has_no_bulk_jobs_or_lists(classic: RunningSimulator) -> None:
    assert (await classic.post("/contacts/bulk_upsert", {"contacts": []})).status == 403
    assert (await classic.get("/lists")).status == 403
