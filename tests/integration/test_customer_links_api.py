"""Customer links over HTTP: made, looked at, changed, run, reported, deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge.customers.field_reading import USUAL_FIELDS
from freshbridge.customers.run_state import RunState
from freshbridge.customers.run_store import RunStore
from tests import builders
from tests.fakes.provider import FakeTransport
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start
from tests.integration.customer_world import CONTACT, SalesSide, connect_both, desk_side

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
BOTH = {"freshdesk_instance_id": builders.INSTANCE_ID, "freshsales_instance_id": "193000002"}
CONTACTS: dict[str, Any] = BOTH | {"objects": {"contacts": {}}}
LONG = builders.Context(300_000)


class Api:
    """Calls the function as API Gateway does."""

    def __init__(self, start: Start) -> None:
        self._start = start

    def __call__(
        self, method: str, path: str = "", body: Any = None, **query: str
    ) -> tuple[int, Any]:
        """The status, and the data or the whole refusal."""
        event = builders.rest_event(
            method,
            f"/api/customer-links{path}",
            body=None if body is None else json.dumps(body),
            headers={"Authorization": ACCESS},
        )
        event["queryStringParameters"] = query or None
        answer = self._start("ConnectorApi").handler(event, builders.Context())
        found = json.loads(answer["body"])
        return answer["statusCode"], found.get("data", found)


@pytest.fixture
def api(stack: Stack, start: Start) -> Api:
    """With both instances connected."""
    connect_both(stack)
    return Api(start)


def run(stack: Stack, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued is done."""
    function = start("CustomerSync")
    monkeypatch.setattr(function, "pause", lambda _seconds: None)
    while stack.count("CustomerQueue")[0]:
        assert stack.deliver("CustomerQueue", function.handler, LONG) == []


def test_a_link_needs_two_ids_and_says_the_rest_itself(api: Api) -> None:
    status, made = api("POST", body=BOTH)

    assert status == 201
    assert (made["direction"], made["conflict"], made["deletions"]) == ("both", "newest", "ignore")
    assert list(made["objects"]) == ["companies", "contacts"]
    names = [rule["freshdesk"] for rule in made["objects"]["contacts"]["fields"]]
    assert names == [*(rule.name for rule in USUAL_FIELDS[_contacts()]), "company_id"]
    assert api("GET")[1] == [made]
    shown = api("GET", f"/{made['link_id']}")[1]
    assert shown == made | {"run": None, "rehearsal": None}


def _contacts() -> Any:
    return next(kind for kind in USUAL_FIELDS if kind.value == "contacts")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"freshsales_instance_id": "193000002"}, "freshdesk_instance_id"),
        (BOTH | {"freshsales_instance_id": "7"}, "freshsales_instance_id"),
        (BOTH | {"freshsales_instance_id": builders.INSTANCE_ID}, "freshsales_instance_id"),
        (BOTH | {"conflict": "loudest"}, "conflict"),
        (BOTH | {"directon": "both"}, "directon"),
    ],
)
def test_a_link_that_cannot_work_is_refused_with_its_place(
    api: Api, body: dict[str, Any], field: str
) -> None:
    status, refusal = api("POST", body=body)

    assert (status, refusal["code"]) == (400, "invalid_link")
    assert field in [one["field"] for one in refusal["details"]["fields"]]
    assert api("GET")[1] == []


def test_two_links_of_the_same_accounts_would_work_against_each_other(api: Api) -> None:
    assert api("POST", body=BOTH)[0] == 201

    status, refusal = api("POST", body=BOTH)

    assert (status, refusal["code"]) == (409, "linked_already")


def test_a_link_is_changed_member_by_member(api: Api) -> None:
    link_id = api("POST", body=CONTACTS)[1]["link_id"]

    changed = api("PATCH", f"/{link_id}", {"conflict": "freshdesk_wins", "enabled": False})[1]

    assert (changed["conflict"], changed["enabled"]) == ("freshdesk_wins", False)
    assert list(changed["objects"]) == ["contacts"]
    assert api("PATCH", f"/{link_id}", {"conflict": "freshdesk_wins"})[1] == changed
    assert api("PATCH", f"/{link_id}", {"freshdesk_instance_id": "9"})[0] == 400
    assert api("PATCH", f"/{link_id}", {"deletions": "burn"})[0] == 400
    # A disabled link is not run.
    assert api("POST", f"/{link_id}/sync")[0] == 400


