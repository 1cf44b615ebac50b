"""What the bulk actions send, and how they account for every ticket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from moto import mock_aws

from freshbridge import aws
from freshbridge.actions.action import Outcome, Unfinished
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.freshdesk.ticket_jobs import PATIENCE_S
from freshbridge.bulk.progress import Phase, Progress
from freshbridge.bulk.reader import TURN_S
from freshbridge.errors import ProviderDown
from freshbridge.queues.envelope import ActionRequest
from tests.fakes.actions import run_action
from tests.fakes.bulk import ACTION_ID, BulkStack
from tests.fakes.moto_transactions import one_copy_each
from tests.fakes.provider import FakeTransport, empty_reply, json_reply, query_of

UPDATE, DELETE = "/api/v2/tickets/bulk_update", "/api/v2/tickets/bulk_delete"
JOB = "/api/v2/jobs/e4d18654f60b"
STARTED = json_reply({"job_id": "e4d18654f60b", "href": "x"}, 202)
TICKETS = "/api/v2/tickets"
SIX = [1, 2, 3, 4, 5, 6]


class Desk:
    """Runs one bulk action against a provider in memory."""

    def __init__(self, provider: FakeTransport) -> None:
        self.provider = provider
        self.stack = BulkStack()
        self.now = datetime(2026, 3, 3, 12, 2, 40, tzinfo=UTC)

    def run(self, request: ActionRequest) -> Outcome:
        """One run of the action itself or of a row."""
        return run_action(
            request.action,
            request.parameters,
            self.provider,
            request=request,
            bulk=self.stack.bulk,
            now=self.now,
        )

    def finish(self, action: str, **parameters: Any) -> Outcome:
        """Run it until it is done."""
        return self.stack.finish(self.run, self.stack.request(action, parameters))

    def turn(self, action: str, **parameters: Any) -> Outcome | None:
        """Run it once."""
        return self.stack.turn(self.run, self.stack.request(action, parameters))

    def job(self, *statuses: str, path: str = UPDATE) -> None:
        """A job that is first one thing and then another."""
        self.provider.on("POST", path, STARTED)
        self.provider.on("GET", JOB, *(json_reply({"id": "x", "status": s}) for s in statuses))

    def listed(self, *tickets: dict[str, Any]) -> None:
        """The tickets that have changed."""
        self.provider.on("GET", TICKETS, json_reply(list(tickets)))

    def singly(self, method: str, *ticket_ids: int, status: int = 200) -> None:
        """Tickets that can be changed by themselves."""
        for number in ticket_ids:
            reply = json_reply({"id": number}, status) if status == 200 else empty_reply(status)
            self.provider.on(method, f"{TICKETS}/{number}", reply)


@pytest.fixture(scope="module", autouse=True)
def _clients() -> Iterator[None]:
    """AWS clients of this module's own, made once: moto empties the account behind them."""
    aws.forget_clients()
    with one_copy_each():
        yield
    aws.forget_clients()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield Desk(FakeTransport())


def test_many_tickets_are_one_job_whose_effect_is_checked(desk: Desk) -> None:
    desk.job("IN PROGRESS", "COMPLETED")
    desk.listed(*({"id": number, "status": 4, "tags": ["b", "a"]} for number in SIX))

    outcome = desk.finish(
        "bulk_update_tickets",
        ticket_ids=[*SIX, 3, "4"],
        properties={"status": 4, "tags": ["a", "b"], "skip_close_notification": True},
    )

    (started,) = desk.provider.sent("POST", UPDATE)
    assert started.json == {
        "bulk_action": {
            "ids": SIX,
            "properties": {"status": 4, "tags": ["a", "b"], "skip_close_notification": True},
        }
    }
    (listed,) = desk.provider.sent("GET", TICKETS)
    asked = query_of(listed)
    assert asked["updated_since"] == "2026-03-03T12:00:40Z"
    assert (asked["order_by"], asked["order_type"], asked["per_page"]) == (
        "updated_at",
        "asc",
        "100",
    )
    assert outcome.message == "All 6 rows succeeded"
    assert outcome.data["duplicates"] == 2
    assert {state for _action, state, _code in desk.stack.rows().values()} == {"succeeded"}


