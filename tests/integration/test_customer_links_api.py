"""Customer links over HTTP: made, looked at, changed, run, reported, deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from freshbridge.customers.field_reading import USUAL_FIELDS
from freshbridge.customers.link import Kind, Side
from freshbridge.customers.ports import Told
from freshbridge.customers.run_state import RunState
from freshbridge.customers.run_store import RunStore
from freshbridge.instances.registry import Registry
from tests import builders
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start
from tests.integration.customer_world import CONTACT, SalesSide, connect_both, desk_side

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
BOTH = {"freshdesk_instance_id": builders.INSTANCE_ID, "freshsales_instance_id": "193000002"}
CONTACTS: dict[str, Any] = BOTH | {"objects": {"contacts": {}}}
LONG = builders.Context(300_000)


class Api:
    """Calls the function as API Gateway does."""

    def __init__(self, start: Start, root: str = "/api/customer-links") -> None:
        self._start = start
        self._root = root

    def __call__(
        self, method: str, path: str = "", body: Any = None, **query: str
    ) -> tuple[int, Any]:
        """The status, and the data or the whole refusal."""
        event = builders.rest_event(
            method,
            f"{self._root}{path}",
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


def tier(desk: str = "custom_fields.tier", sales: str = "custom_field.cf_tier") -> dict[str, Any]:
    """A link with a pair of fields of the accounts' own."""
    pairs = [
        {"freshdesk": "name", "freshsales": "name", "convert": "full_name"},
        {"freshdesk": "email", "freshsales": "email"},
        {"freshdesk": desk, "freshsales": sales},
    ]
    return BOTH | {"objects": {"contacts": {"fields": pairs}}}


def own_fields(provider: FakeTransport) -> None:
    """Both accounts have a tier."""
    provider.on(
        "GET",
        "/api/v2/contact_fields",
        json_reply([{"name": "name", "default": True}, {"name": "tier", "default": False}]),
    )
    group = {"name": "g", "fields": [{"name": "cf_tier"}, {"name": "cf_size"}]}
    provider.on("GET", SALES_FIELDS, json_reply({"fields": [{"name": "lead_score"}, group]}))


SALES_FIELDS = "/crm/sales/api/settings/contacts/fields"


@pytest.mark.parametrize("enabled", [True, False])
def test_an_instance_is_not_deleted_under_its_link(
    api: Api, stack: Stack, start: Start, *, enabled: bool
) -> None:
    link_id = api("POST", body=CONTACTS | {"enabled": enabled})[1]["link_id"]
    integrations = Api(start, "/api/integrations")
    rules = {item["sk"]["S"] for item in stack.items("InstanceTable")}

    for side in ("freshdesk", "freshsales"):
        status, refusal = integrations("DELETE", f"/{BOTH[f'{side}_instance_id']}")
        assert (status, refusal["code"]) == (409, "instance_linked")
        assert link_id in refusal["message"]

    # Nothing of it is gone, and without the link it can go.
    assert {item["sk"]["S"] for item in stack.items("InstanceTable")} == rules
    assert api("DELETE", f"/{link_id}")[0] == 200
    assert integrations("DELETE", f"/{builders.INSTANCE_ID}")[0] == 200


def test_a_link_whose_instance_is_gone_or_off_is_not_run(api: Api, stack: Stack) -> None:
    link_id = api("POST", body=CONTACTS)[1]["link_id"]
    registry = Registry(stack.names["InstanceTable"])
    registry.change("193000002", lambda held: replace(held, disabled=True))
    status, refusal = api("POST", f"/{link_id}/sync")
    assert (status, refusal["details"]["fields"][0]["field"]) == (400, "freshsales_instance_id")

    registry.delete("193000002")
    status, refusal = api("POST", f"/{link_id}/sync")

    assert (status, refusal["code"]) == (400, "invalid_link")
    assert stack.count("CustomerQueue") == (0, 0)


