"""What is found wrong with rules that somebody has been at."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from freshbridge.freshdesk.automation import AutomationRules, AutomationType
from freshbridge.instances.webhook_secrets import WebhookSecrets
from freshbridge.webhooks.automation import pieces_of
from freshbridge.webhooks.choice import BY_WEBHOOK, Wish
from freshbridge.webhooks.found import Account, header_of, sort_out
from freshbridge.webhooks.health import Secrets, agrees
from freshbridge.webhooks.plan import ALL_PIECES, Target, examine, masked, removal, steps_for
from freshbridge.webhooks.report import Report
from tests.fakes.automations import NOW, OLD_SECRET, SECRET

URL = "https://a.example/live/api/webhooks/freshdesk/193"
Record = dict[str, Any]
EVERYTHING = Wish()
HELD = WebhookSecrets(SECRET, OLD_SECRET, NOW + 7200)


def target(held: WebhookSecrets = HELD) -> Target:
    return Target("193", URL, Secrets(held, NOW))


def installed(wish: Wish = EVERYTHING) -> dict[int, list[Record]]:
    """An account as a set-up leaves it."""
    lists: dict[int, list[Record]] = {1: [], 4: []}
    for number, piece in enumerate(pieces_of(wish.events)):
        body = json.loads(json.dumps(target().body(piece)))
        rules = lists[int(piece.rule_type)]
        shown = {"id": 700 + number, "position": len(rules) + 1, "summary": {}, "outdated": False}
        rules.append({**body, **shown})
    return lists


def account(lists: dict[int, list[Record]], *, cascading: bool | None = True) -> Account:
    found = {
        AutomationType(rule_type): AutomationRules(tuple(rules), cascading)
        for rule_type, rules in lists.items()
    }
    return sort_out(found, "193", ALL_PIECES)


def codes(
    lists: dict[int, list[Record]],
    wish: Wish = EVERYTHING,
    *,
    cascading: bool | None = True,
) -> dict[str, list[str]]:
    states = examine(account(lists, cascading=cascading), wish, target())
    return {state.key: [p.code for p in state.problems] for state in states if state.problems}


def test_a_fresh_set_up_is_healthy_and_nothing_is_left_to_do() -> None:
    lists = installed()
    assert codes(lists) == {}
    assert steps_for(examine(account(lists), Wish(), target()), Wish(), target()) == []


def hook(rule: Record) -> Record:
    found: Record = rule["actions"][0]
    return found


def set_header(rule: Record, name: str, value: str) -> None:
    hook(rule)["custom_headers"][name] = value


DAMAGES: list[tuple[str, Callable[[Record], Any], list[str]]] = [
    ("switched off", lambda r: r.update(active=False), ["disabled"]),
    ("outdated", lambda r: r.update(outdated=True), ["outdated"]),
    ("renamed", lambda r: r.update(name="Mine now"), ["renamed"]),
    ("other address", lambda r: hook(r).update(url="https://b.example/x"), ["wrong_url"]),
    ("old secret", lambda r: set_header(r, "X-Freshbridge-Secret", OLD_SECRET), ["old_secret"]),
    ("wrong secret", lambda r: set_header(r, "X-Freshbridge-Secret", "x-y"), ["wrong_secret"]),
    ("no headers", lambda r: hook(r).pop("custom_headers"), ["wrong_secret"]),
    ("no webhook", lambda r: r.update(actions=[{"field_name": "status", "value": 3}]), ["changed"]),
    ("no actions", lambda r: r.update(actions=None), ["changed"]),
    (
        "one action more",
        lambda r: r["actions"].append({"field_name": "priority", "value": 4}),
        ["changed"],
    ),
    ("another method", lambda r: hook(r).update(request_type="PUT"), ["changed"]),
    ("form encoding", lambda r: hook(r).update(content_type="XML"), ["changed"]),
    ("advanced layout", lambda r: hook(r).update(content_layout="2"), ["changed"]),
    ("content shorter", lambda r: hook(r)["content"].pop("ticket_id"), ["changed"]),
    ("content rewritten", lambda r: hook(r).update(content="{"), ["changed"]),
    ("other events", lambda r: r.update(events=[{"field_name": "priority"}]), ["changed"]),
    ("other performer", lambda r: r.update(performer={"type": 1}), ["changed"]),
    ("no condition", lambda r: r.update(conditions=[]), ["changed"]),
    (
        "narrower condition",
        lambda r: r["conditions"][0]["properties"][0].update(value=[4]),
        ["changed"],
    ),
    (
        "several things",
        lambda r: (r.update(active=False, name="x"), hook(r).update(url="https://b.example")),
        ["disabled", "renamed", "wrong_url"],
    ),
]


@pytest.mark.parametrize(("damage", "found"), [d[1:] for d in DAMAGES], ids=[d[0] for d in DAMAGES])
def test_each_damage_is_told_and_one_update_mends_it(
    damage: Callable[[Record], Any], found: list[str]
) -> None:
    # Given a set-up of which somebody changed one rule
    lists = installed()
    rule = lists[4][0]
    damage(rule)
    # Then the health names what it was, and no other rule
    assert codes(lists) == {"status": found}
    # And the one step that is left brings it back
    (step,) = steps_for(examine(account(lists), Wish(), target()), Wish(), target())
    assert (step.kind, step.state.rule and step.state.rule.id) == ("update", rule["id"])
    rule.update({**(step.body or {}), "outdated": False})
    assert codes(lists) == {}


def test_a_rule_that_lost_both_name_and_mark_is_somebody_elses() -> None:
    # Given a rule that still calls the webhook, but is not known by anything else
    lists = installed()
    rule = lists[4][0]
    rule["name"] = "Mine now"
    hook(rule)["custom_headers"].pop("X-Freshbridge-Rule")
    # Then it counts as made by hand: it brings the events, and is neither mended nor removed
    found = account(lists)
    assert codes(lists) == {}
    assert [r.id for r in found.by_hand] == [rule["id"]]
    (state,) = [s for s in examine(found, Wish(), target()) if s.key == "status"]
    assert (state.rule, [r.id for r in state.covered]) == (None, [rule["id"]])
    assert rule["id"] not in {s.state.rule.id for s in removal(found) if s.state.rule}


def test_a_hand_made_rule_that_sleeps_or_listens_to_less_covers_nothing() -> None:
    for change in ({"active": False}, {"events": [{"field_name": "due_by"}]}, {"events": None}):
        lists = installed()
        lists[4][0].update({"name": "Mine", **change})
        hook(lists[4][0])["custom_headers"].pop("X-Freshbridge-Rule")
        assert codes(lists) == {"status": ["missing"]}, change


def test_a_hand_made_rule_beside_ours_doubles_every_event() -> None:
    lists = installed()
    twin = copy.deepcopy(lists[1][0]) | {"id": 900, "name": "By hand", "position": 2}
    hook(twin)["custom_headers"].pop("X-Freshbridge-Rule")
    lists[1].append(twin)
    assert codes(lists) == {"created": ["doubled"]}
    # Which of the two goes is for a person to say
    assert steps_for(examine(account(lists), Wish(), target()), Wish(), target()) == []


def by_hand(damage: Callable[[Record], Any], piece_at: tuple[int, int]) -> dict[int, list[Record]]:
    """An account in which one rule is a person's own, and has something about it."""
    lists = installed()
    rule = lists[piece_at[0]][piece_at[1]]
    rule["name"] = "By hand"
    hook(rule)["custom_headers"].pop("X-Freshbridge-Rule")
    damage(rule)
    return lists


