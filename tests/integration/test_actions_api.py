"""Actions over HTTP: waiting for them, not waiting for them, repeating them, looking at them."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from moto.sqs.models import sqs_backends

from freshbridge import aws
from freshbridge.actions import submit
from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Unfinished
from freshbridge.actions.catalogue import CATALOGUE, Catalogue
from freshbridge.actions.context import Context
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.errors import Unreachable
from freshbridge.queues.envelope import ActionRequest, action_request
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import (
    ORGANIZATION_SECRET,
    USER_SECRET,
    PassingTime,
    Stack,
    Start,
)

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
NOTES = "/api/v2/tickets/1042/notes"
NOTE = {"action": "add_note", "parameters": {"ticket_id": 1042, "body": "<p>Seen</p>"}}
PATH = f"/api/integrations/{builders.INSTANCE_ID}/actions"


class Api:
    """The API of a stack with one connected account."""

    def __init__(self, start: Start) -> None:
        self._module = start("ConnectorApi")

    def __call__(
        self,
        method: str,
        path: str = PATH,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **header: str,
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers of one answer; `Idempotency_Key` stands for the header."""
        named = {name.replace("_", "-"): value for name, value in header.items()}
        sent = {"Authorization": ACCESS, **named, **(headers or {})}
        text = None if body is None else json.dumps(body)
        event = builders.rest_event(method, path, body=text, headers=sent)
        event["queryStringParameters"] = query
        event["multiValueQueryStringParameters"] = {k: [v] for k, v in (query or {}).items()}
        answer = self._module.handler(event, builders.Context(remaining_ms=29_000))
        told = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return answer["statusCode"], json.loads(answer["body"]), told


@pytest.fixture
def api(stack: Stack, start: Start) -> Api:
    stack.connect()
    return Api(start)


def run_queue(stack: Stack, start: Start, context: builders.Context | None = None) -> list[str]:
    """Deliver what is visible in the action queue; returns the bodies that stay."""
    return stack.deliver("ActionQueue", start("ActionExecutor").handler, context)


def test_a_caller_who_waits_gets_the_result(
    api: Api, stack: Stack, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))

    status, body, headers = api("POST", body=NOTE)

    assert status == 200
    assert body["success"] is True
    assert body["data"]["conversation_id"] == 31
    assert body["data"]["ticket_url"] == "https://acme.freshdesk.com/a/tickets/1042"
    assert headers["Location"] == f"/api/actions/{body['action_id']}"
    assert stack.bodies("ActionQueue") == []
    _, shown, _ = api("GET", f"/api/actions/{body['action_id']}")
    record = shown["data"]
    assert (record["state"], record["data"]) == ("succeeded", body["data"])
    assert record["parameters"] == NOTE["parameters"]
    assert record["origin"] == {"type": "api", "user_id": 1}
    assert [attempt["status"] for attempt in record["attempts"]] == ["succeeded"]


def test_a_caller_who_does_not_wait_gets_an_id_and_the_queue_does_it(
    api: Api, stack: Stack, start: Start, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))

    status, body, _ = api("POST", body=NOTE, Prefer="respond-async")

    assert (status, body["data"]["state"]) == (202, "queued")
    assert provider.requests == []
    assert run_queue(stack, start) == []
    record = api("GET", f"/api/actions/{body['action_id']}")[1]["data"]
    assert (record["state"], record["data"]["conversation_id"]) == ("succeeded", 31)


