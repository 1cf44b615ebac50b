"""/integrations/{id}/rules: what happens when an event has these values."""

from __future__ import annotations

import json
from dataclasses import replace

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from connector_api.ports import ports
from connector_api.replies import json_body, success
from freshbridge import identifiers, timestamps
from freshbridge.actions.email.messages import ADVICE as EMAIL_OFF
from freshbridge.actions.mapping import FieldNames
from freshbridge.events.status_type import typed
from freshbridge.instances.model import Instance
from freshbridge.page_request import read_limit
from freshbridge.rules.called_rules import calls_of, check_calls
from freshbridge.rules.check import check
from freshbridge.rules.comparison import own_statuses
from freshbridge.rules.enricher import choice_of
from freshbridge.rules.http_paths import check_paths
from freshbridge.rules.invalid import invalid, member
from freshbridge.rules.model import Rule, read_rule, write_rule
from freshbridge.rules.options import NAMES
from freshbridge.rules.rehearsal import read_event, rehearse
from freshbridge.rules.store import UnknownRule
from freshbridge.rules.targets import with_targets
from freshbridge.rules.trigger_check import check_trigger

router = APIGatewayRouter()  # type: ignore[no-untyped-call]  # Powertools' own

PAGE_SIZE, LARGEST_PAGE_SIZE = 100, 200
RULE = "/integrations/<instance_id>/rules/<rule_id>"


@router.post("/integrations/<instance_id>/rules")
def create(instance_id: str) -> Response[str]:
    """Save a rule; one that could never run is refused here, with the place of what is wrong."""
    instance = ports().registry.get(instance_id)
    now = _now()
    rule = read_rule(json_body(router.current_event), rule_id=identifiers.new_id("rul"))
    rule = _checked(rule, instance)
    rule = replace(rule, created_at=now, updated_at=now)
    ports().rules.put(instance_id, rule)
    return success("Rule created", write_rule(rule), 201)


@router.get("/integrations/<instance_id>/rules")
def list_all(instance_id: str) -> Response[str]:
    """The instance's rules, oldest first; `after` asks for the next page."""
    ports().registry.get(instance_id)
    limit, after = _page()
    page = ports().rules.page(instance_id, limit=limit, after=after)
    body = {
        "success": True,
        "message": "Rules",
        "data": [write_rule(rule) for rule in page.rules],
        "after": page.after,
    }
    return Response(status_code=200, content_type="application/json", body=json.dumps(body))


@router.post("/integrations/<instance_id>/rules/test")
def test(instance_id: str) -> Response[str]:
    """What rules would make of an event: conditions with what they met, actions filled in.

    Nothing is sent, fetched or counted; what would be fetched is told. The rule is the one in the
    body, the one that `rule_id` names, or else each rule of the instance in turn. Caps and loop
    guards are not asked.
    """
    instance = ports().registry.get(instance_id)
    body = json_body(router.current_event)
    for name in body:
        if name not in ("event", "rule", "rule_id"):
            raise invalid(member(name), "is unknown; there are event, rule, rule_id")
    now = _now()
    event = read_event(
        body.get("event"), instance_id=instance_id, platform=instance.platform, now=now
    )
    event = typed(FieldNames.of(instance.config).shown_event(event), instance.config)
    statuses = own_statuses(instance.config)
    fetching = choice_of(instance.config, instance.configuration) != "never"
    shown = [
        rehearse(rule, event, now=now, statuses=statuses, fetching=fetching)
        for rule in _tested(instance, body)
    ]
    matched = sum(rule["would_run"] for rule in shown)
    return success(
        f"{matched} of {len(shown)} rules would run", {"event": event.as_dict(), "rules": shown}
    )


@router.get(RULE)
def get(instance_id: str, rule_id: str) -> Response[str]:
    """One rule."""
    ports().registry.get(instance_id)
    return success("Rule", write_rule(ports().rules.get(instance_id, rule_id)))


@router.put(RULE)
def put(instance_id: str, rule_id: str) -> Response[str]:
    """Save a rule anew: what the body does not say is as in a new rule.

    The version before is kept. A `version` in the body must be the present one.
    """
    before = _present(instance_id, rule_id)
    body = json_body(router.current_event)
    return _saved(instance_id, before, read_rule(body, rule_id=rule_id), body.get("version"))


@router.patch(RULE)
def change(instance_id: str, rule_id: str) -> Response[str]:
    """Save a rule with some of its members replaced; null makes an option what it is in a new rule.

    A member is replaced whole: `trigger` with its conditions, `actions` all together.
    """
    before = _present(instance_id, rule_id)
    body = json_body(router.current_event)
    whole = write_rule(before) | body
    for name in NAMES:
        if whole.get(name, "") is None:
            del whole[name]
    return _saved(instance_id, before, read_rule(whole, rule_id=rule_id), body.get("version"))


