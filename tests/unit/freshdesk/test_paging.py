"""The link header and the rules about following it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import PageLimitReached, ProviderDown
from freshbridge.freshdesk.paging import (
    Page,
    check_page_limit,
    following_number,
    next_link,
    next_page_url,
    records_of,
)

ASKED = "https://acme.freshdesk.com/api/v2/tickets?page=1"
NEXT = "https://acme.freshdesk.com/api/v2/tickets?page=2"


@pytest.mark.parametrize(
    ("header", "target"),
    [
        (f'<{NEXT}>; rel="next"', NEXT),
        (f'< {NEXT} >;rel="next"', NEXT),
        (f"<{NEXT}>; rel=next", NEXT),
        (f'<{NEXT}>; REL = "Last NEXT"', NEXT),
        (f'<https://x/1>; rel="prev", <{NEXT}>; rel="next"', NEXT),
        (f'<{NEXT}>; title="a, b"; rel="next"', NEXT),
        ('<https://x/?ids=1,2>; rel="next"', "https://x/?ids=1,2"),
        (f'<{NEXT}>; rel="prev"', None),
        (f'<{NEXT}>; rel="nextish"', None),
        (f"<{NEXT}>", None),
        ('<>; rel="next"', None),
        ('rel="next"', None),
        ("", None),
    ],
)
def test_the_next_page_is_read_from_the_header(header: str, target: str | None) -> None:
    assert next_link(header) == target


@given(st.from_regex(r"https://[a-z]{1,9}/[a-z0-9?&=,;%]{0,30}", fullmatch=True), st.text(" "))
def test_any_target_comes_back_as_it_was(url: str, blanks: str) -> None:
    assert next_link(f'<{blanks}{url}{blanks}>{blanks};{blanks}rel="next"') == url


@given(st.text())
def test_no_header_makes_the_reader_fail_or_leave_the_origin(header: str) -> None:
    try:
        url = next_page_url(header + ';rel="next"', ASKED)
    except ProviderDown:
        return
    assert url is None or url.startswith("https://acme.freshdesk.com/")


@pytest.mark.parametrize(
    "target",
    [NEXT, "/api/v2/tickets?page=2", "?page=2", "https://ACME.freshdesk.com:443/api/v2/tickets"],
)
def test_a_link_on_the_same_origin_is_followed(target: str) -> None:
    url = next_page_url(f'<{target}>; rel="next"', ASKED)
    assert url is not None
    assert url.lower().startswith("https://acme.freshdesk.com")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/api/v2/tickets?page=2",
        "//evil.example/api/v2/tickets",
        "http://acme.freshdesk.com/api/v2/tickets?page=2",
        "https://acme.freshdesk.com:8443/api/v2/tickets?page=2",
        "https://acme.freshdesk.com.evil.example/",
        "https://acme.freshdesk.com@evil.example/",
        "https://me@acme.freshdesk.com/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://[::bad/",
        "https://acme.freshdesk.com:port/",
    ],
)
def test_a_link_that_would_take_the_key_elsewhere_is_refused(target: str) -> None:
    with pytest.raises(ProviderDown, match="was not followed") as caught:
        next_page_url(f'<{target}>; rel="next"', ASKED)
    assert "/api/v2/tickets" in str(caught.value)


def test_no_link_is_the_end() -> None:
    assert next_page_url("", ASKED) is None


@pytest.mark.parametrize(
    ("url", "number"), [(NEXT, 2), ("https://x/?page=7&page=9", 9), ("https://x/?page=x", 2)]
)
def test_the_next_page_has_a_number(url: str, number: int) -> None:
    assert following_number(url, 1) == number


@pytest.mark.parametrize("number", [2, 3])
def test_a_link_back_is_refused_for_it_would_never_end(number: int) -> None:
    with pytest.raises(ProviderDown, match="leads back to page 2"):
        following_number(NEXT, number)


def test_the_page_limit_says_how_to_go_on() -> None:
    check_page_limit(300, "GET /tickets", 300)
    check_page_limit(9999, "GET /agents", None)
    with pytest.raises(PageLimitReached, match="updated_since"):
        check_page_limit(301, "GET /tickets", 300)


def test_records_come_in_the_order_of_their_pages() -> None:
    pages = [Page([{"id": 1}, {"id": 2}], 1, NEXT, None), Page([{"id": 3}], 2, None, None)]
    assert [record["id"] for record in records_of(pages)] == [1, 2, 3]
