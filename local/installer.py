"""Virtual environments filled from hash-locked requirement files, each at most once.

Installs with uv, itself pinned and hash-checked in an environment of its own, and with pip where
uv cannot be had. Keeps to the syntax of Python 3.6: see ``local.bootstrap``.
"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from local import file_lock, pip_settings

ROOT = Path(__file__).resolve().parent.parent
VENVS = ROOT / ".venvs"
REQUIREMENTS = ROOT / "requirements"
UV = "uv"  # the environment whose tool fills the others


class BootstrapError(Exception):
    """Something this machine lacks; the message says what, and what to do about it."""


def lock_file(group: str) -> Path:
    """The group's exact versions and hashes."""
    return REQUIREMENTS / (group + ".txt")


def venv_python(group: str) -> Path:
    """The interpreter of the group's environment."""
    return VENVS / group / "bin" / "python"


def stamp_file(group: str) -> Path:
    """Written last: it stands only in an environment that was filled to the end."""
    return VENVS / group / ".installed"


def expected_stamp(group: str) -> str:
    """What the stamp says while nothing changed: the lock's hash and the project's folder.

    The folder because an environment holds absolute paths: a copied project has to make its own.
    """
    digest = hashlib.sha256(lock_file(group).read_bytes()).hexdigest()
    return f"{digest} {ROOT}\n"


def is_ready(group: str) -> bool:
    """Whether the environment was filled from this lock and its interpreter still exists."""
    return read_stamp(group) == expected_stamp(group) and venv_python(group).exists()


def read_stamp(group: str) -> str:
    """The stamp's text, empty when there is none."""
    try:
        return stamp_file(group).read_text()
    except OSError:
        return ""


def ensure(groups: "list[str]") -> None:
    """Bring every group's environment in line with its lock.

    Raises BootstrapError for a group that does not exist and for an install that failed.
    """
    for group in groups:
        if not lock_file(group).is_file():
            known = ", ".join(sorted(path.stem for path in REQUIREMENTS.glob("*.txt")))
            raise BootstrapError(f"there is no environment {group!r}; the known ones are {known}")
    if all(is_ready(group) for group in groups):
        return
    print("Installing what this needs into .venvs/ (once, or after an update):", flush=True)
    with file_lock.waiting(VENVS / ".lock", "  waiting for another install to finish"):
        for group in groups:
            # Asked again inside the lock: another process may have done it in the meantime.
            if not is_ready(group):
                fill(group)


def fill(group: str) -> None:
    """Install a lock: in place after an update of it, from nothing after a broken install."""
    start = time.monotonic()
    in_place = read_stamp(group).endswith(f" {ROOT}\n") and venv_python(group).exists()
    # Gone before anything is touched: an interrupted install leaves no stamp behind.
    with contextlib.suppress(FileNotFoundError):
        stamp_file(group).unlink()
    if group == UV:
        with_pip(group)
    elif has_uv():
        with_uv(group, in_place)
    else:
        with_pip(group)
    part = VENVS / (group + ".stamp")
    part.write_text(expected_stamp(group))
    part.replace(stamp_file(group))
    print(f"  .venvs/{group:<9} {time.monotonic() - start:5.1f} s", flush=True)


def has_uv() -> bool:
    """Install uv where it is missing; False, once said, where it cannot be installed."""
    if is_ready(UV):
        return True
    try:
        fill(UV)
    except BootstrapError as error:
        if not has_ensurepip():
            raise
        print(f"  uv could not be installed, going on with pip ({error})", flush=True)
        return False
    return True


def with_uv(group: str, in_place: bool) -> None:
    """Make the environment hold exactly what the lock lists.

    Compiled at once: the first start is not slower for it, and where bytecode may not be written
    (PYTHONDONTWRITEBYTECODE) every later start would be.
    """
    uv = str(VENVS / UV / "bin" / "uv")
    environment = uv_environment()
    if not in_place:
        target = str(VENVS / group)
        make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, target]
        run(make, "making .venvs/" + group, environment)
    python = str(venv_python(group))
    sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode"]
    run([*sync, "--python", python, str(lock_file(group))], "installing " + group, environment)


def uv_environment() -> "dict[str, str]":
    """The user's environment, with pip's settings carried over; what uv was told directly wins."""
    environment = dict(os.environ)
    environment.pop("VIRTUAL_ENV", None)
    defaults = {
        # Hard links and clones fail between file systems and inside some containers.
        "UV_LINK_MODE": "copy",
        # Behind a company's proxy the system knows the certificate that a bundled list does not.
        "UV_SYSTEM_CERTS": "true",
        # The locks fix versions by hash, so looking in every index, as pip does, is safe.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    if not os.access(os.path.expanduser("~"), os.W_OK):  # noqa: PTH111 - Path.home() may raise
        defaults["UV_CACHE_DIR"] = str(VENVS / ".cache")
    defaults.update(pip_settings.for_uv(str(venv_python(UV))))
    for name, value in defaults.items():
        environment.setdefault(name, value)
    return environment


def with_pip(group: str) -> None:
    """The slow road: an environment from nothing, filled by pip."""
    if not has_ensurepip():
        raise BootstrapError(
            f"this Python ({sys.executable}) cannot make virtual environments, as it has no "
            "ensurepip: install it (Debian, Ubuntu: apt-get install python3.11-venv) and run again"
        )
    target = VENVS / group
    shutil.rmtree(str(target), ignore_errors=True)
    run([sys.executable, "-m", "venv", str(target)], "making .venvs/" + group, dict(os.environ))
    install = [str(venv_python(group)), "-m", "pip", "install", "--quiet", "--no-input"]
    install += ["--disable-pip-version-check", "--require-hashes", "-r", str(lock_file(group))]
    run(install, "installing " + group, dict(os.environ))


def has_ensurepip() -> bool:
    """Debian ships it in a package of its own, python3.11-venv."""
    return importlib.util.find_spec("ensurepip") is not None


def run(command: "list[str]", task: str, environment: "dict[str, str]") -> None:
    """Run a command to its end; raises BootstrapError with the end of what it printed."""
    # A PYTHONPATH or PYTHONHOME meant for something else would be looked in before the environment.
    environment.pop("PYTHONPATH", None)
    environment.pop("PYTHONHOME", None)
    process = subprocess.Popen(  # noqa: S603 - this module's own commands
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        output = process.communicate()[0].decode(errors="replace")
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        last = "\n".join("    " + line for line in output.strip().splitlines()[-6:])
        raise BootstrapError(f"{task} failed; its last lines were:\n{last}")
