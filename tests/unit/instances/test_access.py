"""Secrets open the API, the old one for a while; nobody is told which part was wrong."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.instances.access import (
    LARGEST_USER_ID,
    Accepted,
    InvalidRotation,
    opens,
    read_authorization,
    read_grace,
    secret_hash,
    user_id_of,
    user_secret,
)

# What a generated secret is made of, and more: anything but blanks and commas.
SECRETS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1).filter(
    lambda text: "," not in text
)
BLANKS = st.text(" \t", max_size=3)
CASES = st.sampled_from([str.upper, str.lower, str.title, str.swapcase])
USER_IDS = st.integers(0, LARGEST_USER_ID)
RANDOM = st.binary(min_size=32, max_size=32)
KEYWORDS = {"user": "user", "organization": "organization", "element": "element"}


@st.composite
def headers(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A well-formed header and what it says."""
    said = draw(st.dictionaries(st.sampled_from(list(KEYWORDS)), SECRETS, min_size=1))
    parts = []
    for keyword in draw(st.permutations(list(said))):
        written = "token" if keyword == "element" and draw(st.booleans()) else keyword
        case: Callable[[str], str] = draw(CASES)
        gap = draw(st.text(" \t", min_size=1, max_size=3))
        parts.append(f"{draw(BLANKS)}{case(written)}{gap}{said[keyword]}{draw(BLANKS)}")
    return ",".join(parts), said


@given(headers())
def test_the_pairs_come_in_any_order_spacing_and_case(header: tuple[str, dict[str, str]]) -> None:
    text, said = header

    assert read_authorization(text) == said


@given(headers(), CASES, SECRETS)
def test_a_keyword_given_twice_refuses_the_header(
    header: tuple[str, dict[str, str]], case: Callable[[str], str], again: str
) -> None:
    text, said = header

    for keyword in said:
        names = ("element", "token") if keyword == "element" else (keyword,)
        for name in names:
            assert read_authorization(f"{text},{case(name)} {again}") == {}
            assert read_authorization(f"{case(name)} {again},{text}") == {}


@given(
    headers(),
    st.sampled_from(["", " ", "User", "User ", "User a b", "Foo a", "User: a", "=a", "1 a", ";"]),
    st.booleans(),
)
def test_one_malformed_part_refuses_the_header(
    header: tuple[str, dict[str, str]], bad: str, first: bool
) -> None:
    text, _ = header

    assert read_authorization(f"{bad},{text}" if first else f"{text},{bad}") == {}


@pytest.mark.parametrize(
    "header",
    ["", "User", "User u1,", ",", "User a b, Organization o1", "User , Organization ",
     "Bearer", "Bearer x", "User u1; Organization o1", "Basic dTpv=, "],
)  # fmt: skip
def test_any_other_header_reads_as_nothing(header: str) -> None:
    assert read_authorization(header) == {}


@given(st.text(st.characters()))
def test_no_header_whatever_raises_while_it_is_read_and_looked_up(header: str) -> None:
    for value in read_authorization(header).values():
        user_id_of(value)
        assert not opens(value, Accepted(), now=0)


@given(USER_IDS, RANDOM)
def test_a_user_secret_names_its_user_and_fits_the_header(user_id: int, random: bytes) -> None:
    secret = user_secret(user_id, random)

    assert base64.b64decode(secret) == user_id.to_bytes(4, "big") + random
    assert len(secret) == 48
    assert user_id_of(secret) == user_id
    assert read_authorization(f"User {secret}") == {"user": secret}


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.b64encode(raw).decode())))
def test_what_is_no_user_secret_names_no_user(text: str) -> None:
    named = user_id_of(text)

    # Only 36 bytes name one, and then writing them again gives the very same text.
    if named is None:
        return
    assert user_secret(named, base64.b64decode(text)[4:]) == text


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_secret_is_made_of_32_random_bytes_and_no_other_number(length: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        user_secret(2, b"x" * length)


def test_only_the_hash_is_kept() -> None:
    assert secret_hash("abc") == hashlib.sha256(b"abc").hexdigest()
    assert secret_hash("") == ""


@given(SECRETS, SECRETS, SECRETS, st.floats(0, 1e10), st.floats(0, 1e10))
def test_the_current_secret_always_opens_and_the_previous_one_until_its_end(
    current: str, previous: str, other: str, until: float, now: float
) -> None:
    accepted = Accepted(secret_hash(current), secret_hash(previous), until)

    assert opens(current, accepted, now=now)
    assert opens(previous, accepted, now=now) == (now < until or previous == current)
    if other not in (current, previous):
        assert not opens(other, accepted, now=now)


@given(st.text())
def test_an_unset_secret_matches_nothing(shown: str) -> None:
    assert not opens(shown, Accepted("", "", 1e12), now=0)


@given(SECRETS)
def test_an_empty_secret_opens_nothing(current: str) -> None:
    assert not opens("", Accepted(secret_hash(current), "", 1e12), now=0)


@pytest.mark.parametrize(
    ("body", "hours"), [({}, 24), ({"grace_hours": 0}, 0), ({"grace_hours": 168}, 168)]
)
def test_the_grace_is_24_hours_unless_said_otherwise(body: dict[str, object], hours: int) -> None:
    assert read_grace(body) == hours


@pytest.mark.parametrize("hours", [-1, 169, 1.5, "1", True, None, [], float("nan")])
def test_a_grace_that_is_no_whole_number_of_hours_is_refused(hours: object) -> None:
    with pytest.raises(InvalidRotation, match="grace_hours: a whole number from 0 to 168"):
        read_grace({"grace_hours": hours})


def test_a_misspelt_grace_is_refused_rather_than_taken_for_24_hours() -> None:
    with pytest.raises(InvalidRotation, match="grace_hour: unknown field"):
        read_grace({"grace_hour": 0})
