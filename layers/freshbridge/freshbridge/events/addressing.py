"""Which instance a webhook is for: named in the path or a header, or the platform's only one.

The order is the path's id, then `X-Freshbridge-Instance` (or `Element-Instances`, its name in Open
Connectors). A path without an id is for a stack with one account of that provider.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from freshbridge.errors import InvalidRequest
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import UnknownInstance

INSTANCE_HEADERS = ("x-freshbridge-instance", "element-instances")
AGE_S = 30.0
_MOST_PLATFORMS = 100


class InstanceNotNamed(InvalidRequest):
    """The path names no instance, and there are several it could be for."""

    code = "instance_not_named"


class Registered(Protocol):
    """Where instances are kept."""

    def get(self, instance_id: str) -> Instance:
        """Return the instance or raise UnknownInstance."""

    def all(self) -> Iterator[Instance]:
        """Every instance."""


class Addressees:
    """Finds instances; what is found of a platform is remembered, since strangers may ask, too."""

    def __init__(
        self, instances: Registered, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock`: seconds."""
        self._instances = instances
        self._clock = clock
        self._of: dict[str, tuple[float, tuple[Instance, ...]]] = {}

    def find(self, platform: str, instance_id: str, headers: Mapping[str, str]) -> Instance:
        """The instance; `platform` may be its element's key. `headers` has lower-case names.

        Raises:
            UnknownInstance: no such id, or it is another platform's, or the platform has none.
            InstanceNotNamed: the platform has several.
        """
        named = instance_id or next((headers[h] for h in INSTANCE_HEADERS if headers.get(h)), "")
        if not named:
            return self._only(platform)
        instance = self._instances.get(named.strip())
        if platform not in (instance.platform, instance.element):
            raise UnknownInstance(
                f"instance {instance.instance_id} is no {platform[:32]} instance",
                advice="Its webhooks go to "
                f"/api/webhooks/{instance.platform}/{instance.instance_id}.",
            )
        return instance

    def _only(self, platform: str) -> Instance:
        read_at, found = self._of.get(platform, (float("-inf"), ()))
        if self._clock() - read_at >= AGE_S:
            found = self._first_two(platform)
            if len(self._of) >= _MOST_PLATFORMS:
                self._of.clear()
            self._of[platform] = (self._clock(), found)
        if len(found) > 1:
            raise InstanceNotNamed(
                f"there are several {platform[:32]} instances",
                advice=f"Send it to /api/webhooks/{platform[:32]}/<instance id>, or name the "
                "instance in the header X-Freshbridge-Instance.",
            )
        if not found:
            raise UnknownInstance(
                f"no such instance: there is no {platform[:32] or 'such'} instance",
                advice="POST /api/integrations connects one.",
            )
        return found[0]

    def _first_two(self, platform: str) -> tuple[Instance, ...]:
        found: list[Instance] = []
        for instance in self._instances.all():
            if platform in (instance.platform, instance.element):
                found.append(instance)
            if len(found) > 1:
                break
        return tuple(found)


def plain_id(encoded: str) -> str:
    """The id in Open Connectors' event path, base64 of its digits, with or without its padding.

    An id that is not encoded is taken as it is.
    """
    padded = encoded.strip().replace("%3D", "=").replace("%3d", "=").rstrip("=")
    padded = padded.replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return encoded
    return text if text.isascii() and text.isdigit() else encoded
