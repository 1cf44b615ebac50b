"""Brings an account's automation rules to what is wished, one request after the other.

A rule whose creation was not answered may exist all the same, and a rule that was read a moment ago
may be gone: then the account is looked at again, once, before anything more is sent.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from freshbridge.errors import Conflict, FreshbridgeError, NotFound, Retry
from freshbridge.freshdesk.automation import AutomationType
from freshbridge.webhooks.choice import Wish
from freshbridge.webhooks.found import Account, sort_out
from freshbridge.webhooks.plan import ALL_PIECES, Step, Target, examine, steps_for

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient

_TYPES = (AutomationType.CREATION, AutomationType.UPDATE)


def converge(client: FreshdeskClient, wish: Wish, target: Target) -> tuple[Account, list[Step]]:
    """Make the steps that are left to make; returns the account afterwards, and those made.

    Raises:
        What the client raises. Steps made before are not undone: the next call goes on from there.
    """
    made: list[Step] = []
    account = read_account(client, target)
    steps = steps_for(examine(account, wish, target), wish, target)
    try:
        _perform_all(client, steps, made)
    except (Retry, Conflict, NotFound) as error:
        if not _worth_another_look(error):
            raise
        account = read_account(client, target)
        _perform_all(client, steps_for(examine(account, wish, target), wish, target), made)
    return (read_account(client, target) if steps else account), made


def read_account(client: FreshdeskClient, target: Target) -> Account:
    """The account's creation and update rules, as they concern the instance."""
    lists = {rule_type: client.automation_rules(rule_type) for rule_type in _TYPES}
    return sort_out(lists, target.instance_id, ALL_PIECES)


def perform(client: FreshdeskClient, step: Step) -> None:
    """Send one step; a rule that is to go and is gone already is no error."""
    rule, rule_type = step.state.rule, step.state.rule_type
    if rule is None:
        client.create_automation_rule(rule_type, step.body or {})
    elif step.kind == "update":
        client.update_automation_rule(rule_type, rule.id, step.body or {})
    else:
        with suppress(NotFound):
            client.delete_automation_rule(rule_type, rule.id)


def _perform_all(client: FreshdeskClient, steps: list[Step], made: list[Step]) -> None:
    for step in steps:
        perform(client, step)
        made.append(step)


def _worth_another_look(error: FreshbridgeError) -> bool:
    return isinstance(error, Conflict | NotFound) or (
        isinstance(error, Retry) and error.outcome_unknown
    )
