"""Steering: reset, personas, seed, truth, statistics, clock, people at work in the application."""

from typing import Any

import orjson
import pytest

from local.freshsales.account import DEMO_API_KEY
from local.freshsales.models import BY_TABLE
from tests.simulators.freshsales.conftest import RunningSimulator


async def refused(suite: RunningSimulator, path: str, body: Any) -> str:
    answer = await suite.send("POST", f"/__sim{path}", data=orjson.dumps(body))
    assert answer.status == 400, answer.content
    message: str = answer.body["message"]
    return message


async def test_reset_empties_everything_and_may_change_the_generation(
    suite: RunningSimulator,
) -> None:
    await suite.control("/seed", {"contacts": 3})
    await suite.control("/config", {"limits": {"hour": 1}, "api_keys": {}})
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    await suite.control("/faults", {"match": "* /", "kind": "status"})
    body = await suite.control("/reset", {"persona": "classic"})
    assert body == {"ok": True, "persona": "classic"}
    assert await suite.control("/truth?object=contacts") == []
    assert (await suite.get("/leads/filters")).status == 200
    assert suite.account.api_keys.keys() == {DEMO_API_KEY}
    assert (await suite.control("/clock"))["frozen"] is False
    assert (await suite.control("/stats"))["total"]["statuses"] == {"200": 1}
    assert (await suite.control("/reset", {}))["persona"] == "classic"
    assert "persona is one of" in await refused(suite, "/reset", {"persona": "new"})
    assert "reset takes persona" in await refused(suite, "/reset", {"plan": "pro"})


async def test_config_shows_what_it_was_told(suite: RunningSimulator) -> None:
    user = await suite.control("/users", {"name": "Pia Lund", "email": "pia@acme.example"})
    shown = await suite.control(
        "/config", {"plan": "pro", "forbidden": ["deals"], "api_keys": {"k2": user["id"]}}
    )
    assert shown["plan"] == "pro"
    assert shown["limits"] == {"hour": 2000, "minute": 400}
    assert await suite.control("/config") == shown
    suite.headers["Authorization"] = "Token token=k2"
    made = await suite.contact()
    stored = suite.account.table("contacts")[made["id"]]
    assert stored["owner_id"] == stored["creater_id"] == user["id"]
    for body, words in (
        ({"persona": "classic"}, "changes with a reset"),
        ({"utc_offset_minutes": 60}, "on an empty account only"),
        ({"api_keys": {"k": 1}}, "there is no user 1"),
        ({"api_keys": []}, "maps each key"),
        ({"nonsense": 1}, "unknown setting"),
        ([], "must be a JSON object"),
    ):
        assert words in await refused(suite, "/config", body)


async def test_the_account_has_its_own_time_zone(suite: RunningSimulator) -> None:
    await suite.control("/config", {"utc_offset_minutes": -330})
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    assert (await suite.contact())["created_at"] == "2026-03-03T04:30:00-05:30"


async def test_seeds_are_deterministic_and_live_like_others(suite: RunningSimulator) -> None:
    wanted = {"contacts": 40, "sales_accounts": 10, "deals": 20, "tasks": 5, "notes": 5,
              "appointments": 5, "deleted_share": 0.2, "same_updated_at": 7}  # fmt: skip
    seen = []
    for _ in range(2):
        await suite.control("/reset", {})
        await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
        counts = await suite.control("/seed", wanted)
        assert counts["contacts"] == 40
        seen.append([await suite.control(f"/truth?object={table}") for table in BY_TABLE])
    assert seen[0] == seen[1]
    contacts = seen[0][0]
    stamps = [one["updated_at"] for one in contacts]
    assert max(stamps.count(one) for one in stamps) == 7
    assert 0 < sum(one["is_deleted"] for one in contacts) < 20
    assert all(one["created_at"] <= one["updated_at"] for one in contacts if one not in stamps)
    live = next(one for one in contacts if not one["is_deleted"])
    twin = await suite.post("/contacts", {"contact": {"emails": live["email"]}})
    assert twin.messages == ["Email is not unique"]
    account = next(one for one in seen[0][1] if one["open_deals_count"])
    deals = (await suite.get(f"/sales_accounts/{account['id']}/deals")).body["deals"]
    stages = suite.account.table("deal_stages")
    total = sum(
        float(one["amount"])
        for one in deals
        if stages[one["deal_stage_id"]]["forecast_type"] == "Open"
    )
    assert account["open_deals_amount"] == str(total)


