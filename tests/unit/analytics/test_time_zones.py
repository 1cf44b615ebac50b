"""Both families of names lead to zones that exist."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

import pytest

from freshbridge.analytics import time_zones
from freshbridge.analytics.time_zones import IANA_NAMES, UnknownTimeZone, time_zone


def test_every_rails_name_leads_to_a_zone_that_exists() -> None:
    assert set(IANA_NAMES.values()) <= available_timezones()
    assert len(IANA_NAMES) > 140


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("Hong Kong", "Asia/Hong_Kong"),
        ("London", "Europe/London"),
        ("UTC", "Etc/UTC"),
        (" Europe/Berlin ", "Europe/Berlin"),
    ],
)
def test_a_zone_is_found_by_either_name(name: str, zone: str) -> None:
    assert time_zone(name) == ZoneInfo(zone)


@pytest.mark.parametrize("name", ["Atlantis", "", "../../etc/passwd", "/etc/localtime", "Europe"])
def test_a_name_of_no_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(UnknownTimeZone, match="Europe/Berlin"):
        time_zone(name)


def test_a_runtime_without_zone_data_is_told_apart_from_a_wrong_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a machine where no zone is installed
    monkeypatch.setattr(time_zones, "available_timezones", set)

    with pytest.raises(UnknownTimeZone, match="tzdata"):
        time_zone("Atlantis/Nowhere")
