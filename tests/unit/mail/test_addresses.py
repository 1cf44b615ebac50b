"""Addresses are read as SES takes them, and whom a stack may write to is kept to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.mail.addresses import domain_of, outside, read_address


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (" a.b+c@acme.example ", "a.b+c@acme.example"),
        ("Ops <ops@acme.example>", '"Ops" <ops@acme.example>'),
        ("Ünal, no".replace(",", "") + " <ops@Acme.example>", '"Ünal no" <ops@Acme.example>'),
        ("<ops@acme.example>", "ops@acme.example"),
    ],
)
def test_an_address_may_have_a_name(typed: str, read: str) -> None:
    assert read_address(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ops",
        "@acme.example",
        "ops@acme",
        "ops@-acme.example",
        "a@b.example, c@d.example",
        "a@b.example;c@d.example",
        "Ops <a@b.example> <c@d.example>",
        'O"ps <a@b.example>',
        "a@b.example\r\nBcc: c@d.example",
        "Ops\r\nBcc: c@d.example <a@b.example>",
        "{{ contact.email }}",
    ],
)
def test_anything_else_is_no_address(typed: str) -> None:
    with pytest.raises(ValueError, match="no e-mail address"):
        read_address(typed)


@given(st.text(max_size=80))
def test_no_text_becomes_two_addresses_or_two_lines(text: str) -> None:
    try:
        read = read_address(text)
    except ValueError:
        return
    assert read.count("@") - read.partition(" <")[0].count("@") * (" <" in read) == 1
    assert not {"\r", "\n", ","} & set(read)


def test_recipients_are_held_against_the_domains() -> None:
    addresses = ["a@acme.example", '"B" <b@Mail.ACME.example>', "c@notacme.example"]

    assert outside(addresses, ["acme.example"]) == 1
    assert outside(addresses, ["ACME.example", "notacme.example"]) == 0
    assert outside(addresses, []) == 0
    assert domain_of('"B" <b@Mail.ACME.example>') == "mail.acme.example"
