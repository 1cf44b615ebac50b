"""What a change makes of an instance, and whether its provider is asked otherwise from then on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from freshbridge.instances import elements
from freshbridge.instances.config import merged
from freshbridge.instances.elements import MASK
from freshbridge.instances.model import Instance
from freshbridge.instances.origin import origin_of


@dataclass(frozen=True)
class Change:
    """What is to change; None leaves it as it is.

    `values` are configuration entries, secret ones among them, as the caller sent them. With
    `replace_all` entries that are not given go back to their defaults. A `config` is laid over the
    one that is kept; an entry that is null is taken out.
    """

    name: str | None = None
    tags: tuple[str, ...] | None = None
    values: dict[str, object] | None = None
    config: dict[str, Any] | None = None
    replace_all: bool = False


def edited(instance: Instance, change: Change, *, allowed_origins: Iterable[str]) -> Instance:
    """The instance after a change, but for its secrets' values.

    `allowed_origins`: where credentials may be sent beside the providers' own hosts.

    Raises:
        InvalidConfiguration: an entry is unknown, missing, or not what it must be.
        Misconfigured: the address is not one that credentials may be sent to.
    """
    after = instance
    if change.name is not None:
        after = replace(after, name=change.name)
    if change.tags is not None:
        after = replace(after, tags=change.tags)
    if change.config is not None:
        config = merged(after.config, change.config)
        objects = tuple(config.get("sync_objects", after.sync_objects))
        after = replace(after, config=config, sync_objects=objects)
    if change.values is not None:
        element = elements.find(instance.element)
        shown, secret = elements.split(
            element,
            change.values,
            complete=change.replace_all,
            kept=instance.secret_entries,
        )
        names = set(secret)
        if not change.replace_all:
            shown = after.configuration | shown
            names |= set(after.secret_entries)
        after = replace(after, configuration=shown, secret_entries=tuple(sorted(names)))
        origin = origin_of(instance.platform, after.domain, allowed_origins)
        after = replace(after, origin=origin)
    return after


def credentials_after(instance: Instance, change: Change, held: dict[str, str]) -> dict[str, str]:
    """The secret entries that an instance has after a change, by key; `held` are those before.

    Raises:
        InvalidConfiguration: an entry is unknown, missing, or not what it must be.
    """
    element = elements.find(instance.element)
    _, secret = elements.split(element, change.values or {}, complete=False, kept=held)
    given = {key: held[key] if value == MASK else value for key, value in secret.items()}
    return given if change.replace_all else held | given


def connects_anew(before: Instance, after: Instance, values: dict[str, object]) -> bool:
    """Whether a change touches what the provider is asked with: the required entries."""
    element = elements.find(after.element)
    required = [one for one in element.entries if one.required or one.key in element.one_of]
    return after.origin != before.origin or any(
        values.get(entry.key) not in (None, MASK)
        if entry.secret
        else after.configuration.get(entry.key) != before.configuration.get(entry.key)
        for entry in required
    )
