"""The marks of messages: written and read alike by whoever hands them over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.dead_letters.carrier import Mark, marked, read_mark, text


def as_lambda_does(attributes: dict[str, Any]) -> dict[str, Any]:
    """SQS's own attributes as a function's event has them."""
    return {
        name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
        for name, value in attributes.items()
    }


@pytest.mark.parametrize("mark", [Mark("dl_1"), Mark("dl_1", 3), Mark("dl_1", 3, "m-7")])
def test_a_mark_comes_back_from_sqs_and_from_lambda(mark: Mark) -> None:
    assert read_mark(dict(marked(mark))) == mark
    assert read_mark(as_lambda_does(dict(marked(mark)))) == mark


def test_a_message_without_a_mark_has_none() -> None:
    assert read_mark({}) is None
    assert read_mark({"code": {"StringValue": "x"}}) is None


@given(st.text())
def test_a_round_that_is_no_number_is_not_known(word: str) -> None:
    attributes = {
        "dead_letter_id": {"stringValue": "dl_1"},
        "dead_letter_round": {"stringValue": word},
    }
    mark = read_mark(attributes)

    assert mark is not None
    assert mark.round is None or str(mark.round) == word.lstrip("0") or mark.round == 0


@given(st.text())
def test_an_attribute_holds_nothing_that_sqs_refuses(word: str) -> None:
    value = text(word)["StringValue"]

    assert value
    assert all(c in "\t\n\r" or " " <= c <= "\ud7ff" for c in value)