def test_a_ticket_that_the_job_passed_over_is_changed_by_itself(desk: Desk) -> None:
    # Given a job that changed three of six, as the list tells
    desk.job("SUCCESS")
    desk.listed(*({"id": number, "priority": 4} for number in (1, 2, 3)), {"id": 4, "priority": 1})
    desk.singly("PUT", 4)
    desk.singly("PUT", 5, status=405)
    desk.singly("PUT", 6, status=404)

    outcome = desk.finish("bulk_update_tickets", ticket_ids=SIX, properties={"priority": "urgent"})

    assert outcome.message == "2 of 6 rows failed, 4 succeeded"
    assert outcome.data["failed"] == 2
    rows = desk.stack.rows()
    assert rows[4] == ("update_ticket", "succeeded", "")
    assert rows[5] == ("update_ticket", "failed", "wrong_state")
    assert rows[6] == ("update_ticket", "failed", "not_found")
    assert [one.path for one in desk.provider.requests if one.method == "PUT"] == [
        f"{TICKETS}/4", f"{TICKETS}/5", f"{TICKETS}/6",
    ]  # fmt: skip


def test_what_only_a_job_can_do_is_never_done_singly(desk: Desk) -> None:
    # Given one ticket changed unseen, one in the trash, one gone and one passed over
    desk.job("COMPLETED")
    desk.listed()
    desk.provider.on("GET", f"{TICKETS}/1", json_reply({"id": 1, "status": 5}))
    desk.provider.on("GET", f"{TICKETS}/2", json_reply({"id": 2, "status": 5, "deleted": True}))
    desk.provider.on("GET", f"{TICKETS}/3", empty_reply(404))
    desk.provider.on("GET", f"{TICKETS}/4", json_reply({"id": 4, "status": 2}))

    outcome = desk.finish(
        "bulk_update_tickets",
        ticket_ids=[1, 2, 3, 4],
        properties={"status": 5, "skip_close_notification": True},
    )

    assert {number: code for number, (_a, _s, code) in desk.stack.rows().items()} == {
        1: "", 2: "wrong_state", 3: "not_found", 4: "not_changed",
    }  # fmt: skip
    assert outcome.message == "3 of 4 rows failed, 1 succeeded"
    assert not [one for one in desk.provider.requests if one.method == "PUT"]


def test_few_tickets_need_no_job(desk: Desk) -> None:
    desk.singly("PUT", 1, 2)

    desk.finish("bulk_assign", ticket_ids=[1, 2], agent_id=456, group_id=None)

    assert [one.json for one in desk.provider.requests] == [
        {"responder_id": 456, "group_id": None}
    ] * 2


def test_assigning_many_sets_the_responder_and_the_group(desk: Desk) -> None:
    desk.job("COMPLETED")
    desk.listed(*({"id": number, "responder_id": 456, "group_id": 7} for number in SIX))

    desk.finish("bulk_assign", ticket_ids=SIX, agent_id=456, group_id=7)

    (started,) = desk.provider.sent("POST", UPDATE)
    assert started.json["bulk_action"]["properties"] == {"group_id": 7, "responder_id": 456}


def test_deleted_tickets_are_looked_for_in_the_trash(desk: Desk) -> None:
    desk.job("COMPLETED", path=DELETE)
    desk.listed(*({"id": number, "deleted": True} for number in SIX[:5]))
    desk.singly("DELETE", 6, status=404)

    outcome = desk.finish("bulk_delete", ticket_ids=SIX)

    assert desk.provider.sent("POST", DELETE)[0].json == {"bulk_action": {"ids": SIX}}
    assert query_of(desk.provider.sent("GET", TICKETS)[0])["filter"] == "deleted"
    assert outcome.message == "1 of 6 rows failed, 5 succeeded"


def test_a_reply_goes_to_each_ticket_by_itself_and_once(desk: Desk) -> None:
    for number in (1, 2):
        desk.provider.on("POST", f"{TICKETS}/{number}/reply", json_reply({"id": 9}, 201))
    desk.singly("PUT", 1, 2)

    outcome = desk.finish(
        "bulk_update_tickets",
        ticket_ids=[1, 2],
        properties={"status": 4},
        reply={"body": "<p>Done</p>"},
    )

    assert outcome.data["rows"] == 4
    for number in (1, 2):
        (reply,) = desk.provider.sent("POST", f"{TICKETS}/{number}/reply")
        assert reply.json == {"body": "<p>Done</p>"}


def test_more_tickets_than_a_job_takes_are_several_jobs(desk: Desk) -> None:
    ids = list(range(1, 121))
    desk.job("COMPLETED")
    desk.listed(*({"id": number, "type": "Question"} for number in ids))

    outcome = desk.finish("bulk_update_tickets", ticket_ids=ids, properties={"type": "Question"})

    sent = [one.json["bulk_action"]["ids"] for one in desk.provider.sent("POST", UPDATE)]
    assert [len(part) for part in sent] == [100, 20]
    assert [number for part in sent for number in part] == ids
    assert outcome.message == "All 120 rows succeeded"


