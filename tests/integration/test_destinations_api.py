"""Destinations through the whole stack: saved, tried, fed in every way, looked at, mended."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from freezegun import freeze_time

from freshbridge import aws
from freshbridge.destinations.model import read_settings
from freshbridge.destinations.responses import ResponseLog
from freshbridge.destinations.store import (
    Destination,
    DestinationChangedMeanwhile,
    DestinationStore,
)
from freshbridge.freshsales import roots
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.lake.rows import Row
from tests import builders
from tests.fakes.aws_failures import client_error, raising
from tests.fakes.crm import ROOT, FakeCrm
from tests.fakes.freshsales import freshsales_instance
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.conftest import (
    ORGANIZATION_SECRET,
    STACK_NAME,
    USER_SECRET,
    Stack,
    Start,
)
from tests.integration.conftest import ROOT as ROOT_FOLDER

KEY = "key-made-up-4d1f"
INSTANCE = "193000002"
PATH = f"/api/integrations/{INSTANCE}/destinations"
FAIR: dict[str, Any] = {
    "name": "Contacts from the fair",
    "template": "create_resource",
    "resource_type": "contacts",
    "batch.mode": False,
    "mapping": {
        "emails": {"from": "E-mail", "transforms": ["trim", "lower"]},
        "last_name": "Last",
        "owner_id": {"from": "Seller", "lookup": "owner"},
        "cf_tier": "Tier",
    },
}
ANA = {"E-mail": " Ana@Fair.example ", "Last": "Ruiz", "Seller": "mia@acme.example", "Tier": "gold"}


class World:
    """One account; calls of the API, and the queue run dry."""

    def __init__(self, stack: Stack, start: Start, provider: FakeTransport, clock: Any) -> None:
        self.stack = stack
        self.start = start
        self.provider = provider
        self.crm = FakeCrm(provider)
        self.clock = clock
        Registry(stack.names["InstanceTable"]).create(freshsales_instance())
        Vault(STACK_NAME).create(
            INSTANCE, credentials={"api_key": KEY}, webhook_secret=builders.WEBHOOK_SECRET
        )

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str = "application/json",
        query: dict[str, str] | None = None,
        binary: bool = False,
        **headers: str,
    ) -> tuple[int, Any]:
        """The status, and the data or the error."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        access = {"Authorization": f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"}
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        event = builders.rest_event(
            method,
            path,
            body=text,
            headers={**access, "Content-Type": kind, **named},
            base64_encoded=binary,
        )
        event["queryStringParameters"] = query
        answer = self.start("ConnectorApi").handler(event, builders.Context(remaining_ms=29_000))
        found = json.loads(answer["body"])
        return answer["statusCode"], found.get("data", found)

    def made(self, **changed: Any) -> str:
        """A destination; its path."""
        status, data = self("POST", PATH, {**FAIR, **changed})
        assert status == 201, data
        return f"{PATH}/{data['destination_id']}"

    def drain(self) -> None:
        """Run executors until the queue is empty."""
        handler = self.start("ActionExecutor").handler
        name: Any = "ApproximateNumberOfMessagesDelayed"
        for _ in range(200):
            delayed: Any = aws.sqs().get_queue_attributes(
                QueueUrl=self.stack.names["ActionQueue"], AttributeNames=[name]
            )["Attributes"]
            if self.stack.count("ActionQueue") == (0, 0) and delayed[name] == "0":
                return
            if self.stack.count("ActionQueue")[0]:
                self.stack.deliver("ActionQueue", handler)
            self.clock.tick(timedelta(seconds=5))
        raise AssertionError("the queue never becomes empty")

    def sent(self, into: str, body: Any, **more: Any) -> dict[str, Any]:
        """Records sent, and what became of them."""
        status, data = self("POST", f"{into}/records", body, **more)
        assert status == 202, data
        self.drain()
        status, run = self("GET", data["run"])
        assert status == 200, run
        found: dict[str, Any] = run
        return found

    def download(self, url: str) -> str:
        """What a presigned URL gives."""
        key = urlsplit(url).path.lstrip("/").removeprefix("demo-payloads/")
        found = aws.s3().get_object(Bucket=self.stack.names["PayloadBucket"], Key=key)
        return found["Body"].read().decode()

    def stores(self) -> DestinationStore:
        """The destinations, directly."""
        return DestinationStore(self.stack.names["InstanceTable"])

    def names(self) -> list[str]:
        """The last names of all contacts."""
        return [str(one["last_name"]) for one in self.crm.contacts.values()]


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> Iterator[World]:
    roots.KNOWN.kept.clear()
    roots.KNOWN.confirmed.clear()
    with freeze_time(datetime.now(UTC)) as clock:
        yield World(stack, start, provider, clock)


