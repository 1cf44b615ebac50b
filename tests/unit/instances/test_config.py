"""A config that could not work is refused when it is saved, entry by entry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.instances.config import (
    Caching,
    assignment_strategy,
    caching_entries,
    caching_of,
    config_errors,
    field_mapping,
    without_nulls,
)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"default_group_id": 123, "default_priority": 1, "auto_assign": True},
        {"default_group_id": "88000144510", "default_priority": "High"},
        {"auto_assign": "round_robin"},
        {"auto_assign": "least_loaded"},
        {"auto_assign": False},
        {"custom_field_mapping": {"cf_category": "category", "cf_same": "cf_same"}},
        {"custom_field_mapping": {"department": "dept", "cf_x": "Wörter mit Raum"}},
        {"cachingEnabled": True, "maxCacheSize": 0, "cacheTimeToLive": 86_400},
        {"default_group_id": None, "auto_assign": None, "custom_field_mapping": None},
        {"whatever a person notes": [1, 2]},
        {"sync_objects": ["tickets"]},
        {"event.enrich": "always", "status_meaning": {"Done": "resolved", "9": "closed"}},
    ],
)
def test_what_can_work_is_kept(config: dict[str, Any]) -> None:
    assert config_errors(config) == []


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ([], ["config"]),
        ({"default_group_id": 0}, ["config.default_group_id"]),
        ({"default_group_id": "twelve"}, ["config.default_group_id"]),
        ({"default_group_id": True}, ["config.default_group_id"]),
        ({"default_group_id": -3}, ["config.default_group_id"]),
        ({"default_priority": 5}, ["config.default_priority"]),
        ({"default_priority": "hot"}, ["config.default_priority"]),
        ({"default_priority": True}, ["config.default_priority"]),
        ({"default_priority": [1]}, ["config.default_priority"]),
        ({"auto_assign": "random"}, ["config.auto_assign"]),
        ({"auto_assign": 1.5}, ["config.auto_assign"]),
        ({"event.enrich": "sometimes"}, ["config.event.enrich"]),
        ({"event.enrich": True}, ["config.event.enrich"]),
        ({"status_meaning": ["Done"]}, ["config.status_meaning"]),
        ({"status_meaning": {"Done": "finished"}}, ["config.status_meaning.Done"]),
        ({"cachingEnabled": "yes"}, ["config.cachingEnabled"]),
        ({"maxCacheSize": -1}, ["config.maxCacheSize"]),
        ({"maxCacheSize": True}, ["config.maxCacheSize"]),
        ({"cacheTimeToLive": 86_401}, ["config.cacheTimeToLive"]),
        ({"cacheTimeToLive": "300"}, ["config.cacheTimeToLive"]),
        ({"custom_field_mapping": ["cf_a"]}, ["config.custom_field_mapping"]),
        ({"custom_field_mapping": {"cf_a": 1}}, ["config.custom_field_mapping.cf_a"]),
        ({"custom_field_mapping": {"cf_a": ""}}, ["config.custom_field_mapping.cf_a"]),
        ({"custom_field_mapping": {"cf_a": " a"}}, ["config.custom_field_mapping.cf_a"]),
        ({"custom_field_mapping": {"cf_a": "a\nb"}}, ["config.custom_field_mapping.cf_a"]),
        ({"custom_field_mapping": {"cf_a": "x" * 256}}, ["config.custom_field_mapping.cf_a"]),
        ({"custom_field_mapping": {"cf_a": "cf_b"}}, ["config.custom_field_mapping.cf_a"]),
        (
            {"custom_field_mapping": {"cf_a": "same", "cf_b": "same"}},
            ["config.custom_field_mapping.cf_a", "config.custom_field_mapping.cf_b"],
        ),
        (
            {"custom_field_mapping": {"department": "team", "team": "squad"}},
            ["config.custom_field_mapping.department"],
        ),
        (
            {"default_group_id": 0, "default_priority": 9, "sync_objects": ["x"]},
            ["config.sync_objects[0]", "config.default_group_id", "config.default_priority"],
        ),
    ],
)
def test_each_entry_that_is_wrong_is_named(config: Any, named: list[str]) -> None:
    found = config_errors(config)

    assert [error.field for error in found] == named
    assert all(error.message and error.code for error in found)


def test_an_event_entry_that_would_do_nothing_here_is_refused_with_its_place() -> None:
    config = {"event.enrich": "always", "event.vendor.type": "polling", "note": "event."}

    [wrong] = config_errors(config)

    assert wrong.field == "config.event.vendor.type"
    assert "PATCH /elements/api-v2/instances/{id}" in wrong.message


def test_the_words_of_the_other_face_have_no_prefix() -> None:
    (error,) = config_errors({"maxCacheSize": "many"}, prefix="")
    assert error.field == "maxCacheSize"


@pytest.mark.parametrize(
    ("chosen", "strategy"),
    [
        (True, "round_robin"),
        ("round_robin", "round_robin"),
        ("least_loaded", "least_loaded"),
        (False, None),
        (None, None),
        ("kept by an older version", None),
    ],
)
def test_who_assigns(chosen: Any, strategy: str | None) -> None:
    assert assignment_strategy({"auto_assign": chosen}) == strategy


def test_caching_is_off_until_it_is_switched_on() -> None:
    assert caching_of({}) == Caching(enabled=False, max_records=0, max_age_s=300)
    chosen = {"cachingEnabled": True, "maxCacheSize": 50, "cacheTimeToLive": 60}
    assert caching_of(chosen) == Caching(enabled=True, max_records=50, max_age_s=60)
    assert caching_entries({"cachingEnabled": True}) == {
        "cachingEnabled": True,
        "maxCacheSize": 0,
        "cacheTimeToLive": 0,
    }


def test_what_an_older_version_kept_is_no_mapping() -> None:
    assert field_mapping({"custom_field_mapping": "cf_a"}) == {}


def test_null_takes_an_entry_out() -> None:
    assert without_nulls({"a": None, "b": False, "c": 0}) == {"b": False, "c": 0}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ENTRIES = ("custom_field_mapping", "default_group_id", "default_priority", "auto_assign",
           "cachingEnabled", "maxCacheSize", "cacheTimeToLive", "sync_objects")  # fmt: skip


@given(st.dictionaries(st.sampled_from(ENTRIES), JSON))
def test_any_json_is_judged_and_what_is_kept_can_be_read(config: dict[str, Any]) -> None:
    if not config_errors(config):
        caching = caching_of(without_nulls(config))
        assert caching.max_age_s > 0
        assert all(isinstance(name, str) for name in field_mapping(config).values())
