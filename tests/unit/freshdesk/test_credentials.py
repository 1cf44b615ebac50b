"""The key and the address it may go to."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import Misconfigured
from freshbridge.freshdesk.credentials import api_root, authorization, redact
from freshbridge.http_message import ProviderRequest

KEY = "Kq7secretZ"


def test_the_key_is_the_user_of_basic_authentication() -> None:
    scheme, token = authorization(f" {KEY}\n").split()
    assert (scheme, base64.b64decode(token)) == ("Basic", f"{KEY}:X".encode())


@pytest.mark.parametrize("key", ["", "  ", "a b", "a:b", "a\nb", "clé", "a\x00"])
def test_what_is_no_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(Misconfigured, match="Copy the key again") as caught:
        authorization(key)
    assert not key.strip() or repr(key) not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "root"),
    [
        ("https://acme.freshdesk.com", "https://acme.freshdesk.com/api/v2"),
        (" https://acme.freshdesk.com/ ", "https://acme.freshdesk.com/api/v2"),
        ("https://acme.freshdesk.com/api/v2/", "https://acme.freshdesk.com/api/v2"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v2"),
        ("http://[::1]:8080", "http://[::1]:8080/api/v2"),
        ("http://localhost:8080", "http://localhost:8080/api/v2"),
    ],
)
def test_an_account_address_leads_to_its_api(address: str, root: str) -> None:
    assert api_root(address) == root


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("acme.freshdesk.com", "not an account's address"),
        ("", "not an account's address"),
        ("https://", "not an account's address"),
        ("ftp://acme.freshdesk.com", "not an account's address"),
        ("https://user:secret@acme.freshdesk.com", "not an account's address"),
        ("https://acme.freshdesk.com/a/tickets", "not an account's address"),
        ("https://acme.freshdesk.com?x=1", "not an account's address"),
        ("https://acme.freshdesk.com#x", "not an account's address"),
        ("https://[::bad", "not an account's address"),
        ("https://acme.freshdesk.com:port", "not an account's address"),
        ("http://acme.freshdesk.com", "not secure"),
        ("http://10.0.0.1", "not secure"),
        ("http://localhost.evil.example", "not secure"),
    ],
)
def test_any_other_address_is_refused(address: str, sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence) as caught:
        api_root(address)
    assert "secret@" not in str(caught.value)


def _request(header: str | None) -> ProviderRequest:
    headers = {} if header is None else {"Authorization": header}
    return ProviderRequest(method="GET", url="https://acme.freshdesk.com", headers=headers)


@given(st.text(max_size=20), st.text(max_size=20))
def test_an_echoed_key_is_taken_out(before: str, after: str) -> None:
    header = authorization(KEY)
    shown = redact(f"{before}{KEY} {header}{after}", _request(header))
    assert KEY not in shown
    assert header.split()[1] not in shown


@pytest.mark.parametrize(
    "header", [None, "", "Bearer abc", "Basic", "Basic !", "Basic /w==", "Basic Olg="]
)
def test_without_a_key_nothing_is_taken_out(header: str | None) -> None:
    assert redact("plain words", _request(header)) == "plain words"
