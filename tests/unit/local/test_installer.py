"""Environments are filled when they must be, whole or not at all."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from local import installer
from local.installer import BootstrapError

LOCK = "thing==1.0 --hash=sha256:00\n"


class FakeTools:
    """uv and pip with memory: what was installed, and how."""

    def __init__(self) -> None:
        self.installed: list[tuple[str, str]] = []
        self.broken: set[str] = set()
        self.in_pip: Callable[[], object] = lambda: None

    def with_uv(self, group: str, in_place: bool) -> None:
        self._install(group, "in place" if in_place else "from nothing")

    def with_pip(self, group: str) -> None:
        self._install(group, "by pip")

    def _install(self, group: str, how: str) -> None:
        python = installer.venv_python(group)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        self.in_pip()
        if group in self.broken:
            raise BootstrapError(f"installing {group} failed")
        self.installed.append((group, how))


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTools:
    """A project in ``tmp_path`` with the locks dev, sam and uv, and nothing installed."""
    monkeypatch.setattr(installer, "ROOT", tmp_path)
    monkeypatch.setattr(installer, "VENVS", tmp_path / ".venvs")
    monkeypatch.setattr(installer, "REQUIREMENTS", tmp_path)
    for group in ("dev", "sam", installer.UV):
        installer.lock_file(group).write_text(LOCK)
    fake = FakeTools()
    monkeypatch.setattr(installer, "with_uv", fake.with_uv)
    monkeypatch.setattr(installer, "with_pip", fake.with_pip)
    return fake


def test_a_second_start_installs_nothing(tools: FakeTools) -> None:
    installer.ensure(["dev", "sam"])
    first = list(tools.installed)

    installer.ensure(["dev", "sam"])

    assert first == [("uv", "by pip"), ("dev", "from nothing"), ("sam", "from nothing")]
    assert tools.installed == first


def test_a_changed_lock_is_installed_in_place_and_alone(tools: FakeTools) -> None:
    installer.ensure(["dev", "sam"])
    tools.installed.clear()

    installer.lock_file("dev").write_text(LOCK.replace("1.0", "1.1"))
    installer.ensure(["dev", "sam"])

    assert tools.installed == [("dev", "in place")]


def test_a_failed_install_leaves_no_stamp_and_starts_over(tools: FakeTools) -> None:
    tools.broken = {"dev"}
    with pytest.raises(BootstrapError, match="installing dev failed"):
        installer.ensure(["dev"])
    assert not installer.is_ready("dev")

    tools.broken = set()
    installer.ensure(["dev"])

    assert tools.installed[-1] == ("dev", "from nothing")


def test_a_failed_update_starts_over_too(tools: FakeTools) -> None:
    installer.ensure(["dev"])
    installer.lock_file("dev").write_text(LOCK.replace("1.0", "1.1"))
    tools.broken = {"dev"}
    with pytest.raises(BootstrapError):
        installer.ensure(["dev"])
    tools.broken = set()

    # Even going back to the lock that was once installed: half of it may be gone.
    installer.lock_file("dev").write_text(LOCK)
    installer.ensure(["dev"])

    assert tools.installed[-1] == ("dev", "from nothing")


def test_a_copied_project_makes_its_own_environments(
    tools: FakeTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installer.ensure(["dev"])
    monkeypatch.setattr(installer, "ROOT", tmp_path / "elsewhere")

    installer.ensure(["dev"])

    assert tools.installed[-1] == ("dev", "from nothing")


def test_an_environment_whose_python_went_away_is_made_again(tools: FakeTools) -> None:
    installer.ensure(["dev"])
    installer.venv_python("dev").unlink()

    installer.ensure(["dev"])

    assert tools.installed[-1] == ("dev", "from nothing")


def test_without_uv_it_goes_on_with_pip(
    tools: FakeTools, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.broken = {"uv"}

    installer.ensure(["dev"])

    assert tools.installed == [("dev", "by pip")]
    assert "going on with pip" in capsys.readouterr().out


def test_two_at_once_install_once(tools: FakeTools) -> None:
    # Given an install that is not over before the second process has come to it
    other_waits = threading.Event()
    tools.in_pip = lambda: other_waits.wait(0.2)
    runs = [threading.Thread(target=installer.ensure, args=(["dev"],)) for _ in range(2)]

    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert tools.installed == [("uv", "by pip"), ("dev", "from nothing")]


def test_a_python_without_ensurepip_is_told_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "VENVS", tmp_path / ".venvs")
    monkeypatch.setattr(installer, "has_ensurepip", lambda: False)

    with pytest.raises(BootstrapError, match=r"apt-get install python3\.11-venv"):
        installer.ensure(["dev"])

    assert not (tmp_path / ".venvs" / "dev").exists()


def test_a_failed_command_shows_the_end_of_what_it_printed() -> None:
    command = ["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo line $i; done; exit 3"]

    with pytest.raises(BootstrapError) as caught:
        installer.run(command, "counting", {})

    assert str(caught.value).startswith("counting failed")
    assert "line 8" in str(caught.value)
    assert "line 1\n" not in str(caught.value)
