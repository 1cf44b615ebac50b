"""Other people's clients, unchanged: the requests that each made against this simulator.

Recorded on 2026-11-22 from the packages as PyPI and npm serve them, their HTTPS ended by a proxy in
front of the simulator: every method of ``python-freshworks-crm`` but one (whose path lacks a
slash), the three resources of ``freshsalessdk``, whole runs of the two Singer taps, a lead's life
with npm's ``freshsales``, every operation of n8n's Freshworks CRM node. A file in ``replays`` holds
the generation they spoke to, the seed of the account, and each request with the answer's status and
the names at the top of its JSON. Ids are those that an empty account gives, so the requests can be
sent again as they were.
"""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.simulators.freshsales.conftest import running

REPLAYS = sorted((Path(__file__).parent / "replays").glob("*.json"))
# Refused on purpose: a second account of one name, a second contact of one address.
EXPECTED_REFUSALS = {"python-freshworks-crm": 1, "freshsales-npm": 1}


def test_six_clients_are_recorded() -> None:
    assert [path.stem for path in REPLAYS] == [
        "freshsales-npm", "freshsalessdk", "n8n", "python-freshworks-crm", "tap-freshsales",
        "tap-freshworkscrm",
    ]  # fmt: skip


@pytest.mark.parametrize("path", REPLAYS, ids=lambda path: path.stem)
async def test_a_clients_requests_are_answered_as_they_were(path: Path) -> None:
    replay: dict[str, Any] = orjson.loads(path.read_bytes())
    refusals = [one for one in replay["requests"] if one["status"] >= 400]
    assert len(refusals) == EXPECTED_REFUSALS.get(path.stem, 0)
    async with running(replay["persona"]) as account:
        await account.control("/config", {"limits": {"hour": None, "minute": None}})
        if replay["seed"]:
            await account.control("/seed", replay["seed"])
        for one in replay["requests"]:
            headers = {"Content-Type": one["content_type"]} if one["content_type"] else {}
            body = one["body"].encode() if one["body"] else None
            answer = await account.send(one["method"], one["path"], data=body, headers=headers)
            where = f"{one['method']} {one['path']}"
            assert answer.status == one["status"], (where, answer.content)
            top = list(answer.body) if isinstance(answer.body, dict) else type(answer.body).__name__
            assert top == one["answer"], where
