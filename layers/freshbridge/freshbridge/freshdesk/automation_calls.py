"""Calls on automation rules. Facts: https://developers.freshdesk.com/api/#automations."""

from collections.abc import Mapping
from typing import Any

from freshbridge.freshdesk.automation import AutomationRules, AutomationType
from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.paging import PER_PAGE, Record
from freshbridge.freshdesk.wire import nonsense, record_path

_MOST_PAGES = 50


class AutomationCalls(Caller):
    """One method per endpoint under /automations; only an administrator's key may use them."""

    def automation_rules(self, rule_type: AutomationType) -> AutomationRules:
        """Return every rule of a type.

        The list is documented as `{"rules": […], "meta": {"count", "cascading_rules"}}`; clients of
        others were answered a bare array. Whether it is cut into pages is not documented, so that
        further ones are asked for until nothing new comes.
        """
        found: dict[int, Record] = {}
        for number in range(1, _MOST_PAGES + 1):
            asked = {"page": number, "per_page": PER_PAGE}
            request = self._build("GET", f"/automations/{int(rule_type)}/rules", asked)
            reply, answer = self._call(request)
            listed = _rules_in(answer.data)
            if listed is None:
                raise nonsense("Freshdesk's reply is not a list of rules", reply, request)
            fresh = {rule["id"]: rule for rule in listed if rule["id"] not in found}
            found |= fresh
            meta = _meta(answer.data)
            more = answer.next_page_url is not None or _count(meta) > len(found)
            if not (fresh and more):
                break
        rules = sorted(found.values(), key=_position)
        cascading = meta.get("cascading_rules")
        return AutomationRules(tuple(rules), cascading if isinstance(cascading, bool) else None)

    def create_automation_rule(self, rule_type: AutomationType, rule: Mapping[str, Any]) -> Record:
        """Create a rule and return it; twice makes two."""
        return self._record("POST", f"/automations/{int(rule_type)}/rules", body=rule)

    def update_automation_rule(
        self, rule_type: AutomationType, rule_id: int, changes: Mapping[str, Any]
    ) -> Record:
        """Change the given members and return the rule; each of them replaces what was there."""
        path = record_path(f"automations/{int(rule_type)}/rules", rule_id)
        return self._record("PUT", path, body=changes)

    def delete_automation_rule(self, rule_type: AutomationType, rule_id: int) -> None:
        """Remove a rule for good."""
        self._done("DELETE", record_path(f"automations/{int(rule_type)}/rules", rule_id))


def _rules_in(data: Any) -> list[Record] | None:
    listed = data.get("rules") if isinstance(data, dict) else data
    if not isinstance(listed, list):
        return None
    if not all(isinstance(rule, dict) and isinstance(rule.get("id"), int) for rule in listed):
        return None
    return listed


def _meta(data: Any) -> dict[str, Any]:
    meta = data.get("meta") if isinstance(data, dict) else None
    return meta if isinstance(meta, dict) else {}


def _count(meta: dict[str, Any]) -> int:
    count = meta.get("count")
    return count if isinstance(count, int) else 0


def _position(rule: Record) -> tuple[int, int]:
    position = rule.get("position")
    return (position if isinstance(position, int) else 0, rule["id"])
