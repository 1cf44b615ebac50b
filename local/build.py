"""``sam build`` for one processor, then bytecode for every module that is shipped.

    python -m local.build [--architecture arm64|x86_64]     # what `make build` runs: for AWS

The local stack and AWS have build folders of their own, since they are seldom built for the same
processor. Wheels with machine code are fetched for the target, whatever this machine is: neither
Docker nor a compiler is needed.

Compiled modules carry an unchecked hash instead of a time: Lambda's file system gives every file a
new time, which would make Python compile everything again at each cold start.
"""

import argparse
import hashlib
import os
import platform
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local import file_lock
from local.installer import ROOT, VENVS
from local.processes import Processes, last_lines

ARCHITECTURES = ("arm64", "x86_64")
SAM = VENVS / "sam" / "bin"
LOGS = ROOT / ".local" / "logs"
COMPILE = """
import compileall, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
done = [compileall.compile_dir(folder, quiet=1, stripdir=folder, invalidation_mode=mode)
        for folder in sys.argv[1:]]
sys.exit(not all(done))
"""


class BuildError(Exception):
    """The build failed; the message names the reason and the log file."""


@dataclass(frozen=True)
class Target:
    """Where a build goes and for which processor.

    ``work`` is where sam keeps what it downloaded; ``artifacts`` is what gets deployed.
    """

    name: str
    architecture: str
    work: Path
    artifacts: Path
    project: Path = ROOT

    @property
    def template(self) -> Path:
        """The built template: what ``sam deploy`` takes."""
        return self.artifacts / "template.yaml"

    @property
    def stamp(self) -> Path:
        """Holds the hash of what the artifacts were built from."""
        return self.artifacts / ".inputs"


def for_aws(architecture: str = "arm64") -> Target:
    """The folder in which ``sam deploy`` looks by itself."""
    return Target("build-aws", architecture, ROOT, ROOT / ".aws-sam" / "build")


def for_this_machine() -> Target:
    """Built for the processor that the emulator runs the functions on."""
    work = ROOT / ".local" / "build"
    return Target("build", host_architecture(), work, work / "artifacts")


def host_architecture(machine: str = "") -> str:
    """Lambda's name for a processor; this machine's by default."""
    return "arm64" if (machine or platform.machine()) in {"arm64", "aarch64"} else "x86_64"


def build(target: Target, processes: Processes) -> bool:
    """Build unless nothing that goes in has changed; return whether there was anything to do.

    Raises BuildError.
    """
    with file_lock.waiting(
        target.artifacts.parent / ".lock", "waiting for another build to finish"
    ):
        digest = inputs_digest(target)
        if target.stamp.is_file() and target.stamp.read_text() == digest:
            return False
        target.stamp.unlink(missing_ok=True)
        run_sam(target, processes)
        compile_modules(target, processes)
        part = target.stamp.with_name(".inputs.part")
        part.write_text(digest)
        part.replace(target.stamp)
    return True


def inputs_digest(target: Target) -> str:
    """Hash of every file that decides what the artifacts are, and of the processor's name."""
    project = target.project
    files = [project / "template.yaml", ROOT / "requirements" / "sam.txt", Path(__file__)]
    for folder in ("functions", "layers"):
        files += sorted(path for path in (project / folder).rglob("*") if is_source(path))
    digest = hashlib.sha256(target.architecture.encode())
    for path in files:
        name = str(path.relative_to(project)) if path.is_relative_to(project) else path.name
        content = path.read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_source(path: Path) -> bool:
    """Whether sam ships the file: bytecode that tests left beside a module is not shipped."""
    return path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"


def template_for(source: str, architecture: str) -> str:
    """The template with its layers built for the processor.

    ``Metadata.BuildArchitecture`` is read before parameters are known and takes no ``!Ref``, so the
    template names the default and this puts the wanted one in its place.
    """
    return re.sub(r"(?m)^(\s*BuildArchitecture:\s*)\S+", rf"\g<1>{architecture}", source)


