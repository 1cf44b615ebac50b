"""Mailboxes: the newer view of the addresses that ``email_configs`` also shows."""

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator


async def test_a_mailbox_is_the_email_config_in_its_newer_shape(
    simulator: RunningSimulator,
) -> None:
    configs = (await simulator.get("/email_configs")).body
    boxes = (await simulator.get("/email/mailboxes", per_page=100)).body
    assert [one["id"] for one in boxes] == [one["id"] for one in configs]
    box, config = boxes[0], configs[0]
    assert box["support_email"] == config["reply_email"]
    assert box["mailbox_type"] == "freshdesk_mailbox"
    assert box["freshdesk_mailbox"] == {"forward_email": config["to_email"]}
    assert box["default_reply_email"] is config["primary_role"]
    assert (await simulator.get(f"/email/mailboxes/{box['id']}")).body == box
    assert (await simulator.get("/email/mailboxes/1")).status == 404


@pytest.mark.parametrize("name", ["support_email", "active"])
async def test_a_filter_narrows_the_list(simulator: RunningSimulator, name: str) -> None:
    box = (await simulator.get("/email/mailboxes")).body[0]
    value = str(box[name]).lower()
    assert box in (await simulator.get("/email/mailboxes", **{name: value})).body
    other = "false" if name == "active" else "x@other.example"
    assert (await simulator.get("/email/mailboxes", **{name: other})).body == []


async def test_filtering_by_the_forwarding_address(simulator: RunningSimulator) -> None:
    box = (await simulator.get("/email/mailboxes")).body[0]
    address = box["freshdesk_mailbox"]["forward_email"]
    assert (await simulator.get("/email/mailboxes", forward_email=address)).body == [box]
    assert (await simulator.get("/email/mailboxes", forward_email="x@y.example")).body == []


async def test_a_direction_needs_an_order(simulator: RunningSimulator) -> None:
    ordered = await simulator.get("/email/mailboxes", order_by="group_id", order_type="desc")
    assert ordered.status == 200
    answer = await simulator.get("/email/mailboxes", order_type="desc")
    assert [(one["field"], one["code"]) for one in answer.errors] == [("order_by", "missing_field")]