def test_a_job_is_looked_at_less_and_less_often_and_not_for_ever(desk: Desk) -> None:
    desk.job("IN PROGRESS")
    desk.listed(*({"id": number, "priority": 3} for number in SIX))
    parameters = {"ticket_ids": SIX, "properties": {"priority": 3}}

    for _ in range(7):
        assert desk.turn("bulk_update_tickets", **parameters) is None
    assert desk.stack.waits == [2, 4, 8, 16, 30, 30, 30]
    desk.now += timedelta(seconds=PATIENCE_S)
    outcome = desk.turn("bulk_update_tickets", **parameters)

    assert outcome is not None
    assert outcome.data["succeeded"] == 6


@pytest.mark.parametrize(
    ("action", "parameters", "named"),
    [
        ("bulk_update_tickets", {"properties": {"agent_id": 77}}, "properties.agent_id"),
        ("bulk_update_tickets", {"properties": {"responder_id": 77}}, "properties.responder_id"),
        ("bulk_assign", {"agent_id": 77}, "agent_id"),
    ],
)
def test_a_refused_job_fails_every_row_with_the_reason_and_calls_no_more(
    desk: Desk, action: str, parameters: dict[str, Any], named: str
) -> None:
    refusal = {
        "description": "Validation failed",
        "errors": [
            {"field": field, "message": "There is no such agent", "code": "invalid_value"}
            for field in ("bulk_action.properties.responder_id", "bulk_action.ids")
        ],
    }
    desk.provider.on("POST", UPDATE, json_reply(refusal, 400))

    outcome = desk.finish(action, ticket_ids=list(range(1, 121)), **parameters)

    assert outcome.message == "120 of 120 rows failed, 0 succeeded"
    assert len(desk.provider.requests) == 1
    assert desk.stack.rows()[120] == ("update_ticket", "failed", "invalid_request")
    row = desk.stack.store.row(ACTION_ID, 120)
    assert row is not None
    assert f": {named}: There is no such agent [invalid_value]; ticket_ids: " in row.message


@pytest.mark.parametrize("status", [403, 404, 405])
def test_without_jobs_every_ticket_is_changed_by_itself(desk: Desk, status: int) -> None:
    desk.provider.on("POST", UPDATE, empty_reply(status))
    desk.singly("PUT", *SIX)

    outcome = desk.finish("bulk_update_tickets", ticket_ids=SIX, properties={"priority": 2})

    assert outcome.message == "All 6 rows succeeded"


def test_without_jobs_what_needs_one_fails_with_the_reason(desk: Desk) -> None:
    desk.provider.on("POST", UPDATE, empty_reply(403))

    outcome = desk.finish(
        "bulk_update_tickets",
        ticket_ids=SIX,
        properties={"status": 5, "from_email": "support@acme.example"},
    )

    assert outcome.message == "6 of 6 rows failed, 0 succeeded"
    assert desk.stack.rows()[1][2] == "forbidden"


@pytest.mark.parametrize(
    "failure", [ProviderDown("down"), empty_reply(429, {"Retry-After": "3"}), empty_reply(500)]
)
@pytest.mark.parametrize("where", [("POST", UPDATE), ("GET", JOB), ("GET", TICKETS)])
def test_a_failure_in_the_middle_delays_and_hides_nothing(
    desk: Desk, failure: Any, where: tuple[str, str]
) -> None:
    desk.provider.on(*where, failure)
    desk.job("COMPLETED")
    desk.listed(*({"id": number, "priority": 2} for number in SIX[:5]))
    desk.singly("PUT", 6, status=404)

    outcome = desk.finish("bulk_update_tickets", ticket_ids=SIX, properties={"priority": 2})

    assert outcome.message == "1 of 6 rows failed, 5 succeeded"


def test_a_job_that_freshdesk_forgot_counts_as_over(desk: Desk) -> None:
    desk.provider.on("POST", UPDATE, STARTED).on("GET", JOB, empty_reply(404))
    desk.listed(*({"id": number, "priority": 2} for number in SIX))

    outcome = desk.finish("bulk_update_tickets", ticket_ids=SIX, properties={"priority": 2})

    assert outcome.message == "All 6 rows succeeded"


@pytest.mark.parametrize("answer", [{}, {"job_id": "../agents"}, {"job_id": None}])
def test_a_reply_that_names_no_job_is_no_success(desk: Desk, answer: dict[str, Any]) -> None:
    desk.provider.on("POST", UPDATE, json_reply(answer, 202))
    request = desk.stack.request(
        "bulk_update_tickets", {"ticket_ids": SIX, "properties": {"priority": 2}}
    )

    with pytest.raises(ProviderDown):
        desk.run(request)


def test_a_parent_is_set_singly_since_no_list_shows_it(desk: Desk) -> None:
    desk.singly("PUT", *SIX)

    desk.finish("bulk_update_tickets", ticket_ids=SIX, properties={"parent_id": 9})

    assert {one.method for one in desk.provider.requests} == {"PUT"}