def run_sam(target: Target, processes: Processes) -> None:
    """``sam build`` from a template derived for the target; raises BuildError."""
    if not (SAM / "sam").exists():
        raise BuildError("sam is not installed: python3 -m local.bootstrap sam")
    target.work.mkdir(parents=True, exist_ok=True)
    derived = target.artifacts.parent / "derived-template.yaml"
    derived.parent.mkdir(parents=True, exist_ok=True)
    source = (target.project / "template.yaml").read_text()
    derived.write_text(template_for(source, target.architecture))
    command = [str(SAM / "sam"), "build", "--cached", "--parallel"]
    command += ["--template-file", str(derived), "--base-dir", str(target.project)]
    command += ["--build-dir", str(target.artifacts)]
    command += ["--cache-dir", str(target.artifacts.parent / "cache")]
    command += ["--config-file", str(empty_configuration(derived.parent))]
    command += ["--parameter-overrides", f"Architecture={target.architecture}"]
    environment = sam_environment(derived.parent)
    if processes.run(target.name, command, environment, cwd=target.work):
        raise failure("sam build", target, processes.logs / f"{target.name}.log")


def sam_environment(folder: Path) -> dict[str, str]:
    """The user's environment, with sam's own Python first and no calls home.

    pip reads the user's package index from it; AWS is not asked anything during a build.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTHON", "VIRTUAL_ENV", "SAM_CLI_"))
    }
    # sam looks for a newer version of itself a week after the time noted in its own folder.
    state = folder / "sam-state"
    state.mkdir(parents=True, exist_ok=True)
    (state / "metadata.json").write_text(f'{{"lastVersionCheck": {time.time()}}}')
    environment |= {
        "PATH": os.pathsep.join([str(SAM), os.environ.get("PATH", os.defpath)]),
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(state),
        "AWS_DEFAULT_REGION": "us-east-1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return environment


def empty_configuration(folder: Path) -> Path:
    """A samconfig that sets nothing: the project's own is for deploying to AWS."""
    path = folder / "samconfig.toml"
    path.write_text("version = 0.1\n")
    return path


def compile_modules(target: Target, processes: Processes) -> None:
    """Bytecode beside every module, the same bytes each time; raises BuildError.

    Paths inside it start at the package: functions that share their code stay identical to the
    byte, and are uploaded once.
    """
    folders = [str(path) for path in sorted(target.artifacts.iterdir()) if path.is_dir()]
    command = [str(SAM / "python3.11"), "-c", COMPILE, *folders]
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0"}
    log = f"{target.name}-compile"
    if processes.run(log, command, environment, cwd=target.artifacts):
        raise failure("compiling the modules", target, processes.logs / f"{log}.log")


def failure(task: str, target: Target, log: Path) -> BuildError:
    """Say what failed with the line that gives the reason, and where to read on."""
    return BuildError(f"{task} for {target.architecture} failed: {reason(log)} (log: {log})")


def reason(log: Path) -> str:
    """sam's error line, or the end of the log where there is none."""
    lines = log.read_text(errors="replace").splitlines()
    errors = [line.strip() for line in lines if re.match(r"\s*(Error|Build Failed)\b", line)]
    return errors[-1] if errors else "its last lines were\n" + last_lines(log)


def main(arguments: Iterable[str]) -> int:
    """Build for AWS."""
    parser = argparse.ArgumentParser(prog="make build", description="Build the service for AWS.")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="arm64")
    options = parser.parse_args(list(arguments))
    target = for_aws(options.architecture)
    start = time.monotonic()
    try:
        with Processes(LOGS) as processes:
            done = build(target, processes)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    took = f"built in {time.monotonic() - start:.1f} s" if done else "up to date"
    print(f"{target.artifacts.relative_to(ROOT)} ({target.architecture}): {took}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
