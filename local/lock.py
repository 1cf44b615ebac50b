"""Pin everything that is installed, by version and hash: ``make lock``.

    python -m local.lock [--upgrade]

Writes requirements/GROUP.txt for every dependency group of pyproject.toml, and the layer's
requirements out of requirements/layer.in, held to the versions that the tests run with. What is
locked stays as it is unless a requirement changed or ``--upgrade`` asks for the newest.
"""

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from local import installer
from local.installer import REQUIREMENTS, ROOT, UV, VENVS, BootstrapError

COMMON = ("--quiet", "--python-version", "3.11", "--generate-hashes", "--no-annotate")
BY = ("--custom-compile-command", "make lock")
LAYER = ROOT / "layers" / "freshbridge" / "requirements.txt"


def commands(upgrade: bool) -> list[list[str]]:
    """The ``uv pip compile`` calls, the layer's last as it builds on the first ones' output."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    compile_ = [str(VENVS / UV / "bin" / "uv"), "pip", "compile", *COMMON, *BY]
    if upgrade:
        compile_.append("--upgrade")
    calls = [
        [*compile_, "--group", group, "--output-file", relative(installer.lock_file(group))]
        for group in groups
    ]
    # The functions run on Linux whatever machine this is, on either processor.
    layer = ["--constraints", relative(installer.lock_file("dev")), "--python-platform", "linux"]
    layer += ["--output-file", relative(LAYER), relative(REQUIREMENTS / "layer.in")]
    return [*calls, [*compile_, *layer]]


def relative(path: Path) -> str:
    """As uv writes it into the file's head and its messages."""
    return str(path.relative_to(ROOT))


def main(arguments: Sequence[str]) -> int:
    """Compile every lock; stop at the first that has no solution, with uv's explanation."""
    try:
        installer.ensure([UV])
    except BootstrapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for command in commands("--upgrade" in arguments):
        output = command[command.index("--output-file") + 1]
        print(f"  {output}", flush=True)
        environment = installer.uv_environment()
        result = subprocess.run(command, cwd=ROOT, env=environment, check=False)  # noqa: S603 - built above
        if result.returncode:
            print(f"error: {output} could not be locked: uv says why above", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
