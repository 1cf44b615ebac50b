"""``make help`` is complete, and every command exists."""

import re
import subprocess

from local.installer import REQUIREMENTS, ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.search(r"(?m)^\.PHONY: (.*)$", MAKEFILE)


def test_help_lists_every_command_with_its_purpose() -> None:
    assert TARGETS is not None

    shown = subprocess.run(
        ["/usr/bin/make", "--no-print-directory"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    listed = dict(re.findall(r"(?m)^  make (\S+) +(\S.*)$", shown))
    assert sorted(listed) == sorted(TARGETS[1].split())


def test_every_environment_a_command_asks_for_has_a_lock() -> None:
    asked = " ".join(re.findall(r"(?m)^\t\$\(with\) ([a-z ]+)", MAKEFILE)).split()

    assert len(asked) > 10
    assert {group for group in asked if not (REQUIREMENTS / f"{group}.txt").is_file()} == set()
