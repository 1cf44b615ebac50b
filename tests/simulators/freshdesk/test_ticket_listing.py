"""``GET /tickets``: key sets, links, walls, and every filter against brute force."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.freshdesk import starting_records
from local.freshdesk.account import Account, Actor
from local.freshdesk.clock import Clock
from local.freshdesk.paging import Page
from local.freshdesk.seed import seed
from local.freshdesk.ticket_listing import select
from local.freshdesk.ticket_writes import change_ticket, set_deleted, set_spam, set_watchers
from tests.simulators.freshdesk.conftest import RunningSimulator

NOW = 1_780_000_000


async def test_a_list_item_has_other_keys_than_the_view(simulator: RunningSimulator) -> None:
    view = await simulator.ticket(tags=["a"])
    (item,) = (await simulator.get("/tickets")).body
    assert view.keys() - item.keys() == {
        "description", "description_text", "structured_description", "attachments",
        "source_additional_info", "form_id", "ticket_bcc_emails",
    }  # fmt: skip
    assert item.keys() - view.keys() == {"associated_tickets_count"}
    assert item["tags"] == ["a"]


async def test_includes_embed(simulator: RunningSimulator) -> None:
    await simulator.ticket(name="Mira Holt")
    (item,) = (await simulator.get("/tickets", include="stats,requester,description")).body
    assert item["requester"]["name"] == "Mira Holt"
    assert item["description"] == "It is."
    assert len(item["stats"]) == 8


async def test_links_lead_through_all_pages_and_stop(simulator: RunningSimulator) -> None:
    await simulator.control("/seed", {"tickets": 25})
    path, ids, pages = "/api/v2/tickets?per_page=10&order_by=updated_at", [], 0
    while path:
        answer = await simulator.send("GET", path)
        ids += [one["id"] for one in answer.body]
        pages += 1
        link = answer.headers.get("link", "")
        assert link == "" or link.endswith('; rel="next"')
        path = link.partition(">")[0].removeprefix(f"<{simulator.url}")
    assert (pages, len(ids), len(set(ids))) == (3, 25, 25)


async def test_a_last_page_that_is_full_has_no_link(simulator: RunningSimulator) -> None:
    await simulator.control("/seed", {"tickets": 20})
    assert "link" in (await simulator.get("/tickets", per_page="10")).headers
    answer = await simulator.get("/tickets", per_page="10", page="2")
    assert len(answer.body) == 10
    assert "link" not in answer.headers


async def test_the_default_page_has_30(simulator: RunningSimulator) -> None:
    await simulator.control("/seed", {"tickets": 31})
    assert len((await simulator.get("/tickets")).body) == 30


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"per_page": "101"}, "per_page", "invalid_value"),
        ({"per_page": "0"}, "per_page", "invalid_value"),
        ({"per_page": "x"}, "per_page", "datatype_mismatch"),
        ({"page": "0"}, "page", "invalid_value"),
        ({"page": "-1"}, "page", "invalid_value"),
        ({"status": "2"}, "status", "invalid_field"),
        ({"order_by": "priority"}, "order_by", "invalid_value"),
        ({"order_type": "up"}, "order_type", "invalid_value"),
        ({"filter": "mine"}, "filter", "invalid_value"),
        ({"include": "stats,agents"}, "include", "invalid_value"),
        ({"updated_since": "yesterday"}, "updated_since", "invalid_value"),
        ({"requester_id": "me"}, "requester_id", "datatype_mismatch"),
    ],
)
async def test_wrong_parameters_are_refused(
    simulator: RunningSimulator, query: dict[str, str], field: str, code: str
) -> None:
    answer = await simulator.get("/tickets", **query)
    assert answer.status == 400
    assert [(one["field"], one["code"]) for one in answer.errors] == [(field, code)]


async def test_the_301st_page_is_a_wall(simulator: RunningSimulator) -> None:
    assert (await simulator.get("/tickets", page="300")).body == []
    answer = await simulator.get("/tickets", page="301")
    assert answer.errors == [
        {
            "field": "page",
            "message": "You cannot access tickets beyond the 300th page. "
            "Please provide a smaller page number.",
            "code": "invalid_value",
        }
    ]


async def test_tickets_older_than_30_days_need_updated_since(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": "2026-01-01T00:00:00Z"})
    await simulator.ticket(subject="old")
    await simulator.control("/clock", {"advance_s": 31 * 86_400})
    await simulator.ticket(subject="new")
    assert [one["subject"] for one in (await simulator.get("/tickets")).body] == ["new"]
    found = (await simulator.get("/tickets", updated_since="2025-12-31")).body
    assert [one["subject"] for one in found] == ["new", "old"]


async def test_updated_since_includes_its_own_second(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": "2026-01-01T00:00:00Z"})
    await simulator.ticket()
    exact = await simulator.get("/tickets", updated_since="2026-01-01T00:00:00Z")
    later = await simulator.get("/tickets", updated_since="2026-01-01T00:00:01Z")
    assert (len(exact.body), len(later.body)) == (1, 0)


async def test_deleted_and_spam_are_listed_by_their_filter_only(
    simulator: RunningSimulator,
) -> None:
    for _ in range(3):
        await simulator.ticket()
    await simulator.delete("/tickets/1")
    await simulator.control("/tickets/2/spam", {})

    async def ids(**query: str) -> list[int]:
        return [one["id"] for one in (await simulator.get("/tickets", **query)).body]

    assert await ids() == [3]
    assert await ids(filter="deleted") == [1]
    assert await ids(filter="spam") == [2]
    since = {"updated_since": "2020-01-01T00:00:00Z", "include": "requester"}
    assert await ids(filter="deleted", **since) == [1]
    (item,) = (await simulator.get("/tickets", filter="deleted")).body
    assert item["deleted"] is True


def busy_account() -> Account:
    """300 tickets with few distinct stamps, some changed, deleted, spam and watched."""
    account = Account(Clock(lambda: NOW))
    account.on_reset(lambda: starting_records.fill(account))
    account.reset()
    wanted = {"tickets": 300, "contacts": 8, "companies": 3, "created_within_days": 60}
    seed(account, {**wanted, "same_updated_at": 40, "updated_within_days": 20})
    someone = Actor("system")
    agents = list(account.agents)
    for number, ticket in enumerate(account.tickets.values()):
        if number % 7 == 0:
            change_ticket(account, ticket, {"status": number % 5 + 2}, actor=someone)
        if number % 11 == 0:
            set_deleted(account, ticket, True, actor=someone)
        if number % 13 == 0:
            set_spam(account, ticket, True, actor=someone)
        if number % 5 == 0:
            set_watchers(account, ticket, [agents[number % 3]])
        if number % 17 == 0:
            change_ticket(account, ticket, {"company_id": None, "due_by": None}, actor=someone)
    return account


ACCOUNT = busy_account()
STAMPS = sorted({one["updated_at"] for one in ACCOUNT.tickets.values()})
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "filter": st.sampled_from(["new_and_my_open", "watching", "spam", "deleted"]),
        "requester_id": st.sampled_from(list(ACCOUNT.contacts)),
        "email": st.sampled_from([one["email"] for one in ACCOUNT.contacts.values()]),
        "company_id": st.sampled_from(list(ACCOUNT.companies)),
        "updated_since": st.sampled_from(STAMPS),
        "order_by": st.sampled_from(["created_at", "updated_at", "due_by", "status"]),
        "order_type": st.sampled_from(["asc", "desc"]),
    },
)


def is_listed(ticket: dict[str, Any], wanted: str | None, agent: dict[str, Any]) -> bool:
    """Whether ``filter`` alone would show the ticket."""
    if wanted == "deleted":
        return bool(ticket["deleted"])
    if wanted == "spam":
        return ticket["spam"] and not ticket["deleted"]
    if ticket["deleted"] or ticket["spam"]:
        return False
    if wanted == "new_and_my_open":
        return ticket["status"] == 2 and ticket["responder_id"] in {None, agent["id"]}
    return wanted != "watching" or agent["id"] in ticket["watcher_ids"]


def is_recent(ticket: dict[str, Any], query: dict[str, Any]) -> bool:
    if "updated_since" in query:
        return bool(ticket["updated_at"] >= query["updated_since"])
    return bool(ticket["created_at"] >= ACCOUNT.clock.stamp(-30 * 86_400))


def is_theirs(ticket: dict[str, Any], query: dict[str, Any]) -> bool:
    email = ACCOUNT.contacts[ticket["requester_id"]]["email"]
    facts = {**ticket, "email": email}
    names = ("requester_id", "company_id", "email")
    return all(facts[name] == query[name] for name in names if name in query)


def brute_force(agent: dict[str, Any], query: dict[str, Any]) -> list[int]:
    """The listing by the page's words, one ticket at a time."""
    shown = [
        one
        for one in ACCOUNT.tickets.values()
        if is_listed(one, query.get("filter"), agent)
        and is_recent(one, query)
        and is_theirs(one, query)
    ]
    order = query.get("order_by", "created_at")
    shown.sort(key=lambda one: (one[order] or "", one["id"]))
    if query.get("order_type", "desc") == "desc":
        shown.reverse()
    return [one["id"] for one in shown]


