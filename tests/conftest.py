"""For every test: an AWS region and made-up credentials, set before anything of AWS is imported.

Also what no test's result may hang on: how busy the machine is, and whose clock is frozen.
"""

import os

import freezegun
import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it has no types

# Never overwritten: the end-to-end tests bring the local stack's own.
for _name, _value in {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "POWERTOOLS_METRICS_NAMESPACE": "Freshbridge",
    "POWERTOOLS_SERVICE_NAME": "tests",
}.items():
    os.environ.setdefault(_name, _value)

# An example that took 250 ms on a busy machine is no failure, and what a run finds does not hang on
# its luck: the same code is tried with the same examples. Others each time, to look for more:
# `pytest --hypothesis-profile explore`.
hypothesis.settings.register_profile("freshbridge", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("freshbridge")
# Else `--durations` counts the time of a test's world: three days for one that lets them pass.
freezegun.configure(extend_ignore_list=["_pytest.timing"])


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One process runs a file's tests, and one all that use the deployed stack."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "tests/e2e" if path.startswith("tests/e2e/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Share the tests among processes (`pytest -n auto`) by file.

    Several processes with tests of the deployed stack would each deploy one.
    """
    return _ByFile(config, log)