HAND_FAULTS: list[tuple[str, Callable[[Record], Any], str, bool]] = [
    (
        "wrong secret",
        lambda r: set_header(r, "X-Freshbridge-Secret", "typo"),
        "wrong_secret",
        False,
    ),
    ("no secret", lambda r: hook(r).pop("custom_headers"), "wrong_secret", False),
    ("old secret", lambda r: set_header(r, "X-Freshbridge-Secret", OLD_SECRET), "old_secret", True),
    ("GET", lambda r: hook(r).update(request_type="GET"), "wrong_method", False),
    ("outdated", lambda r: r.update(outdated=True), "outdated", True),
    ("asleep", lambda r: r.update(active=False), "disabled", False),
    (
        "narrowed",
        lambda r: r["conditions"][0]["properties"][0].update(value=[4]),
        "narrowed",
        True,
    ),
    (
        "one more condition",
        lambda r: r["conditions"][0].update(
            match_type="all",
            properties=[
                *r["conditions"][0]["properties"],
                {"field_name": "status", "operator": "in", "value": [2]},
            ],
        ),
        "narrowed",
        True,
    ),
    ("unreadable conditions", lambda r: r.update(conditions=["x"]), "narrowed", True),
    (
        "another's login",
        lambda r: hook(r).update(custom_headers={}, auth_header={"username": "a", "password": "b"}),
        "wrong_secret",
        False,
    ),
]


