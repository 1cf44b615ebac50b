"""A path leads below the base URL and nowhere else, whatever a customer wrote into it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.http_api.target import InvalidPath, target_url

BASE = "https://api.acme.example/v2"


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        (BASE, "", "https://api.acme.example/v2"),
        (BASE, "/orders/7", "https://api.acme.example/v2/orders/7"),
        (f"{BASE}/", "orders", "https://api.acme.example/v2/orders"),
        (BASE, "/orders?state=open", "https://api.acme.example/v2/orders?state=open"),
        (BASE, "https://api.acme.example/v3/x", "https://api.acme.example/v3/x"),
        (BASE, "HTTPS://API.acme.example", "https://api.acme.example/"),
        (BASE, "/orders/a b/ü/50%25", "https://api.acme.example/v2/orders/a%20b/%C3%BC/50%25"),
        (BASE, "/a:b@c", "https://api.acme.example/v2/a:b@c"),
        ("https://api.acme.example?key=1", "/x", "https://api.acme.example/x?key=1"),
        ("http://127.0.0.1:4010", "x", "http://127.0.0.1:4010/x"),
    ],
)
def test_a_path_is_below_the_base_url(base: str, path: str, url: str) -> None:
    assert target_url(base, path) == url


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/x",
        "http://api.acme.example/x",
        "//evil.example/x",
        "https://api.acme.example@evil.example/x",
        "https://api.acme.example:8443/x",
        "https://api.acme.example.evil.example/",
        "javascript:alert(1)",
        "/orders/../admin",
        "/orders/%2e%2e/admin",
        "/orders/..%2fadmin",
        "..",
        "/orders/.",
        "/orders\\..\\admin",
        "/orders/%5cadmin",
        "/orders#x",
        "/orders#",
        "/orders\r\nX-Admin: 1",
        "/orders\x00",
        "https://[",
        "/" + "x" * 9_000,
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidPath) as raised:
        target_url(BASE, path)

    assert [field.field for field in raised.value.fields] == ["path"]


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(["/", "..", "%2e", "%2f", "\\", "evil.example", "@", ":", "//", "?", "#",
                         "https:", "x", " ", "api.acme.example", "%", "\n"]),
        max_size=8,
    ).map("".join)
)  # fmt: skip
def test_no_text_leads_elsewhere(path: str) -> None:
    try:
        url = target_url(BASE, path)
    except InvalidPath:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.acme.example", "")
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert not {".", ".."} & set(unquote(parts.path).split("/"))
