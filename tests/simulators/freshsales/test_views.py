"""Views: names, pages and their caps, order, and what stays out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.freshsales.account import Account
from local.freshsales.app import Simulator
from local.freshsales.routing import Request
from local.freshsales.seed import seed
from local.freshsales.views import ROUTES, page_of, pages
from tests.simulators.freshsales.conftest import RunningSimulator


async def test_views_have_the_recorded_shape(suite: RunningSimulator) -> None:
    body = (await suite.get("/contacts/filters")).body
    assert body["meta"] == {}
    assert body["filters"][3]["name"] == "All Contacts"
    assert set(body["filters"][3]) == {
        "id", "name", "model_class_name", "user_id", "is_default", "updated_at", "user_name",
        "current_user_permissions",
    }  # fmt: skip
    deals = (await suite.get("/deals/filters")).body["filters"]
    assert "All Deals" not in {one["name"] for one in deals}
    assert {one["model_class_name"] for one in deals} == {"Deal"}


@pytest.mark.parametrize(
    ("query", "rows"),
    [({}, 25), ({"per_page": 100}, 100), ({"per_page": 500}, 100), ({"per_page": 1}, 1),
     ({"per_page": 0}, 25), ({"page": 0}, 25), ({"page": 3, "per_page": 100}, 5),
     ({"page": 4, "per_page": 100}, 0), ({"per_page": "20?page=1"}, 20)],
)  # fmt: skip
async def test_a_page_has_25_rows_and_100_at_most(
    suite: RunningSimulator, query: dict[str, Any], rows: int
) -> None:
    await suite.control("/seed", {"contacts": 205})
    body = (await suite.get(await suite.view("contacts", "All Contacts"), **query)).body
    assert len(body["contacts"]) == rows
    assert body["meta"]["total"] == 205
    size = max(rows, 1) if rows not in {0, 5} else 100
    assert body["meta"]["total_pages"] == pages(205, size)
    assert set(body["meta"]["avatar_data"]["Contact"]) == {
        str(one["id"]) for one in body["contacts"]
    }


@pytest.mark.parametrize("sort", ["created_at", "updated_at", "lead_score", "last_contacted"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_sorted_lists_are_in_order(
    suite: RunningSimulator, sort: str, direction: str
) -> None:
    await suite.control("/seed", {"contacts": 60, "same_updated_at": 20})
    path = await suite.view("contacts", "All Contacts")
    values, ids = [], []
    for page in (1, 2, 3):
        rows = (await suite.get(path, page=page, sort=sort, sort_type=direction)).body["contacts"]
        values += [row[sort] for row in rows]
        ids += [row["id"] for row in rows]
    assert values == sorted(values, reverse=direction == "desc")
    assert len(set(ids)) == 60


async def test_an_unknown_order_or_view_is_refused(suite: RunningSimulator) -> None:
    path = await suite.view("contacts", "All Contacts")
    for query in ({"sort": "city"}, {"sort": "updated_at", "sort_type": "up"}):
        assert (await suite.get(path, **query)).messages == ["Sort is invalid"]
    assert (await suite.get("/contacts/view/5")).status == 404
    assert (await suite.get(path.replace("contacts", "deals"))).status == 404


async def test_what_is_written_between_pages_moves_the_rows(suite: RunningSimulator) -> None:
    await suite.control("/seed", {"contacts": 30})
    path = await suite.view("contacts", "All Contacts")
    order = {"sort": "updated_at", "sort_type": "desc", "per_page": 10}
    first = (await suite.get(path, **order)).body["contacts"]
    last = (await suite.get(path, page=3, **order)).body["contacts"][-1]
    await suite.put(f"/contacts/{last['id']}", {"contact": {"job_title": "CTO"}})
    again = (await suite.get(path, **order)).body["contacts"]
    assert [one["id"] for one in again] == [last["id"], *(one["id"] for one in first[:9])]


async def test_views_hold_what_their_names_say(suite: RunningSimulator) -> None:
    users = (await suite.get("/selector/owners")).body["users"]
    territory = await suite.selector("territories", "EMEA")
    await suite.contact("mine@x.example", territory_id=territory)
    await suite.contact("theirs@x.example", owner_id=users[1]["id"])
    gone = await suite.contact("gone@x.example")
    await suite.delete(f"/contacts/{gone['id']}")

    async def held(name: str) -> list[str]:
        body = (await suite.get(await suite.view("contacts", name))).body
        return [one["email"] for one in body["contacts"]]

    assert await held("All Contacts") == ["mine@x.example", "theirs@x.example"]
    assert await held("My Contacts") == ["mine@x.example"]
    assert await held("My Territory Contacts") == ["mine@x.example"]
    assert await held("Recycle Bin") == ["gone@x.example"]
    assert await held("Never Contacted") == ["mine@x.example", "theirs@x.example"]
    assert await held("Recently Imported") == []
    await suite.control("/clock", {"advance_s": 8 * 86_400})
    assert await held("New Contacts") == await held("Recently Modified") == []


async def test_open_won_and_lost_deals_make_up_all(suite: RunningSimulator) -> None:
    await suite.control("/seed", {"deals": 50})
    found: list[int] = []
    for name in ("Open Deals", "Won Deals", "Lost Deals"):
        path = await suite.view("deals", name)
        found += [one["id"] for one in (await suite.get(path, per_page=100)).body["deals"]]
    assert sorted(found) == sorted(suite.account.table("deals"))
    path = await suite.view("deals", "Open Deals")
    rows = (await suite.get(path, sort="amount", sort_type="desc")).body["deals"]
    amounts = [float(one["amount"]) for one in rows]
    assert amounts == sorted(amounts, reverse=True)


async def test_people_rename_and_remove_views(suite: RunningSimulator) -> None:
    won = (await suite.view("deals", "Won Deals")).rpartition("/")[2]
    renamed = await suite.send("PUT", f"/__sim/views/{won}", data=b'{"name": "Trophies"}')
    assert renamed.status == 200
    assert await suite.view("deals", "Trophies")
    assert (await suite.send("DELETE", f"/__sim/views/{won}")).status == 200
    assert (await suite.get(f"/deals/view/{won}")).status == 404
    assert (await suite.send("DELETE", f"/__sim/views/{won}")).status == 400


async def test_rows_load_their_relations_beside(suite: RunningSimulator) -> None:
    await suite.control("/seed", {"contacts": 5, "sales_accounts": 2})
    path = await suite.view("contacts", "All Contacts")
    body = (await suite.get(path, include="owner,sales_accounts,nonsense")).body
    assert list(body) == ["users", "contacts", "meta"]
    owners = {one["id"] for one in body["users"]}
    assert {one["owner_id"] for one in body["contacts"]} <= owners
    assert all(one["sales_accounts"][0]["is_primary"] for one in body["contacts"])


@given(st.integers(0, 400), st.integers(1, 120), st.sampled_from(["asc", "desc"]))
def test_the_pages_of_any_size_hold_every_record_once(
    total: int, size: int, direction: str
) -> None:
    account = Account()
    Simulator(account)
    seed(account, {"contacts": total})
    view = next(
        one["id"] for one in account.table("views").values() if one["name"] == "All Contacts"
    )
    route = next(one for one in ROUTES if one.path == "/contacts/view/{id}")
    seen: list[int] = []
    page = 1
    while True:
        query = {"page": str(page), "per_page": str(size), "sort": "updated_at",
                 "sort_type": direction}  # fmt: skip
        request = Request(account, {}, "GET", "", ids={"id": view}, query=query)
        body = route.handler(request).body
        assert body["meta"]["total_pages"] == -(-total // min(size, 100))
        if not body["contacts"]:
            break
        seen += [one["id"] for one in body["contacts"]]
        page += 1
    assert sorted(seen) == sorted(account.table("contacts"))


@given(st.text(max_size=5), st.text(max_size=5))
def test_any_text_makes_a_page(page: str, size: str) -> None:
    number, rows = page_of({"page": page, "per_page": size})
    assert number >= 1
    assert 1 <= rows <= 100
