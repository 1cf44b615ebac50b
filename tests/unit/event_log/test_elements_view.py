"""A kept event in the words of Open Connectors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freshbridge.event_log.elements_view import all_ended, event_view, read_page_size, status
from freshbridge.event_log.entry import Entry, State
from freshbridge.instances.listing import InvalidPage
from tests import builders

ENTRY = Entry("evt_1", builders.INSTANCE_ID, "freshdesk", builders.RECEIVED_AT, State.ROUTED)


@pytest.mark.parametrize(
    ("state", "actions", "notified", "settled", "expected"),
    [
        (State.QUEUED, 0, False, None, "NEW"),
        (State.ROUTING, 0, False, None, "RECEIVED"),
        (State.WAITING, 0, False, None, "RECEIVED"),
        (State.PARKED, 1, True, True, "RECEIVED"),
        (State.ROUTED, 0, False, None, "CONSUMED"),
        (State.DUPLICATE, 0, False, None, "CONSUMED"),
        (State.ROUTED, 2, False, None, "DISPATCHED"),
        (State.ROUTED, 2, False, False, "DISPATCHED"),
        (State.ROUTED, 2, False, True, "CONSUMED"),
        (State.ROUTED, 2, True, False, "NOTIFIED"),
    ],
)
def test_a_status_follows_from_the_state(
    state: State,
    actions: int,
    notified: bool,
    settled: bool | None,
    expected: str,
) -> None:
    entry = replace(ENTRY, state=state, actions=actions)

    assert status(entry, notified=notified, settled=settled) == expected


def test_an_event_has_the_members_that_its_readers_know() -> None:
    assert event_view(ENTRY, "<a/>", notified=["{}"]) == {
        "id": "evt_1",
        "eventDate": builders.RECEIVED_AT,
        "status": "NOTIFIED",
        "providerData": "<a/>",
        "notifiedData": ["{}"],
        "eventElementInstances": [{"elementInstanceId": int(builders.INSTANCE_ID)}],
    }


def test_actions_have_ended_when_each_has() -> None:
    def trail(*states: str | None) -> dict[str, object]:
        return {"rules": {"runs": [{"actions": [{"state": state} for state in states]}]}}

    assert all_ended(trail())
    assert all_ended(trail("succeeded", "failed", "dead"))
    assert not all_ended(trail("succeeded", None))
    assert not all_ended(trail("waiting"))


@pytest.mark.parametrize(("text", "size"), [(None, 200), ("1", 1), ("500", 500)])
def test_a_page_size_has_its_limits(text: str | None, size: int) -> None:
    assert read_page_size(text) == size


@pytest.mark.parametrize("text", ["0", "501", "-1", "ten", "", "9" * 400, "\u0663"])
def test_another_page_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidPage):
        read_page_size(text)
