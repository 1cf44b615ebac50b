"""Rules over HTTP: saved, changed, switched, kept in versions, tried on an event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.rules.model import read_rule
from freshbridge.rules.store import KEPT_VERSIONS, RuleChangedMeanwhile, RuleStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
NOTE: dict[str, Any] = {
    "platform": "freshdesk",
    "action": "add_note",
    "parameters": {"ticket_id": "{{ ticket.id }}", "body": "Seen"},
}
RULE: dict[str, Any] = {
    "trigger": {"platform": "freshdesk", "event": "ticket_created", "conditions": {"priority": 4}},
    "actions": [NOTE],
}
EVENT: dict[str, Any] = {
    "type": "ticket_created",
    "ticket": {"id": 7, "priority": 4, "subject": "Printer", "custom_fields": {"cf_floor": "12"}},
}


class Api:
    """Calls the function as API Gateway does."""

    def __init__(self, start: Start, path: str) -> None:
        self._start = start
        self._path = path

    def __call__(
        self, method: str, path: str = "", body: Any = None, **query: str
    ) -> tuple[int, dict[str, Any]]:
        """The status and the body of one answer."""
        event = builders.rest_event(
            method,
            self._path + path,
            body=None if body is None else json.dumps(body),
            headers={"Authorization": ACCESS},
        )
        event["queryStringParameters"] = query or None
        answer = self._start("ConnectorApi").handler(event, builders.Context())
        return answer["statusCode"], json.loads(answer["body"])

    def save(self, rule: dict[str, Any] = RULE) -> str:
        """The path of a rule that was just saved."""
        status, body = self("POST", body=rule)
        assert status == 201, body
        return f"/{body['data']['rule_id']}"


@pytest.fixture
def api(stack: Stack, start: Start) -> Api:
    instance = stack.connect(
        builders.instance(config={"custom_field_mapping": {"cf_floor": "floor"}})
    )
    return Api(start, f"/api/integrations/{instance.instance_id}/rules")


def test_a_rule_is_saved_read_changed_and_forgotten(api: Api) -> None:
    path = api.save()
    saved = api("GET", path)[1]["data"]
    assert (saved["version"], saved["enabled"], saved["trigger"]) == (1, True, RULE["trigger"])

    changed = api("PUT", path, saved | {"name": "Urgent", "run": "ordered"})
    patched = api("PATCH", path, {"missing": "empty", "rate_cap": {"runs": 3}})

    assert changed[0] == patched[0] == 200
    found = api("GET", path)[1]["data"]
    assert (found["name"], found["run"], found["missing"]) == ("Urgent", "ordered", "empty")
    assert (found["rate_cap"], found["version"]) == ({"runs": 3, "per": "hour"}, 3)
    assert found["created_at"] == saved["created_at"] != ""
    assert api("DELETE", path)[0] == 200
    for method, body in (("GET", None), ("PUT", RULE), ("PATCH", {}), ("DELETE", None)):
        assert api(method, path, body)[0] == 404


def test_a_rule_is_noticed_elsewhere_within_two_seconds(api: Api, stack: Stack) -> None:
    now = [100.0]
    elsewhere = RuleStore(stack.names["InstanceTable"], clock=lambda: now[0])
    assert elsewhere.of(builders.INSTANCE_ID) == []

    api.save()
    now[0] += 2

    assert len(elsewhere.of(builders.INSTANCE_ID)) == 1


@pytest.mark.parametrize(
    ("trigger", "place"),
    [
        ({"platform": "freshsales", "event": "contact_created"}, "trigger.platform"),
        ({"platform": "freshdesk", "event": "deal_created"}, "trigger.event"),
        (
            {
                "platform": "freshdesk",
                "event": "ticket_updated",
                "conditions": {"status": {"changed_to": "Resolved"}},
            },
            "trigger.conditions.status",
        ),
    ],
)
def test_a_rule_that_no_event_of_the_account_could_meet_is_not_saved(
    api: Api, trigger: dict[str, Any], place: str
) -> None:
    status, body = api("POST", body=RULE | {"trigger": trigger})

    assert (status, body["code"]) == (400, "invalid_rule")
    assert body["message"].startswith(place)
    assert api("GET")[1]["data"] == []


@pytest.mark.parametrize("event", [{}, {"type": "nope"}, {"type": "nope", "ticket": {"id": 7}}])
def test_an_event_of_no_known_type_is_not_taken_for_a_webhook(
    api: Api, event: dict[str, Any]
) -> None:
    status, body = api("POST", "/test", {"event": event, "rule": RULE})

    assert (status, body["code"]) == (400, "invalid_rule")
    assert body["message"].startswith("event.type must be one of ticket_created")


@pytest.mark.parametrize(
    "change", [{}, {"rule_id": "rul_x"}, {"missing": None}, {"name": "Urgent"}]
)
def test_a_change_of_nothing_makes_no_version(api: Api, change: dict[str, Any]) -> None:
    path = api.save(RULE | {"name": "Urgent"})
    saved = api("GET", path)[1]["data"]

    status, body = api("PATCH", path, change)

    assert (status, body["message"], body["data"]) == (200, "Rule is as it was", saved)
    assert len(api("GET", f"{path}/versions")[1]["data"]) == 1


def test_forgetting_an_unknown_rule_says_so_as_reading_it_does(api: Api) -> None:
    answers = [api(method, "/rul_nope") for method in ("GET", "DELETE")]

    assert [(status, body["code"]) for status, body in answers] == [(404, "unknown_rule")] * 2


def test_an_id_that_no_rule_can_have_is_unknown(api: Api) -> None:
    for method in ("GET", "DELETE"):
        assert api(method, "/" + "x" * 200)[0] == 404


@pytest.mark.parametrize("method", ["put_item", "query"])
def test_while_the_table_is_down_nothing_is_said_to_be_saved(
    api: Api, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    path = api.save()
    table = aws.dynamodb()
    calls: list[Any] = []

    def second_fails(**arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2 or method == "query":
            raise client_error(method)
        return getattr(table, method)(**arguments)

    with monkeypatch.context() as patched:
        patched.setattr(aws, "dynamodb", lambda: Failing(table, **{method: second_fails}))
        answer = api("PATCH", path, {"name": "new"}) if method == "put_item" else api("GET")

    assert answer[0] == 503
    assert api("GET", path)[1]["data"]["version"] == 1
    assert len(api("GET", f"{path}/versions")[1]["data"]) == 1


def test_a_put_leaves_nothing_of_the_rule_before_and_a_patch_takes_an_option_away(api: Api) -> None:
    path = api.save(RULE | {"rate_cap": {"runs": 3}, "missing": "empty"})

    assert api("PATCH", path, {"rate_cap": None})[1]["data"]["rate_cap"] is None
    assert api("GET", path)[1]["data"]["missing"] == "empty"
    assert api("PUT", path, RULE)[1]["data"]["missing"] == "error"


def test_a_rule_is_switched_off_and_on(api: Api) -> None:
    path = api.save()

    off = api("DELETE", f"{path}/enabled")[1]["data"]
    still_off = api("DELETE", f"{path}/enabled")[1]["data"]
    on = api("PUT", f"{path}/enabled")[1]["data"]

    assert [(r["enabled"], r["version"]) for r in (off, still_off, on)] == [
        (False, 2), (False, 2), (True, 3),
    ]  # fmt: skip


def test_each_save_keeps_the_version_before_and_any_of_them_can_be_restored(api: Api) -> None:
    path = api.save(RULE | {"name": "one"})
    for name in ("two", "three"):
        api("PATCH", path, {"name": name})

    kept = api("GET", f"{path}/versions")[1]["data"]
    assert [(r["version"], r["name"]) for r in kept] == [(3, "three"), (2, "two"), (1, "one")]
    assert api("GET", f"{path}/versions/2")[1]["data"]["name"] == "two"
    assert api("GET", f"{path}/versions/3")[1]["data"]["name"] == "three"

    restored = api("POST", f"{path}/versions/1/restore")[1]["data"]

    assert (restored["version"], restored["name"]) == (4, "one")
    assert api("GET", path)[1]["data"]["name"] == "one"
    for number in ("0", "5", "x", "99999999999"):
        assert api("GET", f"{path}/versions/{number}")[0] == 404


def test_only_so_many_versions_are_kept(api: Api, stack: Stack) -> None:
    path = api.save()
    for number in range(KEPT_VERSIONS + 3):
        api("PATCH", path, {"name": str(number)})

    kept = [r["version"] for r in api("GET", f"{path}/versions")[1]["data"]]

    assert kept == list(range(KEPT_VERSIONS + 4, 3, -1))
    stored = [i for i in stack.items("InstanceTable") if i["sk"]["S"].startswith("ruleversion#")]
    assert len(stored) == KEPT_VERSIONS
    assert api("GET", f"{path}/versions/3")[0] == 404


def test_of_two_who_save_at_once_the_second_is_told(api: Api, stack: Stack) -> None:
    path = api.save()
    store = RuleStore(stack.names["InstanceTable"], age_s=0)
    rule = store.get(builders.INSTANCE_ID, path[1:])
    api("PATCH", path, {"name": "first"})

    with pytest.raises(RuleChangedMeanwhile):
        store.change(builders.INSTANCE_ID, rule, rule.enabled(on=False))
    status, body = api("PUT", path, RULE | {"version": 1})

    assert (status, body["code"]) == (400, "invalid_rule")
    assert "version is not the present one, 2" in body["message"]
    assert api("GET", path)[1]["data"]["name"] == "first"
    assert [r["version"] for r in api("GET", f"{path}/versions")[1]["data"]] == [2, 1]


def test_a_save_whose_answer_was_lost_is_no_conflict(api: Api, stack: Stack) -> None:
    path = api.save()
    store = RuleStore(stack.names["InstanceTable"], age_s=0)
    rule = store.get(builders.INSTANCE_ID, path[1:])

    once = store.change(builders.INSTANCE_ID, rule, rule.enabled(on=False))

    assert store.change(builders.INSTANCE_ID, rule, rule.enabled(on=False)) == once


def test_the_list_has_pages(api: Api) -> None:
    paths = [api.save() for _ in range(5)]

    found: list[str] = []
    after: str | None = None
    while True:
        query = {"limit": "2"} | ({"after": after} if after else {})
        status, body = api("GET", **query)
        assert status == 200
        assert len(body["data"]) <= 2
        found += [f"/{rule['rule_id']}" for rule in body["data"]]
        after = body["after"]
        if after is None:
            break

    assert found == paths
    assert len(api("GET")[1]["data"]) == 5
    assert api("GET", limit="0")[0] == 400
    assert api("GET", after="nonsense")[0] == 400
    # One of another instance's list.
    assert api("GET", after="eyJwayI6IjEiLCJzayI6InJ1bGUjeCJ9")[0] == 400


@pytest.mark.parametrize(
    ("change", "status", "code", "words"),
    [
        ({"trigger": RULE["trigger"] | {"conditions": {"priority": {"over": 1}}}},
         400, "invalid_rule", "trigger.conditions.priority.over is no operator"),
        ({"trigger": RULE["trigger"] | {"conditions": {"prioritty": 4}}},
         400, "invalid_rule", "Did you mean priority"),
        ({"actions": [NOTE | {"action": "explode"}]},
         400, "invalid_rule", "actions[0].action is unknown"),
        ({"trigger": {"platform": "jira", "event": "issue_made"}},
         400, "invalid_rule", "trigger.platform 'jira' is not one of freshdesk, freshsales"),
        ({"actions": [NOTE | {"parameters": {"body": "Äh\nok {{ ticket..id }}"}}]},
         400, "invalid_template", "(line 2, column 14)"),
        ({"actions": [NOTE | {"parameters": {"body": "ok\n{{ oops"}}]},
         400, "invalid_template", "actions[0].parameters.body"),
        ({"actions": [NOTE | {"parameters": {"body": "{% set a = 1 %}"}}]},
         400, "invalid_template", "line 1"),
        ({"actions": [NOTE, NOTE | {"parameters": {"body": "{{ results[0].data.id }}"}}]},
         400, "invalid_rule", "actions[1].parameters uses results"),
        ({"run": "ordered", "actions": [NOTE | {"parameters": {"body": "{{ steps.a.data.id }}"}}]},
         400, "invalid_rule", "actions[0].parameters uses results"),
        ({"actions": [NOTE | {"parameters": {"ticket_id": "{{ ticket.id }}"}}]},
         400, "invalid_rule", "actions[0].parameters.body: it is required"),
        ({"actions": [NOTE | {"parameters": NOTE["parameters"] | {"bodyy": "x"}}]},
         400, "invalid_rule", "actions[0].parameters.bodyy: there is no such parameter"),
        ({"actions": [NOTE | {"parameters": NOTE["parameters"] | {"private": "perhaps"}}]},
         400, "invalid_rule", "actions[0].parameters.private"),
        ({"actions": [NOTE | {"parameters": NOTE["parameters"] | {"body": "{{ nosuch.thing }}"}}]},
         400, "invalid_rule", "actions[0].parameters.body names nosuch"),
        ({"run": "ordered", "actions": [
            NOTE | {"name": "first"},
            NOTE | {"parameters": {"ticket_id": 7, "body": "{{ steps.nope.state }}"}}]},
         400, "invalid_rule", "names steps.nope; the actions before it: first"),
        ({"trigger": RULE["trigger"] | {"conditions": {"any": [{"priority": ["Low", "Frob"]}]}}},
         400, "invalid_rule", "Low (1), Medium (2)"),
        ({"enabeld": True}, 400, "invalid_rule", "enabeld is unknown"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_refused_wherever_it_is_sent(
    api: Api, change: dict[str, Any], status: int, code: str, words: str
) -> None:
    path = api.save()

    for method, where, body in (
        ("POST", "", RULE | change),
        ("PUT", path, RULE | change),
        ("PATCH", path, change),
        ("POST", "/test", {"event": EVENT, "rule": RULE | change}),
    ):
        answered, refusal = api(method, where, body)
        assert (answered, refusal["code"]) == (status, code), (method, where)
        assert words in refusal["message"]
    assert api("GET", path)[1]["data"]["version"] == 1


def test_a_stored_rule_that_cannot_be_read_harms_no_other(api: Api, stack: Stack) -> None:
    path = api.save()
    aws.dynamodb().put_item(
        TableName=stack.names["InstanceTable"],
        Item={
            "pk": {"S": builders.INSTANCE_ID},
            "sk": {"S": "rule#rul_0"},
            "body": {"S": json.dumps({"rule_id": "rul_0", "trigger": {"event": "of tomorrow"}})},
        },
    )

    assert [f"/{r['rule_id']}" for r in api("GET")[1]["data"]] == [path]
    assert api("DELETE", "/rul_0")[0] == 200


def test_a_rule_from_before_versions_can_be_changed(api: Api, stack: Stack) -> None:
    body = RULE | {"rule_id": "rul_old", "name": "Old"}
    read_rule(body, rule_id="rul_old")
    aws.dynamodb().put_item(
        TableName=stack.names["InstanceTable"],
        Item={
            "pk": {"S": builders.INSTANCE_ID},
            "sk": {"S": "rule#rul_old"},
            "body": {"S": json.dumps(body)},
        },
    )

    assert api("PATCH", "/rul_old", {"name": "New"})[1]["data"]["version"] == 2
    assert [r["name"] for r in api("GET", "/rul_old/versions")[1]["data"]] == ["New", "Old"]


def test_disconnecting_takes_every_version_along(api: Api, stack: Stack, start: Start) -> None:
    path = api.save()
    api("PATCH", path, {"name": "two"})
    event = builders.rest_event(
        "DELETE", f"/api/integrations/{builders.INSTANCE_ID}", headers={"Authorization": ACCESS}
    )

    assert start("ConnectorApi").handler(event, builders.Context())["statusCode"] == 200

    assert [i for i in stack.items("InstanceTable") if "rul" in i["sk"]["S"]] == []


# --- tried on an event


def tried(api: Api, **body: Any) -> Any:
    status, answer = api("POST", "/test", {"event": EVENT} | body)
    assert status == 200, answer
    return answer["data"]["rules"]


def test_a_test_shows_conditions_with_what_they_met_and_filled_in_actions(
    api: Api, stack: Stack
) -> None:
    (shown,) = tried(api, rule=RULE | {"actions": [NOTE | {"delay_s": 60}]})

    assert (shown["would_run"], shown["rule_id"]) == (True, None)
    assert shown["conditions"]["all"] == [
        {"field": "priority", "operator": "eq", "expected": 4, "actual": 4, "held": True}
    ]
    (action,) = shown["actions"]
    assert action["parameters"] == {"ticket_id": 7, "body": "Seen"}
    assert action["not_before"] is not None
    assert action["refused"] == []
    assert stack.bodies("ActionQueue") == []
    assert stack.items("ActionTable") == stack.items("IdempotencyTable") == []


def test_a_test_names_what_the_action_would_refuse(api: Api) -> None:
    note = NOTE | {"parameters": {"ticket_id": "{{ ticket.subject }}", "body": "Seen"}}

    (shown,) = tried(api, rule=RULE | {"actions": [NOTE, note]})

    assert [field["field"] for field in shown["actions"][1]["refused"]] == ["ticket_id"]
    assert (shown["would_run"], shown["code"]) == (False, "invalid_parameters")
    assert "action 2" in shown["reason"]


def test_an_account_s_own_status_may_be_named_and_no_other_once_its_config_tells_them(
    api: Api, stack: Stack, start: Start
) -> None:
    def waits_for(status: str) -> dict[str, Any]:
        return RULE | {"trigger": RULE["trigger"] | {"conditions": {"status": status}}}

    api.save(waits_for("With the vendor"))
    config = {"custom_statuses": {"With the vendor": 9}}
    telling = stack.connect(builders.instance(instance_id="193000002", config=config))
    api = Api(start, f"/api/integrations/{telling.instance_id}/rules")

    path = api.save(waits_for("With the vendor"))

    for method, where, body in (
        ("POST", "", waits_for("With the vendr")),
        ("PUT", path, waits_for("With the vendr")),
        ("POST", "/test", {"event": EVENT, "rule": waits_for("With the vendr")}),
    ):
        status, refusal = api(method, where, body)
        assert (status, refusal["code"]) == (400, "invalid_rule")
        assert "trigger.conditions.status" in refusal["message"]
        assert "With the vendor" in refusal["message"]


def test_markup_of_a_customer_is_text_in_a_note(api: Api) -> None:
    event = EVENT | {"ticket": EVENT["ticket"] | {"subject": "<b>"}}
    words = {"ticket_id": 7, "body": "<i>{{ ticket.subject }}</i>"}

    (shown,) = tried(api, event=event, rule=RULE | {"actions": [NOTE | {"parameters": words}]})

    assert shown["actions"][0]["parameters"]["body"] == "<i>&lt;b&gt;</i>"


def test_a_test_shows_which_actions_wait_for_results(api: Api) -> None:
    second = NOTE | {"parameters": {"ticket_id": 7, "body": "{{ results[0].data.note_id }}"}}

    (shown,) = tried(api, rule=RULE | {"run": "ordered", "actions": [NOTE, second]})

    assert [a["waits_for_results"] for a in shown["actions"]] == [False, True]
    assert shown["actions"][1]["parameters"] == second["parameters"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"trigger": RULE["trigger"] | {"event": "ticket_closed"}}, "other_event"),
        ({"trigger": RULE["trigger"] | {"conditions": {"priority": "Low"}}}, "conditions"),
        ({"enabled": False}, "disabled"),
        ({"schedule": {"days": ["tuesday"], "from": "03:00", "to": "03:01"}}, "outside_schedule"),
        ({"actions": [NOTE | {"parameters": {"ticket_id": 7, "body": "{{ ticket.nothing }}"}}]},
         "invalid_template"),
    ],
)  # fmt: skip
def test_a_test_tells_why_a_rule_would_not_run(api: Api, change: dict[str, Any], code: str) -> None:
    event = EVENT | {"received_at": builders.RECEIVED_AT}

    (shown,) = tried(api, event=event, rule=RULE | change)

    assert (shown["would_run"], shown["code"], shown["actions"]) == (False, code, [])
    assert shown["reason"]


def test_a_test_tries_the_saved_rule_or_all_of_them(api: Api) -> None:
    path = api.save()
    other = api.save(RULE | {"trigger": RULE["trigger"] | {"event": "ticket_closed"}})

    assert [r["would_run"] for r in tried(api, rule_id=path[1:])] == [True]
    assert [(f"/{r['rule_id']}", r["would_run"]) for r in tried(api)] == [
        (path, True), (other, False),
    ]  # fmt: skip
    assert api("POST", "/test", {"event": EVENT, "rule_id": "rul_none"})[0] == 404


def test_a_webhook_s_body_and_the_instance_s_own_names_can_be_tried(api: Api) -> None:
    trigger = RULE["trigger"] | {"conditions": {"custom_fields.floor": 12}}

    (by_event,) = tried(api, rule=RULE | {"trigger": trigger})
    (by_webhook,) = tried(
        api,
        rule=RULE | {"trigger": trigger},
        event={
            "freshdesk_webhook": {
                "ticket_id": 7,
                "ticket_cf_floor": "12",
                "triggered_event": "{ticket_action:created}",
            }
        },
    )

    assert by_event["would_run"]
    assert by_webhook["would_run"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "event must be an object"),
        ({"event": 7}, "event must be an object"),
        ({"event": EVENT | {"type": "ticket_exploded"}}, "event.type must be one of"),
        ({"event": EVENT | {"ticket": 7}}, "event.ticket must be an object"),
        ({"event": EVENT | {"id": 7}}, "event.id must be a text"),
        ({"event": EVENT | {"received_at": "soon"}}, "event.received_at must be an ISO 8601"),
        ({"event": EVENT, "rule": 7}, "rule must be an object"),
        ({"event": EVENT, "rules": []}, "rules is unknown"),
    ],
)
def test_a_test_that_cannot_be_made_is_refused(api: Api, body: Any, words: str) -> None:
    status, answer = api("POST", "/test", body)

    assert status == 400
    assert words in answer["message"]
