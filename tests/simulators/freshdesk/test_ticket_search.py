"""The search language against brute force, and the call around it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.freshdesk import starting_records
from local.freshdesk.account import Account
from local.freshdesk.search import compiled
from local.freshdesk.search_query import Both, Either, Query, QueryError, Term, parse
from local.freshdesk.ticket_search import searchable_fields
from tests.simulators.freshdesk.conftest import RunningSimulator

NUMBERS = st.integers(1, 5)
TAGS = st.sampled_from(["vip", "bug", "how to", "(odd) AND"])
TYPES = st.sampled_from(["Question", "Incident"])
DAYS = st.sampled_from(["2026-03-01", "2026-03-02", "2026-03-03"])


def terms() -> st.SearchStrategy[Term]:
    comparisons: Any = st.sampled_from(["=", ">=", "<="])
    return st.one_of(
        st.builds(Term, st.sampled_from(["status", "priority"]), comparisons, NUMBERS,
                  st.just(False)),
        st.builds(Term, st.just("tag"), st.just("="), TAGS, st.just(True)),
        st.builds(Term, st.just("type"), st.just("="), TYPES, st.just(True)),
        st.builds(Term, st.sampled_from(["created_at", "due_by"]), comparisons, DAYS,
                  st.just(True)),
        st.builds(Term, st.sampled_from(["type", "agent_id", "tag", "due_by"]), st.just("="),
                  st.none(), st.just(False)),
        st.builds(Term, st.just("cf_vip"), st.just("="), st.booleans(), st.just(False)),
        st.builds(Term, st.just("custom_string"), st.just("="), TYPES, st.just(True)),
    )  # fmt: skip


QUERIES: st.SearchStrategy[Query] = st.recursive(
    terms(),
    lambda inner: st.one_of(
        st.builds(Both, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Either, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def written(query: Query) -> str:
    """The text of a tree, every group in parentheses."""
    if isinstance(query, Term):
        mark = {"=": "", ">=": ">", "<=": "<"}[query.comparison]
        if query.quoted:
            value = f"'{query.value}'"
        else:
            value = "null" if query.value is None else str(query.value).lower()
        return f"{query.name}:{mark}{value}"
    joined = " AND " if isinstance(query, Both) else " OR "
    return "(" + joined.join(written(part) for part in query.parts) + ")"


def holds(query: Query, ticket: dict[str, Any]) -> bool:
    """What the language means, said once more in the plainest way."""
    if isinstance(query, Both):
        return all(holds(part, ticket) for part in query.parts)
    if isinstance(query, Either):
        return any(holds(part, ticket) for part in query.parts)
    custom = ticket["custom_fields"]
    values = {
        "tag": ticket["tags"], "agent_id": [ticket["responder_id"]], "cf_vip": [custom["cf_vip"]],
        "custom_string": [custom["cf_order_id"], custom["cf_marker"]],
    }.get(query.name, [ticket.get(query.name)])  # fmt: skip
    values = [one for one in values if one not in {None, ""}]
    if query.name in {"created_at", "due_by"}:
        values = [one[:10] for one in values]
    if query.value is None:
        return not values
    if query.comparison == "=":
        return query.value in values
    if query.comparison == ">=":
        return any(one >= query.value for one in values)
    return any(one <= query.value for one in values)


TICKETS = st.fixed_dictionaries(
    {
        "status": NUMBERS, "priority": NUMBERS, "tags": st.lists(TAGS, max_size=2),
        "type": st.none() | TYPES, "responder_id": st.none() | NUMBERS,
        "created_at": DAYS.map(lambda day: f"{day}T23:59:59Z"),
        "due_by": st.none() | DAYS.map(lambda day: f"{day}T00:00:00Z"),
        "custom_fields": st.fixed_dictionaries(
            {"cf_vip": st.none() | st.booleans(), "cf_order_id": st.none() | TYPES,
             "cf_marker": st.none() | TYPES}
        ),
    }
)  # fmt: skip


def _fields() -> Any:
    account = Account()
    starting_records.fill(account)
    return searchable_fields(account)


FIELDS = _fields()


@given(query=QUERIES, ticket=TICKETS)
@settings(max_examples=300, deadline=None)
def test_a_query_means_what_brute_force_finds(query: Query, ticket: dict[str, Any]) -> None:
    text = written(query)
    if len(text) > 512:
        with pytest.raises(QueryError, match="512 are allowed"):
            parse(text)
    else:
        assert compiled(parse(text), FIELDS)(ticket) == holds(query, ticket)


def test_and_binds_tighter_than_or() -> None:
    one, two, three = (Term("status", "=", number, False) for number in (1, 2, 3))
    assert parse("status:1 OR status:2 AND status:3") == Either((one, Both((two, three))))
    assert parse("(status:1 OR status:2) AND status:3") == Both((Either((one, two)), three))


@pytest.mark.parametrize(
    "text",
    ["", "status", "status:", "status:2 status:3", "(status:2", "status:2)", "status:2 AND",
     "status:!2", "type:Incident", "subject~'x'", "status : 2", "status:2 and status:3"],
)  # fmt: skip
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse(text)


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except QueryError as error:
        assert "cannot be read at character" in str(error)


async def found(simulator: RunningSimulator, query: str, **more: str) -> list[int]:
    answer = await simulator.get("/search/tickets", query=f'"{query}"', **more)
    assert answer.status == 200, answer.content
    assert answer.body.keys() == {"total", "results"}
    return [one["id"] for one in answer.body["results"]]


async def test_search_uses_its_own_names(simulator: RunningSimulator) -> None:
    dana = next(iter(simulator.account.agents))
    await simulator.ticket(responder_id=dana, tags=["vip"])
    await simulator.ticket()
    assert await found(simulator, f"agent_id:{dana}") == [1]
    assert await found(simulator, "agent_id:null AND tag:null") == [2]
    for query in ("responder_id:1", "tags:'vip'", "Status:2", "subject:'x'", "cf_root_cause:'x'"):
        answer = await simulator.get("/search/tickets", query=f'"{query}"')
        assert answer.errors[0]["code"] == "invalid_field", query


@pytest.mark.parametrize(
    "query", ["status:'2'", "tag:5", "created_at:20260101", "created_at:>'soon'", "tag:>'a'",
              "priority:>null", "cf_vip:1"]
)  # fmt: skip
async def test_values_of_the_wrong_kind_are_refused(
    simulator: RunningSimulator, query: str
) -> None:
    answer = await simulator.get("/search/tickets", query=f'"{query}"')
    assert answer.errors[0]["code"] == "datatype_mismatch"


@pytest.mark.parametrize("query", ["status:2", '"status:2', f'"{"status:2 OR " * 43}status:3"'])
async def test_a_query_wants_double_quotes_and_512_characters(
    simulator: RunningSimulator, query: str
) -> None:
    answer = await simulator.get("/search/tickets", query=query)
    assert (answer.status, answer.errors[0]["field"]) == (400, "query")


async def test_pages_hold_30_and_end_at_10(simulator: RunningSimulator) -> None:
    await simulator.control("/seed", {"tickets": 305})
    first = await simulator.get("/search/tickets", query='"status:>1"')
    assert (first.body["total"], len(first.body["results"])) == (305, 30)
    assert len(await found(simulator, "status:>1", page="10")) == 30
    for query in ({"page": "11"}, {"page": "0"}, {"per_page": "50"}):
        answer = await simulator.get("/search/tickets", query='"status:>1"', **query)
        assert answer.status == 400


async def test_deleted_and_spam_tickets_are_not_found(simulator: RunningSimulator) -> None:
    await simulator.ticket()
    assert await found(simulator, "status:2") == [1]
    await simulator.delete("/tickets/1")
    assert await found(simulator, "status:2") == []


async def test_search_lags_behind_writes(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": True})
    await simulator.ticket()
    await simulator.control("/config", {"search_index_lag_s": 120})
    await simulator.put("/tickets/1", {"status": 3})
    await simulator.ticket()
    assert await found(simulator, "status:2") == [1]
    await simulator.control("/clock", {"advance_s": 119})
    assert await found(simulator, "status:3") == []
    await simulator.control("/clock", {"advance_s": 1})
    assert await found(simulator, "status:3") == [1]
    assert await found(simulator, "status:2") == [2]


async def test_a_late_entry_does_not_overtake_a_newer_one(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": True})
    await simulator.control("/config", {"search_index_lag_s": 60})
    await simulator.ticket()
    await simulator.control("/config", {"search_index_lag_s": 0})
    await simulator.put("/tickets/1", {"status": 5})
    await simulator.control("/clock", {"advance_s": 60})
    assert await found(simulator, "status:5") == [1]
