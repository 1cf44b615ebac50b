"""An instance token opens its own instance, and after a rotation for a grace period more."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.instances import token
from freshbridge.instances.token import GRACE_S, TokenRefused
from tests import builders

IDS = st.integers(1, 2**63).map(str)
RANDOM = st.binary(min_size=32, max_size=32)
FIRST = token.new_token(builders.INSTANCE_ID, b"a" * 32)
SECOND = token.new_token(builders.INSTANCE_ID, b"b" * 32)
THIRD = token.new_token(builders.INSTANCE_ID, b"c" * 32)


def opens(shown: str, instance: object, now: float) -> bool:
    try:
        token.check(shown, instance, now=now)  # type: ignore[arg-type]  # an instance
    except TokenRefused:
        return False
    return True


@given(IDS, RANDOM)
def test_a_token_names_its_instance_and_its_hash_is_not_it(instance_id: str, random: bytes) -> None:
    made = token.new_token(instance_id, random)

    assert token.instance_of(made) == instance_id
    held = builders.instance(instance_id=instance_id, tokens=(token.token_hash(made),))
    assert opens(made, held, 0.0)
    assert made not in json.dumps(asdict(held))


@given(st.one_of(st.text(), st.binary(max_size=60).map(lambda b: base64.b64encode(b).decode())))
def test_what_is_no_token_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        instance_id = token.instance_of(text)
    except TokenRefused as error:
        assert text not in str(error) or len(text) < 30
        return
    assert len(base64.b64decode(text)) == 40
    assert instance_id.isdigit()


@given(RANDOM, st.integers(0, 55), st.characters(codec="ascii"))
def test_a_token_changed_anywhere_does_not_open(random: bytes, place: int, letter: str) -> None:
    made = token.new_token(builders.INSTANCE_ID, random)
    changed = made[:place] + letter + made[place + 1 :]
    held = builders.instance(tokens=(token.token_hash(made),))

    assert opens(changed, held, 0.0) == (changed == made)


def test_no_token_opens_an_instance_without_any() -> None:
    assert not opens(FIRST, builders.instance(), 0.0)
    assert not opens("", builders.instance(), 0.0)


def test_the_token_before_ends_with_the_grace_and_the_one_before_that_at_once() -> None:
    held = builders.instance(tokens=(token.token_hash(FIRST),))

    held = token.rotated(held, SECOND, now=1000.0)

    assert opens(SECOND, held, 1000.0)
    assert opens(FIRST, held, 1000.0 + GRACE_S - 1)
    assert not opens(FIRST, held, 1000.0 + GRACE_S)
    assert opens(SECOND, held, 1000.0 + GRACE_S)

    held = token.rotated(held, THIRD, now=2000.0)

    assert [opens(one, held, 2000.0) for one in (FIRST, SECOND, THIRD)] == [False, True, True]
    assert len(held.tokens) == 2


@pytest.mark.parametrize("shown", ["", "AAAA", "x", "ключ", "\ud800", FIRST[:-1], FIRST + "A"])
def test_every_wrong_token_is_refused_in_the_same_words(shown: str) -> None:
    with pytest.raises(TokenRefused) as raised:
        token.instance_of(shown)
    with pytest.raises(TokenRefused) as other:
        token.check(SECOND, builders.instance(), now=0.0)
    assert str(raised.value) == str(other.value)
