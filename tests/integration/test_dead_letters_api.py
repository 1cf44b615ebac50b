"""The API's dead letters: listed, looked at, mended, sent back, given up."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from connector_api.ports import ports
from freshbridge import aws
from freshbridge.dead_letters.letter import State
from freshbridge.queues.payload import INLINE_LIMIT
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start
from tests.integration.test_dead_letter_redrive import park
from tests.integration.test_dead_letters import history, letters, only_letter

ACCESS = {"Authorization": f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"}
NOTES = "/api/v2/tickets/1042/notes"
Api = Callable[..., tuple[int, Any]]


@pytest.fixture
def api(start: Start, stack: Stack) -> Api:
    """Call the API: the status, and the whole body."""
    stack.connect()

    def call(
        method: str, path: str, body: Any = None, *, remaining_ms: int = 29_000, **query: str
    ) -> tuple[int, Any]:
        text = None if body is None else json.dumps(body)
        event = builders.rest_event(method, f"/api/dead-letters{path}", body=text, headers=ACCESS)
        event["queryStringParameters"] = query or None
        answer = start("ConnectorApi").handler(event, builders.Context(remaining_ms))
        return answer["statusCode"], json.loads(answer["body"])

    return call


def ids(answer: tuple[int, Any]) -> list[str]:
    assert answer[0] == 200, answer
    return [letter["id"] for letter in answer[1]["data"]["dead_letters"]]


def test_a_list_is_paged_newest_first(stack: Stack, api: Api) -> None:
    for number in range(5):
        park(stack, number, queue=("actions", "events", "sync")[number % 3])

    found, after = [], None
    while True:
        status, body = api("GET", "", limit="2", **({"after": after} if after else {}))
        assert status == 200
        found += [letter["id"] for letter in body["data"]["dead_letters"]]
        if (after := body["data"]["after"]) is None:
            break

    everything = [letter.letter_id for letter in letters(stack)]
    assert found == everything
    assert len(set(found)) == 5


def test_a_list_shows_no_body_and_a_letter_shows_all(stack: Stack, api: Api) -> None:
    park(stack)

    _status, listed = api("GET", "", queue="actions", action="add_note", origin="rule", text="WHY")
    (summary,) = listed["data"]["dead_letters"]
    status, body = api("GET", f"/{summary['id']}")

    assert "parameters" not in summary
    whole = body["data"]
    assert (status, whole["parameters"]) == (200, {"ticket_id": 1042, "body": "<p>Seen</p>"})
    assert whole["body"]["origin"]["event_id"] == "evt_0001"
    assert (whole["instance_id"], whole["code"]) == (int(builders.INSTANCE_ID), "not_found")
    assert [entry["what"] for entry in whole["history"]] == ["parked"]
    assert whole["attempted"] is None
    assert ids(api("GET", "", code="conflict")) == []
    assert ids(api("GET", "", state="discarded")) == []


def test_attempts_of_the_action_s_record_are_shown(
    stack: Stack, api: Api, start: Start, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, json_reply({"description": "no"}, 404))
    stack.send("ActionQueue", builders.action_request())
    stack.deliver("ActionQueue", start("ActionExecutor").handler)

    whole = api("GET", f"/{only_letter(stack).letter_id}")[1]["data"]

    assert [attempt["code"] for attempt in whole["attempted"]] == ["not_found"]
    assert whole["provider"]["status"] == 404


def test_letters_are_counted(stack: Stack, api: Api) -> None:
    for number in range(3):
        park(stack, number, code="not_found" if number else "conflict")

    status, body = api("GET", "/summary")

    assert status == 200
    assert body["data"]["queues"] == {"actions": {"not_found": 2, "conflict": 1}}
    assert api("GET", "/summary", code="conflict")[1]["data"]["total"] == 1


def test_a_mended_action_runs_mended_under_its_old_key(
    stack: Stack, api: Api, start: Start, provider: FakeTransport
) -> None:
    provider.on("POST", "/api/v2/tickets/7/notes", json_reply({"id": 31}, 201))
    park(stack)
    letter_id = only_letter(stack).letter_id

    # When somebody looks first, nothing is sent
    changes = {"parameters": {"ticket_id": 7}}
    status, body = api("POST", f"/{letter_id}/redrive", changes | {"dry_run": True})
    assert (status, body["data"]["body"]["parameters"]["ticket_id"]) == (200, 7)
    assert stack.messages("ActionQueue") == []

    # And when the letter is sent back, it runs with the ticket that was given and the old text
    status, body = api("POST", f"/{letter_id}/redrive", changes)
    assert (status, body["data"]["state"]) == (202, "returning")
    assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []

    (sent,) = provider.requests
    assert (sent.path, sent.json["body"]) == ("/api/v2/tickets/7/notes", "<p>Seen</p>")
    done = only_letter(stack)
    assert history(done) == ["parked", "edited", "redriven", "resolved"]
    assert (done.history[1].by, done.history[1].note) == ("user 1", "ticket_id")
    assert done.subject.idempotency_key == "act_0"
    # And what it said before is still to be seen
    whole = api("GET", f"/{letter_id}")[1]["data"]
    assert whole["original_parameters"] == {"ticket_id": 1042, "body": "<p>Seen</p>"}
    assert whole["parameters"] == {"ticket_id": 7, "body": "<p>Seen</p>"}


def test_what_was_replaced_is_named_and_kept_from_the_first_edit_on(
    stack: Stack, api: Api, start: Start, provider: FakeTransport
) -> None:
    # Given a long note that is refused after its first edit as well
    long = "x" * 20_000
    provider.on("POST", "/api/v2/tickets/7/notes", json_reply({"description": "no"}, 404))
    request = builders.action_request(parameters={"ticket_id": 0, "body": long, "old": 1})
    stack.send("ActionQueue", request)
    run = start("ActionExecutor").handler
    stack.deliver("ActionQueue", run)
    path = f"/{only_letter(stack).letter_id}"
    assert api("GET", path)[1]["data"]["original_parameters"] is None
    mended = {"parameters": {"ticket_id": 7, "body": "short"}, "replace": True}
    assert api("POST", f"{path}/redrive", mended)[0] == 202
    stack.deliver("ActionQueue", run)

    # When it is edited again
    assert api("POST", f"{path}/redrive", {"parameters": {"body": "shorter"}})[0] == 202

    # Then it shows what it said at first, which does not fill its item
    edits = [entry.note for entry in only_letter(stack).history if entry.what == "edited"]
    assert edits == ["body, old, ticket_id", "body"]
    assert api("GET", path)[1]["data"]["original_parameters"] == request.parameters
    assert "payload_pointer" in only_letter(stack).original_body


@pytest.mark.parametrize("when", ["returning", "parked again", "resolved"])
def test_a_copy_from_before_an_edit_undoes_nothing(
    stack: Stack, api: Api, start: Start, provider: FakeTransport, when: str
) -> None:
    # Given an action that no schema takes, parked and sent back mended
    answers = [json_reply({"description": "no"}, 404)] if when == "parked again" else []
    provider.on("POST", "/api/v2/tickets/7/notes", *answers, json_reply({"id": 31}, 201))
    broken = builders.action_request(parameters={"ticket_id": "seven", "body": "<p>Seen</p>"})
    run = start("ActionExecutor").handler
    stack.send("ActionQueue", broken)
    stack.deliver("ActionQueue", run)
    path = f"/{only_letter(stack).letter_id}/redrive"
    assert api("POST", path, {"parameters": {"ticket_id": 7}})[0] == 202
    if when == "returning":
        (sent,) = stack.messages("ActionQueue")
        aws.sqs().purge_queue(QueueUrl=stack.names["ActionQueue"])
    else:
        stack.deliver("ActionQueue", run)
    before = only_letter(stack)
    copies = len(stack.messages("ActionDeadLetterQueue"))

    # When the same message comes once more as it was
    stack.send("ActionQueue", broken)
    assert stack.deliver("ActionQueue", run) == []

    # Then the letter stands where it stood, as it was mended, and has no new copy
    after = only_letter(stack)
    assert (after.state, after.round, after.body) == (before.state, before.round, before.body)
    assert len(stack.messages("ActionDeadLetterQueue")) == copies
    noted = ["older copy given up"] if when != "resolved" else []
    assert history(after) == [*history(before), *noted]
    # And what is on its way runs mended
    if when == "returning":
        ports().desk.carriers[after.queue].send_back(after)
        assert sent["Body"] == after.body
    if when == "parked again":
        api("POST", path)
    if when != "resolved":
        assert stack.deliver("ActionQueue", run) == []
    assert only_letter(stack).state is State.RESOLVED
    assert ports().records.get("act_0001").state.value == "succeeded"


def test_an_unmarked_copy_that_sqs_moved_itself_undoes_no_edit(
    stack: Stack, api: Api, start: Start
) -> None:
    park(stack)
    found = only_letter(stack)
    api("POST", f"/{found.letter_id}/redrive", {"parameters": {"ticket_id": 7}})
    sent = only_letter(stack)
    aws.sqs().purge_queue(QueueUrl=stack.names["ActionDeadLetterQueue"])
    stack.send("ActionDeadLetterQueue", found.body)

    start("DeadLetterRedrive").handler({"scheduled": True}, builders.Context())

    after = only_letter(stack)
    assert (after.state, after.round, after.body) == (State.RETURNING, 1, sent.body)
    assert stack.count("ActionDeadLetterQueue") == (0, 0)


def test_an_old_copy_that_is_moved_runs_the_mended_letter(
    stack: Stack, api: Api, start: Start, provider: FakeTransport
) -> None:
    provider.on("POST", "/api/v2/tickets/7/notes", json_reply({"id": 31}, 201))
    park(stack)
    found = only_letter(stack)
    api("POST", f"/{found.letter_id}/redrive", {"parameters": {"ticket_id": 7}})
    aws.sqs().purge_queue(QueueUrl=stack.names["ActionQueue"])

    ports().desk.carriers[found.queue].send_back(found)
    stack.deliver("ActionQueue", start("ActionExecutor").handler)

    assert [request.path for request in provider.requests] == ["/api/v2/tickets/7/notes"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"parameters": {"ticket_id": "seven"}}, "ticket_id"),
        ({"parameters": {"tickt_id": 7}}, "tickt_id"),
        ({"parameters": {"ticket_id": 7}, "replace": True}, "body"),
        ({"parameters": []}, "parameters"),
        ({"paramters": {}}, "paramters"),
        ({"dry_run": "yes"}, "dry_run"),
        ({"instance_id": []}, "instance_id"),
        ({"replace": True}, "parameters"),
        ({"replace": True, "parameters": None}, "parameters"),
    ],
)
def test_changes_that_the_action_does_not_take_are_refused(
    stack: Stack, api: Api, body: Any, field: str
) -> None:
    park(stack)

    status, answer = api("POST", f"/{only_letter(stack).letter_id}/redrive", body)

    assert status == 400
    assert field in [entry["field"] for entry in answer["details"]["fields"]]
    assert only_letter(stack).state is State.PARKED
    assert history(only_letter(stack)) == ["parked"]


def test_an_action_can_be_run_for_another_instance_of_the_same_platform(
    stack: Stack, api: Api
) -> None:
    stack.connect(builders.instance(instance_id="7", origin="https://other.freshdesk.com"))
    stack.connect(builders.instance(instance_id="8", platform="freshsales"))
    park(stack)
    path = f"/{only_letter(stack).letter_id}/redrive"

    assert api("POST", path, {"instance_id": 999})[0] == 404
    assert api("POST", path, {"instance_id": 8})[0] == 400
    assert api("POST", path, {"instance_id": 7})[0] == 202
    (message,) = stack.bodies("ActionQueue")
    assert (message["instance_id"], message["idempotency_key"]) == ("7", "act_0")


@pytest.mark.parametrize("queue", ["events", "sync"])
def test_only_actions_can_be_changed(stack: Stack, api: Api, queue: str) -> None:
    park(stack, queue=queue)
    path = f"/{only_letter(stack).letter_id}/redrive"

    assert api("POST", path, {"parameters": {"x": 1}})[0] == 400
    assert api("POST", path)[0] == 202


def test_a_message_that_is_no_action_cannot_be_changed_but_shown(
    stack: Stack, api: Api, start: Start
) -> None:
    stack.send("ActionQueue", "this is not JSON")
    stack.deliver("ActionQueue", start("ActionExecutor").handler)
    path = f"/{only_letter(stack).letter_id}"

    assert api("GET", path)[1]["data"]["body"] == {"text": "this is not JSON"}
    assert api("POST", f"{path}/redrive", {"parameters": {}})[0] == 400


def test_what_was_dealt_with_cannot_be_dealt_with_again(stack: Stack, api: Api) -> None:
    park(stack)
    path = f"/{only_letter(stack).letter_id}"

    assert api("POST", f"{path}/restore")[1]["code"] == "dead_letter_not_discarded"
    assert api("POST", f"{path}/discard", {"reason": "  spam "})[0] == 200
    status, body = api("POST", f"{path}/redrive")
    assert (status, body["code"]) == (409, "dead_letter_discarded")
    assert api("POST", f"{path}/redrive", {"dry_run": True})[0] == 409
    assert api("POST", f"{path}/restore")[0] == 200
    assert api("POST", f"{path}/redrive")[0] == 202
    status, body = api("POST", f"{path}/redrive")
    assert (status, body["code"]) == (409, "dead_letter_not_parked")
    assert api("POST", f"{path}/discard", {"reason": "x"})[0] == 409
    assert [entry.note for entry in only_letter(stack).history if entry.what == "discarded"] == [
        "spam"
    ]
    assert len(stack.messages("ActionQueue")) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/dl_none", None, 404),
        ("POST", "/dl_none/redrive", None, 404),
        ("POST", "/dl_none/discard", {"reason": "x"}, 404),
        ("POST", "/dl_none/restore", None, 404),
        ("GET", "/jobs/dlj_none", None, 404),
        ("POST", "/dl_none/discard", {}, 400),
        ("POST", "/dl_none/discard", {"reason": "x" * 501}, 400),
        ("POST", "/dl_none/discard", {"reason": "x", "why": "y"}, 400),
        ("POST", "/redrive", {}, 400),
        ("POST", "/redrive", {"filter": {"colour": "red"}}, 400),
        ("POST", "/redrive", {"filter": {"state": "all"}}, 400),
        ("POST", "/redrive", {"filter": {}, "limit": 0}, 400),
        ("POST", "/redrive", {"filter": {}, "dry_run": 1}, 400),
        ("POST", "/redrive", {"filter": {}, "reason": "x"}, 400),
        ("POST", "/discard", {"filter": {}}, 400),
        ("POST", "/discard", {"filter": {"code": ""}, "reason": "x"}, 400),
        ("POST", "/redrive", {"filter": {"instance_id": None}}, 400),
    ],
)
def test_what_cannot_be_done_is_told(
    api: Api, method: str, path: str, body: Any, status: int
) -> None:
    assert api(method, path, body)[0] == status


@pytest.mark.parametrize(
    "query",
    [
        {"queue": "x"},
        {"limit": "0"},
        {"after": "x"},
        {"colour": "red"},
        {"state": "dead"},
        {"code": ""},
    ],
)
def test_a_list_that_cannot_be_given_is_told(api: Api, query: dict[str, str]) -> None:
    status, body = api("GET", "", **query)

    assert (status, body["success"]) == (400, False)


def test_letters_of_a_filter_go_back_at_once(stack: Stack, api: Api) -> None:
    for number in range(4):
        park(stack, number, code="not_found" if number else "conflict")
    order = {"filter": {"code": "not_found"}, "limit": 2}

    assert api("POST", "/redrive", order | {"dry_run": True})[1]["data"]["total"] == 2
    assert stack.messages("ActionQueue") == []
    status, body = api("POST", "/redrive", order)

    assert (status, body["data"]["done"], body["data"]["by_code"]) == (200, 2, {"not_found": 2})
    assert body["data"]["state"] == "finished"
    assert len(stack.messages("ActionQueue")) == 2
    assert api("GET", f"/jobs/{body['data']['job_id']}")[1]["data"] == body["data"]


def test_what_takes_longer_is_handed_over_and_goes_on(
    stack: Stack, api: Api, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        park(stack, number)
    invoked: list[dict[str, Any]] = []
    monkeypatch.setattr(
        aws, "functions", lambda: Failing(None, invoke=lambda **given: invoked.append(given))
    )

    order = {"filter": {}, "reason": "spam"}
    status, body = api("POST", "/discard", order, remaining_ms=19_000)

    job_id = body["data"]["job_id"]
    assert (status, body["data"]["state"], body["data"]["done"]) == (202, "running", 0)
    assert [(i["FunctionName"], i["InvocationType"]) for i in invoked] == [
        ("demo-DeadLetterRedrive", "Event")
    ]
    start("DeadLetterRedrive").handler(json.loads(invoked[0]["Payload"]), builders.Context())
    data = api("GET", f"/jobs/{job_id}")[1]["data"]
    assert (data["state"], data["done"]) == ("finished", 3)
    assert {letter.state for letter in letters(stack)} == {State.DISCARDED}


def test_a_job_that_could_not_be_handed_over_is_promised_all_the_same(
    stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    park(stack)
    refusing = Failing(None, invoke=raising(client_error("Invoke")))
    monkeypatch.setattr(aws, "functions", lambda: refusing)

    assert api("POST", "/redrive", {"filter": {}}, remaining_ms=19_000)[0] == 202

    assert "job not handed over" in log.getvalue()
    assert ports().dead_letter_jobs.store.unfinished() != []


def test_a_long_body_is_read_from_where_it_is_and_told_when_gone(stack: Stack, api: Api) -> None:
    park(stack)
    found = only_letter(stack)
    assert api("GET", f"/{found.letter_id}")[0] == 200
    payloads = ports().payloads
    pointer = payloads.pack("x" * (INLINE_LIMIT + 1), "dead-letters/a.json")
    item = stack.items("DeadLetterTable")[0] | {"body": {"S": pointer}}
    aws.dynamodb().put_item(TableName=stack.names["DeadLetterTable"], Item=item)

    assert len(api("GET", f"/{found.letter_id}")[1]["data"]["body"]["text"]) == INLINE_LIMIT + 1
    aws.s3().delete_object(Bucket=stack.names["PayloadBucket"], Key="dead-letters/a.json")
    assert api("GET", f"/{found.letter_id}")[1]["data"]["body"] is None


def test_no_log_line_holds_a_body_or_a_reason(
    stack: Stack, api: Api, log: io.StringIO, start: Start
) -> None:
    park(stack)
    path = f"/{only_letter(stack).letter_id}"
    words = f"call {builders.EMAIL} about {builders.SUBJECT}"
    api("POST", f"{path}/redrive", {"parameters": {"body": words}, "dry_run": True})
    api("POST", f"{path}/discard", {"reason": words})
    api("POST", f"{path}/restore")
    api("POST", f"{path}/redrive", {"parameters": {"body": words, "ticket": 1}})
    api("POST", f"{path}/redrive", {"parameters": {"body": words}})
    start("DeadLetterRedrive").handler({"scheduled": True}, builders.Context())

    assert "dead letter redriven" in log.getvalue()
    for word in (*builders.PRIVATE_WORDS, "<p>Seen</p>"):
        assert word not in log.getvalue()


def test_a_body_that_only_its_queue_s_function_may_read_is_told_as_gone(
    stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    park(stack)
    path = f"/{only_letter(stack).letter_id}"
    assert api("GET", path)[0] == 200
    codes = iter(["AccessDenied", "InternalError"])

    def refused(_body: str) -> str:
        raise client_error("GetObject", next(codes))

    monkeypatch.setattr(ports().payloads, "unpack", refused)

    assert api("GET", path)[1]["data"]["body"] is None
    assert api("GET", path)[0] == 503


def test_a_message_that_is_json_and_no_object_is_shown_as_text(
    stack: Stack, api: Api, start: Start
) -> None:
    stack.send("SyncQueue", "[1]")
    stack.deliver("SyncQueue", start("SyncWorker").handler, builders.Context(300_000))

    data = api("GET", f"/{only_letter(stack).letter_id}")[1]["data"]

    assert (data["body"], data["parameters"], data["attempted"]) == ({"text": "[1]"}, None, None)


def test_an_action_names_its_letter_until_it_is_done(
    stack: Stack, start: Start, api: Api, provider: FakeTransport
) -> None:
    def action() -> dict[str, Any]:
        event = builders.rest_event("GET", "/api/actions/act_0001", headers=ACCESS)
        answer = start("ConnectorApi").handler(event, builders.Context())
        found: dict[str, Any] = json.loads(answer["body"])["data"]
        return found

    # Given an action that has only been asked for
    provider.on("POST", NOTES, json_reply({"code": "gone"}, 404), json_reply({"id": 31}, 201))
    start("ConnectorApi")
    ports().records.submit(builders.action_request())
    assert (action()["state"], action()["dead_letter_id"]) == ("queued", None)

    # When it is refused, and sent back
    stack.send("ActionQueue", builders.action_request())
    stack.deliver("ActionQueue", start("ActionExecutor").handler)
    letter = only_letter(stack)
    assert (action()["state"], action()["dead_letter_id"]) == ("failed", letter.letter_id)
    assert api("POST", f"/{letter.letter_id}/redrive")[0] == 202
    assert (action()["state"], action()["dead_letter_id"]) == ("queued", letter.letter_id)
    stack.deliver("ActionQueue", start("ActionExecutor").handler)

    # Then there is nothing more to look for
    assert action()["state"] == "succeeded"
    assert "dead_letter_id" not in action()


def test_an_action_whose_function_died_each_time_names_its_letter(
    stack: Stack, start: Start, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freshbridge.dead_letters.sweep.POLL_S", 0)
    start("ConnectorApi")
    ports().records.submit(builders.action_request())
    stack.send("ActionDeadLetterQueue", builders.action_request())
    start("DeadLetterRedrive").handler({"scheduled": True}, builders.Context(290_000))

    (found,) = ids(api("GET", ""))
    event = builders.rest_event("GET", "/api/actions/act_0001", headers=ACCESS)
    shown = json.loads(start("ConnectorApi").handler(event, builders.Context())["body"])["data"]

    assert (shown["state"], shown["dead_letter_id"]) == ("queued", found)
