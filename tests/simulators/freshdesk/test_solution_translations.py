"""The knowledge base in other languages, as two clients (Node, Python) ask for it."""

from typing import Any

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator


async def tree(simulator: RunningSimulator) -> dict[str, Any]:
    """Paths of a category, a folder in it, and an article in that."""
    category = (await simulator.post("/solutions/categories", {"name": "Help"})).body["id"]
    above = f"/solutions/categories/{category}"
    folder = await simulator.post(f"{above}/folders", {"name": "Start", "visibility": 1})
    below = f"/solutions/folders/{folder.body['id']}"
    article = await simulator.post(f"{below}/articles", {"title": "First", "description": "<p>A"})
    return {
        "category": above, "folder": below, "article": f"/solutions/articles/{article.body['id']}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("category", {"name": "Aide"}, "name"),
        ("folder", {"name": "Début", "description": "d"}, "name"),
        ("article", {"title": "Premier", "description": "<p>Un deux</p>"}, "title"),
    ],
    ids=["category", "folder", "article"],
)
async def test_a_translation_is_made_read_and_changed(
    simulator: RunningSimulator, kind: str, body: dict[str, str], text: str
) -> None:
    path = (await tree(simulator))[kind]
    assert (await simulator.get(f"{path}/fr")).status == 404
    assert (await simulator.put(f"{path}/fr", body)).status == 404

    made = await simulator.post(f"{path}/fr", body)
    assert made.status == 201
    assert made.headers["Location"].endswith(f"{path}/fr")
    original = (await simulator.get(path)).body
    assert (made.body["id"], made.body[text]) == (original["id"], body[text])
    assert original[text] != body[text]

    changed = await simulator.put(f"{path}/fr", {text: "Autre"})
    assert (changed.status, changed.body[text]) == (200, "Autre")
    assert (await simulator.get(f"{path}/fr")).body == changed.body
    assert (await simulator.get(path)).body[text] == original[text]

    again = await simulator.post(f"{path}/fr", body)
    assert (again.status, again.errors[0]["code"]) == (409, "duplicate_value")


async def test_an_articles_translation_keeps_its_text_without_markup(
    simulator: RunningSimulator,
) -> None:
    path = (await tree(simulator))["article"]
    made = await simulator.post(f"{path}/fr", {"title": "T", "description": "<p>Un <b>x</b></p>"})
    assert made.body["description_text"] == "Un x"
    changed = await simulator.put(f"{path}/fr", {"description": "<i>Deux</i>"})
    assert changed.body["description_text"] == "Deux"


async def test_the_primary_language_is_the_record_itself(simulator: RunningSimulator) -> None:
    path = (await tree(simulator))["category"]
    assert (await simulator.get(f"{path}/en")).body == (await simulator.get(path)).body
    assert (await simulator.post(f"{path}/en", {"name": "X"})).status == 409
    await simulator.put(f"{path}/en", {"name": "Renamed"})
    assert (await simulator.get(path)).body["name"] == "Renamed"


async def test_lists_in_a_language_hold_what_is_translated(simulator: RunningSimulator) -> None:
    paths = await tree(simulator)
    lists = {
        "category": "/solutions/categories/fr",
        "folder": f"{paths['category']}/folders/fr",
        "article": f"{paths['folder']}/articles/fr",
    }
    for kind, listed in lists.items():
        assert (await simulator.get(listed)).body == []
        body = {"title": "Un", "description": "d"} if kind == "article" else {"name": "Un"}
        await simulator.post(f"{paths[kind]}/fr", body)
        found = (await simulator.get(listed)).body
        assert [one.get("name", one.get("title")) for one in found] == ["Un"]
    assert (await simulator.get("/solutions/categories/1/folders/fr")).status == 404


async def test_what_is_no_language_is_no_path(simulator: RunningSimulator) -> None:
    path = (await tree(simulator))["category"]
    assert (await simulator.get(f"{path}/klingon!")).status == 404
    assert (await simulator.put(f"{path}/folders", {})).status == 405
    assert (await simulator.get("/solutions/categories/7/fr")).status == 404
    assert (await simulator.post(f"{path}/fr", {"name": ""})).status == 400
    await simulator.control("/config", {"plan": "growth"})
    refused = await simulator.get(f"{path}/fr")
    assert (refused.status, refused.body["code"]) == (403, "require_feature")


async def test_folders_may_hold_folders(simulator: RunningSimulator) -> None:
    paths = await tree(simulator)
    outer = int(paths["folder"].rpartition("/")[2])
    body = {"name": "Inner", "visibility": 1, "parent_folder_id": outer}
    inner = await simulator.post(f"{paths['category']}/folders", body)
    assert (inner.status, inner.body["parent_folder_id"]) == (201, outer)
    found = await simulator.get(f"{paths['folder']}/subfolders")
    assert found.body == [inner.body]
    assert (await simulator.get(f"/solutions/folders/{inner.body['id']}/subfolders")).body == []
    assert (await simulator.get("/solutions/folders/7/subfolders")).status == 404
    wrong = await simulator.post(f"{paths['category']}/folders", {**body, "parent_folder_id": 7})
    assert [one["field"] for one in wrong.errors] == ["parent_folder_id"]
    await simulator.delete(paths["folder"])
    assert (await simulator.get(f"/solutions/folders/{inner.body['id']}")).status == 404
