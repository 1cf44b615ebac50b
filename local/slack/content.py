"""What Slack checks of a message before it posts it.

Source: https://docs.slack.dev/reference/methods/chat.postMessage#errors,
https://docs.slack.dev/reference/block-kit/blocks
"""

from collections.abc import Iterator
from typing import Any

LONGEST_TEXT, MOST_BLOCKS, MOST_ATTACHMENTS = 40_000, 50, 100
_LONGEST_OF = {"section": 3_000, "header": 150}
_BLOCKS = {
    "actions", "context", "divider", "file", "header", "image", "input", "markdown", "rich_text",
    "section", "table", "video",
}  # fmt: skip


class Refused(Exception):
    """``word`` is Slack's; ``details`` are further members of the answer."""

    def __init__(self, word: str, **details: Any) -> None:
        super().__init__(word)
        self.word = word
        self.details = details


def check(content: dict[str, Any]) -> None:
    """Raise Refused for a message that Slack would not post."""
    text, blocks = content.get("text"), content.get("blocks") or []
    attachments = content.get("attachments") or []
    if not (text or blocks or attachments):
        raise Refused("no_text")
    if not isinstance(text, str | None):
        raise Refused("invalid_arguments")
    if text and len(text) > LONGEST_TEXT:
        raise Refused("msg_too_long")
    if not isinstance(attachments, list):
        raise Refused("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Refused("too_many_attachments")
    if wrong := list(_wrong_blocks(blocks)):
        raise Refused("invalid_blocks", response_metadata={"messages": wrong})
    _check_metadata(content.get("metadata"))


def _wrong_blocks(blocks: Any) -> Iterator[str]:
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    if len(blocks) > MOST_BLOCKS:
        yield f"[ERROR] no more than {MOST_BLOCKS} items allowed [json-pointer:/blocks]"
    for place, block in enumerate(blocks):
        pointer = f"[json-pointer:/blocks/{place}"
        if not isinstance(block, dict) or block.get("type") not in _BLOCKS:
            yield f"[ERROR] unsupported type {pointer}/type]"
            continue
        kind = block["type"]
        if kind in _LONGEST_OF and (kind == "header" or "fields" not in block):
            yield from _wrong_text(kind, block.get("text"), f"{pointer}/text]")


def _wrong_text(kind: str, text: Any, pointer: str) -> Iterator[str]:
    if not isinstance(text, dict) or not isinstance(text.get("text"), str) or not text["text"]:
        yield f"[ERROR] missing required field: text {pointer}"
    elif len(text["text"]) > _LONGEST_OF[kind]:
        yield f"[ERROR] must be less than {_LONGEST_OF[kind] + 1} characters {pointer}"
    elif text.get("type") not in ({"plain_text"} if kind == "header" else {"plain_text", "mrkdwn"}):
        yield f"[ERROR] unsupported type {pointer}"


def _check_metadata(metadata: Any) -> None:
    if metadata is None:
        return
    shape = isinstance(metadata, dict) and {"event_type", "event_payload"} == set(metadata)
    if not shape or not isinstance(metadata["event_payload"], dict) or not metadata["event_type"]:
        raise Refused("invalid_metadata_format")