def test_unknown_links_are_not_found(api: Api) -> None:
    for method, path in (
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/sync"), ("GET", "/report"),
        ("GET", "/links"),
    ):  # fmt: skip
        assert api(method, f"/lnk_none{path}", {} if method != "GET" else None)[0] == 404


def test_a_run_is_asked_for_followed_and_reported(
    api: Api,
    stack: Stack,
    start: Start,
    provider: FakeTransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link_id = api("POST", body=CONTACTS)[1]["link_id"]
    desk_side(provider, CONTACT)
    sales = SalesSide(provider)

    # First a rehearsal: it tells, and writes nothing
    status, queued = api("POST", f"/{link_id}/sync", {"dry_run": True})
    assert status == 202
    run(stack, start, monkeypatch)
    assert sales.people == []
    rehearsal = api("GET", f"/{link_id}")[1]["rehearsal"]
    assert (rehearsal["state"], rehearsal["counts"]["created_freshsales"]) == ("done", 1)
    told = api("GET", f"/{link_id}/report", run_id=queued["run_id"])[1]
    assert [row["outcome"] for row in told["rows"]] == ["created"]

    # Then the run
    assert api("POST", f"/{link_id}/sync")[1]["under_way"] is False
    run(stack, start, monkeypatch)
    state = api("GET", f"/{link_id}")[1]["run"]
    assert (state["state"], state["stage"]) == ("done", None)
    assert len(sales.people) == 1
    report = api("GET", f"/{link_id}/report", outcome="created", limit="1")[1]
    (row,) = report["rows"]
    assert (row["freshdesk_id"], row["freshsales_id"]) == ("41", "900")
    assert report["run"]["run_id"] == report["run_id"] == state["run_id"]
    assert api("GET", f"/{link_id}/report", outcome="lost")[0] == 400

    # And the table of who is who
    for query in (
        {}, {"id": "41"}, {"email": " MIRA@client.example"}, {"side": "freshsales", "id": "900"},
    ):  # fmt: skip
        (one,) = api("GET", f"/{link_id}/links", **query)[1]["customers"]
        assert (one["freshdesk_id"], one["freshsales_id"], one["state"]) == ("41", "900", "linked")
        assert "mira" not in json.dumps(one).lower()
    assert api("GET", f"/{link_id}/links", email="nobody@client.example")[1]["customers"] == []
    assert api("GET", f"/{link_id}/links", object="companies")[1]["customers"] == []
    assert api("GET", f"/{link_id}/links", side="left")[0] == 400


def test_a_run_that_is_under_way_goes_on(api: Api, stack: Stack) -> None:
    link_id = api("POST", body=CONTACTS)[1]["link_id"]
    RunStore(stack.names["CustomerTable"]).save(link_id, RunState("run_7", "2026-03-03T12:00:00Z"))

    answer = api("POST", f"/{link_id}/sync", {"full": True})[1]

    assert (answer["run_id"], answer["under_way"]) == ("run_7", True)


@pytest.mark.parametrize("body", [{"dry_run": 1}, {"dry": True}])
def test_a_wish_that_is_not_understood_is_refused(api: Api, body: dict[str, Any]) -> None:
    link_id = api("POST", body=CONTACTS)[1]["link_id"]

    assert api("POST", f"/{link_id}/sync", body)[0] == 400


def test_a_deleted_link_is_gone_with_what_was_known(
    api: Api,
    stack: Stack,
    start: Start,
    provider: FakeTransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link_id = api("POST", body=CONTACTS)[1]["link_id"]
    desk_side(provider, CONTACT)
    SalesSide(provider)
    api("POST", f"/{link_id}/sync")
    run(stack, start, monkeypatch)

    assert api("DELETE", f"/{link_id}")[0] == 200
    run(stack, start, monkeypatch)

    assert api("GET", f"/{link_id}")[0] == 404
    left = [item for item in stack.items("CustomerTable") if "#report#" not in item["pk"]["S"]]
    assert left == []