def test_a_destination_is_saved_changed_listed_and_forgotten(world: World) -> None:
    into = world.made()
    status, shown = world("GET", into)
    assert (status, shown["version"], shown["resource_type"]) == (200, 1, "contacts")
    assert shown["batch"]["mode"] is False
    assert shown["mapping"]["owner_id"] == {"from": "Seller", "lookup": {"kind": "owner"}}

    assert world("PATCH", into, {"enabled": False, "version": 1})[1]["version"] == 2
    assert world("PATCH", into, {"enabled": False})[1]["version"] == 2
    assert world("PATCH", into, {"name": "x", "version": 1})[0] == 400
    assert world("PUT", into, {**FAIR, "resource_type": "accounts"})[1]["resource_type"] == (
        "sales_accounts"
    )
    listed = world("GET", PATH, query={"limit": "1"})[1]
    assert [one["version"] for one in listed["destinations"]] == [3]
    assert world("DELETE", into)[0] == 200
    assert world("DELETE", into)[0] == world("GET", into)[0] == 404


def test_what_could_never_be_sent_is_refused_when_it_is_saved(world: World) -> None:
    status, said = world("POST", PATH, {"name": "x", "template": "manual",
                                        "url": "https://evil.example/api/contacts"})  # fmt: skip
    assert status == 400
    assert "another origin" in said["message"]
    status, said = world("POST", PATH, {**FAIR, "batch.mode": True})
    assert (status, "bulk_upsert" in said["message"]) == (400, True)
    world.stack.connect()
    other = f"/api/integrations/{builders.INSTANCE_ID}/destinations"
    assert world("POST", other, FAIR)[1]["code"] == "no_destinations"


def test_the_test_button_shows_the_request_and_sends_it_once(world: World) -> None:
    into = world.made()

    status, dry = world("POST", f"{into}/test", {"record": ANA, "dry_run": True})

    assert status == 200
    assert dry["request"]["method"] == "POST"
    assert dry["request"]["url"] == f"https://acme.myfreshworks.com{ROOT}/contacts"
    assert dry["request"]["headers"]["authorization"] == "Token token=********"
    assert dry["request"]["body"] == {
        "contact": {"emails": "ana@fair.example", "last_name": "Ruiz", "owner_id": 9,
                    "custom_field": {"cf_tier": "Gold"}}
    }  # fmt: skip
    assert (dry["response"], world.crm.contacts) == (None, {})

    status, done = world("POST", f"{into}/test", {"record": ANA})
    assert (status, done["outcome"], done["response"]["status"]) == (200, "created", 200)
    assert KEY not in json.dumps([dry, done])
    status, twice = world("POST", f"{into}/test", {"record": ANA})
    assert (status, twice["outcome"]) == (200, "rejected")
    assert twice["response"]["body"]["errors"]["message"] == ["Email is not unique"]
    status, bad = world(
        "POST", f"{into}/test", {"record": {"E-mail": "a@b.example", "Tier": "tin"}}
    )
    assert (bad["outcome"], bad["fields"][0]["message"]) == (
        "invalid", "must be one of Gold, Silver",
    )  # fmt: skip
    assert world("POST", f"{into}/test", {"recrod": {}})[0] == 400


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps({"records": [ANA, {**ANA, "E-mail": "b@fair.example"}]})),
        ("application/json", json.dumps([ANA, {**ANA, "E-mail": "b@fair.example"}])),
        ("application/x-ndjson",
         f'{json.dumps(ANA)}\n{json.dumps({**ANA, "E-mail": "b@fair.example"})}\n'),
        ("text/csv; charset=utf-8",
         "E-mail,Last,Seller,Tier\nana@fair.example,Ruiz,Mia Stone,Gold\nb@fair.example,Ruiz,,\n"),
    ],
)  # fmt: skip
def test_records_come_as_json_json_lines_and_csv(world: World, kind: str, body: str) -> None:
    run = world.sent(world.made(), body, kind=kind)

    assert run["state"] == "succeeded"
    assert run["outcomes"]["created"] == 2
    assert sorted(one["email"] for one in world.crm.contacts.values()) == [
        "ana@fair.example", "b@fair.example",
    ]  # fmt: skip


