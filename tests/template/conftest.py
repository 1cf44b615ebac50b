"""The template as it is written, and as CloudFormation gets it."""

from typing import Any

import pytest

from local import native_template


@pytest.fixture(scope="session")
def native() -> dict[str, Any]:
    """Every resource of the template in CloudFormation's own form."""
    return native_template.expand()


@pytest.fixture(scope="session")
def resources(native: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The native resources by logical id."""
    found: dict[str, dict[str, Any]] = native["Resources"]
    return found
