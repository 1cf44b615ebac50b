"""Set-ups against an account that remembers: repeated, cut short, refused, watched and undone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import Conflict, Misconfigured, ProviderDown, Throttled, Unauthorized
from freshbridge.instances.webhook_secrets import WebhookSecrets
from freshbridge.webhooks.address import AddressUnknown
from freshbridge.webhooks.choice import BY_WEBHOOK, read_setup
from freshbridge.webhooks.report import ByHand, NotInstalled, NotOurs, Report
from tests import builders
from tests.fakes.automations import (
    BASE_URL,
    NOW,
    OLD_SECRET,
    SECRET,
    AutomationAccount,
    SetupWorld,
)
from tests.fakes.provider import FakeTransport, empty_reply, json_reply

HOOK = f"{BASE_URL}/api/webhooks/freshdesk/{builders.INSTANCE_ID}"
PREFIX = f"Freshbridge {builders.INSTANCE_ID}: "
DENIED = {"code": "access_denied", "message": "You are not authorized to perform this action."}
TYPES = (1, 4)


class World(SetupWorld):
    """A set-up and the account it works on."""

    def __init__(self, *, cascading: bool | None = True) -> None:
        self.provider = FakeTransport()
        self.account = AutomationAccount(self.provider, cascading=cascading)
        super().__init__(self.provider)

    def install(self, **body: Any) -> Report:
        return self.setup.install(self.instance, read_setup(body), BASE_URL, self.calling)

    def health(self) -> Report:
        return self.setup.health(self.instance, BASE_URL, self.calling)

    def repair(self, *, dry_run: bool = False) -> Report:
        return self.setup.repair(self.instance, BASE_URL, self.calling, dry_run=dry_run)

    @property
    def writes(self) -> list[str]:
        return [f"{r.method} {r.path}" for r in self.provider.requests if r.method != "GET"]


def problems(report: Report) -> dict[str, list[str]]:
    return {s.key: [p.code for p in s.problems] for s in report.states if s.problems}


@pytest.fixture
def world() -> World:
    return World()


def test_one_call_installs_everything(world: World) -> None:
    report = world.install()
    shown = report.shown()
    assert world.account.names == [
        f"{PREFIX}{title}"
        for title in ("new tickets", "status changes", "notes and replies", "other changes")
    ]
    assert (shown["installed"], shown["healthy"], shown["url"]) == (True, True, HOOK)
    assert [change["did"] for change in shown["changes"]] == ["created"] * 4
    assert [change["rule_id"] for change in shown["changes"]] == [
        rule["id"] for rules in world.account.rules.values() for rule in rules
    ]
    assert {one["event"] for one in shown["not_by_webhook"]} >= {"ticket_deleted"}
    assert world.held == [f"webhooks#{builders.INSTANCE_ID}"]


def test_run_twice_nothing_is_doubled(world: World) -> None:
    world.install()
    writes = list(world.writes)
    again = world.install()
    assert world.writes == writes
    assert again.shown()["changes"] == []
    assert len(world.account.names) == 4


def test_a_dry_run_shows_each_request_and_sends_none(world: World) -> None:
    shown = world.install(dry_run=True).shown()
    assert [(r["method"], r["path"]) for r in shown["requests"]] == [
        ("POST", "/api/v2/automations/1/rules"),
        *[("POST", "/api/v2/automations/4/rules")] * 3,
    ]
    assert SECRET not in json.dumps(shown)
    assert shown["by_hand"]["rules"][0]["name"].startswith(PREFIX)
    assert (world.writes, world.wishes.kept) == ([], {})
    # And the very same requests go out when it is meant
    world.install()
    sent = [r.json for r in world.provider.requests if r.method == "POST"]
    masked = json.loads(json.dumps(sent).replace(SECRET, "********"))
    assert masked == [r["body"] for r in shown["requests"]]


def test_a_dry_run_shows_the_secret_only_when_asked(world: World) -> None:
    report = world.install(dry_run=True, show_secret=True)
    shown = json.dumps(report.shown(show_secret=True))
    assert SECRET in shown
    assert "X-Freshbridge-Secret: " + SECRET in shown


def test_narrowing_the_events_removes_the_rest(world: World) -> None:
    world.install()
    report = world.install(events=["ticket_resolved"])
    assert world.account.names == [f"{PREFIX}status changes"]
    assert world.account.named("status changes")["events"] == [
        {"field_name": "status", "from": "--", "to": 4}
    ]
    assert sorted(c["did"] for c in report.shown()["changes"]) == ["deleted"] * 3 + ["updated"]


def test_a_creation_without_an_answer_is_not_made_twice(world: World) -> None:
    world.account.lost_answers = 1
    report = world.install()
    assert len(world.account.names) == 4
    assert len([w for w in world.writes if w.startswith("POST")]) == 4
    assert report.shown()["healthy"] is True


def test_an_account_that_keeps_failing_ends_it_and_the_next_call_goes_on(world: World) -> None:
    # Given an account that loses the answers of the first two creations
    world.account.lost_answers = 2
    with pytest.raises(ProviderDown):
        world.install()
    assert len(world.account.names) == 2
    # When it is called once more
    report = world.install()
    # Then what was missing has come, and no more
    assert len(world.account.names) == 4
    assert len(report.steps) == 2


def test_a_limit_in_the_middle_ends_it_and_the_next_call_goes_on(world: World) -> None:
    # Given an account that takes one rule, and then has enough for this minute
    post = world.provider._answers[("POST", "/api/v2/automations/4/rules")]
    post.insert(0, empty_reply(429, {"Retry-After": "30"}))
    with pytest.raises(Throttled):
        world.install()
    assert len(world.writes) == 2
    assert len(world.account.names) == 1
    # When it is called after that minute
    assert len(world.install().steps) == 3
    assert len(world.account.names) == 4


def test_a_secret_that_freshdesk_quotes_is_hidden(world: World) -> None:
    error = {"field": "actions", "message": f"'{SECRET}' is odd", "code": "invalid_value"}
    refusal = json_reply({"description": "Validation failed", "errors": [error]}, 400)
    world.provider._answers[("POST", "/api/v2/automations/1/rules")] = [refusal]
    with pytest.raises(ByHand, match="is odd") as caught:
        world.install()
    assert SECRET not in str(caught.value)


def test_a_rule_that_goes_while_it_is_mended_is_made_anew(world: World) -> None:
    world.install()
    rule = world.account.named("status changes")
    rule["active"] = False
    listed = world.account._listed(4)
    first = listed(world.provider.requests[0])
    world.account.rules[4].remove(rule)
    # The first reading still has it
    answers = world.provider._answers[("GET", "/api/v2/automations/4/rules")]
    answers[:] = [first, listed]
    report = world.repair()
    assert len(world.account.rules[4]) == 3
    assert problems(report) == {}


def test_a_name_that_is_taken_is_looked_at_once_more_and_then_told(world: World) -> None:
    taken = json_reply({"description": "Validation failed", "errors": []}, 409)
    world.provider._answers[("POST", "/api/v2/automations/1/rules")] = [taken]
    with pytest.raises(Conflict):
        world.install()
    assert world.writes == ["POST /api/v2/automations/1/rules"] * 2


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (json_reply(DENIED, 403), "does not let this key"),
        (json_reply({"code": "require_feature", "message": "x"}, 403), "does not let this key"),
        (empty_reply(404), "offers this account no automation rules"),
        (json_reply({"message": "GET method is not allowed"}, 405), "does not take"),
    ],
)
@pytest.mark.parametrize("call", ["install", "health"])
def test_where_the_key_may_not_a_person_is_told_what_to_do(
    world: World, reply: Any, words: str, call: str
) -> None:
    # Given an account that refuses to show its rules
    for rule_type in TYPES:
        world.provider._answers[("GET", f"/api/v2/automations/{rule_type}/rules")] = [reply]
    with pytest.raises(ByHand, match=words) as caught:
        getattr(world, call)()
    told = caught.value.instructions
    # Then the steps, the URL, the header and each rule's content are there, without the secret
    assert told["url"] == HOOK
    assert told["custom_headers"].startswith("X-Freshbridge-Secret: <")
    assert len(told["steps"]) > 4
    assert [rule["rule"] for rule in told["rules"]] == [
        "created", "status", "conversations", "fields",
    ]  # fmt: skip
    assert all(json.loads(rule["content"])["freshdesk_webhook"] for rule in told["rules"])
    assert SECRET not in json.dumps(told)
    assert world.writes == []


def test_a_field_that_the_account_does_not_know_leads_to_the_same(world: World) -> None:
    error = {"field": "actions.content", "message": "Unexpected field", "code": "invalid_field"}
    refusal = json_reply({"description": "Validation failed", "errors": [error]}, 400)
    world.provider._answers[("POST", "/api/v2/automations/1/rules")] = [refusal]
    with pytest.raises(ByHand, match="as they are") as caught:
        world.install(show_secret=True)
    assert "actions.content" in str(caught.value)
    assert caught.value.instructions["custom_headers"].endswith(SECRET)


def test_a_dry_run_needs_no_administrator(world: World) -> None:
    for rule_type in TYPES:
        path = f"/api/v2/automations/{rule_type}/rules"
        world.provider._answers[("GET", path)] = [json_reply(DENIED, 403)]
    shown = world.install(dry_run=True).shown()
    assert len(shown["requests"]) == 4
    assert any("does not let this key" in warning for warning in shown["warnings"])


def test_a_key_that_is_refused_is_no_matter_for_a_person_in_freshdesk(world: World) -> None:
    path = "/api/v2/automations/1/rules"
    world.provider._answers[("GET", path)] = [json_reply({"code": "invalid_credentials"}, 401)]
    with pytest.raises(Unauthorized):
        world.install()


def test_health_tells_drift_and_repair_undoes_it(world: World) -> None:
    # Given a set-up that people have been at
    world.install()
    world.account.named("status changes")["active"] = False
    world.account.named("other changes")["actions"][0]["url"] = "https://elsewhere.example"
    world.account.rules[1].clear()
    world.account.add(4, **{**world.account.named("notes and replies"), "id": 1})
    # Then the health names each thing
    found = world.health()
    assert problems(found) == {
        "created": ["missing"],
        "status": ["disabled"],
        "fields": ["wrong_url"],
        "conversations": ["duplicate"],
    }
    assert found.shown()["healthy"] is False
    # A rehearsal changes nothing
    writes = list(world.writes)
    rehearsed = world.repair(dry_run=True).shown()
    assert world.writes == writes
    assert [r["method"] for r in rehearsed["requests"]] == ["POST", "PUT", "PUT", "DELETE"]
    # And a repair leaves nothing to do
    assert problems(world.repair()) == {}
    assert problems(world.health()) == {}
    assert len(world.account.names) == 4


def test_after_a_rotation_repair_sends_the_new_secret(world: World) -> None:
    world.install()
    # When the secret is rotated, and the one before opens for an hour
    world.secrets.webhook = WebhookSecrets("newer", SECRET, NOW + 3600)
    assert problems(world.health()) == {
        key: ["old_secret"] for key in ("created", "status", "conversations", "fields")
    }
    # Once the hour is over it opens no more
    world.now = NOW + 3601
    assert set(problems(world.health())["created"]) == {"wrong_secret"}
    world.repair()
    assert problems(world.health()) == {}
    for rules in world.account.rules.values():
        for rule in rules:
            assert rule["actions"][0]["custom_headers"]["X-Freshbridge-Secret"] == "newer"


def test_the_last_position_is_taken_when_it_is_asked_for() -> None:
    # Given our rule before another, in an account where only the first that fits runs
    world = World(cascading=False)
    world.install()
    other = world.account.add(1, name="Assign VIPs")
    # Then neither a look nor a repair moves it, for behind it would be told of less
    assert "'Assign VIPs'" in world.health().shown()["warnings"][0]
    assert world.repair().steps == ()
    # And what the first position would hold back is told before it is taken
    rehearsed = world.install(position="first", dry_run=True)
    assert "'Assign VIPs'" in rehearsed.shown()["warnings"][0]
    # When the last position is asked for
    report = world.install(position="last")
    # Then it is there, and says what it misses now
    assert world.account.rules[1][0]["id"] == other["id"]
    assert [change["did"] for change in report.shown()["changes"]] == ["updated"]
    assert problems(report) == {"created": ["shadowed"]}
    assert report.shown()["warnings"] == []
    assert world.install(position="last").steps == ()


@pytest.mark.parametrize("platform", ["slack", "http", "freshsales"])
def test_what_is_no_freshdesk_has_nothing_to_repair(world: World, platform: str) -> None:
    world.instance = replace(world.instance, platform=platform)
    with pytest.raises(Misconfigured, match="Only Freshdesk's") as caught:
        world.repair()
    assert ("workflow" in caught.value.advice) == (platform == "freshsales")


def test_nothing_to_repair_where_nothing_was_installed(world: World) -> None:
    with pytest.raises(NotInstalled):
        world.repair()
    shown = world.health().shown()
    assert (shown["installed"], shown["healthy"], shown["rules"]) == (False, False, [])


def test_removing_takes_ours_and_no_other(world: World) -> None:
    # Given our rules between a person's, one of which calls the webhook too
    mine = world.account.add(1, name="Assign VIPs")
    by_hand = world.account.add(
        4,
        name="By hand",
        actions=[{"field_name": "trigger_webhook", "url": HOOK}],
        events=[{"field_name": "due_by"}],
    )
    world.install()
    removed = world.setup.remove(world.instance, world.calling)
    assert len(removed) == 4
    assert [r["id"] for rules in world.account.rules.values() for r in rules] == [
        mine["id"], by_hand["id"],
    ]  # fmt: skip
    assert world.wishes.kept == {}
    # Once more is no error
    assert world.setup.remove(world.instance, world.calling) == ()


def test_removing_one_keeps_the_others_and_is_remembered(world: World) -> None:
    world.install()
    rule = world.account.named("notes and replies")
    world.setup.remove(world.instance, world.calling, rule["id"])
    assert len(world.account.names) == 3
    # It does not come back with a repair, and its absence is no fault
    assert problems(world.repair()) == {}
    assert len(world.account.names) == 3
    # But with a new set-up
    world.install()
    assert len(world.account.names) == 4


def test_removing_one_of_two_equals_keeps_the_wish_for_the_other(world: World) -> None:
    world.install()
    twin = world.account.add(
        4, **{k: v for k, v in world.account.named("status changes").items() if k != "id"}
    )
    world.setup.remove(world.instance, world.calling, twin["id"])
    assert problems(world.health()) == {}
    assert world.wishes.kept[builders.INSTANCE_ID].without == ()


def test_removing_the_last_forgets_the_wish(world: World) -> None:
    world.install(events=["ticket_created"])
    world.setup.remove(world.instance, world.calling, world.account.named("new tickets")["id"])
    assert world.wishes.kept == {}


def test_a_rule_that_is_not_ours_is_not_removed(world: World) -> None:
    mine = world.account.add(1, name="Assign VIPs")
    with pytest.raises(NotOurs):
        world.setup.remove(world.instance, world.calling, mine["id"])
    assert world.writes == []


def test_removal_by_a_key_that_may_not_tells_which_rules_to_delete(world: World) -> None:
    path = "/api/v2/automations/1/rules"
    world.provider._answers[("GET", path)] = [json_reply(DENIED, 403)]
    with pytest.raises(ByHand) as caught:
        world.setup.remove(world.instance, world.calling)
    assert PREFIX.strip() in caught.value.instructions["steps"][-1]
    assert caught.value.instructions["rules"] == []


def test_behind_a_name_of_ones_own_the_body_says_where_it_is(world: World) -> None:
    world.install(base_url="https://hooks.acme.example/")
    url = f"https://hooks.acme.example/api/webhooks/freshdesk/{builders.INSTANCE_ID}"
    assert world.account.named("new tickets")["actions"][0]["url"] == url
    # And it is remembered
    assert problems(world.health()) == {}


def test_an_api_that_has_moved_is_noticed(world: World) -> None:
    world.install()
    moved = world.setup.health(world.instance, "https://new.example/live", world.calling)
    assert problems(moved)["created"] == ["wrong_url"]


def test_an_address_that_is_not_known_is_asked_for(world: World) -> None:
    with pytest.raises(AddressUnknown, match="base_url"):
        world.setup.install(world.instance, read_setup({}), "", world.calling)
    assert world.provider.requests == []
    # Looking and removing need none where nothing was installed
    assert world.setup.health(world.instance, "", world.calling).states == ()
    assert world.setup.remove(world.instance, world.calling) == ()


def test_other_platforms_and_webhooks_without_a_secret_are_refused(world: World) -> None:
    other = builders.instance(platform="freshsales")
    with pytest.raises(Misconfigured, match="freshsales"):
        world.setup.install(other, read_setup({}), BASE_URL, world.calling)
    world.secrets.webhook = WebhookSecrets("", OLD_SECRET, NOW + 60)
    with pytest.raises(Misconfigured, match="secret"):
        world.install()
    assert world.provider.requests == []


def test_where_only_the_first_rule_runs_the_answer_says_what_that_means() -> None:
    world = World(cascading=False)
    world.account.add(1, name="Assign VIPs")
    assert problems(world.install()) == {"created": ["shadowed"]}
    # When ours is put first, the others' owner is warned
    shown = world.install(position="first").shown()
    assert world.account.rules[1][0]["name"] == f"{PREFIX}new tickets"
    assert shown["healthy"] is True
    assert "no longer run on new tickets" in shown["warnings"][0]


NAMES = st.sampled_from(["name", "active", "conditions", "events", "actions", "performer"])


@given(
    damages=st.lists(
        st.tuples(st.integers(0, 3), NAMES | st.just("delete") | st.just("double")), max_size=6
    ),
    events=st.lists(st.sampled_from(BY_WEBHOOK), min_size=1, max_size=6),
)
def test_whatever_was_done_to_it_one_repair_is_enough(
    damages: list[tuple[int, str]], events: list[str]
) -> None:
    # Given a set-up, and anything that people may have done to its rules
    world = World()
    mine = world.account.add(4, name="Mine")
    world.install()
    for index, damage in damages:
        rules = [r for kept in world.account.rules.values() for r in kept if r is not mine]
        if not rules:
            break
        rule = rules[index % len(rules)]
        rule_type = 1 if rule in world.account.rules[1] else 4
        if damage == "delete":
            world.account.rules[rule_type].remove(rule)
        elif damage == "double":
            world.account.add(rule_type, **{k: v for k, v in rule.items() if k != "id"})
        elif damage == "active":
            rule["active"] = False
        elif damage != "name" or rule.get("actions"):
            rule[damage] = "Renamed" if damage == "name" else []
    # When it is set up again for some events
    report = world.install(events=events)
    # Then all is well, nobody else's rule was touched, and there is nothing left to do
    known = [p for codes in problems(report).values() for p in codes]
    assert set(known) <= {"doubled"}
    assert mine in world.account.rules[4]
    writes = list(world.writes)
    world.install(events=events)
    assert world.writes == writes
