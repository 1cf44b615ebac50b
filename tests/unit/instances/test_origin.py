"""An API key leaves for the account's own host or an allowed one, whatever was typed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import Misconfigured
from freshbridge.instances.origin import (
    SLACK_ORIGIN,
    freshdesk_origin,
    freshsales_origin,
    http_origin,
    named_origin,
    origin_of,
    slack_origin,
    slack_webhook_url,
)

ALLOWED = ("http://127.0.0.1:4010", "https://Helpdesk.example")
# The second half of each list is what a deployer could write by mistake.
BROKEN = ("acme.example", "", "//x.example", "https://", "https://slash.example/")


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
         ".myfreshworks.com", ".freshsales.io", "crm.example", "slash.example", "acme.example",
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


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("acme.myfreshworks.com", "https://acme.myfreshworks.com"),
        (" ACME.freshsales.io/ ", "https://acme.freshsales.io"),
        ("https://acme.myfreshworks.com/crm/sales", "https://acme.myfreshworks.com"),
        ("acme", "https://acme.myfreshworks.com"),
        ("Acme/", "https://acme.myfreshworks.com"),
        ("acme/crm/sales/api/", "https://acme.myfreshworks.com"),
        ("acme.myfreshworks.com/crm/sales", "https://acme.myfreshworks.com"),
        ("acme.myfreshworks.com/crm/sales/api", "https://acme.myfreshworks.com"),
        ("acme.myfreshworks.com/crm/sales/contacts/view/7?q=1", "https://acme.myfreshworks.com"),
        ("https://acme.myfreshworks.com/crm/sales/api/", "https://acme.myfreshworks.com"),
        ("https://acme.freshworks.com/crm/sales", "https://acme.freshworks.com"),
        ("acme.freshsales.io/api", "https://acme.freshsales.io"),
        ("https://acme.freshsales.io/settings/api", "https://acme.freshsales.io"),
        ("127.0.0.1:4010", "http://127.0.0.1:4010"),
        ("http://127.0.0.1:4010/crm/sales/api/", "http://127.0.0.1:4010"),
        ("helpdesk.example/api", "https://helpdesk.example"),
    ],
)
def test_a_freshsales_account_is_known_by_host_or_url(typed: str, origin: str) -> None:
    assert freshsales_origin(typed, ALLOWED) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "acme_corp",
        "https://acme",
        "acme/contacts",
        "acme?x=1",
        "acme@evil.example",
        "evil.example/crm/sales",
        "http://127.0.0.1:4010/path",
        "http://127.0.0.1:4010@evil.example/api",
        "http://helpdesk.example/api",
        ".myfreshworks.com",
        "freshworks.com",
        "a.b.myfreshworks.com",
        "acme.myfreshworks.com.evil.example",
        "evil.example/.freshsales.io",
        "http://acme.freshsales.io",
        "https://u@acme.freshsales.io",
        "acme.freshsales.io:8443",
        "acme.freshdesk.com",
        "evilmyfreshworks.com",
    ],
)
def test_anything_else_is_no_freshsales_account(typed: str) -> None:
    with pytest.raises(Misconfigured, match=r"acme\.myfreshworks\.com"):
        freshsales_origin(typed, ALLOWED)


@given(st.one_of(st.text(), PIECES))
def test_no_platform_s_key_leaves_for_a_stranger(typed: str) -> None:
    own = {
        "freshdesk": r"https://[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.freshdesk\.com",
        "freshsales": r"https://[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.(?:(?:my)?freshworks\.com|freshsales\.io)",
        "http": r"(?!)",
        "slack": r"https://slack(?:-gov)?\.com",
    }
    allowed = ("http://127.0.0.1:4010", "https://helpdesk.example", "https://slash.example")
    for platform, pattern in own.items():
        try:
            origin = origin_of(platform, typed, (*ALLOWED, *BROKEN))
        except Misconfigured:
            continue
        assert re.fullmatch(pattern, origin) or origin in allowed


@pytest.mark.parametrize("typed", ["", "/", "//", ":", "://", "acme.example", "x.example"])
def test_a_malformed_entry_of_the_list_allows_nothing(typed: str) -> None:
    for origin in (freshsales_origin, http_origin, *([slack_origin] if typed else [])):
        if (origin, typed) == (slack_origin, "/"):
            continue  # nothing, as an empty text
        with pytest.raises(Misconfigured):
            origin(typed, BROKEN)


@pytest.mark.parametrize(
    ("typed", "allowed"),
    [
        ("https://helpdesk.example/v1?x=1", True),
        ("HTTPS://HELPDESK.example", True),
        ("http://127.0.0.1:4010/any/path", True),
        ("https://slash.example/", True),
        ("http://helpdesk.example", False),
        ("helpdesk.example", False),
        ("https://helpdesk.example:8443", False),
        ("https://user:pass@helpdesk.example", False),
        ("https://helpdesk.example.evil.example", False),
        ("https://helpdesk.example@evil.example", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("file:///etc/passwd", False),
    ],
)
def test_an_http_base_url_needs_an_allowed_origin(typed: str, *, allowed: bool) -> None:
    if allowed:
        assert typed.lower().startswith(http_origin(typed, (*ALLOWED, *BROKEN)))
        return
    with pytest.raises(Misconfigured, match="AllowedProviderOrigins"):
        http_origin(typed, (*ALLOWED, *BROKEN))


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("", SLACK_ORIGIN),
        (" slack.com/ ", SLACK_ORIGIN),
        ("https://Slack.com", SLACK_ORIGIN),
        ("slack-gov.com", "https://slack-gov.com"),
        ("127.0.0.1:4010", "http://127.0.0.1:4010"),
    ],
)
def test_slack_is_one_of_its_two_sites_or_allowed(typed: str, origin: str) -> None:
    assert slack_origin(typed, ALLOWED) == origin
    assert slack_origin(origin, ALLOWED) == origin


@pytest.mark.parametrize(
    "typed", ["acme", "acme.slack.com", "slack.com.evil.example", "//slack.com"]
)
def test_anything_else_is_not_slack(typed: str) -> None:
    with pytest.raises(Misconfigured, match=r"slack-gov\.com"):
        slack_origin(typed, ALLOWED)


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", SLACK_ORIGIN),
        (" HTTPS://hooks.slack.com/services/T0/B0/x ", SLACK_ORIGIN),
        ("https://hooks.slack-gov.com/services/T0/B0/x", "https://slack-gov.com"),
        ("http://127.0.0.1:4010/services/T0/B0/x", "http://127.0.0.1:4010"),
    ],
)
def test_an_incoming_webhook_leads_to_its_own_slack(typed: str, origin: str) -> None:
    assert slack_webhook_url(typed, origin).endswith("/services/T0/B0/x")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://hooks.slack.com",
        "https://hooks.slack.com/",
        "http://hooks.slack.com/services/x",
        "https://hooks.slack.com.evil.example/services/x",
        "https://u:p@hooks.slack.com/services/x",
        "https://hooks.slack.com/services/x?to=y",
        "https://hooks.slack.com/services/x#y",
        "https://hooks.slack-gov.com/services/x",
        "https://[",
    ],
)
def test_any_other_address_is_no_incoming_webhook(typed: str) -> None:
    with pytest.raises(Misconfigured, match=r"https://hooks\.slack\.com/services/"):
        slack_webhook_url(typed, SLACK_ORIGIN)


STARRED = ("https://*.acme.example", "https://*.", "*.evil.example", "http://*.plain.example")


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://api.acme.example/v2", "https://api.acme.example"),
        ("https://A.B.acme.example", "https://a.b.acme.example"),
    ],
)
def test_an_entry_with_a_star_allows_the_hosts_below_a_name(typed: str, origin: str) -> None:
    assert http_origin(typed, STARRED) == origin
    assert not named_origin(origin, STARRED)
    assert named_origin(origin, (*STARRED, origin))


@pytest.mark.parametrize(
    "typed",
    [
        "https://acme.example",
        "http://api.acme.example",
        "https://api.acme.example:8443",
        "https://u@api.acme.example",
        "https://api.acme.example.evil.example",
        "https://apiacme.example",
        "https://*.acme.example",
        "https://.acme.example",
        "https://x.evil.example",
        "http://x.plain.example",
        "https://x.",
    ],
)
def test_and_no_other_host(typed: str) -> None:
    with pytest.raises(Misconfigured, match="not allowed"):
        http_origin(typed, STARRED)
    for origin in (freshdesk_origin, freshsales_origin, slack_origin):
        with pytest.raises(Misconfigured):
            origin(typed, STARRED)
