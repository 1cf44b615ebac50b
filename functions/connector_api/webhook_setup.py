"""/integrations/{id}/webhooks: have Freshdesk call this stack, look at it, mend it, undo it."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import failure, json_body, success
from freshbridge import timestamps
from freshbridge.actions.submit import NOT_IN_BACKGROUND
from freshbridge.budget.assembly import patience
from freshbridge.errors import FieldError
from freshbridge.events.subject import record_id
from freshbridge.freshdesk.wire import record_path
from freshbridge.instances.model import Instance
from freshbridge.instances.trace import Cause
from freshbridge.webhooks.address import own_base_url
from freshbridge.webhooks.check import Check, CheckRequest, read_check
from freshbridge.webhooks.choice import InvalidSetup, Wish, read_flags, read_setup
from freshbridge.webhooks.report import ByHand, Calling

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own

LONGEST_WAIT_S, RESERVE_S = 5.0, 9.0
"""A call waits so long for its turn in the rate budget, and so much time stays for it."""
WEBHOOKS = "/integrations/<instance_id>/webhooks"


@router.post(WEBHOOKS)
def install(instance_id: str) -> Response[str]:
    """Create the automation rules in Freshdesk that call this integration's webhook.

    What is there already is left alone, what differs is put right, so it can be sent any number of
    times; rules for events that are no longer chosen go. `dry_run` shows the requests and sends
    none. With `verify` a test ticket shows that webhooks arrive: 202 when that takes longer. Where
    the key may not manage automations, `details.by_hand` says what a person does instead.
    """
    asked = read_setup(_body())
    instance, calling = ports().registry.get(instance_id), _calling()
    try:
        report = ports().webhook_setup.install(instance, asked, _base_url(), calling)
    except ByHand as error:
        return _by_hand(error)
    shown = report.shown(show_secret=asked.show_secret) | {"verification": None}
    if asked.dry_run:
        return success("Dry run: nothing was sent", shown)
    if not asked.verify:
        return success("Webhooks are set up", shown)
    check = _checked(instance, asked.wish, CheckRequest(), calling)
    shown["verification"] = _shown(instance_id, check)
    return success(_told(check), shown, 202 if check.missing else 200)


@router.get(WEBHOOKS)
def health(instance_id: str) -> Response[str]:
    """What is installed in Freshdesk, and what is wrong with it: nothing is changed.

    A rule may be missing, disabled, renamed, changed by hand, call a wrong URL, show an old secret,
    or stand behind others that keep it from running.
    """
    instance = ports().registry.get(instance_id)
    try:
        report = ports().webhook_setup.health(instance, _base_url(), _calling())
    except ByHand as error:
        return _by_hand(error)
    return success("Webhooks", report.shown() | {"verification": None})


@router.post(f"{WEBHOOKS}/repair")
def repair(instance_id: str) -> Response[str]:
    """Put right whatever differs from what was installed; after a rotation this is the secret."""
    body, wrong = _body(), []
    wrong += [FieldError(n, "there is no such field", "unknown") for n in body.keys() - {"dry_run"}]
    flags = read_flags(body, ("dry_run",), wrong)
    if wrong:
        raise InvalidSetup("the webhooks cannot be repaired", fields=wrong)
    instance = ports().registry.get(instance_id)
    try:
        report = ports().webhook_setup.repair(instance, _base_url(), _calling(), **flags)
    except ByHand as error:
        return _by_hand(error)
    message = "Dry run: nothing was sent" if report.dry else "Webhooks repaired"
    return success(message, report.shown() | {"verification": None})


@router.delete(WEBHOOKS)
def remove(instance_id: str) -> Response[str]:
    """Delete this integration's own rules in Freshdesk, and no other."""
    return _removed(instance_id)


@router.delete(f"{WEBHOOKS}/<automation_id>")
def remove_one(instance_id: str, automation_id: str) -> Response[str]:
    """Delete one of this integration's own rules in Freshdesk."""
    number = record_id(automation_id) or 0
    record_path("automations", number)  # refuses what is no number of Freshdesk's
    return _removed(instance_id, number)


@router.post(f"{WEBHOOKS}/verify")
def verify(instance_id: str) -> Response[str]:
    """Make a test ticket, wait until its webhooks have come, and delete it.

    Every installed rule is set off that can be without mailing a customer. The ticket's events run
    no rule of this stack and reach no subscriber; to Freshdesk's own automations it is like any.
    202 when `wait_s` was not enough: `path` tells later what came.
    """
    asked = read_check(_body())
    instance = ports().registry.get(instance_id)
    check = _checked(instance, ports().webhook_setup.wish(instance), asked, _calling())
    return success(_told(check), _shown(instance_id, check), 202 if check.missing else 200)


@router.get(f"{WEBHOOKS}/verify/<check_id>")
def verification(instance_id: str, check_id: str) -> Response[str]:
    """What has come of a test ticket's webhooks by now."""
    instance = ports().registry.get(instance_id)
    check = ports().verifier.look(instance, check_id, _calling())
    return success(_told(check), _shown(instance_id, check))


def _removed(instance_id: str, rule_id: int | None = None) -> Response[str]:
    instance = ports().registry.get(instance_id)
    try:
        steps = ports().webhook_setup.remove(instance, _calling(), rule_id)
    except ByHand as error:
        return _by_hand(error)
    gone = [
        {"rule": s.state.key, "rule_id": s.state.rule.id, "name": s.state.rule.name}
        for s in steps
        if s.state.rule
    ]
    return success("Webhooks removed", {"removed": gone})


def _checked(instance: Instance, wish: Wish | None, asked: CheckRequest, calling: Calling) -> Check:
    return ports().verifier.run(instance, wish, asked, calling)


def _shown(instance_id: str, check: Check) -> dict[str, Any]:
    path = f"/api/integrations/{instance_id}/webhooks/verify/{check.check_id}"
    return check.shown(timestamps.epoch()) | {"path": path}


def _told(check: Check) -> str:
    state = check.state(timestamps.epoch())
    if state == "arrived":
        return "The webhooks arrive"
    if state == "waiting":
        return "Not all webhooks have come yet; GET the path to see whether they do"
    return "Webhooks did not arrive; GET …/webhooks says what may be wrong"


def _by_hand(error: ByHand) -> Response[str]:
    details = {
        "provider_message": error.provider_message or None,
        "where": error.where or None,
        "advice": error.advice or None,
        "by_hand": error.instructions,
    }
    return failure(
        router.current_event.path,
        router.lambda_context.aws_request_id,
        403,
        message=error.told,
        code=error.code,
        details=details,
    )


def _body() -> dict[str, Any]:
    text = router.current_event.decoded_body
    return json_body(router.current_event) if text and text.strip() else {}


def _base_url() -> str:
    return own_base_url(router.current_event.raw_event)


def _calling() -> Calling:
    context = router.lambda_context
    waiting = patience(
        context,
        longest_s=LONGEST_WAIT_S,
        begun_s=LONGEST_WAIT_S,
        reserve_s=RESERVE_S,
        use=NOT_IN_BACKGROUND,
    )
    return Calling(Cause(context.aws_request_id), waiting)