def test_a_body_that_is_not_utf_8_is_refused(world: World) -> None:
    into = world.made()
    rows = "E-mail,Last\nana@fair.example,Muñoz\n"
    latin = base64.b64encode(rows.encode("latin-1")).decode()

    for body, binary in ((latin, True), (rows.replace("ñ", "\ufffd"), False)):
        status, said = world("POST", f"{into}/records", body, kind="text/csv", binary=binary)
        assert (status, said["code"]) == (400, "unreadable_records")
        assert "is not UTF-8" in said["message"]

    whole = base64.b64encode(rows.encode()).decode()
    world.sent(into, whole, kind="text/csv", binary=True)
    assert world.names() == ["Muñoz"]


def test_the_test_button_and_a_dry_run_tell_the_same(world: World) -> None:
    changed = {**ANA, "Last": "Other"}
    for on_duplicate, outcome, total in (
        ("fail", "rejected", "refuse"),
        ("skip", "unchanged", "unchanged"),
        ("update", "updated", "update"),
    ):
        into = world.made(on_duplicate=on_duplicate)
        world("POST", f"{into}/test", {"record": ANA})
        status, told = world("POST", f"{into}/test", {"record": changed, "dry_run": True})
        run = world.sent(into, {"records": [changed], "dry_run": True})

        assert (status, told["outcome"]) == (200, outcome)
        assert {name for name, count in run["totals"].items() if count} == {total}
    assert world.names() == ["Ruiz"]


def test_the_advice_of_a_duplicate_names_the_destination_s_own_choices(world: World) -> None:
    into = world.made()
    world("POST", f"{into}/test", {"record": ANA})

    said = world("POST", f"{into}/test", {"record": {**ANA, "Last": "Other"}})[1]

    assert (said["outcome"], said["code"]) == ("rejected", "conflict")
    assert "skip or update instead of fail" in said["advice"]
    assert "return" not in said["advice"]


def test_bad_addresses_are_invalid_in_a_dry_run_too(world: World) -> None:
    run = world.sent(world.made(), {"records": [{**ANA, "E-mail": "bad mail"}], "dry_run": True})

    assert {name for name, count in run["totals"].items() if count} == {"invalid"}


def test_the_same_request_is_the_same_run(world: World) -> None:
    into = world.made()
    first = world("POST", f"{into}/records", [ANA], Idempotency_Key="k1")[1]
    again = world("POST", f"{into}/records", [ANA], Idempotency_Key="k1")[1]
    assert first["run_id"] == again["run_id"]
    assert world("POST", f"{into}/records", [{**ANA, "Last": "Z"}], Idempotency_Key="k1")[0] == 409
    world.drain()
    assert world.names() == ["Ruiz"]


def test_an_uploaded_file_is_sent(world: World) -> None:
    into = world.made()
    status, offer = world("POST", f"{into}/uploads", {"name": "fair.csv", "size": 40})
    assert (status, offer["max_bytes"]) == (201, 100 * 1024 * 1024)
    key = f"uploads/{INSTANCE}/{offer['upload_id']}/content"
    content = b"E-mail,Last\nana@fair.example,Ruiz\n"
    aws.s3().put_object(Bucket=world.stack.names["PayloadBucket"], Key=key, Body=content)

    assert world.sent(into, {"upload_id": offer["upload_id"]})["outcomes"]["created"] == 1