@given(query=QUERIES, size=st.integers(1, 100), who=st.integers(0, 2))
@settings(max_examples=150, deadline=None)
def test_every_listing_is_what_brute_force_finds(
    query: dict[str, Any], size: int, who: int
) -> None:
    agent = list(ACCOUNT.agents.values())[who]
    expected = brute_force(agent, query)
    walked: list[int] = []
    for number in itertools.count(1):
        ids, more = select(ACCOUNT, agent, query, Page(number, size))
        walked += ids
        assert more == (number * size < len(expected))
        if not more:
            break
    assert walked == expected


def test_the_property_above_is_not_about_empty_lists() -> None:
    agent = next(iter(ACCOUNT.agents.values()))
    for wanted in ("new_and_my_open", "watching", "spam", "deleted"):
        assert brute_force(agent, {"filter": wanted}), wanted


def test_a_listing_sees_a_write_made_after_it_was_asked_before() -> None:
    account = busy_account()
    agent = next(iter(account.agents.values()))
    query = {"filter": "watching", "order_by": "updated_at", "updated_since": STAMPS[0]}
    before, _ = select(account, agent, query, Page(1, 100))
    set_watchers(account, account.tickets[before[0]], [])
    after, _ = select(account, agent, query, Page(1, 100))
    assert after == before[1:]
