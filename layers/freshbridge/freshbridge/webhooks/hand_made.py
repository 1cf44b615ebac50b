"""Whether a rule that a person made brings what one of ours would.

Pure. Its words and its layout are the person's own; what counts is that the webhook opens to it,
that it fires for every ticket, and on all of the events. What its headers say is not told of a rule
whose values Freshdesk hides.
Source: https://developers.freshdesk.com/api/#automations
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from freshbridge.freshdesk.automation import AutomationType
from freshbridge.freshdesk.enums import Priority
from freshbridge.webhooks.address import leads_to
from freshbridge.webhooks.automation import ANY, EITHER_PERFORMER, SECRET_HEADER, Piece
from freshbridge.webhooks.found import AccountRule, header_of, webhooks_of
from freshbridge.webhooks.health import Problem, Secrets, agrees, hidden, hours_left, opens

_ADVICE = "mend or delete it in Freshdesk"
_SILENT = {"disabled", "wrong_secret", "wrong_method"}
"""With one of these a rule brings nothing at all."""
_HIDDEN = "********"
_ALL = {str(int(priority)) for priority in Priority}


def problems_of(rule: AccountRule, instance_id: str, secrets: Secrets) -> tuple[Problem, ...]:
    """What keeps the rule from bringing each of its events for every ticket."""
    return tuple(_problems(rule, instance_id, secrets))


def covers(rule: AccountRule, piece: Piece) -> bool:
    """Whether it listens to all that this piece does."""
    if rule.rule_type is not piece.rule_type:
        return False
    events = rule.record.get("events")
    named = [e for e in events if isinstance(e, dict)] if isinstance(events, list) else []
    return all(any(_hears(event, wanted) for event in named) for wanted in piece.trigger_records)


def delivers(problems: tuple[Problem, ...]) -> bool:
    """Whether anything comes of a rule with these problems."""
    return not any(problem.code in _SILENT for problem in problems)


def _problems(rule: AccountRule, instance_id: str, secrets: Secrets) -> Iterator[Problem]:
    if not rule.active:
        yield _told("disabled", "it is switched off")
    if rule.record.get("outdated") is True:
        yield _told("outdated", "Freshdesk says that it names a field that is gone")
    hooks = [h for h in webhooks_of(rule.record) if leads_to(h.get("url"), instance_id)]
    for hook in hooks[:1]:
        method = hook.get("request_type")
        if method is not None and str(method).upper() != "POST":
            yield _told("wrong_method", "its webhook is not sent by POST: none arrives")
        yield from _secret_problems(hook, secrets)
    if not _fits_every_ticket(rule.record.get("conditions")):
        yield _told("narrowed", "its conditions do not hold for every ticket")
    if rule.rule_type is AutomationType.UPDATE:
        performer = rule.record.get("performer")
        kind = performer.get("type") if isinstance(performer, dict) else None
        if kind is not None and str(kind) != str(EITHER_PERFORMER):
            yield _told("narrowed", "it does not run for what agents and requesters both do")


def _secret_problems(hook: Mapping[str, Any], secrets: Secrets) -> Iterator[Problem]:
    shown = _secrets_shown(hook)
    if any(one == secrets.held.current or hidden(one) for one in shown):
        return
    if any(opens(one, secrets) for one in shown):
        yield _told(
            "old_secret",
            "it shows the secret from before the last rotation, which opens for "
            f"{hours_left(secrets)} more hours",
        )
    else:
        yield _told("wrong_secret", "its secret is not the webhook's: all is refused")


def _secrets_shown(hook: Mapping[str, Any]) -> list[str]:
    """The header's, else those of Freshdesk's own authentication."""
    if own := header_of(hook, SECRET_HEADER):
        return [own]
    header = hook.get("auth_header")
    given = {"api_key": hook.get("api_key"), **(header if isinstance(header, dict) else {})}
    shown = {name: str(value) for name, value in given.items() if value}
    if shown.keys() == {"username"}:
        return [_HIDDEN]  # a password belongs to it, which is not shown
    return list(shown.values())


def _fits_every_ticket(conditions: object) -> bool:
    if not conditions:
        return True
    sets = conditions if isinstance(conditions, list) else [conditions]
    return all(isinstance(one, dict) and _set_fits(one) for one in sets)


def _set_fits(one: Mapping[str, Any]) -> bool:
    properties = one.get("properties")
    if not isinstance(properties, list) or not properties:
        return True
    of_them = any if one.get("match_type") == "any" else all
    return of_them(isinstance(p, dict) and _holds_always(p) for p in properties)


def _holds_always(condition: Mapping[str, Any]) -> bool:
    """Whether it is the one condition that is known to hold for each ticket."""
    values = condition.get("value")
    return (
        condition.get("resource_type", "ticket") == "ticket"
        and condition.get("field_name") == "priority"
        and condition.get("operator") == "in"
        and isinstance(values, list)
        and {str(value) for value in values} >= _ALL
    )


def _hears(event: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(
        agrees(value, event.get(name)) or (name != "field_name" and event.get(name) in (None, ANY))
        for name, value in wanted.items()
    )


def _told(code: str, message: str) -> Problem:
    return Problem(code, f"{message}; {_ADVICE}", repairable=False)
