"""Tags are changed one by one although Freshdesk takes them as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.action import Outcome
from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.actions.freshdesk.ticket_tags import TagsContended
from freshbridge.actions.locks import Busy
from freshbridge.errors import InvalidRequest
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.actions import FakeLocks, run_action
from tests.fakes.provider import FakeTransport, json_reply

ONE = "/api/v2/tickets/7"


class Ticket:
    """One ticket's tags at the provider; `after_write` lets somebody else change them too."""

    def __init__(self, *tags: str, after_write: Callable[[int, list[str]], list[str]]) -> None:
        self.tags = list(tags)
        self.writes: list[list[str]] = []
        self._after_write = after_write
        self.transport = FakeTransport().on("GET", ONE, self._view).on("PUT", ONE, self._put)

    def _view(self, request: ProviderRequest) -> ProviderReply:  # noqa: ARG002 - as fakes answer
        return json_reply({"id": 7, "tags": self.tags})

    def _put(self, request: ProviderRequest) -> ProviderReply:
        assert request.json is not None
        assert set(request.json) == {"tags"}
        self.writes.append(request.json["tags"])
        self.tags = self._after_write(len(self.writes), list(request.json["tags"]))
        return json_reply({"id": 7, "tags": self.tags})

    def run(self, name: str, *tags: str, **services: Any) -> Outcome:
        return run_action(name, {"ticket_id": 7, "tags": list(tags)}, self.transport, **services)


def ticket(*tags: str) -> Ticket:
    """One that nobody else changes."""
    return Ticket(*tags, after_write=lambda _count, written: written)


def test_tags_are_added_to_those_there_are() -> None:
    desk = ticket("vip")
    outcome = desk.run("add_tags", "urgent", " billing ", "urgent")

    assert desk.tags == ["vip", "urgent", "billing"]
    assert outcome.data == {
        "ticket_id": 7,
        "ticket_url": "https://acme.freshdesk.com/a/tickets/7",
        "tags": ["vip", "urgent", "billing"],
        "changed": True,
    }
    assert outcome.message == "Tags added"
    assert [one.method for one in desk.transport.requests] == ["GET", "PUT", "GET"]


def test_tags_are_removed_and_others_stay() -> None:
    desk = ticket("vip", "Urgent", "billing")
    outcome = desk.run("remove_tags", "urgent", "unknown")

    assert desk.tags == ["vip", "billing"]
    assert (outcome.data["changed"], outcome.message) == (True, "Tags removed")


def test_the_last_tag_can_be_removed() -> None:
    desk = ticket("vip")
    desk.run("remove_tags", "vip")
    assert desk.writes == [[]]


@pytest.mark.parametrize(("name", "tag"), [("add_tags", "VIP"), ("remove_tags", "urgent")])
def test_nothing_is_written_when_nothing_changes(name: str, tag: str) -> None:
    desk = ticket("vip")
    outcome = desk.run(name, tag)

    assert [one.method for one in desk.transport.requests] == ["GET"]
    assert (outcome.data["changed"], outcome.message) == (False, "Tags unchanged")
    assert outcome.data["tags"] == ["vip"]


def test_a_change_that_replaced_ours_is_seen_and_ours_made_again() -> None:
    def overwritten(count: int, written: list[str]) -> list[str]:
        return ["vip", "theirs"] if count == 1 else written

    desk = Ticket("vip", after_write=overwritten)
    outcome = desk.run("add_tags", "ours")

    assert desk.writes == [["vip", "ours"], ["vip", "theirs", "ours"]]
    assert outcome.data["tags"] == ["vip", "theirs", "ours"]


def test_tags_that_never_hold_are_given_up() -> None:
    desk = Ticket("vip", after_write=lambda _count, _written: ["vip"])
    locks = FakeLocks()

    with pytest.raises(TagsContended) as raised:
        desk.run("add_tags", "ours", locks=locks)

    assert len(desk.writes) == 4
    assert raised.value.after == 5.0
    assert locks.released == locks.held == ["tags#193000001#7"]


def test_one_execution_at_a_time_changes_a_tickets_tags() -> None:
    desk, locks = ticket("vip"), FakeLocks()
    with locks.hold("tags#193000001#7"), pytest.raises(Busy):
        desk.run("add_tags", "ours", locks=locks)
    assert desk.transport.requests == []

    desk.run("add_tags", "ours", locks=locks)
    assert desk.tags == ["vip", "ours"]


def test_a_refusal_lets_the_lock_go() -> None:
    locks = FakeLocks()
    error = {"field": "tags", "message": "too long", "code": "invalid_value"}
    fake = (
        FakeTransport()
        .on("GET", ONE, json_reply({"id": 7, "tags": None}))
        .on("PUT", ONE, json_reply({"errors": [error]}, 400))
    )
    with pytest.raises(InvalidRequest):
        run_action("add_tags", {"ticket_id": 7, "tags": ["a"]}, fake, locks=locks)
    assert locks.released == locks.held


@pytest.mark.parametrize("tags", [[], [""], ["  "], "vip", [5], None, ["a"] * 101])
@pytest.mark.parametrize("name", ["add_tags", "remove_tags"])
def test_tags_are_texts(name: str, tags: Any) -> None:
    with pytest.raises(InvalidParameters):
        run_action(name, {"ticket_id": 7, "tags": tags}, FakeTransport())


TAGS = st.text(min_size=1, max_size=10).map(str.strip).filter(bool)


@given(st.lists(TAGS, max_size=6), st.lists(TAGS, min_size=1, max_size=6))
def test_adding_and_removing_are_what_sets_do(there: list[str], tags: list[str]) -> None:
    desk = ticket(*there)
    keys = {tag.casefold() for tag in tags}

    desk.run("add_tags", *tags)
    assert {tag.casefold() for tag in desk.tags} == {tag.casefold() for tag in there} | keys
    assert desk.tags[: len(there)] == there

    desk.run("remove_tags", *tags)
    assert desk.tags == [tag for tag in there if tag.casefold() not in keys]