async def test_the_ages_and_addresses_of_seeds(suite: RunningSimulator) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    await suite.control(
        "/seed",
        {"contacts": 20, "created_within_days": 300, "updated_within_days": 1,
         "email_domain": "crm.example", "first_number": 101},
    )  # fmt: skip
    contacts = await suite.control("/truth?object=contacts")
    assert [one["email"] for one in contacts[:2]] == [
        "contact-101@crm.example", "contact-102@crm.example"
    ]  # fmt: skip
    assert all(one["updated_at"] >= "2026-03-02T12:00:00" for one in contacts)
    assert contacts[0]["created_at"] < "2026-01"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"contact": 1}, "unknown option contact"),
        ({"contacts": -1}, "contacts takes a number >= 0"),
        ({"contacts": "many"}, "contacts takes a number >= 0"),
        ({"leads": 1}, "only a classic account has leads"),
        ({"tasks": 1}, "tasks need contacts to hang on"),
    ],
)
async def test_a_seed_that_makes_no_sense(
    suite: RunningSimulator, body: dict[str, Any], words: str
) -> None:
    assert words in await refused(suite, "/seed", body)


async def test_the_truth_shows_what_views_hide_in_parts(suite: RunningSimulator) -> None:
    ids = [(await suite.contact(f"c{n}@x.example"))["id"] for n in range(3)]
    await suite.delete(f"/contacts/{ids[0]}")
    whole = await suite.control("/truth?object=contacts")
    assert [(one["id"], one["is_deleted"]) for one in whole] == [
        (ids[0], True), (ids[1], False), (ids[2], False)
    ]  # fmt: skip
    assert whole[0]["owner_id"] is not None
    part = await suite.control(f"/truth?object=contacts&after={ids[0]}&limit=1")
    assert [one["id"] for one in part] == [ids[1]]
    answer = await suite.send("GET", "/__sim/truth?object=ships")
    assert answer.status == 400
    assert (await suite.send("GET", "/__sim/nonsense")).status == 404


async def test_creations_are_counted_per_marker(suite: RunningSimulator) -> None:
    await suite.control("/seed", {"contacts": 2})
    contact = await suite.contact("a@x.example")
    await suite.contact("b@x.example", custom_field={"cf_marker": "m-1"})
    await suite.made("deals", name="D", amount=1)
    await suite.made("deals", name="D", amount=1)
    about = {"targetable_type": "Contact", "targetable_id": contact["id"]}
    await suite.made("notes", description="N", **about)
    stats = await suite.control("/stats")
    assert stats["creates"]["contacts"] == {"a@x.example": 1, "m-1": 1}
    assert stats["creates"]["deals"] == {"D": 2}
    assert stats["creates"]["notes"] == {"N": 1}
    assert stats["duplicates"]["deals"] == {"D": 2}
    assert stats["endpoints"]["POST /deals"]["requests"] == 2
    assert (await suite.send("DELETE", "/__sim/stats")).status == 200
    assert (await suite.control("/stats"))["creates"]["deals"] == {}


async def test_people_change_records_without_the_api(suite: RunningSimulator) -> None:
    contact = await suite.contact()
    path = f"/__sim/contacts/{contact['id']}"
    changed = await suite.send("PUT", path, data=b'{"city": "Oslo"}')
    assert changed.body["city"] == "Oslo"
    assert (await suite.control("/stats"))["total"]["requests"] == 1
    assert (await suite.send("PUT", path, data=b'{"city": []}')).status == 400
    assert (await suite.send("PUT", "/__sim/contacts/5", data=b"{}")).status == 400
    assert (await suite.send("PUT", "/__sim/ships/5", data=b"{}")).status == 400


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/fields", {"resource": "ships", "label": "L"}, "resource is one of"),
        ("/fields", {"resource": "deals", "label": "L", "type": "ship"}, "type is one of"),
        ("/fields", {"resource": "deals"}, "label is missing"),
        ("/users", {"name": "A"}, "a user has name and email"),
        ("/clock", {"advance_s": -1}, "advance takes seconds >= 0"),
        ("/clock", {"rewind": 1}, "clock takes freeze and advance_s"),
        ("/faults", {"kind": "status"}, "match is missing"),
    ],
)
async def test_a_wrong_control_call_says_why(
    suite: RunningSimulator, path: str, body: dict[str, Any], words: str
) -> None:
    assert words in await refused(suite, path, body)