def test_when_the_provider_makes_us_wait_it_goes_on_by_itself(
    api: Api, stack: Stack, start: Start, provider: FakeTransport, passing_time: PassingTime
) -> None:
    # Given a provider whose limit is used up for the first call
    provider.on("POST", NOTES, empty_reply(429, {"Retry-After": "7"}), json_reply({"id": 31}, 201))

    # When the action is asked for, it is accepted and tells why it waits
    status, body, _ = api("POST", body=NOTE)
    assert (status, body["data"]["state"], body["data"]["code"]) == (202, "waiting", "throttled")
    assert body["data"]["waiting_until"] > body["data"]["submitted_at"]

    # Then its message comes back after the wait, not before
    assert stack.count("ActionQueue") == (0, 0)
    message = _delayed()
    assert message.action_id == body["action_id"]
    passing_time.sleep(60)
    stack.send("ActionQueue", message)
    assert run_queue(stack, start) == []
    record = api("GET", f"/api/actions/{body['action_id']}")[1]["data"]
    assert [a["status"] for a in record["attempts"]] == ["waiting", "succeeded"]
    assert record["attempts"][0]["code"] == "throttled"
    assert record["attempts"][0]["next_at"]
    assert "code" not in record


def _delayed() -> ActionRequest:
    """The one message of the action queue that is not visible yet."""
    queues = sqs_backends["123456789012"]["eu-central-1"].queues
    (message,) = queues["demo-ActionQueue"]._messages
    assert message.delayed
    return action_request(message.body)


def test_whose_budget_is_used_up_is_told_as_of_any_rate_limit(
    api: Api, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, empty_reply(429, {"Retry-After": "50"}))
    api("POST", body=NOTE)

    status, body, headers = api("POST", body=NOTE, Prefer="handling=strict")

    assert (status, body["code"]) == (429, "throttled")
    assert body["message"] == "Rate limit exceeded. Please try again later."
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert len(provider.requests) == 1


def test_a_refusal_says_when_it_may_have_been_done_all_the_same(
    api: Api, provider: FakeTransport
) -> None:
    provider.on(
        "POST", NOTES, Unreachable("No reply", where="POST", outcome_unknown=True), empty_reply(404)
    )

    status, body, _ = api("POST", body=NOTE, Prefer="handling=strict")
    _, refused, _ = api("POST", body=NOTE, Prefer="handling=strict")

    assert (status, body["details"]["outcome_unknown"]) == (502, True)
    assert body["details"]["advice"].startswith("It may have been done all the same: look")
    assert refused["details"]["outcome_unknown"] is False
    record = api("GET", f"/api/actions/{refused['details']['action_id']}")[1]["data"]
    assert (record["state"], record["code"]) == ("failed", "not_found")


def test_an_id_longer_than_any_is_not_found(api: Api) -> None:
    status, body, _ = api("GET", f"/api/actions/{'a' * 3000}")

    assert (status, body["code"]) == (404, "unknown_action_record")


@pytest.mark.parametrize("due_by", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_time_outside_of_time_is_refused(api: Api, due_by: str) -> None:
    wrong = {"action": "update_ticket", "parameters": {"ticket_id": 5, "due_by": due_by}}

    status, body, _ = api("POST", body=wrong)

    assert (status, [field["field"] for field in body["details"]["fields"]]) == (400, ["due_by"])
    assert "Value error" not in body["message"]


def test_a_caller_who_refuses_to_wait_is_told_when_to_come_back(
    api: Api, stack: Stack, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, empty_reply(429, {"Retry-After": "7"}))

    status, body, headers = api("POST", body=NOTE, Prefer="handling=strict")

    assert (status, body["code"]) == (429, "throttled")
    assert body["message"] == "Rate limit exceeded. Please try again later."
    assert headers["Retry-After"] == "7"
    assert stack.count("ActionQueue") == (0, 0)
    (failed,) = api("GET", query={"state": "failed"})[1]["data"]["actions"]
    assert failed["code"] == "throttled"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (empty_reply(404), (404, "not_found", "Ticket not found: Invalid ticket ID")),
        (json_reply({"code": "invalid_credentials", "message": "You have to be logged in"}, 401),
         (401, "unauthorized", "Authentication failed: Invalid API key")),
        (json_reply({"code": "access_denied", "message": "You are not authorized"}, 403),
         (403, "forbidden", "Permission denied by Freshdesk: You are not authorized")),
        (json_reply({"message": "PUT method is not allowed"}, 405), (409, "wrong_state",
         "Freshdesk refuses this for the record's state: it may be deleted or spam: "
         "PUT method is not allowed")),
        (json_reply({"description": "Validation failed", "errors": [
            {"field": "body", "message": "It should be a String", "code": "datatype_mismatch"}]},
            400),
         (400, "invalid_request", None)),
    ],
)  # fmt: skip
def test_each_cause_has_its_status_code_and_sentence(
    api: Api, provider: FakeTransport, reply: Any, expected: tuple[int, str, str | None]
) -> None:
    status, code, message = expected
    provider.on("POST", NOTES, reply)

    found, body, _ = api("POST", body=NOTE)

    assert (found, body["success"], body["code"]) == (status, False, code)
    if message:
        assert body["message"] == message
    else:
        assert body["details"]["fields"] == [
            {"field": "body", "message": "It should be a String", "code": "datatype_mismatch"}
        ]
    (failed,) = api("GET", query={"state": "failed"})[1]["data"]["actions"]
    record = api("GET", f"/api/actions/{failed['action_id']}")[1]["data"]
    assert (record["code"], [a["status"] for a in record["attempts"]]) == (code, ["failed"])
    assert record.get("fields", []) == body["details"]["fields"]


