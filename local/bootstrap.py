"""Fill the virtual environments a task needs, then run the task: all it takes is a Python.

    python3 -m local.bootstrap GROUP... [-- MODULE ARGS...]

Each GROUP is a dependency group of pyproject.toml, installed from its hash-locked
``requirements/GROUP.txt`` into ``.venvs/GROUP``; MODULE then replaces this process, run by the
``dev`` environment's Python. An environment that is already right costs one hash of its lock
file.

This module and ``local.installer`` import the standard library alone and keep to the syntax of
Python 3.6 (newer annotations stand in quotes), so that on any machine a Python too old or too new
gets as far as handing over to ``python3.11`` or saying in a sentence what is missing.
"""

import os
import subprocess
import sys

from local import installer
from local.installer import BootstrapError

PYTHON = (3, 11)
SEARCHED = "FRESHBRIDGE_PYTHON_SEARCHED"  # set before handing over, so that it happens once


def main(argv: "list[str]") -> int:
    """Prepare the groups named before ``--`` and become the module named after it."""
    groups, command = split(argv)
    try:
        if sys.version_info[:2] != PYTHON:
            hand_over(argv)
        installer.ensure(groups)
    except BootstrapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run it again to go on", file=sys.stderr)
        return 130
    if not command:
        return 0
    become(str(installer.venv_python("dev")), command)
    return 0


def split(argv: "list[str]") -> "tuple[list[str], list[str]]":
    """Part ``GROUP... -- MODULE ARGS...`` at the first ``--``."""
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def become(python: str, arguments: "list[str]") -> None:
    """Replace this process by ``python -m ARGUMENTS`` in the project's folder."""
    os.chdir(str(installer.ROOT))
    os.environ.pop(SEARCHED, None)
    sys.stdout.flush()
    command = [python, "-m", *arguments]
    os.execv(python, command)  # noqa: S606 - no shell is wanted between make and the task


def hand_over(argv: "list[str]") -> None:
    """Become ``python3.11``; raises BootstrapError when there is none that works."""
    wanted = "{}.{}".format(*PYTHON)
    if not os.environ.get(SEARCHED):
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            candidate = os.path.join(folder, "python" + wanted)  # noqa: PTH118 - as PATH spells it
            if is_wanted_python(candidate):
                os.chdir(str(installer.ROOT))
                os.environ[SEARCHED] = "1"
                command = [candidate, "-m", "local.bootstrap", *argv]
                os.execv(candidate, command)  # noqa: S606 - no shell is wanted
    raise BootstrapError(
        "Freshbridge runs on Python {0}, as its Lambda functions do; this is Python {1} ({2}) and "
        "no python{0} on PATH works: install it (Debian 12: apt-get install python3.11 "
        "python3.11-venv; macOS: brew install python@3.11; anywhere: pyenv install 3.11), or name "
        "one: make PYTHON=/path/to/python{0}".format(
            wanted, "{}.{}".format(*sys.version_info[:2]), sys.executable
        )
    )


def is_wanted_python(candidate: str) -> bool:
    """Whether the file runs and is Python 3.11: a pyenv shim may exist and not work."""
    if not os.access(candidate, os.X_OK):
        return False
    question = f"import sys; print(sys.version_info[:2] == {PYTHON})"
    answer = subprocess.Popen(  # noqa: S603 - a file named python3.11 on PATH
        [candidate, "-c", question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ).communicate()[0]
    return answer.strip() == b"True"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
