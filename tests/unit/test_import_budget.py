"""The webhook's way in imports only what it needs: each library more is a slower cold start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTATION = {
    "connector_api.documentation",
    "aws_lambda_powertools.event_handler.openapi.swagger_ui",
    "aws_lambda_powertools.event_handler.openapi.models",
}
HEAVY = (
    "boto3",
    "urllib3",
    "pydantic",
    "requests",
    "aws_lambda_powertools.event_handler",
    "minijinja",
    "slack_sdk",
    *sorted(DOCUMENTATION),
)


def heavy_modules_after(statement: str) -> set[str]:
    """Which of the heavy modules a fresh interpreter holds after one import statement."""
    script = f"import sys\n{statement}\nprint(*(m for m in {HEAVY} if m in sys.modules))"
    path = f"{ROOT / 'layers' / 'freshbridge'}:{ROOT / 'functions'}"
    answer = subprocess.run(  # noqa: S603 - this interpreter, this script
        [sys.executable, "-c", script],
        env={"PYTHONPATH": path, "POWERTOOLS_METRICS_NAMESPACE": "Freshbridge"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(answer.stdout.split())


def test_webhook_ingest_imports_no_heavy_library() -> None:
    assert heavy_modules_after("import webhook_ingest.app") == set()


def test_the_measure_sees_a_heavy_library_where_there_is_one() -> None:
    assert "pydantic" in heavy_modules_after("import action_executor.app")


@pytest.mark.parametrize(
    "module",
    [
        "connector_api.app", "event_router.app", "action_executor.app", "scheduled_sync.app",
        "scheduled_sync.worker", "dead_letter_redrive.app", "callback_sender.app",
        "customer_sync.app",
    ],
)  # fmt: skip
def test_the_others_import_boto3_while_lambda_starts_them(module: str) -> None:
    assert "boto3" in heavy_modules_after(f"import {module}")


def test_only_what_speaks_to_slack_loads_its_sdk() -> None:
    action = "import action_executor.app"

    assert "slack_sdk" not in heavy_modules_after(action)
    assert "slack_sdk" in heavy_modules_after(f"{action}; import freshbridge.slack.client")


def test_only_who_asks_for_the_documentation_pays_for_it() -> None:
    asked = "import connector_api.app; connector_api.docs.page"

    assert heavy_modules_after(asked) & DOCUMENTATION == set()
    assert heavy_modules_after(f"{asked}; connector_api.docs._page()") >= {
        "connector_api.documentation",
        "aws_lambda_powertools.event_handler.openapi.swagger_ui",
    }
