"""A message without a text of its own still says something in a notification."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.slack.message_text import WITHOUT_WORDS, fallback_text

HEADER = {"type": "header", "text": {"type": "plain_text", "text": "Ticket 7"}}
FIELDS = {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Priority*"}]}


@pytest.mark.parametrize(
    ("blocks", "attachments", "text"),
    [
        ([{"type": "divider"}, HEADER, FIELDS], [], "Ticket 7"),
        ([FIELDS], [], "*Priority*"),
        ([HEADER], [{"color": "x", "title": "From Mira"}], "From Mira"),
        ([], [{"fallback": "short", "text": "long"}], "short"),
        ([{"type": "divider"}], [{"fallback": "  "}], WITHOUT_WORDS),
        ([{"text": "x" * 500}], [], "x" * 300),
        ([], [], WITHOUT_WORDS),
    ],
)
def test_the_first_words_are_shown(
    blocks: list[dict[str, Any]], attachments: list[dict[str, Any]], text: str
) -> None:
    assert fallback_text(blocks, attachments) == text
