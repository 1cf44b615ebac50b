"""The filter of deliveries: what it says is what is meant, or it is refused with the place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.notifications.delivery import Status
from freshbridge.notifications.where import InvalidWhere, Where, read_where


def test_the_documented_filter() -> None:
    text = "channel='webhook' and status='queued' and config.url= 'https://events.example/in'"

    assert read_where(text) == Where("webhook", Status.QUEUED, "https://events.example/in")


@pytest.mark.parametrize("text", [None, "", "  "])
def test_nothing_asks_for_everything(text: str | None) -> None:
    assert read_where(text) == Where()
    assert read_where(text).possible


def test_another_channel_has_no_deliveries() -> None:
    assert not read_where("channel='email'").possible


@given(st.text(max_size=100))
def test_any_text_can_be_compared_with(url: str) -> None:
    quoted = url.replace("'", "''")

    assert read_where(f"config.url='{quoted}' AND channel='webhook'").url == url


@given(st.text(max_size=60))
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        read_where(text)
    except InvalidWhere as error:
        assert error.fields[0].field == "where"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("status", "character 1"),
        ("status='queued' or channel='webhook'", "`and` is expected at character 17"),
        ("status='queued' and", "character 20"),
        ("status='queued", "character 1"),
        ("status=queued", "character 1"),
        ("status='gone'", "status is one of"),
        ("channel='pigeon'", "channel is one of"),
        ("url='x'", "not one of channel, status, config.url"),
        ("status='retry' and status='queued'", "compared twice"),
        ("status='queued' andchannel='webhook'", "`and` is expected"),
        ("status!='queued'", "character 1"),
        ("config.url='" + "x" * 5000 + "'", "longer than"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(InvalidWhere, match="cannot be read") as raised:
        read_where(text)

    assert words in raised.value.fields[0].message