@pytest.mark.parametrize(
    ("damage", "code", "comes"), [f[1:] for f in HAND_FAULTS], ids=[f[0] for f in HAND_FAULTS]
)
def test_a_hand_made_rule_that_does_not_bring_everything_does_not_stand_in_for_ours(
    damage: Callable[[Record], Any], code: str, comes: bool
) -> None:
    # Given a creation rule made by hand that is not sound, and none of ours
    lists = by_hand(damage, (1, 0))
    states = examine(account(lists), Wish(), target())
    # Then ours is missed, and is what a repair makes
    assert codes(lists) == {"created": ["missing"]}
    (step,) = steps_for(states, Wish(), target())
    assert (step.kind, step.state.key) == ("create", "created")
    # And the hand-made one is listed with what is wrong about it
    shown = Report(Wish(), target(), account(lists), tuple(states)).shown()
    assert not shown["healthy"]
    (listed,) = shown["made_by_hand"]
    assert [problem["code"] for problem in listed["problems"]] == [code]
    assert any("'By hand'" in warning for warning in shown["warnings"])
    assert SECRET not in json.dumps(shown)
    # When ours is there beside it
    lists[1].append({**json.loads(json.dumps(step.body)), "id": 990, "position": 2})
    # Then only a rule of which something comes doubles its events
    assert codes(lists) == ({"created": ["doubled"]} if comes else {})


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r.update(conditions=[]),
        lambda r: r.update(conditions=[{"match_type": "any", "properties": []}]),
        lambda r: set_header(r, "X-Freshbridge-Secret", "********"),
        lambda r: hook(r).update(custom_headers=None, auth_header={"password": SECRET}),
        lambda r: hook(r).update(custom_headers=None, auth_header={"username": "fd"}),
        lambda r: hook(r).update(custom_headers=None, api_key=SECRET),
    ],
)
def test_a_sound_hand_made_rule_stands_in_for_ours(change: Callable[[Record], Any]) -> None:
    lists = by_hand(change, (1, 0))
    assert codes(lists) == {}
    shown = Report(
        Wish(), target(), account(lists), tuple(examine(account(lists), Wish(), target()))
    ).shown()
    assert (shown["healthy"], shown["warnings"]) == (True, [])


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r.update(performer={"type": 1}),
        lambda r: r["events"][0].update(to=4),
    ],
)
def test_a_hand_made_rule_on_less_than_every_update_does_not_stand_in(
    change: Callable[[Record], Any],
) -> None:
    assert codes(by_hand(change, (4, 0))) == {"status": ["missing"]}


