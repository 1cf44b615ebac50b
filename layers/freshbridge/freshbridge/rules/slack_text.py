"""What a template puts into a Slack message is text, and no mention or link. Pure.

Slack reads `<!channel>` in a message as a call to everybody in it, `<@U123>` as one to a person and
`<https://…|words>` as a link. A customer who writes them into a ticket's subject calls nobody: the
three characters that begin and end them are escaped. Slack shows them as they were written.
Source: https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

from __future__ import annotations

import json
from typing import Any

_ROOTS = frozenset({"message", "text", "blocks", "attachments"})
# Members that Slack does not show: an address with "&amp;" in it leads elsewhere.
_UNREAD = frozenset(
    {"type", "url", "image_url", "thumb_url", "video_url", "title_url", "thumbnail_url",
     "title_link", "from_url", "author_link", "author_icon", "footer_icon", "action_id", "block_id",
     "callback_id", "color", "style", "ts", "id", "user_id", "channel_id",
     "usergroup_id"}
)  # fmt: skip


def is_text(name: str) -> bool:
    """Whether Slack reads the parameter of this dotted path as text."""
    steps = name.split(".")
    return steps[0] in _ROOTS and steps[-1] not in _UNREAD


def escape(text: str) -> str:
    """`&`, `<` and `>` as Slack wants them; quotes and all else stay."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def finalize(value: Any) -> Any:
    """What the template engine is to write for a value; one that is `safe` as it is."""
    if isinstance(value, str):
        return value if hasattr(value, "__html__") else escape(value)
    if isinstance(value, list | dict):
        return escape(json.dumps(value, ensure_ascii=False, default=str))
    return value


def escaped_whole(value: Any, name: str = "") -> Any:
    """A value that takes the place of a whole parameter, with every text in it escaped."""
    if isinstance(value, str):
        return value if name in _UNREAD else escape(value)
    if isinstance(value, list):
        return [escaped_whole(one, name) for one in value]
    if isinstance(value, dict):
        return {key: escaped_whole(one, key) for key, one in value.items()}
    return value
