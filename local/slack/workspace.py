"""What a workspace holds: channels, messages, one app with its token, scopes and webhook."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

from local.simulator.clock import Clock
from local.simulator.faults import Fault
from local.simulator.stats import Stats

DEMO_TOKEN = "xoxb-demo-bot-token-0001"  # noqa: S105 - of a simulator, no secret
DEMO_WEBHOOK = "/services/T0000DEMO/B0000DEMO/demoIncomingWebhook00001"
SCOPES = ("chat:write", "chat:write.public", "channels:history", "channels:read")
TEAM, BOT_USER, BOT = "T0000DEMO", "U0000BOT01", "B0000BOT01"
_CALL = re.compile(r"<(![a-z]+|@[UW][A-Z0-9]+|!subteam\^[A-Z0-9]+)(?:\|[^>]*)?>")


@dataclass
class Channel:
    """``member`` says whether the app is in it; who is not may post to public ones only."""

    id: str
    name: str
    private: bool = False
    archived: bool = False
    member: bool = True


@dataclass
class Settings:
    """``messages_per_s`` and ``burst`` are of each channel; ``webhook_channel`` is a name."""

    scopes: tuple[str, ...] = SCOPES
    messages_per_s: float = 1.0
    burst: int = 10
    webhook_channel: str = "urgent-tickets"
    token_state: str = ""
    webhook_state: str = ""


def channels() -> list[Channel]:
    """Those that there are from the start."""
    return [
        Channel("C0000000001", "general"),
        Channel("C0000000002", "support"),
        Channel("C0000000003", "urgent-tickets"),
        Channel("C0000000004", "old-news", archived=True),
        Channel("C0000000005", "not-invited", member=False),
        Channel("G0000000006", "secret-plans", private=True, member=False),
    ]


@dataclass
class Workspace:
    """The state of one server; ``reset`` brings it back to the start."""

    token: str = DEMO_TOKEN
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.stats = Stats(("messages",))
        self.reset()

    def reset(self) -> None:
        self.clock.reset()
        self.stats.clear()
        self.settings = Settings()
        self.channels = channels()
        self.messages: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self._allowance: dict[str, tuple[float, float]] = {}
        self._last_ts = 0.0

    def find(self, named: str) -> Channel | None:
        """By id, or by name with or without its sign; a private one only where the app is."""
        name = named.removeprefix("#")
        for channel in self.channels:
            if named == channel.id or name == channel.name:
                return None if channel.private and not channel.member else channel
        return None

    def wait_s(self, channel: Channel) -> int:
        """0 when the channel takes a message now, which is then counted; else whole seconds."""
        now, settings = self.clock.seconds(), self.settings
        left, at = self._allowance.get(channel.id, (float(settings.burst), now))
        left = min(float(settings.burst), left + (now - at) * settings.messages_per_s)
        if left < 1:
            self._allowance[channel.id] = (left, now)
            return max(1, round((1 - left) / settings.messages_per_s))
        self._allowance[channel.id] = (left - 1, now)
        return 0

    def post(self, channel: Channel, content: dict[str, Any], *, by: str) -> dict[str, Any]:
        """Keep a message and return it; ``shown`` is its text as people read it."""
        now = self.clock.seconds()
        # No two messages of a workspace have one ts.
        self._last_ts = max(now, self._last_ts + 0.0001)
        text = str(content.get("text") or "")
        kept = ("text", "blocks", "attachments", "thread_ts", "metadata")
        message = {
            "id": len(self.messages) + 1,
            "type": "message",
            "subtype": "bot_message",
            "ts": f"{self._last_ts:.6f}",
            "received_at": now,
            "channel": channel.id,
            "channel_name": channel.name,
            "by": by,
            "bot_id": BOT,
            **{name: content[name] for name in kept if content.get(name)},
            "shown": html.unescape(_CALL.sub("", text)),
            "calls": _CALL.findall(str(content)),
        }
        self.messages.append(message)
        self.stats.created("messages", html.unescape(text))
        return message