def test_cancelling_lets_the_running_job_end_and_starts_no_other(desk: Desk) -> None:
    ids = list(range(1, 111))
    desk.job("IN PROGRESS", "COMPLETED")
    desk.listed(*({"id": number, "priority": 2} for number in ids[:90]))
    parameters = {"ticket_ids": ids, "properties": {"priority": 2}}
    desk.turn("bulk_update_tickets", **parameters)
    store = desk.stack.store

    store.update(store.get(ACTION_ID), cancelling=True)
    outcome = desk.finish("bulk_update_tickets", **parameters)

    assert outcome.message == "20 of 110 rows did not run, 90 succeeded"
    assert len(desk.provider.sent("POST", UPDATE)) == 1


def test_rows_are_kept_before_anything_is_sent(desk: Desk) -> None:
    desk.provider.on("POST", UPDATE, ProviderDown("down"))
    request = desk.stack.request(
        "bulk_update_tickets", {"ticket_ids": SIX, "properties": {"priority": 2}}
    )

    with pytest.raises(ProviderDown):
        desk.run(request)

    assert desk.stack.store.get(ACTION_ID).rows == 6


@pytest.mark.parametrize(
    ("action", "parameters", "named"),
    [
        ("bulk_update_tickets", {"ticket_ids": [1]}, ""),
        ("bulk_update_tickets", {"ticket_ids": [], "properties": {"status": 4}}, "ticket_ids"),
        ("bulk_update_tickets", {"ticket_ids": [0], "properties": {"status": 4}}, "ticket_ids.0"),
        ("bulk_update_tickets", {"ticket_ids": [1], "properties": {}}, ""),
        (
            "bulk_update_tickets",
            {"ticket_ids": [1], "properties": {"subject": "x"}},
            "properties.subject",
        ),
        (
            "bulk_update_tickets",
            {"ticket_ids": [1], "properties": {"skip_close_notification": True}},
            "",
        ),
        (
            "bulk_update_tickets",
            {
                "ticket_ids": [1],
                "properties": {"status": 5, "skip_close_notification": True},
                "reply": {"body": "x"},
            },
            "",
        ),
        ("bulk_assign", {"ticket_ids": [1]}, ""),
        ("bulk_assign", {"ticket_ids": [1], "agent_id": 1, "responder_id": 2}, ""),
        ("bulk_delete", {"ticket_ids": list(range(1, 10_002))}, "ticket_ids"),
    ],
)
def test_wrong_parameters_are_named(action: str, parameters: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshdesk", action), parameters)

    assert named in {field.field for field in raised.value.fields}


def test_an_overtaken_round_waits_for_the_later_one(desk: Desk) -> None:
    desk.job("IN PROGRESS")
    parameters = {"ticket_ids": SIX, "properties": {"priority": 2}}
    desk.turn("bulk_update_tickets", **parameters)
    store = desk.stack.store
    store.update(store.get(ACTION_ID), round=1)

    with pytest.raises(Unfinished) as raised:
        desk.run(desk.stack.request("bulk_update_tickets", parameters))

    assert raised.value.after_s == 60
    assert len(desk.provider.sent("GET", JOB)) == 0


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("bulk_update_tickets", {"properties": {"priority": 2}}),
        ("bulk_update_tickets", {"reply": {"body": "x"}}),
        ("bulk_assign", {"group_id": 7}),
        ("bulk_delete", {}),
    ],
)
def test_cancelled_before_it_is_read_nothing_is_sent(
    desk: Desk, action: str, parameters: dict[str, Any]
) -> None:
    store = desk.stack.store
    store.create(Progress(ACTION_ID, Phase.READING, 1.0, 1.0, cancelling=True))

    outcome = desk.finish(action, ticket_ids=SIX, **parameters)

    assert outcome.message == "Cancelled before its rows were read"
    assert desk.provider.requests == []


def test_keeping_rows_goes_on_where_time_ran_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a clock by which each look takes half of the time that there is
    moments = count(0, int(TURN_S / 2 + 1))
    monkeypatch.setattr(
        "freshbridge.actions.freshdesk.bulk.seconds", lambda _context: float(next(moments))
    )
    desk.provider.on("POST", UPDATE, empty_reply(403))
    ids = list(range(1, 251))
    parameters = {"ticket_ids": ids, "properties": {"priority": 2}}
    request = desk.stack.request("bulk_update_tickets", parameters)

    # Run by itself: the rows that it sends are of no interest here
    with pytest.raises(Unfinished):
        desk.run(request)

    assert 0 < desk.stack.store.get(ACTION_ID).rows < 250
    with pytest.raises(Unfinished):
        desk.run(request)
    assert desk.stack.store.get(ACTION_ID).rows == 250
