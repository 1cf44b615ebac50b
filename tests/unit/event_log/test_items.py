"""An entry comes back from its item as it was; what an index lacks is empty."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from freshbridge.event_log.entry import UNDONE, Entry, RuleRun, State
from freshbridge.event_log.items import from_item, to_item, update_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
RUNS = st.builds(
    RuleRun,
    run_id=TEXT.filter(bool),
    rule_id=TEXT.filter(bool),
    name=TEXT.filter(bool),
    version=st.integers(1, 99),
    outcome=st.sampled_from(["ran", "skipped", "failed"]),
    code=TEXT,
    # Half an emoji, as a template's error may quote it.
    reason=st.text(max_size=20),
)
ENTRIES = st.builds(
    Entry,
    event_id=TEXT.filter(bool),
    instance_id=TEXT.filter(bool),
    platform=TEXT.filter(bool),
    received_at=st.just("2026-03-03T12:02:40Z"),
    state=st.sampled_from(State),
    source=st.sampled_from(["webhook", "sync"]),
    content_type=TEXT,
    size=st.integers(0, 2**40),
    type=TEXT,
    subject=TEXT,
    occurred_at=TEXT,
    recovered=st.booleans(),
    late=st.booleans(),
    repeat_of=TEXT,
    duplicate_of=TEXT,
    replay_of=TEXT,
    job_id=TEXT,
    only_rules=TEXT,
    replayed_at=TEXT,
    replays=st.sets(TEXT.filter(bool), max_size=3).map(lambda ids: tuple(sorted(ids))),
    outcome=TEXT,
    code=TEXT,
    message=TEXT,
    considered=st.integers(0, 999),
    actions=st.integers(0, 999),
    runs=st.lists(RUNS, max_size=3).map(tuple),
    enriched=TEXT,
    enriched_at=TEXT,
    enrichment_error=TEXT,
    routed_at=TEXT,
    published_at=TEXT,
    envelope=TEXT,
    expires_at=st.integers(0, 2**40),
)


@given(ENTRIES)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    assert from_item(to_item(entry)) == entry


@given(ENTRIES)
def test_no_attribute_is_empty_and_only_what_is_not_done_is_listed_so(entry: Entry) -> None:
    item = to_item(entry)

    assert all(value.get("S") != "" for value in item.values())
    assert ("instance_state" in item) == (entry.state in UNDONE)
    assert ("instance_subject" in item) == bool(entry.subject)
    assert item["listed"]["S"] == f"{entry.received_at}#{entry.event_id}"


def test_half_an_emoji_can_be_kept() -> None:
    entry = Entry("e", "1", "freshdesk", "2026-03-03T12:02:40Z", State.PARKED, message="cut \ud83d")

    to_item(entry)["message"]["S"].encode()


def test_a_change_of_state_moves_the_event_between_its_lists() -> None:
    changes: dict[str, Any] = {"state": "parked", "code": "x", "late": True, "actions": 2}

    parked = update_of("1", changes, None)
    routed = update_of("1", {"state": "routed", "code": ""}, State.ROUTED)

    assert parked["ExpressionAttributeValues"][":instance_state"] == {"S": "1#parked"}
    assert parked["ExpressionAttributeValues"][":late"] == {"BOOL": True}
    assert parked["ExpressionAttributeValues"][":actions"] == {"N": "2"}
    assert "REMOVE" not in parked["UpdateExpression"]
    assert routed["UpdateExpression"] == "SET #state = :state REMOVE #code, #instance_state"
    assert routed["ConditionExpression"] == "attribute_exists(pk) AND #state <> :unless"
