"""A list's position survives the way through a caller, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import InvalidRequest
from freshbridge.page_request import InvalidPageRequest, read_limit
from freshbridge.paging_token import read_token, write_token


@given(st.dictionaries(st.text(), st.text()))
def test_a_position_survives(position: dict[str, str]) -> None:
    token = write_token(position)

    assert read_token(token) == position
    assert token.isascii()
    assert "=" not in token


@given(st.text())
def test_any_other_text_is_refused_or_read(text: str) -> None:
    try:
        found = read_token(text)
    except InvalidRequest as error:
        assert "Begin again" in error.advice
    else:
        assert all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize("token", ["", "e30x", write_token({})[:-1] + "!", "WzFd", "eyJhIjoxfQ"])
def test_what_was_not_given_out_is_refused(token: str) -> None:
    with pytest.raises(InvalidRequest):
        read_token(token)


def test_a_limit_is_within_its_bounds() -> None:
    assert read_limit(None, usual=50, largest=200) == 50
    assert read_limit("200", usual=50, largest=200) == 200
    for wrong in ("0", "201", "-1", "1.5", "", "١٢", "9" * 30):
        with pytest.raises(InvalidPageRequest):
            read_limit(wrong, usual=50, largest=200)
