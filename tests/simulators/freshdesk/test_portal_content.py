"""The knowledge base and the forums: trees that clients walk from the top."""

from typing import Any

import pytest

from local.freshdesk.ticket_writes import text_of
from tests.simulators.freshdesk.conftest import RunningSimulator

# Each step: the list below one record, the key that names that record, the single view's path.
SOLUTIONS = (
    ("/solutions/categories/{id}/folders", "category_id", "/solutions/folders"),
    ("/solutions/folders/{id}/articles", "folder_id", "/solutions/articles"),
)
DISCUSSIONS = (
    ("/discussions/categories/{id}/forums", "forum_category_id", "/discussions/forums"),
    ("/discussions/forums/{id}/topics", "forum_id", "/discussions/topics"),
    ("/discussions/topics/{id}/comments", "topic_id", None),
)


@pytest.mark.parametrize(
    ("top", "steps"),
    [("/solutions/categories", SOLUTIONS), ("/discussions/categories", DISCUSSIONS)],
)
async def test_the_tree_can_be_walked(
    simulator: RunningSimulator, top: str, steps: tuple[tuple[str, str, str | None], ...]
) -> None:
    level = (await simulator.get(top, per_page=100)).body
    assert level
    for record in level:
        assert (await simulator.get(f"{top}/{record['id']}")).body == record
    for path, key, view in steps:
        below: list[dict[str, Any]] = []
        for record in level:
            answer = await simulator.get(path.format(id=record["id"]), per_page=100)
            assert answer.status == 200
            assert {one[key] for one in answer.body} <= {record["id"]}
            below += answer.body
        assert below
        if view is not None:
            assert (await simulator.get(f"{view}/{below[0]['id']}")).body == below[0]
        assert (await simulator.get(path.format(id=1))).status == 404
        level = below


async def test_an_article_has_its_text_in_both_forms(simulator: RunningSimulator) -> None:
    category = (await simulator.get("/solutions/categories")).body[0]
    folder = (await simulator.get(f"/solutions/categories/{category['id']}/folders")).body[0]
    article = (await simulator.get(f"/solutions/folders/{folder['id']}/articles")).body[0]
    assert article["description"] == f"<p>{article['description_text']}</p>"
    assert article["category_id"] == category["id"]
    assert article["agent_id"] == (await simulator.get("/agents/me")).body["id"]
    assert article["status"] == 2
    assert set(article["seo_data"]) == {"meta_title", "meta_description", "meta_keywords"}


async def test_a_longer_list_has_pages(simulator: RunningSimulator) -> None:
    category = (await simulator.get("/solutions/categories")).body[0]
    path = f"/solutions/categories/{category['id']}/folders"
    answer = await simulator.get(path, per_page=1)
    assert len(answer.body) == 1
    assert f"{path}?per_page=1&page=2" in answer.headers["link"]


async def test_articles_are_found_by_a_word_of_title_or_text(simulator: RunningSimulator) -> None:
    found = (await simulator.get("/search/solutions", term="INVITE")).body
    assert [one["description_text"] for one in found] == [
        "Invite your team from the settings page."
    ]
    assert (await simulator.get("/search/solutions", term="settings")).body == found
    assert (await simulator.get("/search/solutions", term="zebra")).body == []
    assert (await simulator.get("/search/solutions")).errors[0]["field"] == "term"


def test_text_of_html_keeps_words_whole() -> None:
    html = "<p>Press <b>In</b>vite<i>.</i></p><div>Then\n wait &amp; see</div><br>Done"
    assert text_of(html) == "Press Invite. Then wait & see Done"
    assert text_of("") == ""
