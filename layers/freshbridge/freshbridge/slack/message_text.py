"""What a notification shows of a message that is made of blocks or attachments alone. Pure.

Source: https://docs.slack.dev/reference/methods/chat.postMessage#arg_text
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WITHOUT_WORDS = "New message"
_LONGEST = 300


def fallback_text(blocks: list[dict[str, Any]], attachments: list[dict[str, Any]]) -> str:
    """The first words in them, or words that say that there are none."""
    for attachment in attachments:
        for name in ("fallback", "pretext", "title", "text"):
            if isinstance(found := attachment.get(name), str) and found.strip():
                return found[:_LONGEST]
    words = next((text for text in _texts(blocks) if text.strip()), WITHOUT_WORDS)
    return words[:_LONGEST]


def _texts(value: Any) -> Iterator[str]:
    """Every `text` within, outermost first."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        text = value.get("text")
        if isinstance(text, str):
            yield text
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from _texts(inner)
