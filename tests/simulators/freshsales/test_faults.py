"""Faults on demand: the common kinds, and throttling in its disguises."""

import aiohttp
import pytest

from tests.simulators.freshsales.conftest import RunningSimulator

BODY = {"contact": {"emails": "a@x.example"}}


@pytest.mark.parametrize(("kind", "made"), [("drop_before", 0), ("commit_then_drop", 1)])
async def test_a_dropped_connection_leaves_its_effect_only_after_commit(
    suite: RunningSimulator, kind: str, made: int
) -> None:
    await suite.control("/faults", {"match": "POST /contacts", "kind": kind})
    with pytest.raises(aiohttp.ClientConnectionError):
        await suite.post("/contacts", BODY)
    assert len(suite.account.table("contacts")) == made
    stats = (await suite.control("/stats"))["endpoints"]["POST /contacts"]
    assert stats["statuses"] == {"dropped": 1}
    assert stats["faults"] == {kind: 1}
    assert (await suite.get("/selector/owners")).status == 200


@pytest.mark.parametrize(("kind", "made"), [("commit_then_500", 1), ("html_500", 0)])
async def test_an_html_500_with_and_without_effect(
    suite: RunningSimulator, kind: str, made: int
) -> None:
    await suite.control("/faults", {"match": "POST /contacts", "kind": kind, "count": 1})
    answer = await suite.post("/contacts", BODY)
    assert answer.status == 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert len(suite.account.table("contacts")) == made
    again = await suite.post("/contacts", BODY)
    assert again.status == (400 if made else 200)


async def test_an_inner_throttle_leaks_as_400(suite: RunningSimulator) -> None:
    await suite.control("/faults", {"match": "* /", "kind": "throttle_as_400"})
    answer = await suite.post("/contacts", BODY)
    assert answer.status == 400
    assert ":: 429 ::" in answer.messages[0]
    assert suite.account.table("contacts") == {}


async def test_an_inner_throttle_may_be_405(suite: RunningSimulator) -> None:
    await suite.control("/faults", {"match": "POST /contacts/bulk_upsert",
                                    "kind": "throttle_as_405"})  # fmt: skip
    answer = await suite.post("/contacts/bulk_upsert", {"contacts": [{}]})
    assert answer.status == 405
    assert answer.headers["Content-Type"].startswith("text/html")
    assert suite.account.table("job_statuses") == {}


async def test_an_overtaken_write_is_called_a_duplicate_of_what_is_there(
    suite: RunningSimulator,
) -> None:
    await suite.control("/config", {"language": "nl"})
    await suite.control("/faults", {"match": "POST /contacts", "kind": "commit_then_duplicate"})
    answer = await suite.post("/contacts/upsert", {"unique_identifier": {"emails": "a@x.example"},
                                                   "contact": {}})  # fmt: skip
    assert (answer.status, answer.messages) == (400, ["Email is niet uniek"])
    assert len(suite.account.table("contacts")) == 1


async def test_a_plain_throttle_asks_for_a_wait(suite: RunningSimulator) -> None:
    fault = {"match": "* /", "kind": "throttle", "retry_after": 7}
    await suite.control("/faults", fault)
    answer = await suite.post("/contacts", BODY)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert answer.body == {"message": "Too many requests"}
    assert (await suite.control("/faults"))["faults"][0]["hits"] == 1
    assert (await suite.send("DELETE", "/__sim/faults")).status == 200
    assert (await suite.post("/contacts", BODY)).status == 200


async def test_the_share_of_requests_that_a_fault_strikes(suite: RunningSimulator) -> None:
    fault = {"match": "GET /selector", "kind": "throttle_as_400", "rate": 0.3, "seed": 4}
    await suite.control("/faults", fault)
    statuses = [(await suite.get("/selector/owners")).status for _ in range(100)]
    assert 15 < statuses.count(400) < 45


async def test_slow_and_latency(suite: RunningSimulator) -> None:
    await suite.control("/faults", {"match": "POST /contacts", "kind": "slow", "delay_s": 30})
    with pytest.raises(TimeoutError):
        await suite.call_with_timeout("/contacts", BODY, 0.1)
    assert len(suite.account.table("contacts")) == 1
    await suite.control("/faults", [])
    await suite.control("/config", {"latency_ms": 30_000})
    with pytest.raises(TimeoutError):
        await suite.call_with_timeout("/contacts", {"contact": {"emails": "b@x.example"}}, 0.1)
    assert len(suite.account.table("contacts")) == 1


async def test_a_kind_that_nobody_knows(suite: RunningSimulator) -> None:
    body = b'{"match": "* /", "kind": "explode"}'
    answer = await suite.send("POST", "/__sim/faults", data=body)
    assert answer.status == 400
    assert "throttle_as_405" in answer.body["message"]