def test_rules_that_ours_keeps_from_running_are_told_of() -> None:
    lists = installed()
    lists[1].append(OTHER | {"position": 2})
    told = {
        cascading: Report(
            Wish(),
            target(),
            account(lists, cascading=cascading),
            tuple(examine(account(lists, cascading=cascading), Wish(), target())),
        ).shown()["warnings"]
        for cascading in (True, False)
    }
    assert told[True] == []
    (warning,) = told[False]
    assert "'Assign VIPs'" in warning
    # But not while ours is switched off
    lists[1][0]["active"] = False
    found = account(lists, cascading=False)
    assert Report(Wish(), target(), found, ()).shown()["warnings"] == []


def test_a_missing_rule_is_created() -> None:
    lists = installed()
    lists[1].clear()
    assert codes(lists) == {"created": ["missing"]}
    (step,) = steps_for(examine(account(lists), Wish(), target()), Wish(), target())
    assert step.kind == "create"
    assert step.shown(SECRET)["path"] == "/api/v2/automations/1/rules"


def test_of_two_that_do_the_same_the_older_stays() -> None:
    lists = installed()
    lists[4].insert(0, copy.deepcopy(lists[4][0]) | {"id": 900})
    states = examine(account(lists), Wish(), target())
    assert [(s.key, [p.code for p in s.problems]) for s in states if s.problems] == [
        ("status", ["duplicate"])
    ]
    (step,) = steps_for(states, Wish(), target())
    assert (step.kind, step.state.rule and step.state.rule.id) == ("delete", 900)


def test_rules_for_events_no_longer_chosen_go_after_what_is_new_has_come() -> None:
    lists = installed(Wish(("ticket_created",)))
    wish = Wish(("note_created",))
    steps = steps_for(examine(account(lists), wish, target()), wish, target())
    assert [(s.kind, s.state.key) for s in steps] == [
        ("create", "conversations"), ("delete", "created"),
    ]  # fmt: skip


def test_a_rule_of_ours_that_nobody_knows_any_more_goes() -> None:
    lists = installed()
    lists[4].append({"id": 950, "name": "Freshbridge 193: of an earlier version", "actions": []})
    assert codes(lists) == {"unknown": ["not_wanted"]}


def test_a_mark_copied_into_a_rule_of_another_type_does_not_make_it_that_piece() -> None:
    lists = installed()
    copied = json.loads(json.dumps(lists[1].pop())) | {"id": 960, "name": "Copied by hand"}
    lists[4].append(copied)

    for cascading in (False, True):
        assert codes(lists, cascading=cascading) == {
            "created": ["missing"], "unknown": ["not_wanted"],
        }  # fmt: skip


def test_another_integrations_rules_are_not_ours() -> None:
    lists = installed()
    for rules in lists.values():
        others = json.loads(json.dumps(rules).replace("193", "1930"))
        rules += [rule | {"id": rule["id"] + 1000} for rule in others]
    assert codes(lists) == {}
    assert len(account(lists).own) == 4


OTHER = {"id": 1, "name": "Assign VIPs", "active": True, "position": 1, "actions": []}


@pytest.mark.parametrize(
    ("cascading", "changed", "found"),
    [
        (False, {}, {"created": ["shadowed"]}),
        (False, {"active": False}, {}),
        (True, {}, {}),
        (None, {}, {}),
    ],
)
def test_rules_that_run_before_ours_can_hide_tickets_from_it(
    cascading: bool | None, changed: Record, found: dict[str, list[str]]
) -> None:
    lists = installed()
    lists[1].insert(0, OTHER | changed)
    assert codes(lists, cascading=cascading) == found


def test_a_shadow_is_told_by_name_and_is_not_ours_to_mend() -> None:
    lists = installed()
    lists[1].insert(0, dict(OTHER))
    states = examine(account(lists, cascading=False), Wish(), target())
    (problem,) = [p for s in states for p in s.problems]
    assert "Assign VIPs" in problem.message
    assert not problem.repairable
    assert steps_for(states, Wish(), target()) == []


