"""export_object from the queue to the file behind its URL."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from freshbridge.exports import folder, part_file, run
from freshbridge.lake.rows import State
from freshbridge.queues.envelope import ActionRequest
from tests import builders
from tests.fakes.provider import FakeTransport
from tests.integration.conftest import Stack, Start
from tests.integration.export_world import AS_OF, World, ticket


@pytest.fixture
def world(stack: Stack, start: Start, provider: FakeTransport) -> Iterator[World]:
    with freeze_time(datetime.now(UTC).replace(microsecond=0)) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        made = World(stack, start, provider, clock)
        made.connect()
        yield made


@pytest.fixture
def hasty(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Every look at the clock takes a run's time, so that each run reads one file."""

    class Late:
        def __call__(self) -> datetime:
            world.pass_time(timedelta(seconds=run.RUN_S))
            return datetime.now(UTC)

    original = run.Desk
    monkeypatch.setattr(
        "freshbridge.exports.assembly.Desk",
        lambda copy, standings, place: original(copy, standings, place, Late()),
    )
    # Small parts, which S3 would refuse, so that a file has several.
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    monkeypatch.setattr(
        "freshbridge.exports.assembly.ExportFolder",
        lambda bucket: folder.ExportFolder(bucket, part_bytes=20_000),
    )
    return world


def export_request(**parameters: Any) -> ActionRequest:
    return builders.action_request(
        action="export_object", parameters=parameters, origin={"type": "api"}
    )


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_what_is_downloaded_is_what_the_lake_holds(world: World) -> None:
    # Given a synced account
    world.hold([ticket(n) for n in range(1, 2501)])
    world.synced()

    # When its tickets are exported as CSV and as JSON Lines
    record = world.run(object="tickets", format=["csv", "jsonl"])

    # Then both files hold what the lake's files do, and it is told how old that is
    data = record["data"]
    assert (record["state"], data["rows"], data["as_of"]) == ("succeeded", 2500, AS_OF)
    assert data["warnings"] == []
    held = world.held()
    table, lines = (world.download(one["url"])[0] for one in data["files"])
    assert [json.loads(line) for line in lines.decode().splitlines()] == held
    rows = read_csv(table)
    assert [int(row["id"]) for row in rows] == [one["id"] for one in held]
    assert list(rows[0]) == list(held[0])
    assert json.loads(rows[0]["custom_fields"]) == held[0]["custom_fields"]
    assert [one["bytes"] for one in data["files"]] == [len(table), len(lines)]
    # and the provider was not called
    assert world.receiver.requests == []


def test_many_short_runs_make_the_same_files_as_one(hasty: World) -> None:
    hasty.hold([ticket(n, subject=f"=cmd {n} é" * 9) for n in range(1, 4001)])
    hasty.synced()

    record = hasty.run(object="tickets", format=["csv", "json"], gzip=True)

    data = record["data"]
    assert (record["state"], data["rows"]) == ("succeeded", 4000)
    # It was put off again and again, which counts as no attempt.
    assert len(record["attempts"]) == 1
    table, array = (gzip.decompress(hasty.download(one["url"])[0]) for one in data["files"])
    assert json.loads(array) == hasty.held()
    rows = read_csv(table)
    assert [row["subject"] for row in rows] == [f"'{one['subject']}" for one in hasty.held()]
    keys = hasty.stack.objects("PayloadBucket")
    assert sum("/rest-" in key for key in keys) > 2


