"""The way in: what runs on whatever Python a machine has."""

import ast
import os
import stat
import sys
from pathlib import Path

import pytest

from local import bootstrap, installer

BEFORE_DEPENDENCIES = ("bootstrap", "installer", "pip_settings", "file_lock", "__init__")


def source_of(module: str) -> str:
    return (installer.ROOT / "local" / f"{module}.py").read_text()


@pytest.mark.parametrize("module", BEFORE_DEPENDENCIES)
def test_any_python_from_3_6_on_reads_it(module: str) -> None:
    ast.parse(source_of(module), feature_version=(3, 6))


@pytest.mark.parametrize("module", BEFORE_DEPENDENCIES)
def test_it_imports_nothing_that_must_be_installed(module: str) -> None:
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else name.name
        for node in ast.walk(ast.parse(source_of(module)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }

    outside = {name.split(".")[0] for name in imported} - sys.stdlib_module_names

    assert outside <= {"local"}


@pytest.mark.parametrize(
    ("arguments", "groups", "command"),
    [
        (["dev"], ["dev"], []),
        (["dev", "sam", "--", "local.demo", "run"], ["dev", "sam"], ["local.demo", "run"]),
        (["dev", "--", "pytest", "--", "x"], ["dev"], ["pytest", "--", "x"]),
    ],
)
def test_the_first_double_dash_parts_groups_from_the_command(
    arguments: list[str], groups: list[str], command: list[str]
) -> None:
    assert bootstrap.split(arguments) == (groups, command)


def test_an_unknown_group_is_one_sentence_that_lists_the_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bootstrap.main(["develop"]) == 1

    error = capsys.readouterr().err
    assert "no environment 'develop'" in error
    assert "dev" in error.split("known ones are")[1]


class Became(Exception):
    """Stands for the end of this process."""


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that this process would have become; running one raises Became."""
    command: list[str] = []

    def remember(_path: str, arguments: list[str]) -> None:
        command.extend(arguments)
        raise Became

    monkeypatch.setattr(os, "execv", remember)
    monkeypatch.delenv(bootstrap.SEARCHED, raising=False)
    return command


@pytest.fixture
def other_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this were Python 3.8."""
    monkeypatch.setattr(sys, "version_info", (3, 8, 2, "final", 0))


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.usefixtures("other_python")
def test_another_python_hands_over_to_the_first_3_11_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executed: list[str]
) -> None:
    # Given a shim that exists and fails, before one that works
    program(tmp_path / "shims" / "python3.11", "#!/bin/sh\necho not installed >&2\nexit 127\n")
    works = program(tmp_path / "bin" / "python3.11", "#!/bin/sh\necho True\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}{os.pathsep}{works.parent}")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Became):
        bootstrap.main(["dev", "--", "pytest"])

    assert executed == [str(works), "-m", "local.bootstrap", "dev", "--", "pytest"]


@pytest.mark.usefixtures("other_python")
def test_without_a_3_11_it_says_what_was_found_and_what_to_install(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    executed: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert bootstrap.main(["dev"]) == 1

    error = capsys.readouterr().err
    assert "this is Python 3.8" in error
    assert "apt-get install python3.11 python3.11-venv" in error
    assert executed == []


@pytest.mark.usefixtures("other_python")
def test_it_hands_over_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    executed: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Given a python3.11 that claims to be one and, once started, is not
    works = program(tmp_path / "python3.11", "#!/bin/sh\necho True\n")
    monkeypatch.setenv("PATH", str(works.parent))
    monkeypatch.setenv(bootstrap.SEARCHED, "1")

    assert bootstrap.main(["dev"]) == 1

    assert executed == []
    assert "install it" in capsys.readouterr().err