def file_event(key: str) -> str:
    """An object-created event, as EventBridge puts it on the queue."""
    found = {"key": key, "etag": "e", "sequencer": "0061"}
    detail = {"bucket": {"name": "demo-payloads"}, "object": found}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})


def test_a_file_that_is_put_into_the_bucket_is_sent_once(world: World) -> None:
    into = world.made()
    key = f"incoming/{INSTANCE}/{into.rpartition('/')[2]}/fair.jsonl"
    body = json.dumps(ANA).encode()
    aws.s3().put_object(Bucket=world.stack.names["PayloadBucket"], Key=key, Body=body)

    # The same event comes twice.
    world.stack.send("ActionQueue", file_event(key))
    world.stack.send("ActionQueue", file_event(key))
    world.drain()

    assert world.names() == ["Ruiz"]
    (run,) = world("GET", f"{into}/runs")[1]["runs"]
    assert (run["origin"], run["source"]) == ("s3", f"s3://demo-payloads/{key}")
    assert run["outcomes"]["created"] == 1


def test_a_file_below_a_destination_s_folder_may_be_one_json_list(world: World) -> None:
    into = world.made()
    key = f"incoming/{INSTANCE}/{into.rpartition('/')[2]}/2026/fair.json"
    body = json.dumps([ANA, {**ANA, "E-mail": "b@fair.example"}], indent=2).encode()
    aws.s3().put_object(Bucket=world.stack.names["PayloadBucket"], Key=key, Body=body)

    world.stack.send("ActionQueue", file_event(key))
    world.drain()

    assert world.names() == ["Ruiz", "Ruiz"]


def test_records_on_the_queue_are_sent(world: World) -> None:
    into = world.made()
    address = {"instance_id": INSTANCE, "destination_id": into.rpartition("/")[2]}
    world.stack.send("ActionQueue", json.dumps({**address, "record": ANA}))
    many = [{**ANA, "E-mail": f"q{n}@fair.example"} for n in range(3)]
    world.stack.send("ActionQueue", json.dumps({**address, "records": many}))
    world.drain()

    assert len(world.names()) == 4


def test_a_synced_object_is_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    into = world.made(
        mapping={"emails": "email", "last_name": "name"},
        feed={"instance_id": builders.INSTANCE_ID, "object": "contacts"},
    )
    world.start("ActionExecutor")

    class Held:
        def __init__(self, _bucket: str) -> None:
            pass

        def rows(self, instance_id: str, obj: Any) -> Iterator[Row]:
            assert (instance_id, obj.name) == (builders.INSTANCE_ID, "contacts")
            for n in (1, 2):
                body = json.dumps({"email": f"s{n}@fair.example", "name": f"S {n}"}).encode()
                yield Row(str(n), "", "", body=body)

    monkeypatch.setattr("action_executor.ports.Lake", Held)
    source = {"feed": {"instance_id": builders.INSTANCE_ID, "object": "contacts"}}
    request = builders.action_request(
        action_id="act_feed",
        idempotency_key="act_feed",
        instance_id=INSTANCE,
        platform="freshsales",
        action="send_records",
        parameters={"destination_id": into.rpartition("/")[2], "source": source},
    )
    world.stack.send("ActionQueue", request)
    world.drain()

    assert world.names() == ["S 1", "S 2"]


