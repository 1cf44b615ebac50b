"""The Web API's methods: from the workspace and a call's arguments to the members of the answer.

Sources: https://docs.slack.dev/reference/methods/chat.postMessage and the pages beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.slack.content import Refused, check
from local.slack.workspace import BOT, BOT_USER, TEAM, Channel, Workspace

Arguments = dict[str, Any]


class Throttled(Exception):
    """The channel takes no message for so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True)
class Method:
    """``scope`` is what the app needs, "" for none. Those that write take JSON; all take forms."""

    run: Callable[[Workspace, Arguments], dict[str, Any]]
    scope: str = ""
    takes_json: bool = False


def _auth_test(_workspace: Workspace, _arguments: Arguments) -> dict[str, Any]:
    return {
        "url": "https://demo.slack.example/", "team": "Demo", "user": "freshbridge",
        "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT, "is_enterprise_install": False,
    }  # fmt: skip


def _post_message(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    channel = _channel(workspace, arguments)
    if channel.archived:
        raise Refused("is_archived")
    if not channel.member and "chat:write.public" not in workspace.settings.scopes:
        raise Refused("not_in_channel")
    check(arguments)
    if thread := arguments.get("thread_ts"):
        _thread(workspace, channel, thread)
    if seconds := workspace.wait_s(channel):
        raise Throttled(seconds)
    message = workspace.post(channel, arguments, by="token")
    return {"channel": channel.id, "ts": message["ts"], "message": _shown(message, whole=True)}


def _list(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    limit, start = _limit(arguments, 100, 1000), int(arguments.get("cursor") or 0)
    found = [
        {"id": one.id, "name": one.name, "is_channel": True, "is_private": one.private,
         "is_archived": one.archived, "is_member": one.member}
        for one in workspace.channels
        if not one.private
        and not (one.archived and arguments.get("exclude_archived") in ("true", "1"))
    ]  # fmt: skip
    after = str(start + limit) if start + limit < len(found) else ""
    return {
        "channels": found[start : start + limit],
        "response_metadata": {"next_cursor": after},
    }


def _history(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    channel = _by_id(workspace, arguments)
    found = [one for one in workspace.messages if one["channel"] == channel.id]
    return _page([one for one in found if "thread_ts" not in one], arguments)


def _replies(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    channel = _by_id(workspace, arguments)
    ts = str(arguments.get("ts") or "")
    _thread(workspace, channel, ts)
    return _page([o for o in workspace.messages if ts in (o["ts"], o.get("thread_ts"))], arguments)


METHODS = {
    "auth.test": Method(_auth_test, takes_json=True),
    "chat.postMessage": Method(_post_message, "chat:write", takes_json=True),
    "conversations.list": Method(_list, "channels:read"),
    "conversations.history": Method(_history, "channels:history"),
    "conversations.replies": Method(_replies, "channels:history"),
}


def _channel(workspace: Workspace, arguments: Arguments) -> Channel:
    found = workspace.find(str(arguments.get("channel") or ""))
    if found is None:
        raise Refused("channel_not_found")
    return found


def _by_id(workspace: Workspace, arguments: Arguments) -> Channel:
    """These methods know a channel by its id alone."""
    channel = _channel(workspace, arguments)
    if arguments["channel"] != channel.id:
        raise Refused("channel_not_found")
    if not channel.member:
        raise Refused("not_in_channel")
    return channel


def _thread(workspace: Workspace, channel: Channel, ts: str) -> None:
    mine = (one["ts"] for one in workspace.messages if one["channel"] == channel.id)
    if ts not in mine:
        raise Refused("thread_not_found")


def _page(messages: list[dict[str, Any]], arguments: Arguments) -> dict[str, Any]:
    oldest = float(arguments.get("oldest") or 0)
    newest_first = [one for one in reversed(messages) if float(one["ts"]) > oldest]
    limit = _limit(arguments, 100, 999)
    whole = arguments.get("include_all_metadata") in ("true", "1")
    return {
        "messages": [_shown(one, whole=whole) for one in newest_first[:limit]],
        "has_more": len(newest_first) > limit,
    }


def _shown(message: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    own = ("id", "received_at", "channel", "channel_name", "by", "shown", "calls")
    left_out = own if whole else (*own, "metadata")
    return {name: value for name, value in message.items() if name not in left_out}


def _limit(arguments: Arguments, usual: int, most: int) -> int:
    try:
        limit = int(arguments.get("limit") or usual)
    except ValueError:
        raise Refused("invalid_limit") from None
    if not 1 <= limit <= most:
        raise Refused("invalid_limit")
    return limit
