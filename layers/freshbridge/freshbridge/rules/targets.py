"""Which account each action of a rule is for: settled when the rule is saved.

An action of the rule's own platform is for the rule's own account. One of another platform names an
integration, or is for the only enabled one of that platform that there is now: it is written into
the rule, so that connecting a second Slack workspace moves no message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from freshbridge.instances.provider_clients import WITHOUT_ACCOUNT
from freshbridge.instances.registry import UnknownInstance
from freshbridge.rules.invalid import invalid

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.rules.model import Rule, RuleAction

_MOST_NAMED = 5
NOTHING_OFF: Mapping[str, str] = {}


def with_targets(
    rule: Rule,
    own: Instance,
    *,
    find: Callable[[str], Instance],
    every: Callable[[], Iterable[Instance]],
    switched_off: Mapping[str, str] = NOTHING_OFF,
) -> Rule:
    """The rule of the instance `own` with the account of each action settled.

    `find` gives an instance by its id, or UnknownInstance; `every` gives all that there are, and is
    asked only where an action of another platform names none. `switched_off` are platforms that
    this stack was deployed without, each with what to do about it.

    Raises:
        InvalidRule: naming the action whose account there is none of, or cannot be told, or whose
            platform is switched off.
    """
    for position, action in enumerate(rule.actions):
        if action.platform in switched_off:
            path, advice = f"actions[{position}].platform", switched_off[action.platform]
            raise invalid(path, f"{action.platform} is switched off here", advice=advice)
    settled = [
        replace(action, instance_id=_target(action, own, find, every, f"actions[{position}]"))
        for position, action in enumerate(rule.actions)
    ]
    return replace(rule, actions=tuple(settled))


def _target(
    action: RuleAction,
    own: Instance,
    find: Callable[[str], Instance],
    every: Callable[[], Iterable[Instance]],
    path: str,
) -> str:
    if action.platform in WITHOUT_ACCOUNT:
        if action.instance_id not in ("", own.instance_id):
            raise invalid(f"{path}.instance_id", f"{action.platform} actions need no account")
        return ""
    if action.instance_id:
        _check_named(action, find, f"{path}.instance_id")
        return action.instance_id
    if action.platform == own.platform:
        return ""
    return _only_one(action.platform, every, path)


def _check_named(action: RuleAction, find: Callable[[str], Instance], path: str) -> None:
    try:
        named = find(action.instance_id)
    except UnknownInstance:
        raise invalid(
            path, "is no integration", advice="GET /api/integrations lists them."
        ) from None
    if named.platform != action.platform:
        raise invalid(path, f"is a {named.platform} account; the action is {action.platform}'s")


def _only_one(platform: str, every: Callable[[], Iterable[Instance]], path: str) -> str:
    enabled = [one for one in every() if one.platform == platform and not one.disabled]
    if not enabled:
        raise invalid(
            f"{path}.platform",
            f"no {platform} account is connected and enabled",
            advice=f'Connect one: POST /api/integrations with "platform": "{platform}".',
        )
    if len(enabled) > 1:
        ids = ", ".join(one.instance_id for one in enabled[:_MOST_NAMED])
        more = ", …" if len(enabled) > _MOST_NAMED else ""
        raise invalid(
            f"{path}.instance_id",
            f"{len(enabled)} {platform} accounts are connected: {ids}{more}",
            advice='Name the one that is meant: "instance_id": …',
        )
    return enabled[0].instance_id