def test_a_dry_run_tells_totals_and_sends_nothing(world: World) -> None:
    into = world.made(template="upsert", match_key="emails")
    world("POST", f"{into}/test", {"record": ANA})
    before = len(world.provider.requests)
    records = [ANA, {**ANA, "E-mail": "new@fair.example"}, {**ANA, "Last": "Changed",
               "E-mail": "x@fair.example", "Tier": "tin"}]  # fmt: skip

    run = world.sent(into, {"records": records, "dry_run": True})

    assert run["dry_run"] is True
    told = {name: count for name, count in run["totals"].items() if count}
    assert told == {"create": 1, "unchanged": 1, "invalid": 1}
    assert run["outcomes"]["created"] == 0
    asked = [one.path for one in world.provider.requests[before:]]
    assert asked == [f"{ROOT}/filtered_search/contact"]


def test_what_is_not_taken_can_be_mended_and_sent_again(world: World) -> None:
    into = world.made(mapping={**FAIR["mapping"], "mobile_number": "Mobile"})
    rows = "E-mail,Last,Tier,Mobile\na@fair.example,A,Gold,+511\nb@fair.example,B,tin,+512\n"
    run = world.sent(into, f"{rows}a@fair.example,Twin,Gold,\n", kind="text/csv")
    assert (run["outcomes"]["created"], run["outcomes"]["invalid"]) == (1, 2)
    path = f"{into}/runs/{run['run_id']}"

    listed = world("GET", f"{path}/records", query={"outcome": "invalid"})[1]["records"]
    assert [(one["row"], one["line"]) for one in listed] == [(2, 3), (3, 4)]
    assert listed[0]["fields"][0]["field"] == "custom_field.cf_tier"
    offer = world("GET", f"{path}/quarantine")[1]
    text = world.download(offer["url"])
    table = list(csv.DictReader(io.StringIO(text)))
    assert offer["records"] == 2
    assert "must be one of Gold, Silver" in table[0]["_reason"]
    assert table[0]["Mobile"] == "'+512"

    again = world.sent(into, text.replace("tin", "Silver"), kind="text/csv")
    assert (again["outcomes"]["created"], again["outcomes"]["rejected"]) == (1, 1)
    assert world.crm.contacts[101]["mobile_number"] == "+512"
    lines = world.download(
        world("GET", f"{path}/quarantine", query={"format": "jsonl", "only": "invalid"})[1]["url"]
    )
    assert [json.loads(line)["_row"] for line in lines.splitlines()] == [2, 3]


def test_what_was_not_taken_is_sent_again_as_the_destination_is_now(world: World) -> None:
    into = world.made()
    run = world.sent(into, [{**ANA, "Tier": "tin"}])
    tiers = {"from": "Tier", "transforms": [{"map": {"tin": "Silver"}}]}
    world("PATCH", into, {"mapping": {**FAIR["mapping"], "cf_tier": tiers}})

    status, again = world("POST", f"{into}/runs/{run['run_id']}/resend")
    assert status == 202
    world.drain()

    assert world.names() == ["Ruiz"]
    assert world("GET", again["run"])[1]["outcomes"]["created"] == 1
    assert world("POST", f"{again['run']}/resend")[0] == 400


def test_a_run_is_cancelled_and_resumed(world: World) -> None:
    into = world.made()
    records = [{**ANA, "E-mail": f"c{n}@fair.example"} for n in range(4)]
    begun = world("POST", f"{into}/records", records)[1]
    status, _stopped = world("POST", f"{begun['run']}/cancel")
    assert status == 200
    world.drain()
    assert world.names() == []
    assert world("GET", begun["run"])[1]["state"] == "cancelled"
    status, on = world("POST", f"{begun['run']}/resume")
    assert status == 202, on
    world.drain()
    assert len(world.names()) == 4
    run = world("GET", begun["run"])[1]
    assert (run["state"], run["progress"]["phase"]) == ("succeeded", "finished")
    assert world("GET", f"{into}/runs/act_none")[0] == 404


