"""What is wrong with an automation rule, held against what it ought to be.

Pure. Freshdesk gives back more members than it was sent, numbers as texts now and then, and a
rule's content as text or as an object: what was sent has to be there, and nothing else matters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from freshbridge.instances.webhook_secrets import WebhookSecrets
from freshbridge.webhooks.automation import SECRET_HEADER
from freshbridge.webhooks.found import AccountRule, header_of, webhooks_of

_ADVICE = "POST …/webhooks/repair puts it right"
_HIDDEN = set("*•xX")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `repairable` by a repair."""

    code: str
    message: str
    repairable: bool = True

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"code": self.code, "message": self.message, "repairable": self.repairable}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens the webhook, at `now` (seconds since the epoch)."""

    held: WebhookSecrets
    now: float


def missing(title: str) -> Problem:
    """No such rule is there."""
    return Problem("missing", f"there is no rule for {title}; {_ADVICE}")


def duplicate(kept: int) -> Problem:
    """One rule too many."""
    return Problem("duplicate", f"rule {kept} does the same, each event comes twice; {_ADVICE}")


def doubled(other: AccountRule) -> Problem:
    """A person's own rule brings the same."""
    return Problem(
        "doubled",
        f"rule {other.id} ({other.name!r}), made by hand, calls the webhook for the same events: "
        "each comes twice. Delete one of the two in Freshdesk",
        repairable=False,
    )


def not_wanted() -> Problem:
    """A rule for events that were not chosen."""
    return Problem("not_wanted", f"its events were not chosen; {_ADVICE}")


def shadowed(before: list[AccountRule]) -> Problem:
    """Rules before it may keep it from running."""
    names = names_of(before)
    return Problem(
        "shadowed",
        f"of the creation rules only the first that fits a ticket runs, and {len(before)} come "
        f"before this one ({names}): tickets that fit one of them are not told of. In Freshdesk "
        "under Admin > Automations > Ticket Creation let all matching rules run, or move this "
        "one up",
        repairable=False,
    )


def names_of(rules: list[AccountRule]) -> str:
    """The names of the first few."""
    return ", ".join(repr(rule.name) for rule in rules[:5]) + (", …" if len(rules) > 5 else "")


def not_last() -> Problem:
    """It was to be the last creation rule."""
    return Problem("position", "it was to be the last creation rule and is not; move it down")


def not_first() -> Problem:
    """It was to be the first creation rule."""
    return Problem("position", f"it was to be the first creation rule and is not; {_ADVICE}")


def problems_of(rule: AccountRule, wanted: Mapping[str, Any], secrets: Secrets) -> list[Problem]:
    """Everything in which a rule differs from `wanted`, its body as it would be created."""
    return list(_problems(rule, wanted, secrets))


def agrees(wanted: Any, found: Any) -> bool:
    """Whether `found` says all that `wanted` does."""
    if isinstance(wanted, Mapping):
        if isinstance(found, str):
            found = _parsed(found)
        return isinstance(found, Mapping) and all(
            agrees(value, found.get(name)) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(agrees(one, other) for one, other in zip(wanted, found, strict=True))
        )
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return found is not None and str(wanted) == str(found)


def hidden(shown: str) -> bool:
    """Whether it is all stars: then it is hidden from whoever reads rules, and says nothing."""
    return bool(shown) and set(shown) <= _HIDDEN


def opens(shown: str, secrets: Secrets) -> bool:
    """Whether the webhook opens to it now, as the current secret or as the one before."""
    held = secrets.held
    before = shown == held.previous and secrets.now < held.previous_until
    return bool(shown) and (shown == held.current or before)


def hours_left(secrets: Secrets) -> int:
    """For how long the secret before still opens the webhook."""
    return max(1, round((secrets.held.previous_until - secrets.now) / 3600))


def _problems(rule: AccountRule, wanted: Mapping[str, Any], secrets: Secrets) -> Iterator[Problem]:
    if not rule.active:
        yield Problem("disabled", f"the rule is switched off; {_ADVICE}")
    if rule.record.get("outdated") is True:
        yield Problem("outdated", f"Freshdesk says that it names a field that is gone; {_ADVICE}")
    if rule.name != wanted["name"]:
        yield Problem("renamed", f"it was named {wanted['name']!r}; {_ADVICE}")
    differs = [
        name for name in ("performer", "events", "conditions") if _differs(wanted, rule, name)
    ]
    hooks = webhooks_of(rule.record)
    if not hooks:
        yield Problem("changed", f"it calls no webhook any more; {_ADVICE}")
        return
    action = wanted["actions"][0]
    if hooks[0].get("url") != action["url"]:
        yield Problem("wrong_url", f"its webhook goes to another address; {_ADVICE}")
    yield from _secret_problems(header_of(hooks[0], SECRET_HEADER), secrets)
    plain = {name: value for name, value in action.items() if name not in ("url", "custom_headers")}
    if not agrees(plain, hooks[0]) or not agrees([{}], _actions(rule)):
        differs.append("actions")
    if differs:
        yield Problem("changed", f"changed by hand: {', '.join(differs)}; {_ADVICE}")


def _differs(wanted: Mapping[str, Any], rule: AccountRule, name: str) -> bool:
    return name in wanted and not agrees(wanted[name], rule.record.get(name))


def _actions(rule: AccountRule) -> list[Any]:
    actions = rule.record.get("actions")
    return actions if isinstance(actions, list) else []


def _secret_problems(shown: str, secrets: Secrets) -> Iterator[Problem]:
    if shown == secrets.held.current or hidden(shown):
        return
    if opens(shown, secrets):
        yield Problem(
            "old_secret",
            "it shows the secret from before the last rotation, which opens for "
            f"{hours_left(secrets)} more hours; {_ADVICE}",
        )
    else:
        yield Problem("wrong_secret", f"its secret is not the webhook's: all is refused; {_ADVICE}")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
