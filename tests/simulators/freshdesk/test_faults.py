"""Faults on demand: each kind does what it says, and nothing else."""

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.simulator.faults import Fault, FaultError, fault_of
from tests.simulators.freshdesk.conftest import RunningSimulator

BODY = {"email": "a@b.example", "subject": "s", "description": "d"}


async def with_fault(simulator: RunningSimulator, kind: str, **more: object) -> None:
    fault = {"match": "POST /tickets", "kind": kind, **more}
    await simulator.control("/faults", fault)


@pytest.mark.parametrize(("kind", "made"), [("drop_before", 0), ("commit_then_drop", 1)])
async def test_a_dropped_connection_leaves_its_effect_only_after_commit(
    simulator: RunningSimulator, kind: str, made: int
) -> None:
    await with_fault(simulator, kind)
    with pytest.raises(aiohttp.ClientConnectionError):
        await simulator.post("/tickets", BODY)
    assert len(simulator.account.tickets) == made
    stats = (await simulator.control("/stats"))["endpoints"]["POST /tickets"]
    assert stats["statuses"] == {"dropped": 1}
    assert stats["faults"] == {kind: 1}
    assert (await simulator.get("/account")).status == 200


async def test_commit_then_500_does_the_work_and_says_otherwise(
    simulator: RunningSimulator,
) -> None:
    await with_fault(simulator, "commit_then_500")
    answer = await simulator.post("/tickets", BODY)
    assert answer.status == 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert len(simulator.account.tickets) == 1


@pytest.mark.parametrize(
    ("fault", "status", "content"),
    [
        ({"kind": "status", "status": 502}, 502, b""),
        (
            {"kind": "status", "status": 503, "body": {"message": "busy"}},
            503,
            b'{"message":"busy"}',
        ),
        ({"kind": "throttle", "retry_after": 7}, 429, b""),
    ],
)
async def test_an_early_answer_leaves_no_effect(
    simulator: RunningSimulator, fault: dict[str, object], status: int, content: bytes
) -> None:
    await simulator.control("/faults", {"match": "POST /tickets", **fault})
    answer = await simulator.post("/tickets", BODY)
    assert (answer.status, answer.content) == (status, content)
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert simulator.account.tickets == {}


async def test_html_500_is_a_proxys_page(simulator: RunningSimulator) -> None:
    await with_fault(simulator, "html_500")
    answer = await simulator.post("/tickets", BODY)
    assert (answer.status, answer.content[:6]) == (500, b"<html>")
    assert simulator.account.tickets == {}


async def test_slow_works_and_then_answers_late(simulator: RunningSimulator) -> None:
    await with_fault(simulator, "slow", delay_s=30)
    with pytest.raises(TimeoutError):
        await simulator.send(
            "POST", "/api/v2/tickets", json=BODY, timeout=aiohttp.ClientTimeout(total=0.05)
        )
    assert len(simulator.account.tickets) == 1


async def test_count_ends_a_fault_and_delete_clears_all(simulator: RunningSimulator) -> None:
    await with_fault(simulator, "status", count=2)
    answers = [(await simulator.post("/tickets", BODY)).status for _ in range(3)]
    assert answers == [503, 503, 201]
    shown = await simulator.control("/faults")
    assert shown["faults"][0]["hits"] == 2
    await simulator.control("/faults", [{"match": "* /", "kind": "status"}])
    assert (await simulator.get("/account")).status == 503
    await simulator.send("DELETE", "/__sim/faults")
    assert (await simulator.get("/account")).status == 200


async def test_control_calls_are_never_faulty(simulator: RunningSimulator) -> None:
    await simulator.control("/faults", {"match": "* /", "kind": "drop_before"})
    assert (await simulator.control("/stats"))["total"]["requests"] == 0


@pytest.mark.parametrize(
    ("match", "request_line", "strikes"),
    [
        ("POST /tickets", "POST /tickets", True),
        ("POST /tickets", "POST /tickets/1/notes", True),
        ("POST /tickets", "POST /tickets_archive", False),
        ("POST /tickets", "GET /tickets", False),
        ("POST /tickets$", "POST /tickets/1/notes", False),
        ("POST /tickets/{id}/notes", "POST /tickets/12/notes", True),
        ("POST /tickets/{id}/notes", "POST /tickets/12/reply", False),
        ("* /contacts", "DELETE /contacts/4", True),
        ("* /", "GET /anything", True),
    ],
)
def test_what_a_fault_matches(match: str, request_line: str, strikes: bool) -> None:
    verb, _, path = request_line.partition(" ")
    assert Fault(match, "status").strikes(verb, path) is strikes


@given(st.floats(0, 1), st.integers(0, 1000))
def test_the_same_seed_strikes_the_same_requests(rate: float, seed: int) -> None:
    def strikes() -> list[bool]:
        fault = Fault("* /", "status", rate=rate, seed=seed)
        return [fault.strikes("GET", "/x") for _ in range(50)]

    assert strikes() == strikes()


def test_the_rate_is_the_share_that_is_struck() -> None:
    fault = Fault("* /", "status", rate=0.3, seed=4)
    struck = sum(fault.strikes("GET", "/x") for _ in range(2000))
    assert 500 < struck < 700


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"match": "POST /x", "kind": "explode"}, "kind is one of"),
        ({"match": "/x", "kind": "slow"}, "match is a verb and a path"),
        ({"match": "POST /x", "kind": "slow", "rate": 3}, "rate is a share"),
        ({"match": "POST /x", "kind": "slow", "when": 3}, "unknown key 'when'"),
        ({"match": 5, "kind": "slow"}, "match cannot be 5"),
        ({"kind": "slow"}, "match is missing"),
        ([], "a fault is an object"),
    ],
)
def test_a_wrong_description_says_why(description: object, message: str) -> None:
    with pytest.raises(FaultError, match=message):
        fault_of(description)


async def test_latency_comes_before_the_work(simulator: RunningSimulator) -> None:
    await simulator.control("/config", {"latency_ms": 30_000})
    with pytest.raises(TimeoutError):
        await simulator.send(
            "POST", "/api/v2/tickets", json=BODY, timeout=aiohttp.ClientTimeout(total=0.05)
        )
    assert simulator.account.tickets == {}