def test_responses_are_kept_and_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []
    real = aws.events()

    def put(Entries: list[dict[str, Any]]) -> dict[str, int]:  # noqa: N803 - as boto3 calls it
        told.extend(Entries)
        return {"FailedEntryCount": 0}

    monkeypatch.setattr(real, "put_events", put)
    into = world.made(track_responses=True)

    run = world.sent(into, [ANA, {**ANA, "Last": "Other", "E-mail": "ana@fair.example "}])

    name = into.rpartition("/")[2]
    kept = [key for key in world.stack.objects("PayloadBucket") if "/responses/" in key]
    assert kept == [f"actions/responses/{name}/{run['run_id']}/1.json"]
    found = aws.s3().get_object(Bucket=world.stack.names["PayloadBucket"], Key=kept[0])
    row = json.loads(found["Body"].read())
    assert (row["outcome"], row["response"]["status"]) == ("created", 200)
    assert KEY not in json.dumps(row)
    assert [json.loads(one["Detail"])["row"] for one in told] == [1]
    assert told[0]["DetailType"] == "destination_response"


def test_a_disabled_destination_takes_nothing(world: World) -> None:
    into = world.made()
    began = world("POST", f"{into}/records", [{**ANA, "Tier": "tin"}])[1]
    world.drain()
    world("PATCH", into, {"enabled": False})

    for path in (f"{into}/records", f"{began['run']}/resend"):
        status, said = world("POST", path, [ANA])
        assert (status, said["code"]) == (400, "destination_disabled")
    assert len(world("GET", f"{into}/runs")[1]["runs"]) == 1
    assert world.names() == []


def test_what_was_sent_before_a_destination_was_disabled_is_told_so(world: World) -> None:
    into = world.made()
    begun = world("POST", f"{into}/records", [ANA])[1]
    world("PATCH", into, {"enabled": False})
    world.drain()
    run = world("GET", begun["run"])[1]
    assert (run["state"], run["code"]) == ("failed", "destination_disabled")
    assert world.names() == []


def test_a_kind_that_is_not_offered_is_told_with_what_to_use(world: World) -> None:
    said = {"errors": {"code": 403, "message": ["Feature not enabled"]}}
    world.provider.on("GET", f"{ROOT}/settings/leads/fields", json_reply(said, 403))
    into = world.made(resource_type="leads", mapping={"last_name": "Last"})

    status, tried = world("POST", f"{into}/test", {"record": {"Last": "Ruiz"}})

    assert (status, tried["outcome"]) == (200, "rejected")
    assert tried["provider_message"] == "Feature not enabled"
    assert "use contacts" in tried["advice"]


def test_deleting_an_integration_takes_its_destinations_along(world: World) -> None:
    world.made()
    assert world("DELETE", f"/api/integrations/{INSTANCE}")[0] == 200
    keys = [item["sk"]["S"] for item in world.stack.items("InstanceTable") if "sk" in item]
    assert [key for key in keys if key.startswith("destination#")] == []


def test_of_two_who_save_at_once_the_second_is_told(world: World) -> None:
    into = world.made()
    parts = world.stores()
    held = parts.get(INSTANCE, into.rpartition("/")[2])
    parts.change(INSTANCE, held, replace(held, updated_at="later"))
    with pytest.raises(DestinationChangedMeanwhile):
        parts.change(INSTANCE, held, replace(held, updated_at="too late"))
    # A write whose answer was lost, sent again, meets itself.
    assert parts.change(INSTANCE, held, replace(held, updated_at="later")).version == 2


