"""Refuse a fixed path that an HTTP action could never call; one with a template is told when run.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge.http_api.target import InvalidPath, target_url
from freshbridge.rules.invalid import invalid
from freshbridge.rules.templates import holds_template

if TYPE_CHECKING:
    from freshbridge.instances.model import Instance
    from freshbridge.rules.model import Rule


def check_paths(rule: Rule, own: Instance, find: Callable[[str], Instance]) -> None:
    """Hold the paths of a rule of the instance `own`, whose actions have their accounts.

    Raises:
        InvalidRule: naming the path that leads elsewhere than below its account's base URL.
    """
    for position, action in enumerate(rule.actions):
        path = action.parameters.get("path")
        is_request = (action.platform, action.action) == ("http", "request")
        if not is_request or not isinstance(path, str) or holds_template(path):
            continue
        account = find(action.instance_id) if action.instance_id else own
        try:
            target_url(account.origin, path)
        except InvalidPath as error:
            place = f"actions[{position}].parameters.path"
            raise invalid(place, error.fields[0].message) from None
