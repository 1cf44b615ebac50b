"""What the rate headers say, and which limit they speak for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.freshdesk.rate_limit import Bucket, RateLimit, bucket_of, credits_of


@pytest.mark.parametrize(
    ("method", "path", "bucket"),
    [
        ("POST", "/tickets", Bucket.TICKET_CREATE),
        ("post", "/api/v2/tickets", Bucket.TICKET_CREATE),
        ("PUT", "/tickets/12", Bucket.TICKET_UPDATE),
        ("GET", "/api/v2/tickets", Bucket.TICKET_LIST),
        ("GET", "/tickets/", Bucket.TICKET_LIST),
        ("GET", "/api/v2/contacts", Bucket.CONTACT_LIST),
        ("GET", "/tickets/12", Bucket.TOTAL),
        ("PUT", "/tickets/merge", Bucket.TOTAL),
        ("PUT", "/tickets/12/restore", Bucket.TOTAL),
        ("POST", "/tickets/12/notes", Bucket.TOTAL),
        ("POST", "/tickets/bulk_update", Bucket.TOTAL),
        ("GET", "/search/tickets", Bucket.TOTAL),
        ("GET", "/contacts/7", Bucket.TOTAL),
        ("POST", "/contacts", Bucket.TOTAL),
        ("GET", "/agents/me", Bucket.TOTAL),
    ],
)
def test_the_call_tells_the_bucket(method: str, path: str, bucket: Bucket) -> None:
    assert bucket_of(method, path) is bucket


@pytest.mark.parametrize(
    ("path", "include", "cost"),
    [
        ("/tickets/12", "", 1),
        ("/tickets/12", "requester,company", 3),
        ("/tickets/12", "stats, stats,", 2),
        ("/tickets", "stats", 3),
        ("/tickets", "stats,requester", 5),
        ("/contacts", "", 1),
    ],
)
def test_embedding_costs_more_and_most_on_the_ticket_list(
    path: str, include: str, cost: int
) -> None:
    assert credits_of("GET", path, include) == cost


def test_the_headers_are_read_in_any_letter_case_and_as_decimals() -> None:
    assert RateLimit.from_headers(
        {
            "x-RATELIMIT-total": " 100.0 ",
            "X-Ratelimit-Remaining": "98",
            "X-RateLimit-Used-CurrentRequest": "2.9",
        },
        Bucket.TOTAL,
    ) == RateLimit(Bucket.TOTAL, 100, 98, 2)


def test_a_part_that_is_missing_or_no_number_is_none() -> None:
    headers = {"X-Ratelimit-Total": "lots", "X-Ratelimit-Remaining": "0"}
    assert RateLimit.from_headers(headers, Bucket.TICKET_LIST) == RateLimit(
        Bucket.TICKET_LIST, None, 0, None
    )
    assert RateLimit.from_headers({"X-Other": "1"}, Bucket.TOTAL) is None


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1), st.sampled_from(["", ".0", ".5"]))
def test_any_count_survives(total: int, remaining: int, decimals: str) -> None:
    limit = RateLimit.from_headers(
        {"X-Ratelimit-Total": f"{total}{decimals}", "X-Ratelimit-Remaining": str(remaining)},
        Bucket.TOTAL,
    )
    # A float holds every whole number of 15 digits; a half may round up beyond that.
    assert limit is not None
    assert limit.remaining == remaining
    assert limit.total in (total, total + 1 if total > 10**14 else total)


@given(st.one_of(st.text(), st.floats().map(str), st.integers().map(str)))
def test_no_header_raises_or_makes_a_negative_count(value: str) -> None:
    limit = RateLimit.from_headers({"X-Ratelimit-Remaining": value}, Bucket.TOTAL)
    assert limit is None or (limit.remaining is not None and limit.remaining >= 0)
