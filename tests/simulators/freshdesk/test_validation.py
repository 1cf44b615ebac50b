"""The checks under every family: times, types, forms."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.freshdesk.errors import ApiError
from local.freshdesk.validation import Field, check_object, parse_date, parse_datetime


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2026-03-04", "2026-03-04T00:00:00Z"),
        ("2026-03-04T05:06", "2026-03-04T05:06:00Z"),
        ("2026-03-04T05:06Z", "2026-03-04T05:06:00Z"),
        ("2026-03-04T05:06:07", "2026-03-04T05:06:07Z"),
        ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07Z"),
        ("2026-03-04T05:06:07+05:30", "2026-03-03T23:36:07Z"),
        ("2026-03-04T05:06:07-0800", "2026-03-04T13:06:07Z"),
        ("2026-03-04T05:06:07+02", "2026-03-04T03:06:07Z"),
        ("2026-13-04", None),
        ("2026-02-30", None),
        ("2026-03-04 05:06:07", None),
        ("2026-03-04T05", None),
        ("04/03/2026", None),
        ("", None),
    ],
)
def test_every_documented_form_of_a_time_is_read(text: str, stamp: str | None) -> None:
    assert parse_datetime(text) == stamp


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.integers(-14 * 60, 14 * 60),
)
def test_offsets_are_taken_away(moment: datetime, minutes: int) -> None:
    local = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    wanted = local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert parse_datetime(local.isoformat()) == wanted


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert parse_datetime(text) is None or len(str(parse_datetime(text))) == 20
    assert parse_date(text) in {None, text}


SPEC = {
    "count": Field("integer", nullable=False), "on": Field("boolean"), "rate": Field("number"),
    "names": Field("array", items=Field("string")),
    "deep": Field("object", fields={"day": Field("date", required=True)}),
}  # fmt: skip


def codes(body: object, *, form: bool = False) -> list[tuple[str, str]]:
    with pytest.raises(ApiError) as caught:
        check_object(SPEC, body, form=form)
    assert caught.value.status == 400
    assert isinstance(caught.value.body, dict)
    return [(one["field"], one["code"]) for one in caught.value.body["errors"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"count": None}, [("count", "datatype_mismatch")]),
        ({"count": True}, [("count", "datatype_mismatch")]),
        ({"count": 1.0}, [("count", "datatype_mismatch")]),
        ({"on": 1}, [("on", "datatype_mismatch")]),
        ({"rate": "1"}, [("rate", "datatype_mismatch")]),
        ({"names": ["a", 1]}, [("names", "datatype_mismatch")]),
        ({"deep": {}}, [("deep.day", "missing_field")]),
        ({"deep": {"day": "2026-1-1", "x": 1}},
         [("deep.day", "invalid_value"), ("deep.x", "invalid_field")]),
        ("text", [("request", "datatype_mismatch")]),
    ],
)  # fmt: skip
def test_json_is_never_coerced(body: object, expected: list[tuple[str, str]]) -> None:
    assert codes(body) == expected


def test_a_form_is_coerced_where_it_can_be() -> None:
    form = {"count": "5", "on": "TRUE", "rate": "0.5", "names": ["1"]}
    checked = check_object(SPEC, form, form=True)
    assert checked == {"count": 5, "on": True, "rate": 0.5, "names": ["1"]}
    assert codes({"count": "five", "on": "maybe"}, form=True) == [
        ("count", "datatype_mismatch"), ("on", "datatype_mismatch"),
    ]  # fmt: skip


def test_what_was_not_sent_is_not_in_the_result() -> None:
    assert check_object(SPEC, None) == {}
    assert check_object(SPEC, {"rate": None}) == {"rate": None}