def test_a_run_whose_function_was_killed_is_stalled_until_it_is_asked_for(
    api: Api,
    stack: Stack,
    start: Start,
    provider: FakeTransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link_id = api("POST", body=CONTACTS)[1]["link_id"]
    runs = RunStore(stack.names["CustomerTable"])
    runs.save(link_id, RunState("run_7", "2026-03-03T12:00:00Z"))

    # While its lease lasts somebody may be at work
    runs.take(link_id, "killed", 180.0)
    shown = api("GET", f"/{link_id}")[1]["run"]
    assert (shown["stalled"], shown["worked_on_until"] is None) == (False, False)
    assert api("POST", f"/{link_id}/sync")[1]["was_stalled"] is False

    # And then nobody is
    runs.leave(link_id, "killed")
    runs.take(link_id, "killed", -1.0)
    shown = api("GET", f"/{link_id}")[1]["run"]
    assert (shown["state"], shown["stalled"], shown["worked_on_until"]) == ("running", True, None)
    stack.bodies("CustomerQueue")
    answer = api("POST", f"/{link_id}/sync")[1]
    assert (answer["run_id"], answer["under_way"], answer["was_stalled"]) == ("run_7", True, True)
    desk_side(provider, CONTACT)
    SalesSide(provider)
    run(stack, start, monkeypatch)
    shown = api("GET", f"/{link_id}")[1]["run"]
    assert (shown["run_id"], shown["state"], shown["stalled"]) == ("run_7", "done", False)


def test_fields_that_an_account_has_not_are_refused_with_those_that_are_near(
    api: Api, provider: FakeTransport
) -> None:
    own_fields(provider)

    status, refusal = api("POST", body=tier("custom_fields.teir", "custom_field.cf_tire"))

    assert (status, refusal["code"]) == (400, "invalid_link")
    told = {one["field"]: one["message"] for one in refusal["details"]["fields"]}
    assert "did you mean custom_fields.tier" in told["objects.contacts.fields.2.freshdesk"]
    assert "did you mean custom_field.cf_tier" in told["objects.contacts.fields.2.freshsales"]
    assert api("GET")[1] == []


def test_a_change_of_fields_is_held_against_the_accounts_too(
    api: Api, provider: FakeTransport
) -> None:
    own_fields(provider)
    made = api("POST", body=tier())[1]
    assert "warnings" not in made
    asked = len(provider.requests)

    assert api("PATCH", f"/{made['link_id']}", {"enabled": False})[0] == 200
    assert len(provider.requests) == asked
    wrong = {"objects": tier(sales="custom_field.cf_zzz")["objects"]}
    status, refusal = api("PATCH", f"/{made['link_id']}", wrong)

    assert status == 400
    (one,) = refusal["details"]["fields"]
    assert "its own are custom_field.cf_size, custom_field.cf_tier" in one["message"]
    assert api("GET", f"/{made['link_id']}")[1]["objects"] == made["objects"]


def test_what_an_account_does_not_list_is_taken_with_a_warning(
    api: Api, provider: FakeTransport
) -> None:
    provider.on("GET", "/api/v2/contact_fields", json_reply([{"name": "tier", "default": False}]))
    provider.on("GET", SALES_FIELDS, empty_reply(403))

    status, made = api("POST", body=tier())

    assert status == 201
    (warning,) = made["warnings"]
    assert "freshsales did not list them" in warning


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (tier() | {"direction": "to_freshsales", "create": ["freshdesk"]}, "create"),
        (
            BOTH
            | {
                "objects": {
                    "contacts": {
                        "match": ["external_id"],
                        "fields": [{"freshdesk": "name", "freshsales": "name"}],
                    }
                }
            },
            "objects.contacts.match",
        ),
    ],
)
def test_members_that_work_against_each_other_are_refused(
    api: Api, body: dict[str, Any], field: str
) -> None:
    status, refusal = api("POST", body=body)

    assert (status, refusal["code"]) == (400, "invalid_link")
    assert [one["field"] for one in refusal["details"]["fields"]] == [field]


def test_the_report_of_no_run_is_not_found(api: Api, stack: Stack) -> None:
    link_id = api("POST", body=CONTACTS)[1]["link_id"]
    runs = RunStore(stack.names["CustomerTable"])
    runs.tell(link_id, "run_1", [Told("created", Kind.CONTACTS, Side.FRESHDESK, "41")])

    status, refusal = api("GET", f"/{link_id}/report", run_id="run_none")

    assert (status, refusal["code"]) == (404, "unknown_customer_run")
    # An older run is there, if without such rows; and so are a day without events and no run yet.
    for query in ({"run_id": "run_1", "outcome": "failed"}, {"run_id": "events-2026-03-03"}, {}):
        assert api("GET", f"/{link_id}/report", **query)[1]["rows"] == []
