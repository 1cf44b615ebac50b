"""What comes in otherwise than through the API: messages, files, synced objects; and bodies."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given as whatever
from hypothesis import settings
from hypothesis import strategies as st

from freshbridge.bulk.rows import RowFormat
from freshbridge.bulk.text_lines import LONGEST_LINE, UnreadableRows
from freshbridge.destinations.arrivals import requests_in
from freshbridge.destinations.chunk_state import ChunkState, LostRequest, RunningJob, next_usual_s
from freshbridge.destinations.exchange import MOST_SHOWN, shown_reply, shown_request
from freshbridge.destinations.inline import LARGEST_INLINE, UnreadableRecords, read_inline
from freshbridge.destinations.json_list import rows_in
from freshbridge.destinations.model import read_settings
from freshbridge.destinations.sources import RecordSource
from freshbridge.destinations.store import Destination
from freshbridge.destinations.synced import LakeRows, UnknownObject, requests_after_sync
from freshbridge.errors import PayloadTooLarge
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.lake.rows import Row
from freshbridge.queues.envelope import UnreadableMessage

KEY = "incoming/193000002/dst_1/spring fair.csv"
AT = "2026-03-03T12:02:40Z"


def read(body: Any, message_id: str = "m1") -> Any:
    return requests_in(json.dumps(body), message_id=message_id, received_at=AT)


def bridge(key: str = KEY, kind: str = "Object Created", **stored: Any) -> dict[str, Any]:
    found = {"key": key, "sequencer": "01", **stored}
    return {"source": "aws.s3", "detail-type": kind,
            "detail": {"bucket": {"name": "b"}, "object": found}}  # fmt: skip


def notification(key: str = KEY, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    stored = {"key": key.replace(" ", "+"), "sequencer": "01"}
    return {"Records": [{"eventName": name, "s3": {"bucket": {"name": "b"}, "object": stored}}]}


def test_both_events_of_one_file_ask_for_one_run() -> None:
    (first,), (second,) = read(bridge()), read(notification())

    assert first == second
    assert (first.action, first.instance_id, first.platform) == (
        "send_records", "193000002", "freshsales",
    )  # fmt: skip
    assert first.parameters == {
        "destination_id": "dst_1", "source": {"bucket": "b", "key": KEY},
    }  # fmt: skip
    assert read(bridge(sequencer="02"))[0].action_id != first.action_id


@pytest.mark.parametrize(
    "body",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent"},
        bridge("incoming/193000002/dst_1/"),
        bridge(kind="Object Deleted"),
        bridge() | {"detail": None},
        notification(name="ObjectRemoved:Delete"),
        {"Records": [{"eventName": "ObjectCreated:Put"}]},
    ],
)
def test_what_brings_no_file_asks_for_nothing(body: Any) -> None:
    assert read(body) == []


@pytest.mark.parametrize("text", ["no json", "[]", '{"action": "x"}', '{"ticket": 1}', "3"])
def test_what_is_for_no_destination_is_left_to_others(text: str) -> None:
    assert requests_in(text, message_id="m", received_at=AT) is None


def test_records_in_a_message() -> None:
    address = {"instance_id": "1", "destination_id": "dst_1"}
    (one,) = read({**address, "record": {"a": 1}})
    (many,) = read({**address, "records": [{"a": 1}]})

    assert (one.action, one.parameters["record"]) == ("send_record", {"a": 1})
    assert (many.action, many.parameters["records"]) == ("send_records", [{"a": 1}])
    assert read({**address, "record": {"a": 1}}, "m2")[0].action_id != one.action_id
    keyed = {**address, "record": {"a": 1}, "idempotency_key": "k"}
    assert read(keyed, "m2") == read(keyed, "m3")


@pytest.mark.parametrize(
    "body",
    [
        bridge("fair.csv"),
        {"destination_id": "d", "record": {}},
        {"destination_id": "d", "instance_id": "1"},
        {"destination_id": "d", "instance_id": "1", "record": {}, "records": []},
        {"destination_id": "d", "instance_id": "1", "record": {}, "odd": 1},
    ],
)
def test_what_cannot_be_used_is_refused(body: Any) -> None:
    with pytest.raises(UnreadableMessage):
        read(body)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"instance_id": None}, "instance_id must be the id of an integration"),
        ({"instance_id": True}, "instance_id must be"),
        ({"destination_id": ["d"]}, "destination_id must be"),
        ({"record": [1]}, "record must be an object"),
        ({"record": None, "records": {}}, "records must be a list"),
        ({"record": None}, "give either record or records"),
        ({"odd": 1}, "there is no member odd"),
    ],
)
def test_the_member_that_is_wrong_is_named(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(UnreadableMessage, match=named):
        read({"instance_id": "1", "destination_id": "d", "record": {}, **changed})


def test_an_id_may_be_written_as_a_number() -> None:
    address = {"destination_id": "dst_1", "record": {"a": 1}}

    (request,) = read({**address, "instance_id": 184774186})

    assert request.instance_id == "184774186"
    assert [request] == read({**address, "instance_id": "184774186"})


@pytest.mark.parametrize(
    "key",
    [
        "incoming/193000002/dst_1/sub/e.csv",
        "incoming/193000002/dst_1/2026/03/e.csv",
        "193000002/dst_1/sub/e.csv",
        "from/the/shop/193000002/dst_1/e.csv",
        "incoming/193000002/dst_1/dst_2/e.csv",
    ],
)
def test_folders_below_a_destination_are_the_sender_s(key: str) -> None:
    (request,) = read(bridge(key))

    assert (request.instance_id, request.parameters["destination_id"]) == ("193000002", "dst_1")
    assert request.parameters["source"]["key"] == key


@pytest.mark.parametrize("key", ["incoming/1/e.csv", "incoming//dst_1/e.csv", "1/dst_1"])
def test_a_file_in_no_destination_s_folder_is_refused(key: str) -> None:
    with pytest.raises(UnreadableMessage, match="no destination's folder"):
        read(bridge(key))


LISTS = [
    ('[{"a": 1}]', [{"a": 1}]),
    (' \n[ {"a": "x,]"} ,\r\n 12 , 3.5,[{}], null ] \n', [{"a": "x,]"}, 12, 3.5, [{}], None]),
    ("[]", []),
]


@pytest.mark.parametrize(("text", "expected"), LISTS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_file_may_be_one_json_list_however_it_is_cut(
    text: str, expected: list[Any], size: int
) -> None:
    content = codecs.BOM_UTF8 + text.encode()
    pieces = [content[at : at + size] for at in range(0, len(content), size)]

    rows = list(rows_in(pieces, RowFormat.JSON_LINES, 10))

    assert [row.values if isinstance(one, dict) else None
            for row, one in zip(rows, expected, strict=True)] == [
        one if isinstance(one, dict) else None for one in expected
    ]  # fmt: skip
    assert [not row.problems for row in rows] == [isinstance(one, dict) for one in expected]


@pytest.mark.parametrize(
    "content",
    [b'[{"a": 1}', b'[{"a": 1}] x', b'[{"a": 1},]', b"[{'a': 1}]", b"[NaN]", b'["\xe9"]', b"[",
     b"[" + b'"' + b"x" * (LONGEST_LINE * 2 + 9)],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableRows):
        list(rows_in([content, b" "], RowFormat.JSON_LINES, 10))


def test_a_file_of_another_kind_is_read_as_before() -> None:
    lines = list(rows_in([b"\n", b'{"a": 1}\n{"a"', b": 2}"], RowFormat.JSON_LINES, 10))
    cells = list(rows_in([b"[a],b\n1,2\n"], RowFormat.CSV, 10))

    assert [row.values for row in lines] == [{"a": 1}, {"a": 2}]
    assert [row.values for row in cells] == [{"[a]": "1", "b": "2"}]
    assert list(rows_in([], RowFormat.JSON_LINES, 10)) == []


@pytest.mark.parametrize("kind", ["text/csv", "application/x-ndjson", "application/json"])
def test_a_body_that_is_not_utf_8_is_refused(kind: str) -> None:
    content = 'Last\n{"a": "Muñoz"}'.encode("latin-1")

    with pytest.raises(UnreadableRecords, match="the body is not UTF-8 at byte 14"):
        read_inline(content, kind)
    # What the gateway made of it, which nobody can read back.
    with pytest.raises(UnreadableRecords, match="line 2 of the body is not UTF-8"):
        read_inline(content.decode(errors="replace"), kind)


def test_a_body_of_bytes_is_taken_as_a_text_is() -> None:
    text = '{"Last": "Muñoz \ufffd"}'
    assert (
        read_inline(text.encode(), "").content
        == json.dumps(json.loads(text), separators=(",", ":")).encode()
    )
    assert read_inline("é".encode("utf-16"), "text/csv").content == "é".encode("utf-16")


@pytest.mark.parametrize(
    ("text", "kind", "count"),
    [
        ('{"a": 1}', "application/json", 1),
        ('[{"a": 1}, 2]', "", 2),
        ('{"records": [{"a": 1}], "dry_run": true}', "application/json", 1),
        ('{"a": 1}\n{"a": 2}', "application/x-ndjson; charset=utf-8", 2),
    ],
)
def test_bodies_become_lines(text: str, kind: str, count: int) -> None:
    found = read_inline(text, kind)
    assert found.kind is RowFormat.JSON_LINES
    assert len((found.content or b"").splitlines()) == count


def test_a_body_may_be_csv_or_name_a_file() -> None:
    assert read_inline("a,b\n1,2", "text/csv").kind is RowFormat.CSV
    named = read_inline('{"upload_id": "upl_1", "format": "csv"}', "")
    assert (named.upload_id, named.kind, named.content) == ("upl_1", RowFormat.CSV, None)
    assert read_inline('{"upload_id": "upl_1"}', "").kind is None


@pytest.mark.parametrize(
    "text",
    ["", "no", "3", "[]", '{"records": 3}', '{"records": [1], "upload_id": "u"}',
     '{"records": [1], "odd": 1}', '{"records": [1], "dry_run": "x"}',
     '{"upload_id": "u", "format": "xls"}'],
)  # fmt: skip
def test_a_body_without_records_is_refused(text: str) -> None:
    with pytest.raises(UnreadableRecords):
        read_inline(text, "application/json")


def test_a_body_that_is_too_large_is_to_be_uploaded() -> None:
    with pytest.raises(PayloadTooLarge, match="uploads"):
        read_inline("x" * (LARGEST_INLINE + 1), "text/csv")


class FakeLake:
    def rows(self, instance_id: str, obj: Any) -> Iterator[Row]:
        yield Row("1", "", "", body=json.dumps({"id": 1, "of": [instance_id, obj.name]}).encode())


def test_a_synced_object_is_read_from_the_lake() -> None:
    rows = LakeRows(cast("Any", FakeLake()))
    assert list(rows.current("7", "contacts")) == [{"id": 1, "of": ["7", "contacts"]}]
    with pytest.raises(UnknownObject):
        list(rows.current("7", "unicorns"))


def fed(name: str, *, enabled: bool = True, feed: Any = None) -> tuple[str, Destination]:
    body = {"name": "x", "template": "create_resource", "resource_type": "contacts",
            "enabled": enabled, **({"feed": feed} if feed else {})}  # fmt: skip
    return "193000002", Destination(name, read_settings(body))


def test_a_finished_sync_run_feeds_whoever_wants_it_once() -> None:
    contacts = {"instance_id": "7", "object": "contacts"}
    known = [
        fed("dst_1", feed=contacts),
        fed("dst_2", feed=contacts, enabled=False),
        fed("dst_3", feed=contacts | {"object": "tickets"}),
        fed("dst_4"),
    ]
    asked = {"instance_id": "7", "object_name": "contacts", "run_id": "run_1", "at": AT}

    (request,) = requests_after_sync(known, **asked)

    assert request.parameters == {"destination_id": "dst_1", "source": {"feed": contacts}}
    assert list(requests_after_sync(known, **asked)) == [request]


@pytest.mark.parametrize(
    "given", [{}, {"upload_id": "upl_" + "0" * 32, "key": "k", "bucket": "b"}, {"key": "k"}]
)
def test_a_source_is_one(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give"):
        RecordSource.model_validate(given)


def test_the_state_of_jobs_survives_being_written() -> None:
    job = RunningJob(7, [1, 3], "cu", 100.0)
    state = ChunkState(4, [job], [5], 9.0, 2.0, 1, 0, [LostRequest([2], 8.0)])

    assert ChunkState.read(state.text()) == state
    assert ChunkState.read("") == ChunkState()
    assert (state.busy, job.outcome_of(3)) == ({1, 2, 3, 5}, "updated")
    assert job.due_at(5.0) == 105.0
    job.looks, job.looked_at = 1, 110.0
    assert 110.0 < job.due_at(5.0) < 120.0


@whatever(usual_s=st.floats(1.0, 60.0), looks=st.integers(0, 9))
@settings(max_examples=50)
def test_the_usual_time_grows_with_looks_in_vain_and_shrinks_without(
    usual_s: float, looks: int
) -> None:
    found = next_usual_s(usual_s, looks)

    assert 1.0 <= found <= 60.0
    assert found >= usual_s if looks else found <= usual_s
    # One look in vain is worth many that were not.
    assert next_usual_s(next_usual_s(20.0, 1), 0) > 20.0


def test_what_was_on_its_way_when_a_function_died_is_one_without_an_answer() -> None:
    state = ChunkState(sending=[5], sent_at=9.0, lost=[LostRequest([2], 8.0)])

    found = state.with_lost()

    assert (found.sending, found.lost) == ([], [LostRequest([2], 8.0), LostRequest([5], 9.0)])
    assert found.with_lost() == found
    assert found.without(found.lost[0]).lost == [LostRequest([5], 9.0)]


def test_what_is_shown_of_an_exchange_tells_no_secret() -> None:
    secrets = ("Authorization", "Cookie", "X-Api-Key", "x-auth", "X-Token", "Client-Secret")
    headers = {**dict.fromkeys(secrets, "Token token=s3cret"), "Accept": "x"}
    request = ProviderRequest(
        method="POST", url="https://a.example/x", headers=headers, json={"a": 1}
    )
    body = {"deal": {"id": 1, "fc_widget_collaboration": {"auth_token": "s3cret"}}}
    reply = ProviderReply(200, {"Content-Type": "application/json", "Set-Cookie": "s3cret"},
                          json.dumps(body).encode())  # fmt: skip

    shown = json.dumps([shown_request(request), shown_reply(reply)])

    assert "s3cret" not in shown
    assert shown_request(request)["headers"]["accept"] == "x"
    assert shown_reply(reply)["body"] == {"deal": {"id": 1}}
    long = ProviderReply(502, {}, b"<" * (MOST_SHOWN + 1))
    assert len(shown_reply(long)["body"]) == MOST_SHOWN + 1
    assert shown_reply(ProviderReply(204, {}))["body"] is None
