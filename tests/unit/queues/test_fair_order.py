"""Nobody waits behind somebody else's whole batch, and nothing is lost by changing places."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from freshbridge.queues.envelope import INTERACTIVE, fair_group
from freshbridge.queues.fair_order import fair_order
from tests import builders


def record(name: str, group: str | None) -> dict[str, Any]:
    attributes = {} if group is None else {"MessageGroupId": group}
    return {"messageId": name, "attributes": attributes}


def names(records: list[Any]) -> list[str]:
    return [r["messageId"] for r in records]


def test_each_group_has_its_turn_and_people_go_first() -> None:
    records = [
        record("a1", "1.batch"), record("a2", "1.batch"), record("a3", "1.batch"),
        record("b1", "2.rule"), record("x1", "1.api"), record("old", None),
    ]  # fmt: skip

    assert names(fair_order(records)) == ["x1", "a1", "b1", "old", "a2", "a3"]


@given(st.lists(st.sampled_from(["1.batch", "1.api", "2.rule", "3.api", None]), max_size=12))
def test_every_message_is_taken_once_and_groups_keep_their_order(groups: list[str | None]) -> None:
    records = [record(str(i), group) for i, group in enumerate(groups)]

    ordered = fair_order(records)

    assert sorted(names(ordered), key=int) == names(records)
    for group in set(groups):
        kept = [r for r in ordered if r["attributes"].get("MessageGroupId") == group]
        assert names(kept) == sorted(names(kept), key=int)
    waits = [i for i, r in enumerate(ordered) if _interactive(r)]
    assert waits == list(range(len(waits)))


def _interactive(found: Any) -> bool:
    return str(found["attributes"].get("MessageGroupId")).endswith(".api")


def test_a_request_s_group_is_its_instance_and_its_kind_of_origin() -> None:
    from_rule = builders.action_request(instance_id="7", origin={"type": "rule", "rule_id": "r"})
    from_api = builders.action_request(instance_id="7", origin={"type": INTERACTIVE})

    assert (from_rule.group, from_rule.interactive) == ("7.rule", False)
    assert (from_api.group, from_api.interactive) == ("7.api", True)
    assert builders.received_event(instance_id="7").group == "7"


@given(st.text(), st.text())
def test_any_group_is_one_that_amazon_sqs_takes(instance_id: str, origin: str) -> None:
    group = fair_group(instance_id, origin)

    assert 1 <= len(group) <= 128
    assert all("!" <= character <= "~" for character in group)
