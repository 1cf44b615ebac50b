"""A letter comes back from the table as it was kept, whole or as its lists have it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from freshbridge.dead_letters.items import from_item, to_item
from freshbridge.dead_letters.letter import Entry, Failure, Letter, State
from freshbridge.dead_letters.subject import Queue, Subject
from tests.unit.dead_letters.letters import letter

WORDS = st.text(max_size=12)
NUMBERS = st.integers(0, 10**9)
OBJECTS = st.dictionaries(WORDS, WORDS | st.integers() | st.booleans(), max_size=3)


@given(
    st.builds(
        Letter,
        letter_id=st.text("abcdef0123456789_", min_size=1, max_size=8),
        queue=st.sampled_from(Queue),
        state=st.sampled_from(State),
        round=NUMBERS,
        body=WORDS,
        failure=st.builds(
            Failure,
            code=WORDS,
            message=WORDS,
            attempts=NUMBERS,
            parked_by=WORDS,
            provider=OBJECTS,
            fields=st.lists(st.dictionaries(WORDS, WORDS, max_size=2), max_size=2).map(tuple),
            advice=WORDS,
        ),
        subject=st.builds(Subject, *[WORDS] * 8, origin=OBJECTS),
        first_sent_at=WORDS,
        first_parked_at=WORDS,
        parked_at=WORDS,
        expires_at=NUMBERS,
        returns=NUMBERS,
        sends=NUMBERS,
        return_at=WORDS,
        claimed_by=WORDS,
        carried=st.booleans(),
        original_body=WORDS,
        history=st.lists(st.builds(Entry, WORDS, WORDS, WORDS, WORDS), max_size=3).map(tuple),
        version=NUMBERS,
    )
)
def test_a_letter_comes_back_as_it_was(found: Letter) -> None:
    item = to_item(found)

    assert from_item(item) == found
    # DynamoDB refuses an index key that is empty.
    assert all(value.get("S") != "" for value in item.values())


def test_only_what_waits_for_a_moment_is_due() -> None:
    waiting: dict[str, Any] = to_item(replace(letter(), return_at="2026-03-03T13:02:40Z"))

    assert waiting["due"] == {"S": "letter"}
    assert "due" not in to_item(letter())
    assert waiting["listing"] == {"S": "actions#parked"}