def test_the_first_position_is_taken_when_it_is_wished() -> None:
    wish = Wish(position="first")
    lists = installed(wish)
    lists[1].insert(0, dict(OTHER))
    assert codes(lists, wish, cascading=False) == {"created": ["position"]}
    (step,) = steps_for(examine(account(lists), wish, target()), wish, target())
    assert (step.body or {})["position"] == 1
    lists[1].reverse()
    assert codes(lists, wish, cascading=False) == {}


@pytest.mark.parametrize(
    ("held", "shown", "found"),
    [
        (WebhookSecrets(SECRET), SECRET, []),
        (WebhookSecrets(SECRET, OLD_SECRET, NOW + 60), OLD_SECRET, ["old_secret"]),
        (WebhookSecrets(SECRET, OLD_SECRET, NOW - 60), OLD_SECRET, ["wrong_secret"]),
        (WebhookSecrets(SECRET), "", ["wrong_secret"]),
        (WebhookSecrets(SECRET), "********", []),
    ],
)
def test_which_secret_a_rule_shows(held: WebhookSecrets, shown: str, found: list[str]) -> None:
    lists = installed(Wish(("ticket_created",)))
    set_header(lists[1][0], "X-Freshbridge-Secret", shown)
    wish = Wish(("ticket_created",))
    (state,) = examine(account(lists), wish, target(held))
    assert [problem.code for problem in state.problems] == found


def test_what_freshdesk_writes_otherwise_is_no_difference() -> None:
    # Given numbers as texts, content as text, header names in another case, and members of its own
    lists = installed()
    for rule in lists[1] + lists[4]:
        action = hook(rule)
        action["content"] = json.dumps(action["content"])
        action["content_layout"] = 1
        action["custom_headers"] = {k.lower(): v for k, v in action["custom_headers"].items()}
        rule["conditions"][0]["properties"][0]["value"] = ["1", "2", "3", "4"]
        for event in rule.get("events", ()):
            event["nested_fields"] = None
    assert codes(lists) == {}


def test_headers_as_lines_are_read() -> None:
    action = {"custom_headers": "x-freshbridge-secret: abc\nother\nX-Freshbridge-Rule:193.created"}
    assert header_of(action, "X-Freshbridge-Secret") == "abc"
    assert header_of(action, "X-Freshbridge-Rule") == "193.created"
    assert header_of({"custom_headers": []}, "X-Freshbridge-Rule") == ""


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ({"a": 1}, {"a": "1", "b": 2}, True),
        ({"a": 1}, "{}", False),
        ({"a": 1}, "no json", False),
        ({"a": 1}, None, False),
        ([1, 2], ["1", "2"], True),
        ([1, 2], [2, 1], False),
        ([1], 1, False),
        (True, True, True),
        (True, "True", False),
        ("None", None, False),
    ],
)
def test_agreement(wanted: Any, found: Any, same: bool) -> None:
    assert agrees(wanted, found) is same


def test_a_shown_request_hides_the_secret_wherever_it_stands() -> None:
    steps = steps_for(examine(Account(), Wish(), target()), Wish(), target())
    shown = [step.shown(SECRET) for step in steps]
    assert len(shown) == 4
    assert SECRET not in json.dumps(shown)
    assert "********" in json.dumps(shown)
    assert SECRET in json.dumps(steps[0].shown(SECRET, show_secret=True))
    assert masked({"a": [f"x{SECRET}y", 1]}, SECRET) == {"a": ["x********y", 1]}
    assert masked("plain", "") == "plain"


def test_no_rule_hides_in_a_representation() -> None:
    steps = steps_for(examine(Account(), Wish(), target()), Wish(), target())
    assert SECRET not in repr(steps)
    assert set(BY_WEBHOOK) == {event for step in steps for event in step.state.events}
