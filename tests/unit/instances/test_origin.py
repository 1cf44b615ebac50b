"""An API key leaves for the account's own host or an allowed one, whatever was typed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import Misconfigured
from freshbridge.instances.origin import freshdesk_origin

ALLOWED = ("http://127.0.0.1:4010", "https://Helpdesk.example")


@pytest.mark.parametrize(
    "typed",
    [
        "acme",
        "ACME",
        " acme.freshdesk.com\n",
        "acme.freshdesk.com/",
        "https://acme.freshdesk.com",
        "https://acme.freshdesk.com/",
        "https://acme.freshdesk.com/a/tickets?x=1#y",
        "HTTPS://Acme.Freshdesk.COM",
    ],
)
def test_an_account_is_known_by_name_host_or_url(typed: str) -> None:
    assert freshdesk_origin(typed) == "https://acme.freshdesk.com"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        ".",
        "-acme",
        "acme-",
        "a" * 64,
        "acme.freshdesk.com.evil.com",
        "acme.freshdesk.com@evil.com",
        "evil.com#.freshdesk.com",
        "evil.com?.freshdesk.com",
        "evil.com/.freshdesk.com",
        "evil.com\\.freshdesk.com",
        "evil.com",
        "evil.com:443",
        "acme.freshdesk.com:8443",
        "user:pass@acme.freshdesk.com",
        "https://user@acme.freshdesk.com",
        "https://acme.freshdesk.com@evil.com",
        "https://acme.freshdesk.com.evil.com",
        "https://evil.com#.freshdesk.com",
        "https://evil.com/.freshdesk.com",
        "https://evil.com\\@acme.freshdesk.com",
        "https://[::1",
        "https://[::1]/",
        "https://acme\uff0efreshdesk\uff0ecom",
        "acme\u3002freshdesk\u3002com",
        "https://acme\u3002freshdesk\u3002com",
        "ac\u2024me",
        "\u0430cme",
        "http://acme.freshdesk.com",
        "ftp://acme.freshdesk.com",
        "//acme.freshdesk.com",
        "http://127.0.0.1",
        "127.0.0.1",
        "localhost:4010",
        "169.254.169.254",
        "acme\nHost: evil.com",
        "acme\r\n.freshdesk.com",
        "acme\x00",
        "acme.freshdesk.com\nevil.com",
        "a.b.freshdesk.com",
        "acme.freshdesk.com.freshdesk.com",
        "%61cme",
    ],
)
def test_anything_else_is_refused_with_what_is_accepted(typed: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        freshdesk_origin(typed)
    assert "acme.freshdesk.com" in raised.value.advice


PIECES = st.lists(
    st.sampled_from(
        ["acme", "evil.com", ".freshdesk.com", "https://", "http://", "@", "#", "?", "/", "\\", ":",
         "127.0.0.1", ":4010", "\n", "\t", "\u3002", "[", "]", "%2e", "..", "-", " ",
         "Helpdesk.example"]
    ),
    max_size=7,
).map("".join)  # fmt: skip


@given(st.one_of(st.text(), PIECES))
def test_whatever_is_accepted_is_the_provider_s_host_or_an_allowed_origin(typed: str) -> None:
    try:
        origin = freshdesk_origin(typed, ALLOWED)
    except Misconfigured:
        return
    if origin in ("http://127.0.0.1:4010", "https://helpdesk.example"):
        return
    assert re.fullmatch(r"https://[a-z0-9][a-z0-9-]*\.freshdesk\.com", origin)
    parts = urlsplit(origin)
    assert (parts.hostname or "").endswith(".freshdesk.com")
    assert parts.username is None
    assert parts.port is None


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("127.0.0.1:4010", "http://127.0.0.1:4010"),
        ("http://127.0.0.1:4010/", "http://127.0.0.1:4010"),
        ("helpdesk.example", "https://helpdesk.example"),
    ],
)
def test_an_allowed_origin_is_meant_by_its_origin_or_host(typed: str, origin: str) -> None:
    assert freshdesk_origin(typed, ALLOWED) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "http://127.0.0.1:4011",
        "127.0.0.1",
        "http://127.0.0.1:4010/path",
        "http://x@127.0.0.1:4010",
        "http://127.0.0.1:4010@evil.com",
        "http://127.0.0.1:4010.evil.com",
        "http://helpdesk.example",
    ],
)
def test_near_an_allowed_origin_is_not_it(typed: str) -> None:
    with pytest.raises(Misconfigured):
        freshdesk_origin(typed, ALLOWED)
