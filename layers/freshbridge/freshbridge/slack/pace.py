"""Spreads what Slack would not take at once over the seconds that it takes it in. Pure.

Slack takes about one message a second in each channel, more for a moment, and answers 429 to the
rest. A channel that it refused is left alone until it said; what comes meanwhile is not sent, and
each gets a second of its own to come back in, so that a thousand messages are not a thousand
refusals, again and again. Known to one process only: what several of them send at once is still
Slack's to refuse.
Source: https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from freshbridge import timestamps
from freshbridge.errors import Throttled

SPACING_S = 1.0
MOST_CHANNELS = 1_000


class ChannelBusy(Throttled):
    """The channel has refused messages a moment ago; nothing was sent."""

    code = "channel_busy"
    costs_no_attempt: ClassVar[bool] = True


class Pace:
    """What one process knows of channels; `clock` is seconds since the epoch."""

    def __init__(self, clock: Callable[[], float] = timestamps.epoch) -> None:
        self._clock = clock
        self._channels: dict[str, tuple[float, float]] = {}

    def check(self, channel: str) -> None:
        """Let a message through.

        Raises:
            ChannelBusy: come back when it says.
        """
        until, last = self._channels.get(channel, (0.0, 0.0))
        now = self._clock()
        if now >= until:
            return
        turn = max(until, last + SPACING_S)
        self._channels[channel] = (until, turn)
        raise ChannelBusy("the Slack channel takes no message yet", after=turn - now)

    def refused(self, channel: str, after_s: float) -> None:
        """Slack wants nothing for this channel for so long."""
        if len(self._channels) >= MOST_CHANNELS:
            # Channels' names come from templates: they must not fill the memory.
            self._channels.clear()
        _, last = self._channels.get(channel, (0.0, 0.0))
        self._channels[channel] = (self._clock() + after_s, last)


KNOWN = Pace()
"""This process's own."""
