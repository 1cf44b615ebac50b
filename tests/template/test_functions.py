"""Functions: handlers exist, settings are complete, permissions are narrow."""

import ast
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from freshbridge import settings

Resources = dict[str, dict[str, Any]]

ROOT = Path(__file__).resolve().parents[2]
SETTINGS_OF = {
    "WebhookIngest": settings.IngestSettings,
    "ConnectorApi": settings.ApiSettings,
    "EventRouter": settings.RouterSettings,
    "ActionExecutor": settings.ExecutorSettings,
    "ScheduledSync": settings.PlannerSettings,
    "SyncWorker": settings.WorkerSettings,
    "DeadLetterRedrive": settings.RedriveSettings,
    "CallbackSender": settings.CallbackSettings,
    "CustomerSync": settings.CustomerSettings,
}


def of_type(resources: Resources, kind: str) -> dict[str, dict[str, Any]]:
    return {name: found["Properties"] for name, found in resources.items() if found["Type"] == kind}


def statements(resources: Resources) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def test_every_function_is_known_here(resources: Resources) -> None:
    assert set(of_type(resources, "AWS::Lambda::Function")) == set(SETTINGS_OF)


@pytest.mark.parametrize("name", sorted(SETTINGS_OF))
def test_handler_exists(resources: Resources, name: str) -> None:
    module, _, function = of_type(resources, "AWS::Lambda::Function")[name]["Handler"].rpartition(
        "."
    )
    source = ROOT / "functions" / Path(*module.split(".")).with_suffix(".py")

    tree = ast.parse(source.read_text())

    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", sorted(SETTINGS_OF))
def test_environment_is_exactly_what_the_function_reads(resources: Resources, name: str) -> None:
    given = set(of_type(resources, "AWS::Lambda::Function")[name]["Environment"]["Variables"]) - {
        "LOG_LEVEL",
        "POWERTOOLS_METRICS_NAMESPACE",
        "POWERTOOLS_SERVICE_NAME",
    }
    read = {field.name.upper() for field in fields(SETTINGS_OF[name])}

    # STACK_NAME is set for all; the others are set for whoever reads them and no one else.
    assert read <= given
    assert given - read <= {"STACK_NAME"}


def test_no_environment_variable_names_a_secret_value(resources: Resources) -> None:
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        text = json.dumps(function["Environment"])
        assert "resolve:secretsmanager" not in text, name


def test_every_function_runs_python_311_on_the_chosen_architecture(resources: Resources) -> None:
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        assert function["Runtime"] == "python3.11", name
        assert function["Architectures"] == [{"Ref": "Architecture"}], name


def test_no_statement_grants_everything(resources: Resources) -> None:
    found = list(statements(resources))

    assert len(found) > 20
    for role, statement in found:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert not action.endswith("*"), (role, action)
        wanted = statement["Resource"]
        for resource in wanted if isinstance(wanted, list) else [wanted]:
            assert resource != "*", (role, statement)


def test_only_the_api_reads_traces_and_only_who_calls_providers_writes_them(
    resources: Resources,
) -> None:
    granted: dict[str, set[str]] = {}
    for role, statement in statements(resources):
        if "TraceTable" in json.dumps(statement["Resource"]):
            actions = statement["Action"]
            granted.setdefault(role, set()).update(
                [actions] if isinstance(actions, str) else actions
            )

    assert granted == {
        "ActionExecutorRole": {"dynamodb:PutItem"},
        "CustomerSyncRole": {"dynamodb:PutItem"},
        "EventRouterRole": {"dynamodb:PutItem"},
        "SyncWorkerRole": {"dynamodb:PutItem"},
        "ConnectorApiRole": {"dynamodb:PutItem", "dynamodb:Query"},
    }


def test_only_the_router_and_the_api_touch_events_and_only_the_router_changes_them(
    resources: Resources,
) -> None:
    granted: dict[str, set[str]] = {}
    for role, statement in statements(resources):
        if "EventTable" in json.dumps(statement["Resource"]):
            asked = statement["Action"]
            granted.setdefault(role, set()).update([asked] if isinstance(asked, str) else asked)

    kept = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}
    assert granted == {
        "EventRouterRole": kept | {"dynamodb:UpdateItem"},
        "ConnectorApiRole": kept | {"dynamodb:BatchGetItem"},
    }


def test_the_function_that_the_internet_reaches_cannot_read_api_keys(
    resources: Resources,
) -> None:
    secrets = [
        json.dumps(statement["Resource"])
        for role, statement in statements(resources)
        if role == "WebhookIngestRole" and "secretsmanager" in json.dumps(statement["Action"])
    ]

    assert secrets
    assert all("/webhooks/*" in resource for resource in secrets)
    assert not any("credentials" in resource for resource in secrets)


def test_secrets_are_limited_to_this_stack(resources: Resources) -> None:
    for role, statement in statements(resources):
        if "secretsmanager" not in json.dumps(statement["Action"]):
            continue
        text = json.dumps(statement["Resource"])
        assert "freshbridge/${AWS::StackName}/" in text or "Secret" in text, (role, text)
