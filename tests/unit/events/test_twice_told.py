"""What a webhook and a sync both tell is told once; what only one of them tells is not lost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge import timestamps
from freshbridge.events.delivery import (
    Delivery,
    History,
    Verdict,
    delivery_of,
    from_text,
    judge,
    to_text,
)
from freshbridge.events.freshdesk_webhook import normalise
from freshbridge.events.reading import event_of
from freshbridge.events.synced import Change
from freshbridge.events.twice_told import LATE_WEBHOOK_S, digests
from tests import builders

LAST_LOOK = "2026-03-03T11:50:00Z"
CHANGED = "2026-03-03T12:00:00Z"
BEGAN = timestamps.from_text(CHANGED).timestamp()


def webhook(number: int, told: str, *, after_s: float = 2, **content: Any) -> Delivery:
    """A webhook that came `after_s` after the change."""
    body = builders.simple_content(triggered_event=told, **content)
    at = BEGAN + after_s
    event = normalise(
        body,
        event_id=f"evt_web_{number}",
        instance_id="1",
        received_at=timestamps.to_text(timestamps.from_epoch(at)),
    )
    return delivery_of(event, f"{number}{body}", at=at)


def synced(
    number: int,
    changes: dict[str, Any] | None = None,
    *,
    kind: str = "ticket_updated",
    after_s: float = 300,
    since: str = LAST_LOOK,
    at: str = CHANGED,
    emission: str = "emi_1",
) -> Delivery:
    """What the sync found `after_s` after the change, and had last looked at `since`."""
    change = Change(
        "ticket", kind, {"id": 1042}, at, since=since, changes=changes or {}, emission=emission
    )
    message = builders.received_event(
        event_id=f"evt_sync_{number}", source="sync", body=change.to_text()
    )
    return delivery_of(event_of(message), message.body, at=BEGAN + after_s)


def judged(*deliveries: Delivery) -> list[Verdict]:
    history: History = ()
    found = []
    for one in deliveries:
        verdict, history = judge(from_text(to_text(history)), one)
        found.append(verdict)
    return found


STATUS = {"status": {"from": 2, "to": 3}}
SOLD = "{status:{from:2,to:3}}"


def test_the_sync_does_not_tell_again_what_a_webhook_told() -> None:
    first, second = judged(webhook(1, SOLD), synced(1, STATUS))

    assert first == Verdict()
    assert second.duplicate_of == "evt_web_1"


def test_a_webhook_that_comes_after_the_sync_is_not_told_again() -> None:
    found = judged(synced(1, STATUS, after_s=60), webhook(1, SOLD, after_s=90))

    assert found[1].duplicate_of == "evt_sync_1"


def test_a_webhook_that_comes_hours_after_the_sync_is_news() -> None:
    late = webhook(1, SOLD, after_s=60 + LATE_WEBHOOK_S + 1)

    assert judged(synced(1, STATUS, after_s=60), late)[1] == Verdict()


def test_what_only_the_sync_knows_is_left_and_says_what_it_repeats() -> None:
    both = STATUS | {"group_id": {"from": 1, "to": 2}}

    found = judged(webhook(1, SOLD), synced(1, both))[1]

    assert found == Verdict(repeat_of="evt_web_1", told=("status",))


def test_the_same_is_judged_the_same_when_the_queue_gives_it_again() -> None:
    both = STATUS | {"group_id": {"from": 1, "to": 2}}
    again = webhook(2, "{priority:{from:1,to:4}}", after_s=400)

    found = judged(webhook(1, SOLD), synced(1, both), again, synced(1, both))

    # By then something newer has come before it.
    assert found[3] == replace(found[1], late=True)


def test_a_value_that_a_webhook_told_before_the_last_look_is_news_now() -> None:
    # Given a webhook of a change, a look of the sync after it, and the same change made again,
    # the webhook of which was lost
    old = webhook(1, SOLD, after_s=-3600)

    assert judged(old, synced(1, STATUS))[1].duplicate_of == ""


def test_a_value_that_is_not_the_latest_told_is_news() -> None:
    back = "{status:{from:3,to:2}}"

    found = judged(webhook(1, SOLD), webhook(2, back, after_s=9), synced(1, STATUS))

    assert found[2] == Verdict()


def test_a_change_back_that_the_sync_found_makes_an_earlier_webhook_void() -> None:
    # Given 2 → 3 by webhook and seen, 3 → 2 by the sync alone, and 2 → 3 by webhook once more
    look = "2026-03-03T12:10:00Z"
    back = synced(2, {"status": {"from": 3, "to": 2}}, after_s=900, since=look, at=look)

    found = judged(webhook(1, SOLD), back, webhook(3, SOLD + " ", after_s=1200))

    assert [verdict.duplicate_of for verdict in found] == ["", "", ""]


@pytest.mark.parametrize("sync_first", [True, False])
def test_a_ticket_is_created_once_whoever_tells_it(sync_first: bool) -> None:
    both = [webhook(1, "{ticket_action:created}"), synced(1, kind="ticket_created")]

    found = judged(*(reversed(both) if sync_first else both))

    assert found[0] == Verdict()
    assert found[1].duplicate_of == ("evt_sync_1" if sync_first else "evt_web_1")


def test_an_update_without_a_field_is_told_by_a_webhook_that_came_after_it() -> None:
    note = webhook(1, "{note_type:private}")

    assert judged(note, synced(1))[1].duplicate_of == "evt_web_1"
    later = synced(1, at="2026-03-03T12:04:00Z")
    assert judged(note, later)[1] == Verdict()
    assert judged(synced(1), webhook(1, "{nothing}"))[1] == Verdict()


def test_a_sync_that_died_tells_the_same_event_and_it_is_dropped() -> None:
    found = judged(synced(1, STATUS), synced(1, STATUS, after_s=400, emission="emi_2"))

    assert found[0] == Verdict()
    assert found[1].duplicate_of == "evt_sync_1"


def test_the_queue_s_own_repeat_of_a_sync_s_event_is_no_duplicate() -> None:
    assert judged(synced(1, STATUS), synced(1, STATUS)) == [Verdict(), Verdict()]


def test_a_note_of_a_webhook_is_never_taken_for_a_sync_s_update() -> None:
    note = webhook(1, "{note_type:private}", after_s=400)

    assert judged(synced(1, STATUS), note)[1] == Verdict()


def test_late_events_of_a_sync_are_marked_and_a_webhook_s_way_does_not_make_one_late() -> None:
    # Given a webhook that came two seconds after the change that the sync dates exactly
    both = STATUS | {"group_id": {"from": 1, "to": 2}}
    assert not judged(webhook(1, SOLD), synced(1, both))[1].late

    older = synced(2, {"type": {"from": None, "to": "Incident"}}, at="2026-03-03T11:55:00Z")
    assert judged(webhook(1, SOLD), older)[1].late
    assert judged(synced(1, STATUS), older)[1].late
    newer = synced(3, {"type": {"from": None, "to": "Problem"}}, at="2026-03-03T12:05:00Z")
    assert not judged(synced(1, STATUS), newer)[1].late


def test_values_are_compared_by_what_they_mean_and_not_kept() -> None:
    changes = {"a": {"to": "Open"}, "b": {"to": 3}, "c": {"to": None}, "d": {"to": ["y", "x"]},
               "e": {"to": True}, "f": "odd", "g": {"from": 1}}  # fmt: skip
    alike = {"a": {"to": " open"}, "b": {"to": "3"}, "c": {"to": ""}, "d": {"to": ["x", "Y"]},
             "e": {"to": True}}  # fmt: skip

    assert digests(changes) == digests(alike)
    assert digests({"a": {"to": "Open"}}) != digests({"a": {"to": "Closed"}})
    assert "open" not in str(digests(changes)).lower()


FIELD = st.sampled_from(["status", "priority", "group_id"])


@settings(max_examples=300)
@given(
    steps=st.lists(st.tuples(FIELD, st.integers(1, 3), st.booleans(), st.booleans()), max_size=8)
)
def test_every_value_that_a_record_came_to_is_told(
    steps: list[tuple[str, int, bool, bool]],
) -> None:
    # Whatever webhooks are lost and whenever the sync looks, who listens ends up with the truth.
    record = {"status": 0, "priority": 0, "group_id": 0}
    seen, heard = dict(record), dict(record)
    history: History = ()
    look, clock, number = LAST_LOOK, 0.0, 0

    def hear(delivery: Delivery, changes: dict[str, Any]) -> None:
        nonlocal history
        verdict, history = judge(from_text(to_text(history)), delivery)
        if not verdict.duplicate_of:
            heard.update({n: c["to"] for n, c in changes.items() if n not in verdict.told})

    for name, value, webhook_lost, sync_looks in [*steps, ("status", 1, True, True)]:
        clock, number = clock + 60, number + 1
        if record[name] != value:
            change = {name: {"from": record[name], "to": value}}
            record[name] = value
            # A field that is back to what it was at the last look shows the sync no change.
            if not webhook_lost or seen[name] == value:
                text = f"{{{name}:{{from:{change[name]['from']},to:{value}}}}}"
                hear(webhook(number, text, after_s=clock + 1, ticket_subject=f"n{number}"), change)
        if sync_looks:
            now = timestamps.to_text(timestamps.from_epoch(BEGAN + clock + 10))
            found = {n: {"from": seen[n], "to": v} for n, v in record.items() if seen[n] != v}
            when = timestamps.to_text(timestamps.from_epoch(BEGAN + clock))
            if found:
                hear(synced(number, found, after_s=clock + 20, since=look, at=when), found)
            seen, look = dict(record), now

    assert heard == record


def test_history_from_before_sources_were_told_is_read() -> None:
    first = webhook(1, SOLD)
    _, history = judge((), first)
    old = [
        {k: v for k, v in one.items() if k not in ("source", "type", "fields")}
        for one in json.loads(to_text(history))
    ]

    read = from_text(json.dumps(old))

    assert replace(read[0], type=history[0].type, fields=history[0].fields) == history[0]


def test_a_record_that_came_back_since_is_deleted_once_more() -> None:
    # Given a deletion that a webhook told, and a sync that saw the record there after it
    history: History = ()
    came = replace(webhook(1, "{ticket_action:deleted}"), type="ticket_deleted", fields={})
    _, history = judge(history, came)

    # Then what the sync finds deleted is the same where it saw it before, and news where after
    changes = {"deleted": {"from": False, "to": True}}
    same = synced(1, changes, kind="ticket_deleted")
    again = synced(2, changes, kind="ticket_deleted", since="2026-03-03T12:01:00Z")
    assert judge(history, same)[0].duplicate_of == "evt_web_1"
    assert not judge(history, again)[0].duplicate_of
