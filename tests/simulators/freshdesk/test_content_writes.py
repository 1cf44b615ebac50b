"""Writing the knowledge base and canned responses, and the shapes that writes leave behind."""

from typing import Any

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator


async def made(simulator: RunningSimulator, path: str, **body: Any) -> dict[str, Any]:
    answer = await simulator.post(path, body)
    assert answer.status == 201, answer.content
    created: dict[str, Any] = answer.body
    return created


async def test_a_knowledge_base_is_built_changed_and_taken_down(
    simulator: RunningSimulator,
) -> None:
    category = await made(simulator, "/solutions/categories", name="Guides")
    folder = await made(
        simulator, f"/solutions/categories/{category['id']}/folders", name="Start", visibility=1
    )
    assert (folder["category_id"], folder["articles_count"]) == (category["id"], 0)
    article = await made(
        simulator, f"/solutions/folders/{folder['id']}/articles",
        title="Invite", description="<p>Press <b>Invite</b>.</p>", status=2,
    )  # fmt: skip
    assert article["description_text"] == "Press Invite."
    assert (article["category_id"], article["folder_id"]) == (category["id"], folder["id"])
    shown = (await simulator.get(f"/solutions/folders/{folder['id']}")).body
    assert shown["articles_count"] == 1
    changed = await simulator.put(f"/solutions/articles/{article['id']}", {"title": "Invite all"})
    assert (changed.status, changed.body["title"]) == (200, "Invite all")
    assert (await simulator.get(f"/solutions/articles/{article['id']}")).body == changed.body
    assert (await simulator.delete(f"/solutions/categories/{category['id']}")).status == 204
    for path in (
        f"/solutions/categories/{category['id']}",
        f"/solutions/folders/{folder['id']}",
        f"/solutions/articles/{article['id']}",
    ):
        assert (await simulator.get(path)).status == 404


async def test_canned_responses_are_written_and_counted(simulator: RunningSimulator) -> None:
    folder = await made(simulator, "/canned_response_folders", name="Greetings")
    response = await made(
        simulator, "/canned_responses", title="Hello", content_html="<p>Hello <i>there</i></p>",
        folder_id=folder["id"], visibility=0,
    )  # fmt: skip
    assert response["content"] == "Hello there"
    listed = (await simulator.get("/canned_response_folders")).body
    assert next(one for one in listed if one["id"] == folder["id"])["responses_count"] == 1
    path = f"/canned_responses/{response['id']}"
    changed = await simulator.put(path, {"content_html": "<p>Hi</p>"})
    assert (changed.status, changed.body["content"]) == (200, "Hi")
    renamed = await simulator.put(f"/canned_response_folders/{folder['id']}", {"name": "Openers"})
    assert (renamed.status, renamed.body["name"]) == (200, "Openers")
    assert (await simulator.delete(path)).status == 405


@pytest.mark.parametrize(
    ("path", "body", "offence"),
    [
        ("/solutions/categories", {}, ("name", "missing_field")),
        ("/solutions/categories", {"name": "x", "size": 1}, ("size", "invalid_field")),
        ("/solutions/categories", {"name": 5}, ("name", "datatype_mismatch")),
        (
            "/canned_responses",
            {"title": "t", "content_html": "x", "folder_id": 1, "visibility": 0},
            ("folder_id", "invalid_value"),
        ),
    ],
)
async def test_a_wrong_body_is_refused(
    simulator: RunningSimulator, path: str, body: dict[str, Any], offence: tuple[str, str]
) -> None:
    answer = await simulator.post(path, body)
    assert answer.status == 400
    assert offence in [(one["field"], one["code"]) for one in answer.errors]


async def test_writing_below_an_unknown_parent_is_404(simulator: RunningSimulator) -> None:
    body = {"name": "x", "visibility": 1}
    assert (await simulator.post("/solutions/categories/1/folders", body)).status == 404
    assert (await simulator.put("/solutions/articles/1", {"title": "x"})).status == 404


async def test_a_ticket_summary_is_kept_until_deleted(simulator: RunningSimulator) -> None:
    ticket = await simulator.ticket()
    path = f"/tickets/{ticket['id']}/summary"
    assert (await simulator.get(path)).status == 404
    assert (await simulator.delete(path)).status == 404
    assert (await simulator.put(path, {})).errors[0]["code"] == "missing_field"
    put = await simulator.put(path, {"body": "<div>Paid twice.</div>"})
    assert put.status == 200
    assert (put.body["body_text"], put.body["ticket_id"]) == ("Paid twice.", ticket["id"])
    assert (await simulator.get(path)).body == put.body
    again = await simulator.put(path, {"body": "Refunded."})
    assert again.body["id"] == put.body["id"]
    assert (await simulator.delete(path)).status == 204
    assert (await simulator.get(path)).status == 404
    assert (await simulator.get("/tickets/999/summary")).status == 404


async def test_the_admin_views_of_fields_and_groups(simulator: RunningSimulator) -> None:
    fields = (await simulator.get("/admin/ticket_fields", per_page=100)).body
    assert [one["id"] for one in fields] == [
        one["id"] for one in (await simulator.get("/ticket_fields")).body
    ]
    kind = next(one for one in fields if one["name"] == "ticket_type")
    assert [one["value"] for one in kind["choices"]][:2] == ["Question", "Incident"]
    assert [one["position"] for one in kind["choices"]] == list(range(1, len(kind["choices"]) + 1))
    status = next(one for one in fields if one["name"] == "status")
    assert {"id": 2, "value": "Open"}.items() <= status["choices"][0].items()
    assert (await simulator.get(f"/admin/ticket_fields/{kind['id']}")).body == kind
    groups = (await simulator.get("/admin/groups", per_page=100)).body
    group = (await simulator.get(f"/groups/{groups[0]['id']}")).body
    assert (groups[0]["name"], groups[0]["agent_ids"]) == (group["name"], group["agent_ids"])
    assert groups[0]["type"] == "support_agent_group"
    assert (await simulator.get(f"/admin/groups/{group['id']}")).body == groups[0]