def test_a_destination_that_cannot_be_read_harms_no_other(world: World) -> None:
    world.made()
    table = world.stack.names["InstanceTable"]
    item = {"pk": {"S": INSTANCE}, "sk": {"S": "destination#old"}, "version": {"N": "1"},
            "created_at": {"S": ""}, "updated_at": {"S": ""}, "body": {"S": "{}"}}  # fmt: skip
    aws.dynamodb().put_item(TableName=table, Item=item)

    assert len(world("GET", PATH)[1]["destinations"]) == 1
    assert len(list(world.stores().every(INSTANCE))) == 1
    assert (
        world("GET", f"{PATH}/{'x' * 200}")[0] == world("DELETE", f"{PATH}/{'x' * 200}")[0] == 404
    )


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"bucket": "somebody-elses", "key": "a/b/c.csv"}, "invalid_request"),
        ({"bucket": "demo-payloads", "key": "incoming/1/2/none.csv"}, "row_file_missing"),
        ({"bucket": "demo-payloads", "key": "incoming/1/2/table.xls"}, "invalid_request"),
        ({"feed": {"instance_id": "1", "object": "unicorns"}}, "unknown_object"),
    ],
)
def test_a_source_that_cannot_be_read_says_so(
    world: World, source: dict[str, Any], code: str
) -> None:
    into = world.made()
    bucket = world.stack.names["PayloadBucket"]
    aws.s3().put_object(Bucket=bucket, Key="incoming/1/2/table.xls", Body=b"x")
    asked = {"destination_id": into.rpartition("/")[2], "source": source}
    body = {"action": "send_records", "parameters": asked}
    begun = world("POST", f"/api/integrations/{INSTANCE}/actions", body)[1]
    world.drain()

    run = world("GET", f"{into}/runs/{begun['action_id']}")[1]
    assert (run["state"], run["code"]) == ("failed", code)


def test_of_records_with_one_key_the_last_is_sent_where_asked(world: World) -> None:
    into = world.made(duplicates="last")
    run = world.sent(into, [ANA, {**ANA, "Last": "Newer"}])
    assert (run["outcomes"]["created"], run["outcomes"]["invalid"]) == (1, 1)
    assert world.names() == ["Newer"]
    assert run["progress"]["duplicates"] == 1


def test_a_response_that_cannot_be_told_stops_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = world.made(track_responses=True)
    refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled"}]}
    monkeypatch.setattr(aws.events(), "put_events", lambda **_asked: refused)
    assert world.sent(into, [ANA])["outcomes"]["created"] == 1
    broken = raising(client_error("PutEvents"))
    monkeypatch.setattr(aws.events(), "put_events", broken)
    large = {**ANA, "E-mail": "b@fair.example"}
    assert world.sent(into, [large])["outcomes"]["created"] == 1


def test_a_response_too_long_for_the_bus_is_told_without_its_body() -> None:
    told: list[str] = []

    class Bus:
        def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, int]:  # noqa: N803 - as boto3
            told.extend(one["Detail"] for one in Entries)
            return {"FailedEntryCount": 0}

    class Bucket:
        def put_object(self, **_asked: Any) -> None:
            pass

    log = ResponseLog("b", "bus", s3=cast("Any", Bucket()), events=cast("Any", Bus()))
    row = {"destination_id": "d", "run_id": "r", "row": 1, "response": "x" * 300_000}
    assert log.keep(row) == "actions/responses/d/r/1.json"
    assert json.loads(told[0])["truncated"] is True
    assert ResponseLog("b", "", s3=cast("Any", Bucket())).keep(row)


def test_a_run_that_is_cancelled_while_it_is_read_can_be_read_on(world: World) -> None:
    into = world.made()
    begun = world("POST", f"{into}/records", [ANA])[1]
    world("POST", f"{begun['run']}/cancel")
    world.drain()
    assert world("GET", begun["run"])[1]["state"] == "cancelled"
    assert world("GET", f"{begun['run']}/records", query={"outcome": "all"})[0] == 200
    assert (
        world("GET", f"{into}/runs", query={"limit": "1"})[1]["runs"][0]["run_id"] in begun["run"]
    )


@pytest.mark.parametrize(
    ("sample", "count"),
    [("freshsales.send_record", 1), ("freshsales.send_records", 2), ("record_for_destination", 1)],
)
def test_the_samples_send_records(world: World, sample: str, count: int) -> None:
    mapping = {"emails": "E-mail", "first_name": "First", "last_name": "Last"}
    settings = read_settings({**FAIR, "mapping": mapping})
    world.stores().create(INSTANCE, Destination("dst_0193c0ffee", settings))
    event = json.loads((ROOT_FOLDER / f"events/action_executor/{sample}.json").read_text())

    world.stack.send("ActionQueue", event["Records"][0]["body"])
    world.drain()

    assert len(world.names()) == count
