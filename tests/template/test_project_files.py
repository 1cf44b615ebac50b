"""The files around the code: reasons for suppressions, pinned workflows, pages that are true."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.events.payload import LARGEST_BODY
from freshbridge.queues.verdict import Patience
from local import native_template
from tests.documentation import FRONT, everything, page

ROOT = Path(__file__).resolve().parents[2]
README = page(FRONT)
DOCUMENTATION = everything()
MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEMPLATE = native_template.load((ROOT / "template.yaml").read_text())


def test_every_suppressed_check_has_a_reason() -> None:
    skips = [
        (name, skip)
        for name, resource in TEMPLATE["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]

    assert skips
    for name, skip in skips:
        assert len(skip["comment"].split()) >= 5, (name, skip["id"])


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_pin_their_actions_and_ask_for_nothing(workflow: Path) -> None:
    content: dict[Any, Any] = yaml.safe_load(workflow.read_text())
    steps = [step for job in content["jobs"].values() for step in job["steps"]]

    assert content["permissions"] == {"contents": "read"}
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]), step
        else:
            assert re.fullmatch(r"make \w+", step["run"]), step


def test_ci_calls_what_the_readme_tells_people_to_call() -> None:
    script = (ROOT / ".ci" / "run").read_text()

    for command in ("make test", "make check"):
        assert command in README
        assert f"\n{command}\n" in script


def test_every_make_target_that_is_named_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b", DOCUMENTATION))
    targets = set(re.findall(r"(?m)^([a-z0-9]+):", MAKEFILE))

    assert {"run", "demo", "test", "check", "deploy", "redrive"} <= named
    assert named <= targets


def test_the_page_of_the_deployment_explains_every_parameter_with_its_default() -> None:
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \| (.+?) \|", page("docs/deploy.md")))

    for name, parameter in TEMPLATE["Parameters"].items():
        default = str(parameter["Default"])
        assert rows[name] == (f"`{default}`" if default else "empty"), name


def test_the_page_of_the_actions_names_every_one() -> None:
    names = [action.name for action in CATALOGUE]
    listed = page("docs/actions.md")

    assert [name for name in names if f"`{name}`" not in listed] == []
    assert f"({len(names)} kinds" in README


def test_the_page_of_the_operation_names_every_metric() -> None:
    code = "".join(
        path.read_text()
        for folder in ("functions", "layers")
        for path in (ROOT / folder).rglob("*.py")
    )
    counted = set(re.findall(r'count\([\w.]+, "(\w+)"', code))

    listed = page("docs/operate.md")

    assert counted
    assert {name for name in counted if f"`{name}`" not in listed} == set()


def test_the_page_of_the_operation_explains_every_alarm() -> None:
    alarms = [
        name
        for name, resource in TEMPLATE["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    explained = page("docs/operate.md")

    assert len(alarms) >= 10
    assert [name for name in alarms if f"`{name}`" not in explained] == []


def test_the_outputs_that_the_page_of_the_deployment_explains_exist() -> None:
    table = page("docs/deploy.md").partition("| Output |")[2].partition("\n\n")[0]
    named = re.findall(r"`([A-Z]\w+)`", table)

    assert len(named) >= 9
    assert set(named) <= TEMPLATE["Outputs"].keys()


def test_the_limits_that_are_quoted_are_the_codes() -> None:
    assert "| 413 | over 1 MiB |" in page("docs/webhooks.md")
    assert LARGEST_BODY == 1024 * 1024
    assert "a day by default" in " ".join(page("docs/operate.md").split())
    assert Patience().deadline_s == 86_400