def test_a_run_that_dies_is_repeated_from_the_last_state(
    hasty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty.hold([ticket(n) for n in range(1, 4001)])
    hasty.synced()
    original = part_file.PartFile.pause
    deaths: list[str] = []

    def dying(self: part_file.PartFile, rest_key: str) -> dict[str, Any]:
        if len(deaths) < 3:
            deaths.append(rest_key)
            raise RuntimeError("killed")
        return original(self, rest_key)

    monkeypatch.setattr(part_file.PartFile, "pause", dying)
    hasty.stack.send("ActionQueue", export_request(object="tickets", format="jsonl"))
    hasty.work(tick_s=300)

    record = hasty.record("act_0001")
    assert (record["state"], len(deaths)) == ("succeeded", 3)
    lines = hasty.download(record["data"]["url"])[0].decode().splitlines()
    assert [json.loads(line) for line in lines] == hasty.held()


def test_dying_between_the_file_and_its_state_loses_nothing(
    hasty: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty.hold([ticket(n) for n in range(1, 3001)])
    hasty.synced()
    original = folder.ExportFolder.save
    deaths: list[int] = []

    def dying(self: folder.ExportFolder, *place: Any) -> None:
        if place[-1].phase.value == "done" and not deaths:
            deaths.append(place[-1].runs)
            raise RuntimeError("killed")
        original(self, *place)

    monkeypatch.setattr(folder.ExportFolder, "save", dying)
    hasty.stack.send("ActionQueue", export_request(object="tickets", format="jsonl"))
    hasty.work(tick_s=300)

    record = hasty.record("act_0001")
    assert (record["state"], record["data"]["rows"], len(deaths)) == ("succeeded", 3000, 1)
    lines = hasty.download(record["data"]["url"])[0].decode().splitlines()
    assert [json.loads(line) for line in lines] == hasty.held()


def test_fields_filters_and_removed_ones(world: World) -> None:
    world.hold([ticket(n) for n in range(1, 31)])
    world.hold([{"id": 7, "deleted": True, "updated_at": "2026-03-29T00:00:00Z"}],
               state=State.DELETED)  # fmt: skip
    world.hold([{"id": 99, "updated_at": "2026-03-29T00:00:00Z"}], state=State.GONE)
    world.synced()

    some = world.run(
        "act_1",
        object="tickets",
        fields=["id", "custom_fields.cf_region", "stats.resolved_at"],
        where=[{"field": "status", "value": 2}, {"field": "tags", "op": "!=", "value": "vip"}],
        updated_since="2026-03-09",
        bom=True,
    )["data"]
    table, about = world.download(some["url"])
    assert table.startswith(b"\xef\xbb\xbfid,custom_fields.cf_region,stats.resolved_at\r\n")
    expected = [n for n in range(1, 28) if n % 4 == 0 and 1 + n % 28 >= 9 and n != 7]
    assert [line.split(",")[0] for line in table[3:].decode().splitlines()[1:]] == [
        str(n) for n in expected
    ]
    assert about["response-content-type"] == "text/csv; charset=utf-8"
    assert about["response-content-disposition"] == 'attachment; filename="tickets.csv"'

    whole = world.run("act_2", object="tickets", format="jsonl", include_removed=True)["data"]
    lines = [json.loads(line) for line in world.download(whole["url"])[0].splitlines()]
    states = {one["id"]: one["_state"] for one in lines}
    assert (whole["rows"], states[7], states[99], states[8]) == (31, "deleted", "gone", "live")

    few = world.run("act_3", object="tickets", format="csv", limit=5)["data"]
    assert (few["rows"], len(read_csv(world.download(few["url"])[0]))) == (5, 5)


def test_a_csv_has_a_column_for_whatever_any_record_has(world: World) -> None:
    world.hold([ticket(1), ticket(1500, late="yes"), ticket(2500, later=1)])
    world.synced()

    data = world.run(object="tickets")["data"]

    rows = read_csv(world.download(data["url"])[0])
    assert [(row["id"], row["late"], row["later"]) for row in rows] == [
        ("1", "", ""), ("1500", "yes", ""), ("2500", "", "1"),
    ]  # fmt: skip


def test_a_column_that_comes_up_too_late_is_told(hasty: World) -> None:
    hasty.hold([ticket(1), ticket(1500)])
    hasty.synced()
    hasty.stack.send("ActionQueue", export_request(object="tickets"))
    hasty.work(until=lambda: "rest-csv" in "".join(hasty.stack.objects("PayloadBucket")))
    hasty.hold([ticket(1500, surprise=1, updated_at="2026-03-30T00:00:00Z")])
    hasty.work()

    data = hasty.record("act_0001")["data"]
    assert data["rows"] == 2
    assert data["warnings"] == ["members that appeared while it was written are left out: surprise"]


@pytest.mark.parametrize(
    ("standing", "as_of", "warning"),
    [
        (None, None, "this object was never synced: add it to the instance's sync_objects"),
        ({"complete_since": ""}, None, "the copy is not whole"),
        ({"owed_run": "run_1"}, AS_OF, "changes since as_of may be missing"),
    ],
)
def test_doubts_about_the_copy_are_told(
    world: World, standing: dict[str, Any] | None, as_of: str | None, warning: str
) -> None:
    if standing is not None:
        world.synced(**standing)

    record = world.run(object="tickets")

    data = record["data"]
    assert (data["rows"], data["as_of"], world.download(data["url"])[0]) == (0, as_of, b"")
    assert warning in data["warnings"][0]
    assert data["warnings"][0] in record["message"]


def test_children_stand_where_their_parents_do(world: World) -> None:
    world.hold([{"id": 5, "ticket_id": 1, "body_text": "Hi"}], "conversations")
    world.synced("tickets")

    data = world.run(object="conversations", format="jsonl")["data"]

    assert (data["rows"], data["as_of"]) == (1, AS_OF)
    assert "not among the instance's sync_objects" in data["warnings"][0]


def test_a_new_url_can_be_had_later(world: World) -> None:
    world.hold([ticket(1)])
    world.synced()
    first = world.run(object="tickets", format="jsonl")["data"]
    world.pass_time(timedelta(hours=2))

    again = world.call("GET", "/api/actions/act_0001/export")

    assert again.status == 200
    found = again.body["data"]
    assert found["expires_at"] > first["expires_at"]
    assert world.download(found["url"])[0] == world.download(first["url"])[0]
    body = json.dumps({"action": "export_object", "parameters": {"object": "tickets"}})
    queued = world.call("POST", "/api/integrations/193000001/actions", body).body["action_id"]
    note = json.dumps({"action": "add_note", "parameters": {"ticket_id": 5, "body": "x"}})
    headers = {"Prefer": "respond-async"}
    other = world.call("POST", "/api/integrations/193000001/actions", note, headers=headers)
    for missing in ("act_none", queued, other.body["action_id"]):
        assert world.call("GET", f"/api/actions/{missing}/export").status == 404


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"object": "printers"}, "object"),
        ({"object": "tickets", "format": "xls"}, "format"),
        ({"object": "tickets", "updated_since": "yesterday"}, "updated_since"),
        ({"object": "tickets", "where": [{"field": "id", "op": "~", "value": 1}]}, "where.0.op"),
        ({"object": "tickets", "fields": []}, "fields"),
        ({"object": "tickets", "limit": 0}, "limit"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    world: World, parameters: dict[str, Any], named: str
) -> None:
    body = json.dumps({"action": "export_object", "parameters": parameters})
    answer = world.call("POST", "/api/integrations/193000001/actions", body)
    assert answer.status == 400
    fields = {one["field"].split(".literal")[0] for one in answer.body["details"]["fields"]}
    assert any(one.startswith(named) for one in fields)


def test_a_field_that_no_record_has_is_told_with_near_names(world: World) -> None:
    world.hold([ticket(n) for n in range(1, 6)])
    world.synced()

    record = world.run(
        object="tickets",
        format="csv",
        fields=["id", "cf_region", "stats.resolved_at"],
        where=[{"field": "subjct", "op": "=", "value": "Printer 1"}],
    )

    warnings = record["data"]["warnings"]
    assert (record["state"], record["data"]["rows"]) == ("succeeded", 0)
    assert [one.partition(";")[0] for one in warnings] == [
        "no record has a field cf_region", "no record has a field subjct",
    ]  # fmt: skip
    assert "did you mean custom_fields.cf_region" in warnings[0]
    assert "did you mean subject?" in warnings[1]
    assert "subjct" in record["message"]