def test_a_provider_that_is_down_is_tried_again_later(api: Api, provider: FakeTransport) -> None:
    provider.on("POST", NOTES, Unreachable("No reply", where="POST", outcome_unknown=True))

    status, body, _ = api("POST", body=NOTE)

    assert (status, body["data"]["code"]) == (202, "unreachable")
    assert _delayed().idempotency_key == body["action_id"]


def test_a_key_gives_the_first_result_again_and_does_nothing(
    api: Api, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, json_reply({"id": 31}, 201), json_reply({"id": 32}, 201))

    _, first, told = api("POST", body=NOTE, Idempotency_Key="order-7")
    _, second, replayed = api("POST", body=NOTE, Idempotency_Key="order-7")
    _, other, _ = api("POST", body=NOTE, Idempotency_Key="order-8")

    assert first == second
    assert (told.get("Idempotent-Replayed"), replayed["Idempotent-Replayed"]) == (None, "true")
    assert other["data"]["conversation_id"] == 32
    assert len(provider.requests) == 2


def test_a_key_belongs_to_one_request_and_to_one_instance(
    api: Api, stack: Stack, provider: FakeTransport
) -> None:
    stack.connect(builders.instance(instance_id="193000002"))
    provider.on("POST", NOTES, json_reply({"id": 31}, 201), json_reply({"id": 32}, 201))
    api("POST", body=NOTE, Idempotency_Key="order-7")

    changed = NOTE | {"parameters": {"ticket_id": 1042, "body": "another"}}
    status, body, _ = api("POST", body=changed, Idempotency_Key="order-7")
    path = "/api/integrations/193000002/actions"
    _, elsewhere, _ = api("POST", path, changed, Idempotency_Key="order-7")

    assert (status, body["code"]) == (409, "idempotency_key_reused")
    assert elsewhere["data"]["conversation_id"] == 32


def test_what_was_refused_may_be_tried_again_under_its_key(
    api: Api, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, empty_reply(404), json_reply({"id": 31}, 201))

    refused, _, _ = api("POST", body=NOTE, Idempotency_Key="order-7")
    status, body, _ = api("POST", body=NOTE, Idempotency_Key="order-7")

    assert (refused, status, body["data"]["conversation_id"]) == (404, 200, 31)


