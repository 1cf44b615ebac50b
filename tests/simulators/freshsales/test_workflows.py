"""Workflows that call a webhook: when they fire, what they send, what is retried."""

import base64
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from tests.simulators.freshdesk.webhook_receiver import Receiver, listening, until
from tests.simulators.freshsales.conftest import RunningSimulator


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as one:
        yield one


def workflow(receiver: Receiver, **more: Any) -> dict[str, Any]:
    request = {"url": receiver.url, "fields": ["id", "email"], **more.pop("request", {})}
    return {"module": "contacts", "trigger": "created", **more, "request": request}


async def test_a_created_contact_is_told_of(suite: RunningSimulator, receiver: Receiver) -> None:
    authentication = {"username": "hook", "password": "pw"}
    request = {"headers": {"X-Secret": "s3"}, "authentication": authentication}
    await suite.control("/workflows", workflow(receiver, request=request))
    contact = await suite.contact("ana@x.example")
    assert await receiver.body() == {"contact": {"id": contact["id"], "email": "ana@x.example"}}
    headers = receiver.headers[0]
    assert headers["X-Secret"] == "s3"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"hook:pw").decode()
    assert headers["Content-Type"] == "application/json"
    assert not [name for name in headers if "signature" in name.lower()]
    log = await suite.control("/webhooks")
    assert log["deliveries"][0]["url"] == receiver.url.partition("?")[0]


async def test_an_update_fires_for_its_attributes_and_conditions(
    suite: RunningSimulator, receiver: Receiver
) -> None:
    won = await suite.selector("deal_stages", "Won")
    await suite.control(
        "/workflows",
        workflow(
            receiver, module="deals", trigger="updated", changed=["deal_stage_id"],
            conditions=[{"attribute": "deal_stage_id", "operator": "is", "value": won}],
            request={"fields": ["id", "deal_stage_id", "cf_region"]},
        ),
    )  # fmt: skip
    deal = await suite.made("deals", name="D", amount=1, custom_field={"cf_region": "North"})
    path = f"/deals/{deal['id']}"
    demo = await suite.selector("deal_stages", "Demo")
    for change in ({"amount": 2}, {"deal_stage_id": demo}, {"deal_stage_id": won}, {"amount": 3}):
        assert (await suite.put(path, {"deal": change})).status == 200
    sent = {"id": deal["id"], "deal_stage_id": won, "cf_region": "North"}
    assert await receiver.body() == {"deal": sent}
    assert (await suite.control("/webhooks"))["counts"].keys() <= {"delivered", "queued"}
    assert len((await suite.control("/webhooks"))["deliveries"]) == 1


async def test_an_update_that_changes_nothing_fires_nothing(
    suite: RunningSimulator, receiver: Receiver
) -> None:
    await suite.control("/workflows", workflow(receiver, trigger="created_or_updated"))
    contact = await suite.contact(city="Lima")
    await suite.put(f"/contacts/{contact['id']}", {"contact": {"city": "Lima"}})
    await suite.put(f"/contacts/{contact['id']}", {"contact": {"city": "Oslo"}})
    await receiver.body(2)
    assert len((await suite.control("/webhooks"))["deliveries"]) == 2


async def test_a_deletion_a_persons_change_and_a_bulk_row_are_told_of(
    suite: RunningSimulator, receiver: Receiver
) -> None:
    await suite.control("/config", {"job_delay_s": 0})
    for trigger in ("deleted", "updated", "created"):
        await suite.control("/workflows", workflow(receiver, trigger=trigger))
    await suite.post(
        "/contacts/bulk_upsert", {"contacts": [{"emails": "b@x.example", "data": {"city": "x"}}]}
    )
    (contact_id,) = suite.account.table("contacts")
    await suite.send("PUT", f"/__sim/contacts/{contact_id}", data=b'{"city": "Oslo"}')
    await suite.delete(f"/contacts/{contact_id}")
    await receiver.body(3)
    log = (await suite.control("/webhooks?limit=2"))["deliveries"]
    assert len(log) == 2


@pytest.mark.parametrize(
    ("encoding", "content_type", "pattern"),
    [
        ("json", "application/json", r'\{"contact": \{"first_name": "A<&\\"n"\}\}'),
        ("xml", "application/xml", r"<contact><first_name>A&lt;&amp;\"n</first_name></contact>"),
        ("form", "application/x-www-form-urlencoded", r"contact%5Bfirst_name%5D=A%3C%26%22n"),
    ],
)
async def test_simple_content_is_encoded(
    suite: RunningSimulator, receiver: Receiver, encoding: str, content_type: str, pattern: str
) -> None:
    request = {"encoding": encoding, "fields": ["first_name"], "method": "PUT"}
    await suite.control("/workflows", workflow(receiver, request=request))
    await suite.contact(first_name='A<&"n')
    await until(lambda: bool(receiver.bodies))
    assert re.search(pattern, receiver.bodies[0].decode())
    assert receiver.headers[0]["Content-Type"] == content_type
    assert receiver.methods == ["PUT"]