@router.delete(RULE)
def delete(instance_id: str, rule_id: str) -> Response[str]:
    """Forget a rule and its versions; actions that it queued already still run."""
    ports().registry.get(instance_id)
    if not ports().rules.delete(instance_id, rule_id):
        raise UnknownRule("no such rule", where=f"rule {rule_id[:64]}")
    return success("Rule deleted", {"rule_id": rule_id})


@router.put(f"{RULE}/enabled")
def enable(instance_id: str, rule_id: str) -> Response[str]:
    """Let the rule run."""
    return _switched(instance_id, rule_id, on=True)


@router.delete(f"{RULE}/enabled")
def disable(instance_id: str, rule_id: str) -> Response[str]:
    """Keep the rule and run nothing of it."""
    return _switched(instance_id, rule_id, on=False)


@router.get(f"{RULE}/versions")
def versions(instance_id: str, rule_id: str) -> Response[str]:
    """The present version and up to 20 before it, newest first."""
    ports().registry.get(instance_id)
    kept = ports().rules.versions(instance_id, rule_id)
    return success("Versions", [write_rule(rule) for rule in kept])


@router.get(f"{RULE}/versions/<version>")
def version(instance_id: str, rule_id: str, version: str) -> Response[str]:
    """One version."""
    ports().registry.get(instance_id)
    return success("Version", write_rule(_version(instance_id, rule_id, version)))


@router.post(f"{RULE}/versions/<version>/restore")
def restore(instance_id: str, rule_id: str, version: str) -> Response[str]:
    """Save an earlier version as the newest one."""
    before = _present(instance_id, rule_id)
    return _saved(instance_id, before, _version(instance_id, rule_id, version), None)


@router.get(f"{RULE}/runs")
def runs(instance_id: str, rule_id: str) -> Response[str]:
    """What the rule did, newest first: for which event, with which actions, or why not.

    Events whose conditions did not hold are not kept: `POST …/rules/test` tells of those.
    """
    ports().registry.get(instance_id)
    limit, after = _page()
    page = ports().rule_runs.page(instance_id, rule_id, limit=limit, after=after)
    if not page.runs and not after:
        # A rule that was deleted has a history too; one that never was has not.
        ports().rules.get(instance_id, rule_id)
    return success("Runs", {"runs": page.runs, "after": page.after})


def _page() -> tuple[int, str | None]:
    query = router.current_event.query_string_parameters or {}
    limit = read_limit(query.get("limit"), usual=PAGE_SIZE, largest=LARGEST_PAGE_SIZE)
    return limit, query.get("after")


def _now() -> str:
    return timestamps.to_text(timestamps.now())


def _present(instance_id: str, rule_id: str) -> Rule:
    ports().registry.get(instance_id)
    return ports().rules.get(instance_id, rule_id)


def _version(instance_id: str, rule_id: str, text: str) -> Rule:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
    return ports().rules.version(instance_id, rule_id, number)


def _switched(instance_id: str, rule_id: str, *, on: bool) -> Response[str]:
    before = _present(instance_id, rule_id)
    if before.options.enabled is on:
        return success("Rule is as it was", write_rule(before))
    return _saved(instance_id, before, before.enabled(on), None, checked=True)


def _saved(
    instance_id: str, before: Rule, after: Rule, version: object, *, checked: bool = False
) -> Response[str]:
    if version is not None and version != before.version:
        raise invalid("version", f"is not the present one, {before.version}: read the rule again")
    if not checked:
        after = _checked(after, ports().registry.get(instance_id))
    stamped = replace(after, created_at=before.created_at, updated_at=before.updated_at)
    if replace(stamped, version=before.version) == before:
        return success("Rule is as it was", write_rule(before))
    stamped = replace(stamped, updated_at=_now())
    saved = ports().rules.change(instance_id, before, stamped)
    return success("Rule saved", write_rule(saved))


def _checked(rule: Rule, instance: Instance) -> Rule:
    """The rule as it is saved, each of its actions with its account."""
    check_trigger(rule, instance.platform, instance.config)
    check(rule, own_statuses(instance.config))
    if any(calls_of(rule)):
        check_calls(rule, ports().rules.of(instance.instance_id))
    registry = ports().registry
    off = {} if ports().sends_email else {"email": EMAIL_OFF}
    rule = with_targets(rule, instance, find=registry.get, every=registry.all, switched_off=off)
    check_paths(rule, instance, registry.get)
    return rule


def _tested(instance: Instance, body: dict[str, object]) -> list[Rule]:
    if "rule" in body:
        given = body["rule"]
        if not isinstance(given, dict):
            raise invalid("rule", "must be an object")
        return [_checked(read_rule(given, rule_id=""), instance)]
    if "rule_id" in body:
        return [ports().rules.get(instance.instance_id, str(body["rule_id"]))]
    return ports().rules.of(instance.instance_id)
