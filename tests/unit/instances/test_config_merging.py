"""What a change of an instance's config leaves as it was."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.instances.config import config_errors, merged

HELD = {
    "default_group_id": 7,
    "sync": {"tickets": {"every_minutes": 15, "include": ["stats"]}, "from_webhooks": True},
}


@pytest.mark.parametrize(
    ("change", "sync"),
    [
        # one entry of one object
        (
            {"tickets": {"every_minutes": 5}},
            {"tickets": {"every_minutes": 5, "include": ["stats"]}, "from_webhooks": True},
        ),
        # another object
        (
            {"agents": {"every_minutes": 60}},
            HELD["sync"] | {"agents": {"every_minutes": 60}},  # type: ignore[operator]  # an object
        ),
        # null takes out an entry, or an object
        ({"tickets": {"include": None}}, {"tickets": {"every_minutes": 15}, "from_webhooks": True}),
        ({"tickets": None, "from_webhooks": None}, {}),
    ],
)
def test_sync_is_changed_entry_by_entry(change: dict[str, Any], sync: dict[str, Any]) -> None:
    assert config_errors({"sync": change}) == []
    assert merged(HELD, {"sync": change}) == {"default_group_id": 7, "sync": sync}


def test_all_of_sync_may_be_taken_out_or_given_first() -> None:
    assert merged(HELD, {"sync": None}) == {"default_group_id": 7}
    assert merged({}, {"sync": {"agents": {"every_minutes": None}}}) == {"sync": {"agents": {}}}
    assert merged(HELD, {"default_group_id": 8})["sync"] == HELD["sync"]
