"""What the document says may be sent is what the API's own readers take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector_api.app import app
from connector_api.documentation.document import build, routes_of
from freshbridge.actions import catalogue
from freshbridge.errors import InvalidRequest
from freshbridge.events.freshdesk_webhook import normalise
from freshbridge.instances import access, elements, request, trace, users
from freshbridge.rules.check import check
from freshbridge.rules.model import read_rule
from tests import builders
from tests.openapi import Document


@pytest.fixture(scope="module")
def document() -> Document:
    return Document(build(routes_of(app)))


def _read_rule(body: dict[str, Any]) -> None:
    check(read_rule(body, rule_id="rul_1"))


def _read_webhook(body: dict[str, Any]) -> Any:
    return normalise(body, event_id="evt_1", instance_id="1", received_at=builders.RECEIVED_AT)


READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "instances_create": request.read_instance,
    "instances_create_of_element": lambda body: request.read_instance(body, "freshdeskv2"),
    "integrations_create": request.read_integration,
    "rules_create": _read_rule,
    "users_add": users.read_user,
    "users_rotate": access.read_grace,
    "users_rotate_organization": access.read_grace,
    "trace_switch_on": trace.read_minutes,
    "trace_switch_on_instance": trace.read_minutes,
    "trace_switch_on_by_token": trace.read_minutes,
    **dict.fromkeys(
        (
            "webhooks_receive",
            "webhooks_receive_for_platform",
            "webhooks_receive_event",
            "webhooks_receive_event_for_platform",
        ),
        _read_webhook,
    ),
}
"""What reads a body where a function of its own does; the others are sent in test_docs_answers."""


def test_every_body_has_an_example_that_fits(document: Document) -> None:
    checked = 0
    for _method, _path, operation in document.operations():
        if "requestBody" not in operation:
            continue
        examples = document.body_examples(operation)
        assert examples, operation["operationId"]
        for title, example in examples.items():
            assert document.faults(document.body_schema(operation), example) == [], title
            if reader := READERS.get(operation["operationId"]):
                reader(example)
            checked += 1
    assert checked > 15


def test_the_vendors_own_examples_are_there(document: Document) -> None:
    shown = document.body_examples(document.find("POST", "/elements/api-v2/instances"))
    sent = {example["element"]["key"]: set(example["configuration"]) for example in shown.values()}
    assert sent == {
        "freshdeskv2": {"subdomain", "username", "filter.response.nulls"},
        "freshdesk": {"username", "password", "subdomain"},
    }
    integration = document.body_examples(document.find("POST", "/api/integrations"))["Freshdesk"]
    assert set(integration) == {"platform", "name", "credentials", "config"}


REQUIRED = [
    (element.key, entry.key)
    for element in elements.ELEMENTS
    for entry in element.entries
    if entry.required
]


@pytest.mark.parametrize(("element", "missing"), REQUIRED)
def test_schema_and_reader_agree_on_what_an_instance_needs(
    document: Document, element: str, missing: str
) -> None:
    schema = document.body_schema(document.find("POST", "/elements/api-v2/instances"))
    needed = {entry: "given" for key, entry in REQUIRED if key == element}
    whole = {"element": {"key": element}, "configuration": needed}
    without = {name: value for name, value in needed.items() if name != missing}

    assert document.faults(schema, whole) == []
    request.read_instance(whole)
    assert document.faults(schema, whole | {"configuration": without}) != []
    with pytest.raises(InvalidRequest):
        request.read_instance(whole | {"configuration": without})


@pytest.mark.parametrize("platform", request.CREDENTIAL_ENTRIES)
def test_schema_and_reader_agree_on_what_an_integration_needs(
    document: Document, platform: str
) -> None:
    schema = document.body_schema(document.find("POST", "/api/integrations"))
    credentials = dict.fromkeys(request.CREDENTIAL_ENTRIES[platform], "given")
    whole = {"platform": platform, "name": "Mine", "credentials": credentials}
    assert document.faults(schema, whole) == []
    request.read_integration(whole)

    for wrong in (
        whole | {"credentials": {}},
        whole | {"credentials": credentials | {"spare": "x"}},
        whole | {"platform": "else"},
        whole | {"config": {"sync_objects": ["nothing"]}},
        {"platform": platform, "credentials": credentials},
    ):
        assert document.faults(schema, wrong) != [], wrong
        with pytest.raises(InvalidRequest):
            request.read_integration(wrong)


def test_a_rule_s_actions_are_those_of_the_catalogue(document: Document) -> None:
    schema = document.body_schema(document.find("POST", "/api/integrations/1/rules"))
    rule = {"trigger": {"platform": "freshdesk", "event": "ticket_created"}}

    def faults(
        name: str, parameters: dict[str, Any], platform: str = "freshdesk", **more: Any
    ) -> list[str]:
        action = {"platform": platform, "action": name, "parameters": parameters, **more}
        return document.faults(schema, rule | {"actions": [action]})

    for action in catalogue.CATALOGUE:
        name, example, platform = action.name, dict(action.example), action.platform
        catalogue.validate(action, example)
        assert faults(name, example, platform) == [], name
        assert faults(name, example | {"no_such_parameter": 1}, platform) != []
        for given in example:
            filled = example | {given: "{{ ticket.id }}"}
            assert faults(name, filled, platform) == [], (name, given)
    assert faults("add_note", {"ticket_id": 7, "body": "x"}, instance_id=193000001) == []
    assert faults("update_ticket", {"ticket_id": "7 of them", "priority": 1}) != []
    assert faults("update_ticket", {"priority": 1}) != []
    assert faults("no_such_action", {}) != []