def test_a_key_of_an_action_that_is_still_on_its_way_answers_with_its_state(
    api: Api, stack: Stack, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of all the seconds that an answer may take, long enough for two looks.
    monkeypatch.setattr(submit, "LONGEST_HERE_S", 0.3)
    api("POST", body=NOTE, Prefer="respond-async", Idempotency_Key="order-7")

    status, body, _ = api("POST", body=NOTE, Idempotency_Key="order-7")

    assert (status, body["data"]["state"]) == (202, "queued")
    assert len(stack.bodies("ActionQueue")) == 1
    assert provider.requests == []


@pytest.mark.parametrize(
    ("body", "key", "named"),
    [
        ({}, None, ["action"]),
        ({"action": "add_note", "parameters": []}, None, ["parameters"]),
        ({"action": 7, "params": {}}, None, ["params", "action"]),
        (NOTE | {"platform": "freshsales"}, None, ["platform"]),
        (NOTE, "x" * 256, ["Idempotency-Key"]),
        (NOTE, "", ["Idempotency-Key"]),
        ({"action": "add_note", "parameters": {"ticket_id": 0}}, None, ["ticket_id", "body"]),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_before_anything(
    api: Api, stack: Stack, body: Any, key: str | None, named: list[str]
) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    status, answer, _ = api("POST", body=body, headers=headers)

    assert status == 400
    assert [field["field"] for field in answer["details"]["fields"]] == named
    assert stack.items("ActionTable") == []


def test_unknown_names_are_told(api: Api) -> None:
    assert api("POST", body={"action": "explode"})[1]["code"] == "unknown_action"
    assert api("POST", "/api/integrations/7/actions", NOTE)[1]["code"] == "unknown_instance"
    assert api("GET", "/api/integrations/7/actions")[0] == 404
    status, body, _ = api("GET", "/api/actions/act_none")
    assert (status, body["code"]) == (404, "unknown_action_record")


def test_when_the_queue_is_down_nothing_is_promised(
    api: Api, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
    monkeypatch.setattr(aws, "sqs", lambda: broken)

    status, body, _ = api("POST", body=NOTE, Prefer="respond-async")

    assert (status, body["code"]) == (503, "not_queued")
    (item,) = stack.items("ActionTable")
    assert item["state"]["S"] == "failed"


def test_the_list_is_paged_newest_first_and_chosen_by_state(
    api: Api, provider: FakeTransport
) -> None:
    replies = [json_reply({"id": n}, 201) for n in range(4)] + [empty_reply(404)]
    provider.on("POST", NOTES, *replies)
    made = [api("POST", body=NOTE)[1].get("action_id") for _ in range(4)]
    api("POST", body=NOTE)

    first = api("GET", query={"limit": "2"})[1]["data"]
    second = api("GET", query={"limit": "2", "after": first["after"]})[1]["data"]
    third = api("GET", query={"limit": "2", "after": second["after"]})[1]["data"]
    done = api("GET", query={"state": "succeeded"})[1]["data"]["actions"]

    listed = [a["action_id"] for page in (first, second, third) for a in page["actions"]]
    assert len(set(listed)) == 5
    assert {a["action_id"] for a in done} == set(made)
    assert "parameters" not in done[0]
    assert api("GET", query={"after": "nonsense"})[0] == 400
    assert api("GET", query={"after": first["after"], "state": "failed"})[0] == 400
    assert api("GET", query={"limit": "0"})[1]["code"] == "invalid_page"


def test_a_result_too_large_for_a_table_is_kept_and_shown(
    api: Api, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an action that answers with half a megabyte
    big = "ü" * 300_000

    class Nothing(Parameters):
        """Answer with much."""

    def answer(_context: Context, _parameters: Nothing) -> Outcome:
        return Outcome({"text": big})

    _with_action(monkeypatch, Action("freshdesk", "much", Nothing, answer, Effect.SET))

    # When it is run twice under one key
    _, first, _ = api("POST", body={"action": "much"}, Idempotency_Key="k")
    _, again, _ = api("POST", body={"action": "much"}, Idempotency_Key="k")

    # Then both have it whole, from the bucket
    assert first["data"] == again["data"] == {"text": big}
    assert api("GET", f"/api/actions/{first['action_id']}")[1]["data"]["data"] == {"text": big}
    assert len(stack.objects("PayloadBucket")) == 2


def test_a_result_too_large_for_an_answer_is_offered_for_download(
    api: Api, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an action that answers with more than Lambda can
    tickets = [{"id": n, "subject": '"' * 1_000} for n in range(2_000)]

    class Nothing(Parameters):
        """Answer with far too much."""

    def answer(_context: Context, _parameters: Nothing) -> Outcome:
        return Outcome({"tickets": tickets})

    _with_action(monkeypatch, Action("freshdesk", "list_all", Nothing, answer, Effect.READ))

    # When it is run, and looked at later
    _, body, _ = api("POST", body={"action": "list_all"})
    shown = api("GET", f"/api/actions/{body['action_id']}")[1]["data"]

    # Then both offer the whole of it
    for data in (body["data"], shown["data"]):
        assert set(data) == {"too_large", "url", "expires_in_s"}
        key = urlsplit(data["url"]).path.partition("/actions/")[2]
        kept = aws.s3().get_object(Bucket=stack.names["PayloadBucket"], Key=f"actions/{key}")
        assert json.loads(kept["Body"].read()) == {"tickets": tickets}


def test_an_action_in_the_background_goes_on_until_it_is_finished(
    api: Api, stack: Stack, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an action that needs three runs
    runs: list[int] = []

    class Nothing(Parameters):
        """Take long."""

    def answer(_context: Context, _parameters: Nothing) -> Outcome:
        runs.append(1)
        if len(runs) < 3:
            raise Unfinished(after_s=0)
        return Outcome({"runs": len(runs)})

    action = Action("freshdesk", "long", Nothing, answer, Effect.SET, in_background=True)
    _with_action(monkeypatch, action)

    # When a caller asks for it
    status, body, _ = api("POST", body={"action": "long"})

    # Then it is queued, and each run's message is followed by another
    assert status == 202
    for expected in ("waiting", "waiting", "succeeded"):
        assert run_queue(stack, start) == []
        record = api("GET", f"/api/actions/{body['action_id']}")[1]["data"]
        assert record["state"] == expected
    assert record["data"] == {"runs": 3}
    assert [a["status"] for a in record["attempts"]] == ["succeeded"]
    assert stack.count("ActionQueue") == (0, 0)


def _with_action(monkeypatch: pytest.MonkeyPatch, action: Action) -> None:
    """Put one more action into the catalogue."""
    both = Catalogue([tuple(CATALOGUE), (action,)])
    monkeypatch.setattr(CATALOGUE, "_actions", cast("Any", both)._actions)


def test_a_new_action_is_listed_checked_and_run_like_the_others(
    api: Api, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the three steps: parameters, function, entry
    class Greet(Parameters):
        """Say hello to the key's owner."""

        name: str

    def greet(context: Context, parameters: Greet) -> Outcome:
        return Outcome({"said": f"{parameters.name}, {context.client.me()['id']}"})

    _with_action(
        monkeypatch,
        Action("freshdesk", "greet", Greet, greet, Effect.READ, {"name": "Ravi"}),
    )
    provider.on("GET", "/api/v2/agents/me", json_reply({"id": 55}))

    # Then it is in the catalogue with its schema, refuses what does not fit, and runs
    listed = {entry["action"]: entry for entry in api("GET", "/api/actions")[1]["data"]}
    assert listed["greet"]["description"] == "Say hello to the key's owner."
    assert listed["greet"]["safe_to_repeat"] is True
    assert listed["greet"]["parameters"]["required"] == ["name"]
    assert api("POST", body={"action": "greet", "parameters": {"nam": "x"}})[0] == 400
    _, body, _ = api("POST", body={"action": "greet", "parameters": {"name": "Ravi"}})
    assert body["data"] == {"said": "Ravi, 55"}


def test_an_outcome_that_nobody_knows_is_a_conflict(start: Start) -> None:
    answer = start("ConnectorApi").refused(OutcomeUnknown("it cannot be told"))

    assert answer.status_code == 409
    assert json.loads(answer.body)["code"] == "outcome_unknown"
