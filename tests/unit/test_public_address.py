"""Which hosts may be called: no private address by any spelling, any name, any second answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.public_address import (
    HostUnresolved,
    PrivateAddress,
    UnreadableUrl,
    callable_url,
    is_allowed,
    is_public,
    public_addresses,
    refuse_private_host,
)

PUBLIC = ("93.184.215.14", "8.8.8.8", "1.1.1.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")
CLOSED = (
    "127.0.0.1", "127.255.255.254", "0.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.127.255.255",
    "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
    "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "2606::1%1",
)  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [*CLOSED, "", "acme.example", "1.2.3", "0x7f.1"])
def test_anything_else_is_not(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_takes_for_private(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not (address.is_multicast or address.is_reserved or address.is_loopback)


@given(st.ip_addresses(v=4))
def test_no_address_becomes_public_by_being_wrapped(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for wrapped in (
        number,
        (0xFFFF << 32) | number,
        (0x64FF9B << 96) | number,
        (0x2002 << 112) | (number << 80),
    ):
        assert not is_public(str(ipaddress.IPv6Address(wrapped)))


@pytest.mark.parametrize(
    "host",
    [
        *CLOSED,
        "[::1]", "localhost", "LOCALHOST", "localhost.", "foo.localhost", "metadata", "db.internal",
        "printer.local", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.0.0.1",
        "1.2.3.4.5", "169.254.169.254.", "", ".", "a..b", "-a.example", "host.arpa", "a.onion",
        "a b.example", "\uff4c\uff4fcalhost", "x.test", "1.1.1.0x1",
    ],
)  # fmt: skip
def test_a_host_that_cannot_be_public_is_refused_by_its_shape(host: str) -> None:
    with pytest.raises(PrivateAddress):
        refuse_private_host(host)


@pytest.mark.parametrize(
    "host",
    ["events.example.com", "Events.Example.com.", "8.8.8.8", "xn--bcher-kva.example", "a.co"],
)
def test_a_host_that_may_be_public_is_let_through(host: str) -> None:
    refuse_private_host(host)


def answering(*addresses: str) -> object:
    def resolve(_host: str) -> Iterable[str]:
        return addresses

    return resolve


def test_the_addresses_of_a_public_name_are_told_once_each_ipv4_first() -> None:
    resolve = answering(PUBLIC[3], PUBLIC[0], PUBLIC[0])

    assert public_addresses("a.example", resolve) == (PUBLIC[0], PUBLIC[3])  # type: ignore[arg-type]  # it is one


@pytest.mark.parametrize("private", CLOSED)
def test_one_private_address_among_public_ones_refuses_the_name(private: str) -> None:
    with pytest.raises(PrivateAddress) as raised:
        public_addresses("a.example", answering(PUBLIC[0], private))  # type: ignore[arg-type]  # as above
    if private != "::":
        assert private not in str(raised.value)


def test_a_literal_is_asked_of_nobody() -> None:
    def resolve(_host: str) -> Iterable[str]:
        raise AssertionError

    assert public_addresses("8.8.8.8", resolve) == ("8.8.8.8",)
    assert public_addresses(f"[{PUBLIC[3]}]", resolve) == (PUBLIC[3],)
    with pytest.raises(PrivateAddress):
        public_addresses("localhost", resolve)


@pytest.mark.parametrize("error", [OSError("no such name"), UnicodeError("label too long")])
def test_a_name_without_an_address_can_be_tried_again(error: Exception) -> None:
    def resolve(_host: str) -> Iterable[str]:
        raise error

    with pytest.raises(HostUnresolved):
        public_addresses("gone.example", resolve)
    with pytest.raises(HostUnresolved):
        public_addresses("gone.example", answering())  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    "url",
    [
        "http://events.example.com/in", "ftp://events.example.com", "https://", "//a.example/in",
        "https://user:pw@events.example.com/in", "https://events.example.com/in#part", "nonsense",
        "https://events.example.com:99999/", "https://events.example.com\\@127.0.0.1/", "",
        "https://events.example.com/a b", "https://events.example.com/\u00e9", "https://[::1",
        "https://events.example.com/" + "a" * 2048,
    ],
)  # fmt: skip
def test_what_is_no_https_url_cannot_be_called(url: str) -> None:
    with pytest.raises(UnreadableUrl):
        callable_url(url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "localhost", "169.254.169.254", "2130706433"]
)
def test_a_url_of_a_private_host_cannot_be_called(host: str) -> None:
    with pytest.raises(PrivateAddress):
        callable_url(f"https://{host}/latest/meta-data")


def test_an_origin_that_the_deployer_allows_may_be_called_and_no_other() -> None:
    allowed = ("http://127.0.0.1:4010", "nonsense://", "https://[broken")

    assert callable_url("http://127.0.0.1:4010/in?x=1", allowed).port == 4010
    for other in ("http://127.0.0.1:4011/in", "http://127.0.0.1/in", "http://127.0.0.2:4010/"):
        with pytest.raises(UnreadableUrl):
            callable_url(other, allowed)
    assert is_allowed(callable_url("https://a.example/"), ["https://A.example:443"])
    assert not is_allowed(callable_url("https://a.example:0/"), ["https://a.example"])
    assert callable_url("https://a.example/in").hostname == "a.example"
