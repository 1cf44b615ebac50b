"""The secret before opens until its end, and an empty one never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.instances.webhook_secrets import WebhookSecrets, read_secrets, rotated


@given(st.text(min_size=1), st.text(min_size=1), st.floats(1, 1e12), st.floats(0, 1e12))
def test_a_rotation_is_read_back(before: str, fresh: str, until: float, now: float) -> None:
    secrets = read_secrets(rotated(WebhookSecrets(before), fresh, until=until))

    assert secrets == WebhookSecrets(fresh, before, until)
    assert secrets.opening(now) == ((fresh, before) if now < until else (fresh,))


def test_without_a_grace_nothing_of_the_one_before_is_kept() -> None:
    assert rotated(WebhookSecrets("before"), "fresh", until=0.0) == {"secret": "fresh"}
    assert rotated(WebhookSecrets(), "fresh", until=9.0) == {"secret": "fresh"}


@pytest.mark.parametrize("until", ["", "soon", "nan", None])
def test_an_end_that_cannot_be_read_has_passed(until: str | None) -> None:
    stored = {"secret": "s", "previous": "p"} | ({} if until is None else {"previous_until": until})

    assert read_secrets(stored).opening(0.0) == ("s",)


def test_empty_secrets_open_to_nobody_and_none_is_shown() -> None:
    assert read_secrets({}).opening(0.0) == ()
    assert read_secrets({"secret": "", "previous": "", "previous_until": "9"}).opening(0.0) == ()
    assert "hidden" not in repr(WebhookSecrets("hidden", "hidden"))