async def test_advanced_content_is_pasted_unescaped_and_urls_are_quoted(
    suite: RunningSimulator, receiver: Receiver
) -> None:
    body = '{"who": "{{contact.first_name}}", "tags": {{contact.tags}}, "nobody": "{{contact.x}}"}'
    request = {
        "content": "advanced", "body": body, "url": receiver.url + "&who={{ contact.email }}"
    }  # fmt: skip
    await suite.control("/workflows", workflow(receiver, request=request))
    await suite.contact("a+b@x.example", first_name='A"n', tags=["vip"])
    await until(lambda: bool(receiver.bodies))
    assert receiver.bodies[0] == b'{"who": "A"n", "tags": ["vip"], "nobody": ""}'


async def test_a_get_carries_no_body(suite: RunningSimulator, receiver: Receiver) -> None:
    request = {"method": "GET", "authentication": {"api_key": "k"}}
    await suite.control("/workflows", workflow(receiver, request=request))
    await suite.contact()
    await until(lambda: bool(receiver.bodies))
    assert (receiver.methods, receiver.bodies) == (["GET"], [b""])
    assert receiver.headers[0]["Authorization"] == "Token token=k"


async def test_a_failed_call_is_final_unless_waits_are_set(
    suite: RunningSimulator, receiver: Receiver
) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    await suite.control("/workflows", workflow(receiver))
    log = suite.account.table("webhook_deliveries")
    receiver.statuses = [500]
    await suite.contact("a@x.example")
    await until(lambda: [one["state"] for one in log.values()] == ["failed"])
    await suite.control("/config", {"webhook_retry_schedule_s": [300]})
    receiver.statuses = [500, 200]
    await suite.contact("b@x.example")
    await until(lambda: [one["state"] for one in log.values()] == ["failed", "retrying"])
    await suite.control("/clock", {"advance_s": 300})
    await until(lambda: [one["state"] for one in log.values()] == ["failed", "delivered"])
    assert [one["status"] for one in list(log.values())[1]["attempts"]] == [500, 200]


async def test_calls_under_way_end_with_the_server(
    receiver: Receiver, suite: RunningSimulator
) -> None:
    receiver.hang = True
    await suite.control("/workflows", workflow(receiver))
    await suite.contact()
    await until(lambda: bool(receiver.bodies))
    (delivery,) = suite.account.table("webhook_deliveries").values()
    assert (delivery["state"], delivery["attempts"]) == ("queued", [])


async def test_workflows_are_listed_and_removed(
    suite: RunningSimulator, receiver: Receiver
) -> None:
    made = await suite.control("/workflows", workflow(receiver))
    assert (await suite.control("/workflows"))["workflows"] == [made]
    await suite.send("DELETE", f"/__sim/workflows/{made['id']}")
    assert (await suite.send("DELETE", f"/__sim/workflows/{made['id']}")).status == 400
    await suite.control("/workflows", workflow(receiver, active=False))
    await suite.contact()
    assert (await suite.control("/webhooks"))["deliveries"] == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"module": "ships"}, "module is one of"),
        ({"trigger": "someday"}, "trigger is one of"),
        ({"nonsense": 1}, "unknown key nonsense"),
        ({"conditions": [{"attribute": "ship", "operator": "is"}]}, "Attribute is invalid"),
        ({"request": {"method": "BREW"}}, "method is one of"),
        ({"request": {"url": "ftp://x"}}, "url is missing"),
    ],
)
async def test_a_workflow_that_makes_no_sense(
    suite: RunningSimulator, receiver: Receiver, more: dict[str, Any], words: str
) -> None:
    body = orjson.dumps(workflow(receiver, **more))
    answer = await suite.send("POST", "/__sim/workflows", data=body)
    assert answer.status == 400
    assert words in answer.body["message"]


async def test_form_bodies_can_be_read_back(suite: RunningSimulator, receiver: Receiver) -> None:
    request = {"encoding": "form", "fields": ["email", "is_deleted", "city"]}
    await suite.control("/workflows", workflow(receiver, request=request))
    await suite.contact("a@x.example")
    await until(lambda: bool(receiver.bodies))
    assert parse_qs(receiver.bodies[0].decode(), keep_blank_values=True) == {
        "contact[email]": ["a@x.example"], "contact[is_deleted]": ["false"], "contact[city]": [""]
    }  # fmt: skip
