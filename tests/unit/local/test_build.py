"""When a build is needed, for which processor, and what is said when it fails."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest

from local import build
from local.build import BuildError, Target
from local.installer import ROOT
from local.processes import Processes

TEMPLATE = """
Resources:
  Layer:
    Metadata:
      BuildMethod: python3.11
      BuildArchitecture: arm64
    Properties: {Description: BuildArchitecture is arm64}
"""


class FakeSam:
    """In the place of Processes: writes what sam would, and remembers each command."""

    def __init__(self, logs: Path, target: Target) -> None:
        self.logs = logs
        self.commands: list[list[str]] = []
        self.fails_with: dict[str, str] = {}
        self._target = target

    def run(
        self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path | None = None
    ) -> int:
        del env, cwd
        self.commands.append(list(command))
        self.logs.mkdir(parents=True, exist_ok=True)
        (self.logs / f"{name}.log").write_text(self.fails_with.get(name, ""))
        self._target.artifacts.mkdir(parents=True, exist_ok=True)
        return int(name in self.fails_with)


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A small project and where its build goes."""
    project = tmp_path / "project"
    for name, text in {
        "template.yaml": TEMPLATE,
        "functions/ingest/app.py": "handler = 1\n",
        "layers/shared/requirements.txt": "",
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    sam = tmp_path / "bin"
    sam.mkdir()
    (sam / "sam").touch()
    monkeypatch.setattr(build, "SAM", sam)
    return Target("build", "x86_64", tmp_path / "out", tmp_path / "out" / "artifacts", project)


@pytest.fixture
def sam(target: Target, tmp_path: Path) -> FakeSam:
    return FakeSam(tmp_path / "logs", target)


def run(target: Target, sam: FakeSam) -> bool:
    return build.build(target, cast("Processes", sam))


def test_only_a_change_of_what_goes_in_builds_again(target: Target, sam: FakeSam) -> None:
    assert run(target, sam)
    assert not run(target, sam)

    (target.project / "functions" / "ingest" / "app.py").write_text("handler = 2\n")

    assert run(target, sam)
    assert not run(target, sam)


@pytest.mark.parametrize("change", ["template.yaml", "layers/shared/new.py", "functions/b/app.py"])
def test_every_source_counts(change: str, target: Target) -> None:
    before = build.inputs_digest(target)
    path = target.project / change
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEMPLATE + "# changed\n")

    assert build.inputs_digest(target) != before


def test_a_moved_module_is_a_change(target: Target) -> None:
    before = build.inputs_digest(target)
    source = target.project / "functions" / "ingest" / "app.py"
    source.rename(source.with_name("main.py"))

    assert build.inputs_digest(target) != before


def test_bytecode_left_by_tests_is_none(target: Target) -> None:
    before = build.inputs_digest(target)
    cache = target.project / "functions" / "ingest" / "__pycache__"
    cache.mkdir()
    (cache / "app.cpython-311.pyc").write_bytes(b"x")

    assert build.inputs_digest(target) == before


@pytest.mark.parametrize("step", ["build", "build-compile"])
def test_a_failed_build_is_not_taken_for_done(step: str, target: Target, sam: FakeSam) -> None:
    run(target, sam)
    (target.project / "functions" / "ingest" / "app.py").write_text("handler = \n")
    sam.fails_with = {step: "Running…\nError: app.py does not compile\n"}
    with pytest.raises(BuildError) as caught:
        run(target, sam)
    assert "Error: app.py does not compile" in str(caught.value)
    assert str(sam.logs / f"{step}.log") in str(caught.value)

    sam.fails_with = {}

    assert run(target, sam)


def test_without_an_error_line_the_end_of_the_log_is_shown(target: Target, sam: FakeSam) -> None:
    sam.fails_with = {"build": "first\n" + "line\n" * 30 + "killed\n"}

    with pytest.raises(BuildError) as caught:
        run(target, sam)

    assert str(caught.value).count("line") < 20
    assert "killed" in str(caught.value)


def test_sam_builds_functions_and_layers_for_the_same_processor(
    target: Target, sam: FakeSam
) -> None:
    run(target, sam)

    command = sam.commands[0]
    template = Path(command[command.index("--template-file") + 1]).read_text()
    assert "BuildArchitecture: x86_64" in template
    assert "Architecture=x86_64" in command


def test_only_the_layers_processor_is_replaced() -> None:
    assert build.template_for(TEMPLATE, "x86_64") == TEMPLATE.replace(
        "BuildArchitecture: arm64", "BuildArchitecture: x86_64"
    )


@pytest.mark.parametrize(
    ("machine", "name"), [("aarch64", "arm64"), ("arm64", "arm64"), ("x86_64", "x86_64")]
)
def test_a_machines_processor_in_lambdas_words(machine: str, name: str) -> None:
    assert build.host_architecture(machine) == name


def test_the_build_for_aws_and_the_local_one_share_no_folder() -> None:
    aws, here = build.for_aws(), build.for_this_machine()

    assert aws.artifacts == ROOT / ".aws-sam" / "build"
    assert not here.artifacts.is_relative_to(aws.artifacts.parent)


def test_a_build_hears_nothing_of_the_users_aws_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")

    environment = build.sam_environment(tmp_path)

    assert "AWS_PROFILE" not in environment
    assert "PYTHONPATH" not in environment
    assert environment["PIP_INDEX_URL"] == "https://index.example/simple"
    assert environment["SAM_CLI_TELEMETRY"] == "0"
